"""An `articles.normalized` record as the version it carries. Pure.

Only what indexing decides by is validated (hand-written: a model over the whole article would cost as much as all the
rest of indexing); the other fields pass through, and Elasticsearch's strict mapping holds them. Unknown fields are
dropped when the document is built.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import orjson

from services.indexing.clusters import Finding
from services.indexing.findings import finding_of
from services.indexing.orders import Ordered
from services.indexing.versions import Asking, Version
from shared.errors import Refused
from shared.events import (
    ARTICLE_CLUSTERED,
    ARTICLE_NORMALIZED,
    ARTICLE_ORDERED,
    Change,
    Order,
    Status,
    header,
    major_version,
)
from shared.ids import KILL_BASE
from shared.kafka.ports import Record

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_USABLE, _KILLED = Status.USABLE.value, Status.KILLED.value
_STATUSES = frozenset(status.value for status in Status)
_VERSIONED_BY = frozenset({"version", "version-time", "received"})
_TEXTS = ("title", "summary", "body", "language")
_READ = frozenset({ARTICLE_NORMALIZED, ARTICLE_CLUSTERED, ARTICLE_ORDERED})
_FAMILY = ARTICLE_NORMALIZED.rpartition(".v")[0]
_MAJOR = major_version(ARTICLE_NORMALIZED)
_ORDERS = frozenset(order.value for order in Order)
_MOST_REFERENCES = 100


def read(record: Record) -> Version | Ordered | Finding:
    """What a record says of its article: a version of it, an order to it, or a finding about it.

    Raises:
        Refused: as `parse` and `finding_of` say.
    """
    kind, data = _event_of(record.value)
    if kind == ARTICLE_CLUSTERED:
        return finding_of(data, record.key)
    return _order(record, data) if kind == ARTICLE_ORDERED else _version(record, data)


def parse(record: Record) -> Version:
    """The version in a record.

    Raises:
        Refused: `not-an-event` (no value, no JSON, no CloudEvent), `unsupported-schema` (an unknown type or major
            version), `invalid-event` (a field that indexing decides by is missing or wrong). Reasons name fields only.
    """
    kind, data = _event_of(record.value)
    if kind != ARTICLE_NORMALIZED and kind.rpartition(".v")[0] != _FAMILY:
        raise Refused("unsupported-schema", f"this is no {ARTICLE_NORMALIZED}")
    return _version(record, data)


def _version(record: Record, data: dict[str, Any]) -> Version:
    article_id = _uuid(data, "article_id")
    _keyed(record, article_id)
    status, ext_version = data.get("status", _USABLE), data.get("ext_version")
    if status not in _STATUSES:
        raise _invalid("status")
    if type(ext_version) is not int or not 0 <= ext_version < 2**63:
        raise _invalid("ext_version")
    if (status == _KILLED) != (ext_version >= KILL_BASE):
        raise _invalid("ext_version does not fit the status: a kill's, and no other, stands above 2^62")
    versioned_by = data.get("versioned_by", "received")
    if versioned_by not in _VERSIONED_BY:
        raise _invalid("versioned_by")
    for name in _TEXTS:
        if not isinstance(data.get(name), str | None):
            raise _invalid(name)
    _uuid(data, "story_id")
    received = _text(data, "received")
    return Version(
        article_id,
        ext_version,
        _text(data, "source_hash"),
        status,
        data.get("correction") is True,
        versioned_by,
        _text(data, "feed"),
        _uuid(data, "receipt"),
        _text(data, "item"),
        received,
        moment(received, "received"),
        data,
        (record.topic, record.partition, record.offset),
        header(record.headers, "traceparent"),
        _reference(data) if "reference" in data else None,
    )


def _order(record: Record, data: dict[str, Any]) -> Ordered:
    article_id = _uuid(data, "article_id")
    _keyed(record, article_id)
    order, ext_version = data.get("order"), data.get("ext_version")
    if order not in _ORDERS:
        raise _invalid("order")
    if ext_version is not None and (type(ext_version) is not int or not 0 <= ext_version < 2**63):
        raise _invalid("ext_version")
    for name in ("by", "reason"):
        if not isinstance(data.get(name), str | None):
            raise _invalid(name)
    given, due = _text(data, "at"), data.get("due")
    return Ordered(
        article_id,
        _uuid(data, "id"),
        order,
        moment(given, "at"),
        data.get("by"),
        data.get("reason"),
        _uuid(data, "replaced_by") if data.get("replaced_by") is not None else None,
        _uuid(data, "other") if data.get("other") is not None else None,
        moment(due, "due") if due is not None else None,
        ext_version,
        _due_change(data),
        (record.topic, record.partition, record.offset),
        header(record.headers, "traceparent"),
        _uuid(data, "root") if data.get("root") is not None else None,
        _depth(data),
    )


def _depth(data: dict[str, Any]) -> int | None:
    depth = data.get("depth")
    if depth is not None and (type(depth) is not int or depth < 0):
        raise _invalid("depth")
    return depth


def _due_change(data: dict[str, Any]) -> str | None:
    change = data.get("change")
    if change not in (None, Change.RELEASED, Change.EXPIRED):
        raise _invalid("change")
    return change


def _keyed(record: Record, article_id: str) -> None:
    if record.key != article_id.encode():
        # Another key means another partition: two workers would write one article.
        raise _invalid("the key of the record is not its article_id")


def _reference(data: dict[str, Any]) -> Asking | None:
    given = data["reference"]
    if given is None:
        return None
    if not isinstance(given, dict):
        raise _invalid("reference")
    articles, asked = given.get("articles"), given.get("asked", 0)
    if (
        not isinstance(articles, list)
        or not 0 < len(articles) <= _MOST_REFERENCES
        or type(asked) is not int
        or asked < 0
    ):
        raise _invalid("reference")
    if not all(isinstance(one, str) and _UUID(one) for one in articles):
        raise _invalid("reference")
    return Asking(tuple(articles), asked)


def moment(text: Any, name: str) -> datetime:
    """A time with a zone, in UTC.

    Raises:
        Refused: `invalid-event`, naming the field.
    """
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is None:
            raise _invalid(f"{name} has no zone")
        return value.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):  # the last: in UTC it would be before the year 1 or after 9999
        raise _invalid(name) from None


def _event_of(value: bytes | None) -> tuple[str, dict[str, Any]]:
    """The type and the data of an event that this release reads."""
    if value is None:
        raise Refused("not-an-event", "the record has no value")
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise Refused("not-an-event", "the value is not JSON") from None
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise Refused("not-an-event", "the value is not a CloudEvent 1.0 in structured mode")
    kind = event.get("type")
    if kind not in _READ:
        same_family = isinstance(kind, str) and kind.rpartition(".v")[0] == _FAMILY
        if not same_family or major_version(kind) != _MAJOR:
            raise Refused("unsupported-schema", f"this release reads {' and '.join(sorted(_READ))} only")
    data = event.get("data")
    if not isinstance(data, dict):
        raise _invalid("data is not an object")
    return str(kind), data


def _uuid(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or _UUID(value) is None:
        raise _invalid(name)
    return value


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise _invalid(name)
    return value


def _invalid(what: str) -> Refused:
    return Refused("invalid-event", what)
