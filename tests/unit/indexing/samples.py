"""Articles as normalization sends them, made short: what a test does not say is the same everywhere."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from services.indexing.parse import parse
from services.indexing.versions import Version
from shared import ids
from shared.events import (
    ARTICLE_NORMALIZED,
    ARTICLE_ORDERED,
    ARTICLES_NORMALIZED,
    CLOUDEVENTS_JSON,
    Article,
    ArticleOrder,
    Order,
    Status,
    structured,
)
from shared.kafka.ports import Message, Record

START = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

_receipts = itertools.count(1)


def article(name: str = "a1", *, version: int = 1, seconds: float = 0, **fields: Any) -> Article:
    """Version `version` (a provider's number) of the article `name`, taken by the front door `seconds` after START."""
    received = START + timedelta(seconds=seconds)
    status = Status(fields.pop("status", Status.USABLE))
    killed = status is Status.KILLED
    body = None if killed else fields.pop("body", f"Body of {name} in version {version}.")
    receipt = fields.pop("receipt", None) or ids.content_hash(name, str(version), str(seconds), body, str(fields))[:32]
    given: dict[str, Any] = {
        "article_id": ids.article_id("wire", name),
        "story_id": ids.article_id("wire", name),
        "provider_id": name,
        "version": str(version),
        "ext_version": ids.ext_version(version + 1) + (ids.KILL_BASE if killed else 0),
        "versioned_by": "version",
        "source_hash": ids.content_hash(name, body, status),
        "receipt": receipt,
        "item": f"{receipt}.0",
        "feed": "wire",
        "format": "plain-json",
        "status": status,
        "title": f"Title of {name}, version {version}",
        "body": body,
        "language": "en",
        "published": START,
        "first_published": START,
        "received": received,
        "normalized": received + timedelta(milliseconds=20),
    }
    made = Article(**(given | fields))
    return made if "item" in fields else made.model_copy(update={"item": f"{made.receipt}.0"})


def value_of(made: Article, event_type: str = ARTICLE_NORMALIZED) -> bytes:
    return structured(event_type, "e1", str(made.article_id), made.received, made.model_dump_json().encode())


def message(made: Article) -> Message:
    headers = (("content-type", CLOUDEVENTS_JSON.encode()), ("traceparent", TRACEPARENT.encode()))
    return Message(ARTICLES_NORMALIZED, str(made.article_id).encode(), value_of(made), headers)


def order_message(made: Article, order: Order, *, seconds: float = 100, **fields: Any) -> Message:
    """An order to an article, given `seconds` after START; the same words are the same order."""
    key = str(made.article_id)
    given = {"article_id": key, "order": order, "at": START + timedelta(seconds=seconds), "reason": "Legal.", **fields}
    given.setdefault("id", ids.event_id(key, round(seconds * 1000), order.value))
    data = ArticleOrder.model_validate(given).model_dump_json(exclude_none=True).encode()
    value = structured(ARTICLE_ORDERED, str(given["id"]), key, START, data)
    headers = (("content-type", CLOUDEVENTS_JSON.encode()), ("traceparent", TRACEPARENT.encode()))
    return Message(ARTICLES_NORMALIZED, key.encode(), value, headers)


def record(made: Article, offset: int = 0, partition: int = 0) -> Record:
    sent = message(made)
    return Record(sent.topic, partition, offset, 1_700_000_000_000, sent.key, sent.value, sent.headers)


def version(made: Article, offset: int = 0) -> Version:
    return parse(record(made, offset))
