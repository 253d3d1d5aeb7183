"""A body from the wire: read as a stream, counted, unpacked, and split into items.

What counts is the bytes that came, not what a header says of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from services.ingestion.admission import Reservation
from services.ingestion.inflate import Inflate
from shared.problems import problem

MAX_ITEMS: Final = 50_000
"""Items in one batch: more could not be acknowledged within one request's time."""
DRAIN_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one body may take: `size` bytes, packed and unpacked, and `seconds` to arrive."""

    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a body. `n` counts items from 1; `line` is its line in an NDJSON body, blank lines counted, else 0."""

    n: int
    line: int
    raw: bytes


class Incoming:
    """A body as it arrives. Iterated again, it goes on where it was left.

    Raises:
        ClientDisconnect: the sender has gone, from the iteration.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.begun = False
        self.ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks that are still to come."""
        while not self.ended:
            self.begun = True
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            self.ended = not message.get("more_body", False)
            yield message.get("body", b"")


async def read_body(
    chunks: AsyncIterable[bytes], *, encoding: str | None, length: int | None, limits: Limits, reservation: Reservation
) -> bytes:
    """The whole body, decoded. `length` is the Content-Length, if there is one; `reservation` grows with what is held.

    Raises:
        Problem: 408, 413, 400 for a broken encoding or a length that is not true, 503 when there is no room.
    """
    if length is not None and length > limits.size:
        raise _too_large(limits)
    parts: list[bytes] = []
    wire = held = 0
    inflate = Inflate(encoding, limits.size) if encoding else None
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in chunks:
                wire += len(chunk)
                if wire > limits.size:
                    raise _too_large(limits)
                for piece in inflate.feed(chunk) if inflate else (chunk,):
                    held += len(piece)
                    reservation.cover(held)
                    parts.append(piece)
    except TimeoutError:
        raise problem("body-timeout", f"the body was not there after {limits.seconds:g} s") from None
    if length is not None and wire != length:
        raise problem("wrong-length", "the body is not as long as its Content-Length says")
    if inflate:
        inflate.finish()
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limits: Limits) -> Exception:
    return problem("too-large", f"a body may have {limits.size} bytes")


async def drain(chunks: AsyncIterable[bytes], limit: int) -> bool:
    """Read on without keeping, up to `limit` bytes and 2 s, so that a sender still busy sending hears its refusal.

    Returns whether the body's end was reached; if not, the connection is of no more use.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            async for chunk in chunks:
                limit -= len(chunk)
                if limit < 0:
                    return False
            return True
    return False


def split_lines(body: bytes, most: int = MAX_ITEMS) -> Iterator[Item]:
    """The items of an NDJSON body: split at LF alone (U+2028 and CR are none), blank lines passed over.

    Raises:
        Problem: 413, there are too many.
    """
    n = line = start = 0
    while start < len(body):
        end = body.find(b"\n", start)
        if end < 0:
            end = len(body)
        raw = body[start:end]
        start = end + 1
        line += 1
        if raw and not raw.isspace():
            n += 1
            if n > most:
                raise problem("too-large", f"a batch may have {most} items")
            yield Item(n, line, raw)
