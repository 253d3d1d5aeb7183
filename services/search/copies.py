"""Near copies of an article, as readers may know of them, pure: counted, listed, and what each has changed.

Only articles that a reader may see count for anything here. The stored `cluster_id` may be that of an article under an
embargo, or of one that is killed; it would tell that such an article exists. So readers are told the id of a member that
they may see, the same for every member: the one that names the cluster if they may see it, else the smallest id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.search.article import Document
from services.search.reader import reader_filter
from services.search.results import text_of

MAX_MEMBERS: Final = 100
"""Copies listed at most; `total` counts them all."""
MOST_WORDS: Final = 20_000
"""Words of a text beyond which it is not compared."""
RUN: Final = 3
"""Words of a run by which texts are compared."""

_SHOWN: Final = (
    "title", "summary", "published", "received", "source", "credit", "feed", "language", "version", "url", "word_count",
)  # fmt: skip


def cluster_of(document: Document) -> str:
    """The cluster that a document is stored in; its own id where an older release stored none."""
    cluster: str = document.get("cluster_id") or document["id"]
    return cluster


def standing_body(document: Document, now: datetime) -> dict[str, Any]:
    """What tells how many members of an article's cluster a reader may see, and which of them names it for readers."""
    cluster = cluster_of(document)
    return {
        "query": _members(cluster, now),
        "size": 1,
        "sort": [{"id": "asc"}],
        "_source": ["id"],
        "track_total_hits": True,
        "aggs": {
            "named": {"filter": {"term": {"id": cluster}}},
            "itself": {"filter": {"term": {"id": document["id"]}}},
        },
    }


def told_of(document: Document, standing: Document) -> dict[str, Any]:
    """`cluster_id` and `copies` of an article as readers are told them.

    Args:
        document: the article; it may be shown, but need not be in any search (expired).
        standing: the answer to `standing_body`.
    """
    found, hits = standing["aggregations"], standing["hits"]
    copies = hits["total"]["value"] - found["itself"]["doc_count"]
    if not copies:
        return {"cluster_id": document["id"], "copies": 0}
    if found["named"]["doc_count"]:
        return {"cluster_id": cluster_of(document), "copies": copies}
    return {"cluster_id": min(document["id"], *(hit["_source"]["id"] for hit in hits["hits"])), "copies": copies}


def members_body(cluster_id: str, now: datetime) -> dict[str, Any]:
    """The members of a cluster that a reader may see, without their texts."""
    return {
        "query": _members(cluster_id, now),
        "size": MAX_MEMBERS + 1,
        "sort": [{"published": {"order": "asc", "missing": "_last"}}, {"id": "asc"}],
        "_source": list(_SHOWN),
        "track_total_hits": True,
    }


def texts_body(ids: Sequence[str], now: datetime) -> dict[str, Any]:
    """The texts of these articles that a reader may see and that are short enough to be compared."""
    short = {"range": {"word_count": {"lte": MOST_WORDS}}}
    return {
        "query": {"bool": {"filter": [{"ids": {"values": list(ids)}}, short, reader_filter(now)]}},
        "size": len(ids),
        "_source": ["title", "body"],
    }


def similar(document: Document, told: Mapping[str, Any], members: Document, texts: Document) -> dict[str, Any]:
    """What `GET /v1/articles/{id}/similar` answers.

    Args:
        document: the article, whole.
        told: of `told_of`.
        members: the answer to `members_body`.
        texts: the answer to `texts_body` for all of them.
    """
    known = {hit["_id"]: hit["_source"] for hit in members["hits"]["hits"]}
    others = [id_ for id_ in known if id_ != document["id"]][:MAX_MEMBERS]
    bodies = {hit["_id"]: hit["_source"] for hit in texts["hits"]["hits"]}
    own = document if (document.get("word_count") or 0) <= MOST_WORDS else None
    return {
        "id": document["id"],
        **told,
        "origin": origin({document["id"]: document} | known),
        "items": [_item(id_, known[id_]) | changed(own, bodies.get(id_)) for id_ in others],
    }


def origin(members: Mapping[str, Document]) -> dict[str, str]:
    """Where the text came from: the agency whose credit most copies carry, if it is among them, else the earliest.

    Args:
        members: by id.
    """
    carried = Counter(_folded(one.get("credit")) for one in members.values())
    carried.pop("", None)
    for agency, _ in sorted(carried.items(), key=lambda item: (-item[1], item[0])):
        own = {
            id_: one for id_, one in members.items() if agency in (_folded(one.get("source")), _folded(one.get("feed")))
        }
        if own:
            return {"id": _earliest(own), "by": "credit"}
    return {"id": _earliest(members), "by": "earliest"}


def changed(document: Document | None, other: Document | None) -> dict[str, Any]:
    """What another article has changed: share of the text from 0 to 1, words that are its own or missing; null if unknown."""
    if document is None or other is None:
        return {"same_title": None, "changed": None, "words_added": None, "words_removed": None}
    ours, theirs = (Counter((text_of(each.get("body")) or "").split()) for each in (document, other))
    return {
        "same_title": _folded(text_of(document.get("title"))) == _folded(text_of(other.get("title"))),
        "changed": _share_changed(text_of(document.get("body")) or "", text_of(other.get("body")) or ""),
        "words_added": (theirs - ours).total(),
        "words_removed": (ours - theirs).total(),
    }


def _share_changed(one: str, other: str) -> float:
    ours, theirs = _runs(one), _runs(other)
    together = (ours | theirs).total()
    return round(1 - (ours & theirs).total() / together, 3) if together else 0.0


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = text.split()
    size = min(RUN, len(words))
    return Counter(zip(*(words[start:] for start in range(size)), strict=False)) if size else Counter()


def _members(cluster_id: str, now: datetime) -> dict[str, Any]:
    return {"bool": {"filter": [{"term": {"cluster_id": cluster_id}}, reader_filter(now)]}}


def _item(id_: str, member: Document) -> dict[str, Any]:
    return {
        "id": id_,
        "title": text_of(member.get("title")),
        "summary": text_of(member.get("summary")),
        **{name: member.get(name) for name in ("published", "source", "credit", "feed", "language", "url", "version")},
    }


def _earliest(members: Mapping[str, Document]) -> str:
    return min(members, key=lambda id_: (_moment(members[id_]), id_))


def _moment(member: Document) -> datetime:
    return datetime.fromisoformat(member.get("published") or member["received"])


def _folded(value: Any) -> str:
    return " ".join(value.split()).casefold() if isinstance(value, str) else ""
