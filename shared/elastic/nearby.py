"""The look-up of near copies: one request a batch, by the bands of its articles. Only doc values are read, no document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from shared.elastic.client import whole_answer
from shared.elastic.index import ARTICLES
from shared.elastic.ports import Near, Nearby
from shared.log import get_logger

MOST_TERMS: Final = 30_000
"""Bands a request, and as many clusters; below index.max_terms_count (65,536)."""
MOST_FOUND: Final = 10_000
"""Elasticsearch's index.max_result_window, at its default."""

_MS: Final = "epoch_millis"
_FIELDS: Final[list[Any]] = [
    "id",
    "cluster_id",
    "cluster_since",
    "sketch",
    {"field": "published", "format": _MS},
    {"field": "received", "format": _MS},
]
_NEEDED: Final = ("id", "cluster_id", "cluster_since", "sketch", "received")

log = get_logger()


async def near(client: AsyncElasticsearch, nearby: Nearby) -> list[Near]:
    """Live documents that may be near copies, each once.

    Raises:
        Transient: a shard did not answer in time: then nothing is known of what is missing.
        Misconfigured: Elasticsearch refuses us, or the request.
    """
    found: dict[str, Near] = {}
    for part in _parts(nearby):
        answer = await whole_answer(client, ARTICLES, body(part), what="near copies", shown="hits.hits.fields")
        hits = answer.get("hits", {}).get("hits", [])
        if len(hits) == _most(part):
            log.warning("more near copies than are looked at", looked_at=len(hits))
        for one in filter(None, (_near(hit.get("fields") or {}) for hit in hits)):
            found[one.article_id] = one
    return list(found.values())


def body(nearby: Nearby) -> dict[str, Any]:
    """The body of the request."""
    either: list[dict[str, Any]] = []
    if nearby.bands:
        either.append({"bool": {"filter": [{"terms": {"bands": nearby.bands}}, _when(nearby)]}})
    if nearby.clusters:
        either.append({"terms": {"cluster_id": nearby.clusters}})
    query: dict[str, Any] = {"filter": [{"bool": {"should": either}}]}
    if nearby.besides:
        query["must_not"] = [{"terms": {"id": nearby.besides}}]
    return {
        "query": {"bool": query},
        "size": _most(nearby),
        "sort": ["_doc"],
        "track_total_hits": False,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": _FIELDS,
    }


def _most(nearby: Nearby) -> int:
    """Few for few: Elasticsearch keeps room for all that it might find."""
    return min(MOST_FOUND, 1000 + 3 * len(nearby.bands))


def _when(nearby: Nearby) -> dict[str, Any]:
    span = {"gte": nearby.start, "lte": nearby.end, "format": _MS}
    undated = {"filter": [{"range": {"received": span}}], "must_not": [{"exists": {"field": "published"}}]}
    return {"bool": {"should": [{"range": {"published": span}}, {"bool": undated}]}}


def _parts(nearby: Nearby) -> Iterator[Nearby]:
    most = max(len(nearby.bands), len(nearby.clusters))
    for start in range(0, most, MOST_TERMS):
        end = start + MOST_TERMS
        yield replace(nearby, bands=nearby.bands[start:end], clusters=nearby.clusters[start:end])


def _near(fields: Mapping[str, Sequence[Any]]) -> Near | None:
    """A hit; None for a document that an older release wrote."""
    if any(name not in fields for name in _NEEDED):
        return None
    at = fields.get("published") or fields["received"]
    return Near(
        fields["id"][0],
        fields["cluster_id"][0],
        int(fields["cluster_since"][0]),
        fields["sketch"][0],
        int(at[0]),
    )
