"""Cursors: where a search stood, opaque, signed, good for that search alone and for a day. Pure.

base64url( version ‖ HMAC-SHA256[:16] ‖ JSON of issue time, fingerprint, span, rows seen and sort values ). The sort ends
in the article's id, which is unique, so by date a page begins exactly after the last row of the one before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import orjson

LIFETIME_S = 24 * 3600
_VERSION = b"\x01"
_TAG = 16


class BadCursor(Exception):
    """Forged, cut, of another search, or too old; the message is fit for the reader."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


@dataclass(frozen=True, slots=True)
class Position:
    """`after`: sort values of the last row; `start` and `end`: the span of the first page (RFC 3339 or None).

    `seen`: rows on the pages so far; `as_of`: the moment that the first page was answered for (RFC 3339), if it was.
    """

    after: list[Any]
    start: str | None
    end: str | None
    seen: int
    as_of: str | None = None


def issue(position: Position, fingerprint: bytes, key: bytes, at: float) -> str:
    """The cursor of a position, at `at` seconds since 1970."""
    told = [int(at), fingerprint.hex(), position.start, position.end, position.seen, position.after, position.as_of]
    return sealed(_VERSION, orjson.dumps(told if position.as_of else told[:-1]), key)


def sealed(kind: bytes, payload: bytes, key: bytes) -> str:
    """A payload as a cursor: signed, and good for what has this kind (one byte) alone."""
    return base64.urlsafe_b64encode(kind + _tag(kind, key, payload) + payload).rstrip(b"=").decode()


def opened(kind: bytes, cursor: str, key: bytes) -> bytes:
    """The payload of a cursor of this kind.

    Raises:
        BadCursor: it is not one that was sealed so.
    """
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise BadCursor("this is no cursor of ours") from None
    tag, payload = raw[1 : 1 + _TAG], raw[1 + _TAG :]
    if raw[:1] != kind or not hmac.compare_digest(tag, _tag(kind, key, payload)):
        raise BadCursor("this is no cursor of ours")
    return payload


def resume(cursor: str, fingerprint: bytes, key: bytes, at: float) -> Position:
    """The position that a cursor stands for.

    Raises:
        BadCursor: it is not one we issued for this search within the last day.
    """
    issued, fingerprint_then, start, end, seen, after, *as_of = orjson.loads(opened(_VERSION, cursor, key))
    if fingerprint_then != fingerprint.hex():
        raise BadCursor("this cursor belongs to another search; q, filters, from, to, tz and sort must stay the same")
    if at - issued > LIFETIME_S:
        raise BadCursor("this cursor is over a day old; begin again", expired=True)
    return Position(after, start, end, seen, *as_of)


def _tag(kind: bytes, key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, kind + payload, hashlib.sha256)[:_TAG]
