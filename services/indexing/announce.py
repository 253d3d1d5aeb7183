"""Changes as events on `articles.changes`: ids, versions, times and what changed, never text. Pure.

The event id is hash(article_id, ext_version, change): a repeat, after a crash or a replay, carries the same id.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from services.indexing.versions import Version
from shared.events import ARTICLE_CHANGED, ARTICLES_CHANGES, CLOUDEVENTS_JSON, structured
from shared.ids import event_id
from shared.kafka.ports import Message
from shared.tracing import child_of

_CONTENT_TYPE = ("content-type", CLOUDEVENTS_JSON.encode())


class Announcement(NamedTuple):
    """What is told of one version: what it did, under which numbers, and since when it is searchable (RFC 3339)."""

    version: Version
    change: str
    ext_version: int
    revision: int
    searchable: str


def message(announcement: Announcement) -> Message:
    """The announcement as a message keyed by its article (data: `shared.events.ArticleChange`)."""
    version = announcement.version
    told: dict[str, Any] = {
        "article_id": version.article_id,
        "story_id": version.data["story_id"],
        "feed": version.feed,
        "change": announcement.change,
        "version": version.data.get("version"),
        "ext_version": announcement.ext_version,
        "revision": announcement.revision,
        "status": version.status,
        "published": version.data.get("published"),
        "received": version.received,
        "searchable": announcement.searchable,
    }
    event = str(event_id(version.article_id, announcement.ext_version, announcement.change))
    return Message(
        ARTICLES_CHANGES,
        version.article_id.encode(),
        structured(ARTICLE_CHANGED, event, version.article_id, version.received_at, orjson.dumps(told)),
        (_CONTENT_TYPE, ("traceparent", child_of(version.traceparent).encode())),
    )
