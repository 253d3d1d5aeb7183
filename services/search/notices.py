"""Which headline the notice of a kill may carry, pure.

The headline of a story that was never free - under an embargo or withheld until it was killed - is as little for readers as
its text is. A tombstone does not know; the history of its article does, whatever the order in which things came:

- a version was free: the notice carries the headline of the kill itself, or, of an operator's kill, which has none and leaves that of the
  last version, the one of the newest version that was free;
- there are versions, and none was free: no headline and no slugline;
- there are none: the kill came first, and says what its provider says of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.search.article import notice
from services.search.dates import rfc3339_ms
from services.search.results import text_of

Document = Mapping[str, Any]

_ARTICLES: Final = "articles"
_FREE: Final = "free"
_NEWEST: Final = "newest"


class Past(NamedTuple):
    """What history knows of a killed article; `newest`: title and slugline of its newest version that was free, if any was."""

    newest: Document | None


def past_body(article_ids: Sequence[str], now: datetime) -> dict[str, Any]:
    """The search over history for the `Past` of these articles: one request for a page of kills.

    Args:
        article_ids: of killed articles, at least one.
        now: aware; an embargo that has passed by then hides nothing.
    """
    free = {
        "bool": {
            "filter": [{"term": {"status": "usable"}}],
            "must_not": [{"term": {"embargo_open": True}}, {"range": {"embargoed_until": {"gte": rfc3339_ms(now)}}}],
        }
    }
    newest = {"top_hits": {"size": 1, "sort": [{"ext_version": "desc"}], "_source": ["title", "slugline"]}}
    return {
        "query": {"terms": {"article_id": list(article_ids)}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {
            _ARTICLES: {
                "terms": {"field": "article_id", "size": len(article_ids)},
                "aggs": {_FREE: {"filter": free, "aggs": {_NEWEST: newest}}},
            }
        },
    }


def pasts_of(answer: Document) -> dict[str, Past]:
    """The pasts in the answer to `past_body`, by article; one without any version has none."""
    buckets = ((answer.get("aggregations") or {}).get(_ARTICLES) or {}).get("buckets", ())
    found = {}
    for bucket in buckets:
        hits = bucket[_FREE][_NEWEST]["hits"]["hits"]
        found[bucket["key"]] = Past(hits[0]["_source"] if hits else None)
    return found


def told(tombstone: Document, past: Past | None) -> dict[str, Any]:
    """The notice of a kill as readers get it."""
    found = notice(tombstone)
    if past is None and (tombstone.get("revision") or 0) <= 1:
        return found
    if past is None or past.newest is None:  # of a later revision history is there, even where it cannot be found yet
        return found | {"title": None, "slugline": None}
    if tombstone.get("order_id") and not tombstone.get("erased"):
        return found | {"title": text_of(past.newest.get("title")), "slugline": past.newest.get("slugline")}
    return found
