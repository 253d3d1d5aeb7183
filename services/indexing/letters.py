"""Dead letters, and what ends in no document, as records for the trace: where and why, never the value. Pure.

Each record of the topic `dead-letters` becomes one document of the alias `dead-letters`, and so does each duplicate and
each version after a kill. The id is the place of the original record, so a repeat overwrites itself. Nothing here raises:
a dead letter that cannot be read is recorded as far as it can be, or it would become a dead letter of its own for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from services.indexing.versions import Version
from shared import events
from shared.elastic.index import DEAD_LETTERS_ALIAS, slice_name
from shared.elastic.ports import Action
from shared.kafka.ports import Record

STAGE = "indexing"
DUPLICATE = "duplicate"
UNREADABLE = "unreadable-dead-letter"
"""Class of a record on `dead-letters` without the headers that say what it is."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}").fullmatch
"""What Kafka takes for a name; anything else (or longer) would make an id that Elasticsearch refuses."""
_AHEAD = timedelta(days=1)
"""A stamp further ahead of the broker's is a clock or a sender gone wrong: it would make a slice in the future."""


def of_version(version: Version, code: str, reason: str, *, at: str, since: str) -> Action:
    """The record of a version that ends in no document (`duplicate`, `after-kill`).

    Args:
        version: what came.
        code: its class.
        reason: a sentence of ids and codes, no text.
        at: when this was decided, RFC 3339.
        since: first month with a slice of its own, `YYYY-MM`.
    """
    topic, partition, offset = version.position
    told = {
        "class": code,
        "reason": reason,
        "stage": STAGE,
        "feed": version.feed,
        "receipt": version.receipt,
        "item": version.item,
        "article_id": version.article_id,
        "received": version.received,
        "at": at,
        "topic": topic,
        "partition": partition,
        "offset": offset,
    }
    return _action(told, version.received_at, since)


def of_record(record: Record, since: str) -> Action:
    """The record of one message of the topic `dead-letters`."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    written = datetime.fromtimestamp(max(record.timestamp_ms, 0) / 1000, UTC)
    partition, offset = _number(headers.get("dlq-partition")), _number(headers.get("dlq-offset"))
    topic = headers.get("dlq-topic", "")
    at = _moment(headers.get("dlq-at"), written) or written
    told: dict[str, Any] = {
        "class": headers.get("dlq-class", UNREADABLE),
        "reason": headers.get("dlq-reason"),
        "stage": headers.get("dlq-stage"),
        "at": events.rfc3339(at),
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "attempts": _number(headers.get("dlq-attempts")),
        "service_version": headers.get("dlq-version"),
    }
    if _TOPIC(topic) is None or partition is None or offset is None:
        told.update(topic=record.topic, partition=record.partition, offset=record.offset)
    told.update(_whose(record, headers, written))
    received = _moment(told.get("received"), written)
    return _action(told, received or at, since)


def _action(told: dict[str, Any], moment: datetime, since: str) -> Action:
    told = {name: value for name, value in told.items() if value is not None}
    told["id"] = f"{told['topic']}:{told['partition']}:{told['offset']}"
    return Action(slice_name(DEAD_LETTERS_ALIAS, moment, since), told["id"], None, orjson.dumps(told))


def _whose(record: Record, headers: Mapping[str, str], written: datetime) -> dict[str, Any]:
    """Which feed, receipt, item and article a dead letter is of: from its `ce_*` headers, else from its value."""
    key = (record.key or b"").decode(errors="replace")
    if "ce_id" in headers or "ce_receipt" in headers:
        found = {
            "feed": headers.get("ce_feed"),
            "receipt": headers.get("ce_receipt"),
            "item": headers.get("ce_id"),
            "received": headers.get("ce_time"),
            "article_id": None,
        }
    else:
        data = _data(record.value)
        found = {name: data.get(name) for name in ("feed", "receipt", "item", "received", "article_id")}
        found["article_id"] = found["article_id"] or (key if _UUID(key) else None)
    whose: dict[str, Any] = {name: value for name, value in found.items() if isinstance(value, str)}
    received = _moment(whose.pop("received", None), written)
    if received is not None:
        whose["received"] = events.rfc3339(received)
    return whose


def _data(value: bytes | None) -> dict[str, Any]:
    try:
        event = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    data = event.get("data") if isinstance(event, dict) else None
    return data if isinstance(data, dict) else {}


def _number(text: str | None) -> int | None:
    """A count or an offset; None for anything else, and for what no `long` holds."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 18 else None


def _moment(text: Any, written: datetime) -> datetime | None:
    """A time with a zone that is not ahead of the broker's stamp, or None."""
    try:
        given = datetime.fromisoformat(text)
        # A time without a zone is nobody's; one at the edge of the calendar has no UTC.
        moment = given.astimezone(UTC) if given.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment is not None and moment <= written + _AHEAD else None
