"""Signed pushes by Standard Webhooks: who sends is told by an HMAC-SHA256 of `id.timestamp.body`. Pure.

The body is signed as it came over the wire, before any decoding. All that can be wrong with a signature gets one and the
same answer, after the same work, so that nobody learns which part was wrong or which feeds there are.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.feeds.model import MAX_KEYS
from shared.problems import Problem, problem

TOLERANCE_S: Final = 300
"""How far a signature's time may be from ours, to either side."""
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
MAX_SIGNATURES: Final = 10
_VERSION: Final = "v1"
_ID = re.compile(
    r"[\x21-\x2d\x2f-\x7e]{1,255}"
)  # no full stop: it parts what is signed, and would make two readings of it
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_NOBODY: Final = secrets.token_bytes(32)
"""Stands for the secret of a feed that has none."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What the three headers say. `timestamp`, in seconds since 1970, as it was written; `digests` of version 1."""

    id: str
    timestamp: str
    digests: tuple[bytes, ...]


def read_signature(message_id: str | None, timestamp: str | None, signatures: str | None) -> Signature:
    """The three headers, read.

    Raises:
        Problem: 401 `bad-signature`.
    """
    if not (message_id and timestamp and signatures and _ID.fullmatch(message_id) and _TIMESTAMP.fullmatch(timestamp)):
        raise bad_signature()
    digests = [digest for digest in map(_digest, signatures.split(" ")[:MAX_SIGNATURES]) if digest]
    if not digests:
        raise bad_signature()
    return Signature(message_id, timestamp, tuple(digests))


def _digest(written: str) -> bytes | None:
    """The digest of `v1,BASE64`; None for another version, or for none at all."""
    version, _, text = written.partition(",")
    if version != _VERSION:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None


class Verifier:
    """Checks one signature against a feed's secrets while the body goes by; none are held to be one that nobody knows.

    Raises:
        Problem: 401 `bad-signature`, the time is too far off.
    """

    def __init__(self, signature: Signature, known: Sequence[bytes], now: datetime) -> None:
        if abs(now.timestamp() - int(signature.timestamp)) > TOLERANCE_S:
            raise bad_signature()
        self._given = signature.digests
        start = f"{signature.id}.{signature.timestamp}.".encode()
        # Always as many as there may be: an unknown feed, and one with a single secret, must take as long.
        padded = (*known, *(_NOBODY for _ in range(MAX_KEYS)))[:MAX_KEYS]
        self._macs = [hmac.new(secret, start, "sha256") for secret in padded]

    async def watch(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """The chunks as they come, counted in."""
        async for chunk in chunks:
            for mac in self._macs:
                mac.update(chunk)
            yield chunk

    def check(self) -> None:
        """Call it once the whole body has gone by.

        Raises:
            Problem: 401 `bad-signature`, no signature is that of any secret.
        """
        computed = [mac.digest() for mac in self._macs]
        matches = [hmac.compare_digest(ours, theirs) for ours in computed for theirs in self._given]
        if not any(matches):
            raise bad_signature()


def bad_signature() -> Problem:
    """The one answer to whatever is wrong with a signature."""
    return problem(
        "bad-signature",
        f"the signature is missing or wrong, or made more than {TOLERANCE_S} s from now by our clock",
        headers={"WWW-Authenticate": 'Bearer realm="newswire"'},
    )
