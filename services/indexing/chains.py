"""What an article means for the one that it goes on from: told to that one's owner, once readers can have the newer. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import orjson

from services.indexing.announce import Announcement
from shared.events import ARTICLE_ORDERED, ARTICLES_NORMALIZED, CLOUDEVENTS_JSON, Change, Order, structured
from shared.ids import NEWSWIRE
from shared.kafka.ports import Message
from shared.tracing import child_of

_STANDS = frozenset({Change.CREATED.value, Change.UPDATED.value, Change.CORRECTED.value, Change.RELEASED.value})
_FALLS = frozenset({Change.KILLED.value, Change.WITHHELD.value, Change.EXPIRED.value})


def replacements(told: Iterable[Announcement]) -> list[Message]:
    """Orders to the owners of what these articles go on from: it is replaced, or its replacement is taken back.

    Args:
        told: what has just been announced, and so can be read.
    """
    return [message for one in told for message in _orders(one)]


def _orders(one: Announcement) -> Iterable[Message]:
    article = one.version.article_id
    parent = one.version.data["story_id"]
    if one.late or (one.change not in _STANDS and one.change not in _FALLS):
        return
    stands = one.change in _STANDS
    if parent != article:
        yield _order(one, parent, stands=stands)
    if one.parent not in ("", article, parent):
        # A kill seldom says what its story went on from, and a later version may go on from another.
        yield _order(one, one.parent, stands=False)


def _order(one: Announcement, parent: str, *, stands: bool) -> Message:
    article = one.version.article_id
    name = str(uuid.uuid5(NEWSWIRE, f"replaced:{parent}:{article}:{one.ext_version}:{one.change}"))
    data = {
        "article_id": parent,
        "id": name,
        "order": Order.REPLACED.value,
        "at": one.version.received,
        "replaced_by": article if stands else None,
        "other": article,
    }
    return Message(
        ARTICLES_NORMALIZED,
        parent.encode(),
        structured(ARTICLE_ORDERED, name, parent, one.version.received_at, orjson.dumps(data)),
        (("content-type", CLOUDEVENTS_JSON.encode()), ("traceparent", child_of(one.version.traceparent).encode())),
    )
