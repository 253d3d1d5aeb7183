"""Bytes to JSON for the formats made of it. Pure. JSON is UTF-8; what comes in another charset is read all the same, and says so."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Any

import orjson

from services.normalization.decode import decode
from shared.errors import Refused


def parse_json(raw: bytes, content_type: str | None = None) -> tuple[Any, str | None]:
    """The data, and what there is to tell of the reading.

    Raises:
        Refused: `malformed-json` with line and column, never with text; `undecodable`.
    """
    try:
        return orjson.loads(raw.removeprefix(BOM_UTF8)), None
    except orjson.JSONDecodeError:
        decoded = decode(raw, content_type)
    try:
        return orjson.loads(decoded.text.encode("utf-8", "replace")), decoded.note
    except orjson.JSONDecodeError as error:
        raise Refused("malformed-json", f"no JSON from line {error.lineno}, column {error.colno} on") from None


def opening(head: bytes) -> bytes:
    """The first character of a document, as far as JSON can begin with it; copies no more than a few bytes."""
    first = head[:1]
    return first if first in (b"{", b"[") else head[:64].removeprefix(BOM_UTF8).lstrip()[:1]
