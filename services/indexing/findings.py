"""What was found out about an article of another owner, as a message to it. Pure.

It travels on `articles.normalized` under the article's key, and so in its owner's order (data: `ArticleClustered`).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import orjson

from services.indexing.clusters import Finding, Key
from shared.errors import Refused
from shared.events import ARTICLE_CLUSTERED, ARTICLES_NORMALIZED, CLOUDEVENTS_JSON, structured
from shared.ids import NEWSWIRE
from shared.kafka.ports import Message

_CONTENT_TYPE = ("content-type", CLOUDEVENTS_JSON.encode())


def message(finding: Finding, at: datetime) -> Message:
    """A finding for its article's owner; a repeat has the same event id."""
    key = finding.key
    told = {
        "article_id": finding.article_id,
        "text": finding.text,
        "cluster_id": key.id,
        "since": key.since,
    }
    event = uuid.uuid5(NEWSWIRE, f"clustered:{finding.article_id}:{finding.text}:{key.since}:{key.id}")
    return Message(
        ARTICLES_NORMALIZED,
        finding.article_id.encode(),
        structured(ARTICLE_CLUSTERED, str(event), finding.article_id, at, orjson.dumps(told)),
        (_CONTENT_TYPE,),
    )


def finding_of(data: dict[str, Any], key: bytes | None) -> Finding:
    """The finding in an event's data.

    Raises:
        Refused: `invalid-event`, naming the field; or the record's key is another article's.
    """
    for name in ("article_id", "cluster_id"):
        if not _is_uuid(data.get(name)):
            raise Refused("invalid-event", name)
    since, text = data.get("since"), data.get("text")
    if type(since) is not int or not -(2**63) <= since < 2**63:
        raise Refused("invalid-event", "since")
    if not isinstance(text, str) or not text:
        raise Refused("invalid-event", "text")
    if key != data["article_id"].encode():
        raise Refused("invalid-event", "the key of the record is not its article_id")
    return Finding(data["article_id"], text, Key(since, data["cluster_id"]))


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
