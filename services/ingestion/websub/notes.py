"""What a replica hears from a hub, passed on to the one that owns the feed: messages on `feeds.state`. Pure but for fresh ids.

A hub calls any replica; a feed's memory is its owner's alone. So what was heard is written to the partition of the feed,
acknowledged before the hub has its answer, and taken out again (a null value) by the owner once it is dealt with. A new
owner finds what the last one did not come to. The key is `~{n}~{feed}~{id}`, with the n that leads to the feed's
partition; the header `note` says what it is, the value is the body of a ping, packed by zlib.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from shared import ids
from shared.events import FEEDS_STATE, header, rfc3339
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import Message, Record

HEADER: Final = "note"
MAX_PACKED: Final = 900_000
"""Bytes of a ping's body, packed, that fit into a message of `feeds.state`; a larger ping only makes the feed be polled."""
_KEY = re.compile(rb"~(\d+)~([a-z0-9][a-z0-9._-]{0,63})~([0-9a-f-]{36})")


class Kind(StrEnum):
    """What was heard."""

    CONTENT = "content"
    """A ping with a good signature: its body is the feed, or what is new in it."""
    WAKE = "wake"
    """A ping with a good signature whose body is too large to be passed on."""
    UNSIGNED = "unsigned"
    """A ping without any signature: nothing in it is believed."""
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing heard about the subscription `token` of a feed; `key` is its message's."""

    key: bytes
    feed: str
    kind: Kind
    token: str
    at: datetime
    lease_s: float | None = None
    content_type: str | None = None
    packed: bytes = b""

    @property
    def size(self) -> int:
        """Bytes that it holds in memory, about."""
        return len(self.packed) + 500


def is_note(key: bytes) -> bool:
    """Whether a key of `feeds.state` is a note's."""
    return _KEY.fullmatch(key) is not None


def note_message(
    feed: str,
    partitions: int,
    kind: Kind,
    token: str,
    at: datetime,
    *,
    lease_s: float | None = None,
    content_type: str | None = None,
    body: bytes | None = None,
) -> Message:
    """The message of a note, for a topic of so many partitions; a body that does not fit makes it a `wake`."""
    packed = zlib.compress(body, 6) if body is not None else b""
    if len(packed) > MAX_PACKED:
        kind, packed = Kind.WAKE, b""
    said = {
        "v": 1,
        "kind": kind,
        "token": token,
        "at": rfc3339(at),
        "lease_s": lease_s,
        "content_type": content_type[:200] if content_type else None,
    }
    key = _key(feed, partitions)
    return Message(FEEDS_STATE, key, packed, ((HEADER, orjson.dumps(said)),))


def done_message(note: Note) -> Message:
    """The message that takes a note out of the topic."""
    return Message(FEEDS_STATE, note.key, None)


def note_of(record: Record) -> Note | None:
    """The note in a record; None if it is none that this release reads."""
    match = _KEY.fullmatch(record.key or b"")
    said = header(record.headers, HEADER)
    if match is None or said is None or record.value is None:
        return None
    try:
        data: dict[str, Any] = orjson.loads(said)
        if data["v"] != 1:
            return None
        lease = data["lease_s"]
        return Note(
            key=record.key or b"",
            feed=match[2].decode(),
            kind=Kind(data["kind"]),
            token=str(data["token"]),
            at=datetime.fromisoformat(data["at"]).astimezone(UTC),
            lease_s=float(lease) if lease is not None else None,
            content_type=data["content_type"],
            packed=record.value,
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def body_of(note: Note, limit: int) -> bytes | None:
    """The body of a ping, unpacked; None if it is broken or longer than `limit`."""
    unpack = zlib.decompressobj()
    try:
        body = unpack.decompress(note.packed, limit + 1)
    except zlib.error:
        return None
    return body if unpack.eof and len(body) <= limit else None


def _key(feed: str, partitions: int) -> bytes:
    """A key that nobody has used, and that leads to the partition of the feed."""
    wanted, fresh = partition_for(feed.encode(), partitions), ids.uuid7()
    keys = (f"~{n}~{feed}~{fresh}".encode() for n in range(1_000_000))
    return next(key for key in keys if partition_for(key, partitions) == wanted)
