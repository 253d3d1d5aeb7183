"""A dead letter as its reader sees it: which story, why, and the record as it was before. Pure.

The other side of `dead_letter.py`, which writes them. Nothing here raises: what cannot be read is absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from shared import ids
from shared.events import ARTICLES_NORMALIZED, DEAD_LETTERS, STORIES_RAW, rfc3339
from shared.kafka.dead_letter import PREFIX
from shared.kafka.ports import Message, Record

ORIGINS: Final = frozenset({STORIES_RAW, ARTICLES_NORMALIZED})
"""Topics that a dead letter can be sent back to: those with a worker behind them that can take it up again."""
UNREADABLE: Final = "unreadable-dead-letter"
"""Class of a record on `dead-letters` without the headers that say what it is."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `id` is its place on `dead-letters`, as in `3:17` (partition, offset)."""

    id: str
    code: str
    reason: str | None
    stage: str | None
    topic: str | None
    """Where the record came from, with `partition` and `offset` there."""
    partition: int | None
    offset: int | None
    at: datetime
    attempts: int | None
    version: str | None
    feed: str | None
    receipt: str | None
    item: str | None
    article: str | None
    received: str | None
    size: int
    """Bytes of the value."""


def original_of(record: Record) -> Message | None:
    """The record as it was: key, value and headers untouched, to the topic that it came from. None if that is not known."""
    topic = next((value.decode(errors="replace") for name, value in record.headers if name == "dlq-topic"), None)
    if topic is None or topic not in ORIGINS:
        return None
    return Message(topic, record.key, record.value, tuple(h for h in record.headers if not h[0].startswith(PREFIX)))


@dataclass(frozen=True, slots=True)
class Drop:
    """A person's word that a letter needs nothing more: which one (its place), who said so, why, and when.

    `erased`: its article was erased, so nobody is to read it or send it back, not even by name.
    """

    letter: str
    by: str
    why: str
    at: datetime
    erased: bool = False


def drop_message(letter: Letter, record: Record, drop: Drop) -> Message:
    """The message on `dead-letters` that says so, beside the letter, which stays as it is.

    It repeats the letter's headers and no story, so that whoever records letters by their place of origin records the same once
    more. Its own key is the letter's: it stands behind it in its partition.
    """
    place = {"topic": DEAD_LETTERS, "partition": str(record.partition), "offset": str(record.offset)}
    if letter.topic is not None and letter.partition is not None and letter.offset is not None:
        place = {"topic": letter.topic, "partition": str(letter.partition), "offset": str(letter.offset)}
    said = {
        **place,
        "dropped": drop.letter,
        "dropped-by": drop.by,
        "dropped-why": drop.why,
        "dropped-at": rfc3339(drop.at),
        **({"dropped-erased": "true"} if drop.erased else {}),
    }
    kept = tuple(one for one in record.headers if one[0].removeprefix(PREFIX) not in said)
    added = tuple((PREFIX + name, text.encode("utf-8", "replace")) for name, text in said.items())
    facts = {
        "feed": letter.feed,
        "receipt": letter.receipt,
        "item": letter.item,
        "received": letter.received,
        "article_id": letter.article,
    }
    return Message(DEAD_LETTERS, record.key, orjson.dumps({"data": facts}), kept + added)


def drop_of(record: Record) -> Drop | None:
    """What such a message says; None for a letter."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers if name.startswith(PREFIX)}
    letter = headers.get(f"{PREFIX}dropped")
    if letter is None:
        return None
    at = _moment(headers.get(f"{PREFIX}dropped-at")) or datetime.fromtimestamp(max(record.timestamp_ms, 0) / 1000, UTC)
    who, why = headers.get(f"{PREFIX}dropped-by", "?"), headers.get(f"{PREFIX}dropped-why", "?")
    return Drop(letter, who, why, at, erased=f"{PREFIX}dropped-erased" in headers)


def mark_of(message: Message) -> str:
    """A hash of a record as it was: the same however often it was buried."""
    kept = [part for header in message.headers for part in header]
    return ids.content_hash(message.topic, message.key, message.value, *kept)


def letter_of(record: Record) -> Letter:
    """What a record of the topic `dead-letters` says."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    written = datetime.fromtimestamp(max(record.timestamp_ms, 0) / 1000, UTC)
    return Letter(
        id=f"{record.partition}:{record.offset}",
        code=headers.get("dlq-class", UNREADABLE),
        reason=headers.get("dlq-reason"),
        stage=headers.get("dlq-stage"),
        topic=headers.get("dlq-topic"),
        partition=_number(headers.get("dlq-partition")),
        offset=_number(headers.get("dlq-offset")),
        at=_moment(headers.get("dlq-at")) or written,
        attempts=_number(headers.get("dlq-attempts")),
        version=headers.get("dlq-version"),
        size=len(record.value or b""),
        **_whose(record, headers),
    )


def _whose(record: Record, headers: dict[str, str]) -> dict[str, str | None]:
    """Which feed, receipt, item and article: from the `ce_*` headers of a raw story, else from an event's data."""
    if "ce_feed" in headers or "ce_receipt" in headers:
        names = {"feed": "ce_feed", "receipt": "ce_receipt", "item": "ce_id", "received": "ce_time"}
        return {field: headers.get(name) for field, name in names.items()} | {"article": None}
    data = _data(record.value)
    names = {"feed": "feed", "receipt": "receipt", "item": "item", "received": "received", "article": "article_id"}
    return {field: text if isinstance(text := data.get(name), str) else None for field, name in names.items()}


def _data(value: bytes | None) -> dict[str, Any]:
    try:
        event = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    data = event.get("data") if isinstance(event, dict) else None
    return data if isinstance(data, dict) else {}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 18 else None


def _moment(text: str | None) -> datetime | None:
    try:
        given = datetime.fromisoformat(text or "")
        return given.astimezone(UTC) if given.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
