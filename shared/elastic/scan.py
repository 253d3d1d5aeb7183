"""Reading whole aliases in order, and asking what is known of items: for tools that audit, not for services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Final, Protocol, Self

from shared.elastic.border import border
from shared.elastic.client import make_client, whole_answer
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, DEAD_LETTERS_ALIAS, MARKS
from shared.elastic.nearby import near
from shared.elastic.ports import Near, Nearby
from shared.settings import ElasticsearchSettings

PAGE: Final = 2000
"""Documents a request: without their texts, some hundred bytes each."""

Row = dict[str, Any]
"""Fields of one document, and `_index`, the slice in which it stands."""


class Index(Protocol):
    """The index as an audit sees it."""

    async def count(self, alias: str, query: Row | None = None) -> int:
        """How many documents there are behind an alias; 0 if there is no such alias yet."""

    def scan(
        self, alias: str, fields: Sequence[str], by: Sequence[str], query: Row | None = None
    ) -> AsyncIterator[Row]:
        """All documents, ordered by the fields `by`, which together must name a document (`_index` counts as one)."""

    async def known_items(self, items: Collection[str]) -> set[str]:
        """Those of these item ids that some document carries: live, superseded, or the record of a dead letter."""

    async def known_letters(self, places: Collection[str]) -> set[str]:
        """Those of these places (`topic:partition:offset`) of which the record of a dead letter is there."""

    async def refresh(self) -> None:
        """Make visible what was written."""


class ElasticIndex:
    """`Index` over a real Elasticsearch; an async context manager.

    Every method raises `Transient` (also where a shard did not answer: half an answer proves nothing) or `Misconfigured`.
    """

    def __init__(self, settings: ElasticsearchSettings) -> None:
        self._client = make_client(settings)

    async def __aenter__(self) -> Self:
        """Use it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._client.close()

    async def count(self, alias: str, query: Row | None = None) -> int:
        """How many documents there are behind an alias."""
        answer = await self._search(alias, {"size": 0, "track_total_hits": True, "query": query or {"match_all": {}}})
        return int(answer["hits"]["total"]["value"])

    async def scan(
        self, alias: str, fields: Sequence[str], by: Sequence[str], query: Row | None = None
    ) -> AsyncIterator[Row]:
        """All documents in order. What is written meanwhile may be seen or not."""
        body: Row = {
            "size": PAGE,
            "track_total_hits": False,
            "query": query or {"match_all": {}},
            "sort": [{name: "asc"} for name in by],
            "_source": list(fields),
        }
        while True:
            hits = (await self._search(alias, body))["hits"]["hits"]
            for hit in hits:
                yield {**hit["_source"], "_index": hit["_index"]}
            if len(hits) < PAGE:
                return
            body["search_after"] = hits[-1]["sort"]

    async def known_items(self, items: Collection[str]) -> set[str]:
        """Those of these item ids that some document carries."""
        wanted = list(items)
        known: set[str] = set()
        for alias in (ARTICLES, DEAD_LETTERS_ALIAS, ARTICLE_VERSIONS):
            left = [item for item in wanted if item not in known]
            if left:
                terms = {"field": "item", "include": left, "size": len(left)}
                body = {"size": 0, "query": {"terms": {"item": left}}, "aggs": {"items": {"terms": terms}}}
                answer = await self._search(alias, body)
                known |= {
                    bucket["key"] for bucket in answer.get("aggregations", {}).get("items", {}).get("buckets", ())
                }
        return known

    async def known_letters(self, places: Collection[str]) -> set[str]:
        """Those of these places of which the record of a dead letter is there."""
        wanted = list(places)
        if not wanted:
            return set()
        body = {"size": len(wanted), "query": {"ids": {"values": wanted}}, "_source": False}
        return {hit["_id"] for hit in (await self._search(DEAD_LETTERS_ALIAS, body))["hits"]["hits"]}

    async def near(self, nearby: Nearby) -> list[Near]:
        """Live documents that may be near copies (see `shared.elastic.nearby`)."""
        return await near(self._client, nearby)

    async def refresh(self) -> None:
        """Make visible what was written: an audit looks at what is there, not at what a reader sees yet."""
        for alias in (ARTICLES, ARTICLE_VERSIONS, DEAD_LETTERS_ALIAS, MARKS):
            with border("refresh", refusal_is_ours=True):
                await self._client.indices.refresh(index=alias, ignore_unavailable=True)

    async def _search(self, alias: str, body: Row) -> Mapping[str, Any]:
        return await whole_answer(self._client, alias, body, what="audit")
