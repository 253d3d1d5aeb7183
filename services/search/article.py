"""A stored document → what `GET /v1/articles/{id}` answers, pure: the fields of the contract, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.search.reader import expired, moment_of, standing
from services.search.results import change_of, text_of

Document = Mapping[str, Any]

_FACTS: Final = ("credit", "source", "feed", "section", "language", "urgency")
_TIMES: Final = ("published", "first_published", "updated")
_DATELINE: Final = ("place", "date", "agency")


class Killed(Exception):
    """The provider has killed the article; what may be said of it is told by `notices.py`."""

    def __init__(self, tombstone: Document) -> None:
        super().__init__("killed")
        self.tombstone = tombstone


def article(document: Document, now: datetime) -> dict[str, Any] | None:
    """The article as readers get it, or None where they get nothing (withheld, under embargo).

    Raises:
        Killed: with the tombstone.
    """
    match standing(document, now):
        case "killed":
            raise Killed(document)
        case "usable":
            return _told(document) | _asides(document, now)
        case _:
            return None


def notice(document: Document) -> dict[str, Any]:
    """What is told of a killed article: who it was and why it went, never its text.

    `title` is the headline as the provider last gave it, which a reader needs to know which story is meant; whether it may be
    told is for `notices.told` to say.
    """
    return {
        "id": document.get("id"),
        "story_id": document.get("story_id"),
        "provider_id": document.get("provider_id"),
        "feed": document.get("feed"),
        "slugline": document.get("slugline"),
        "title": document.get("notice_title"),
        "reason": document.get("reason"),
        "status": "killed",
        "status_given": document.get("status_given"),
        "killed": document.get("indexed" if document.get("order_id") else "version_time") or document.get("received"),
        "received": document.get("received"),
        "first_published": document.get("first_published"),
    }


def _asides(document: Document, now: datetime) -> dict[str, Any]:
    """What is told of the few articles that a search leaves out: what stands for it, and that its time is over."""
    found: dict[str, Any] = {}
    if document.get("replaced_by"):
        found["replaced_by"] = document["replaced_by"]
    if expired(document, now):
        found["expired"] = True
    return found


def _told(document: Document) -> dict[str, Any]:
    dateline = document.get("dateline") or {}
    return {
        "id": document.get("id"),
        "story_id": document.get("story_id"),
        "cluster_id": document.get("id"),  # its own, until it is known which of its copies may be seen (`copies.py`)
        "provider_id": document.get("provider_id"),
        "version": document.get("version"),
        "revision": document.get("revision"),
        "change": change_of(document),
        "status": "usable",
        "status_given": document.get("status_given"),
        "kind": document.get("kind"),
        "title": text_of(document.get("title")),
        "title_derived": bool(document.get("title_derived")),
        "subheads": _list(document.get("subheads")),
        "summary": text_of(document.get("summary")),
        "body": text_of(document.get("body")),
        "body_html": document.get("body_html"),
        "slugline": document.get("slugline"),
        "byline": _list(document.get("byline")),
        "dateline": {name: dateline.get(name) for name in _DATELINE},
        **{name: document.get(name) for name in _FACTS},
        "topics": [
            {name: topic.get(name) for name in ("scheme", "code", "name")} | {"given": topic.get("given") is not False}
            for topic in _list(document.get("topics"))
        ],
        "keywords": _list(document.get("keywords")),
        "places": _list(document.get("places")),
        **{name: document.get(name) for name in _TIMES},
        "dates": document.get("dates") or {},
        "embargoed_until": document.get("embargoed_until"),
        "expires": document.get("expires"),
        "ednote": document.get("ednote"),
        "rights": document.get("rights"),
        "related": [{name: one.get(name) for name in ("title", "url")} for one in _list(document.get("related"))],
        "images": _list(document.get("images")),
        "url": document.get("url"),
        "word_count": document.get("word_count") or 0,
        "copies": 0,
        "received": document.get("received"),
        "searchable": _searchable(document),
    }


def _searchable(document: Document) -> str | None:
    """Since when readers could find what they are told of: not before the end of its embargo."""
    indexed, embargo = moment_of(document.get("indexed")), moment_of(document.get("embargoed_until"))
    ended_later = indexed is not None and embargo is not None and embargo > indexed
    found: str | None = document["embargoed_until"] if ended_later else document.get("indexed")
    return found


def _list(value: Any) -> list[Any]:
    """Elasticsearch takes one value for a list of one, so a list may have been stored either way."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
