"""Changes as events on `articles.changes`: ids, versions, times and what changed, never text. Pure.

The event id is hash(article_id, ext_version, change): a repeat, after a crash or a replay, carries the same id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from services.indexing.overlay import Overlay
from services.indexing.versions import Stored, Version
from shared.events import ARTICLE_CHANGED, ARTICLES_CHANGES, CLOUDEVENTS_JSON, Change, structured
from shared.ids import event_id
from shared.kafka.ports import Message
from shared.tracing import child_of

_TAKES_BACK = frozenset({Change.KILLED.value, Change.WITHHELD.value})
_ALWAYS = _TAKES_BACK | {Change.REPLACED.value, Change.EXPIRED.value}
_CONTENT_TYPE = ("content-type", CLOUDEVENTS_JSON.encode())


class Announcement(NamedTuple):
    """What is told of one version: what it did, under which numbers, and since when it is searchable (RFC 3339)."""

    version: Version
    change: str
    ext_version: int
    revision: int
    searchable: str
    status: str | None = None
    """As it stands now; None: as the version has it."""
    overlay: Overlay | None = None
    late: bool = False
    """A version that gave way long ago, and came again."""
    chained: Stored | None = None
    """The article as it stands, with its chain; None for a version that is late."""
    story: str = ""
    """The story that it is in, as far as that is known; '': as the version says."""
    earlier: tuple[Mapping[str, Any], ...] = ()
    """Of `killed` and `withheld`: `shared.events.Span`s."""

    @property
    def moves_readers(self) -> bool:
        """Whether those who ever got a version must hear of it."""
        return self.change in _TAKES_BACK


def tellable(announcements: Iterable[Announcement], moment: datetime) -> list[Announcement]:
    """What may be told at a moment at which all of it is readable.

    A version that was written under an embargo is told once that ends: by the clock, and here if it has ended since, for the
    clock may have passed that instant before the version could be found. Likewise of one that has expired since.
    """
    found: list[Announcement] = []
    for one in announcements:
        found += _tellable(one, moment)
    return found


def _tellable(one: Announcement, moment: datetime) -> Iterator[Announcement]:
    data = one.version.data
    if one.change in _ALWAYS:
        yield one
        return
    expires = _moment(data.get("expires"))
    expired = expires is not None and _moment_of(one.searchable) < expires <= moment and not one.late
    if data.get("embargo_open"):
        return
    until = _moment(data.get("embargoed_until"))
    if until is None or until <= _moment_of(one.searchable):
        yield one
    elif one.late or until > moment:
        return
    else:
        yield one._replace(change=Change.RELEASED.value)
    if expired:
        yield one._replace(change=Change.EXPIRED.value)


def _moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def message(announcement: Announcement) -> Message:
    """The announcement as a message keyed by its article (data: `shared.events.ArticleChange`)."""
    version = announcement.version
    told: dict[str, Any] = {
        "article_id": version.article_id,
        "story_id": announcement.story or version.data["story_id"],
        "feed": version.feed,
        "change": announcement.change,
        "version": version.data.get("version"),
        "ext_version": announcement.ext_version,
        "revision": announcement.revision,
        "status": announcement.status or version.status,
        "published": version.data.get("published"),
        "received": version.received,
        "searchable": announcement.searchable,
        "kind": version.data.get("kind") or "story",
    }
    if announcement.earlier:
        told["earlier"] = list(announcement.earlier)
    if (replaced_by := _replaced_by(announcement)) is not None:
        told["replaced_by"] = replaced_by
    if announcement.overlay is not None and announcement.overlay.erased:
        told["erased"] = True
    event = str(event_id(version.article_id, announcement.ext_version, announcement.change))
    return Message(
        ARTICLES_CHANGES,
        version.article_id.encode(),
        structured(ARTICLE_CHANGED, event, version.article_id, version.received_at, orjson.dumps(told)),
        (_CONTENT_TYPE, ("traceparent", child_of(version.traceparent).encode())),
    )


def _replaced_by(announcement: Announcement) -> str | None:
    told = announcement.overlay.replaced_by if announcement.overlay is not None else None
    return told or announcement.version.data.get("replaced_by")
