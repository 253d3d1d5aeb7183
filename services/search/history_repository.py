"""What the service reads of the past: superseded versions, searches over them, kills. Errors are newswire's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from services.search import as_of, notices, versions
from services.search.repository import ElasticRepository, Repository, require_whole
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, MARKS

Document = Mapping[str, Any]

_KILLS: Final = "kills"
_MOST_PARTITIONS: Final = 10_000


def _whole(aliases: str) -> str:
    return f"/{aliases}/_search?ignore_unavailable=true&allow_partial_search_results=false"


_PAST: Final = f"/{ARTICLES},{ARTICLE_VERSIONS}/_search?ignore_unavailable=true"


class HistoryRepository(Repository, Protocol):
    """What the service needs of the index, its past among it."""

    async def past(self, body: Document) -> Document:
        """The answer to a search body over live articles and superseded versions."""

    async def standings(self, article_ids: Sequence[str]) -> list[Document]:
        """Of these live articles, the fields that say whether they may be shown."""

    async def rows(self, article_id: str, fields: Sequence[str]) -> tuple[int, list[Document]]:
        """How many versions of an article history holds, and these fields of the newest of them."""

    async def revisions(self, article_id: str, revisions: Sequence[int]) -> list[Document]:
        """The superseded versions of these revisions, whole."""

    async def live_at(self, article_id: str, moment: str) -> list[Document]:
        """The superseded versions, whole, whose span holds a moment (RFC 3339): one, but for what a crash may leave."""

    async def kill_marks(self) -> dict[int, int]:
        """By partition of `articles.normalized`, the offset up to which every kill can be found."""

    async def kills(self, body: Document) -> list[Document]:
        """The tombstones that a search body finds, in its order."""

    async def pasts(self, article_ids: Sequence[str], now: datetime) -> dict[str, notices.Past]:
        """What history knows of these killed articles, by id; at least one is asked for."""


class ElasticHistory(ElasticRepository):
    """The real one."""

    async def past(self, body: Document) -> Document:
        """See `HistoryRepository`; raises as `search`."""
        return await self._ask(_PAST, body)

    async def standings(self, article_ids: Sequence[str]) -> list[Document]:
        """See `HistoryRepository`.

        Raises:
            Unavailable: a part of the index does not answer.
        """
        ids = list(article_ids)
        body = {"query": {"ids": {"values": ids}}, "size": 2 * len(ids), "_source": as_of.STANDING}
        return await self._sources(ARTICLES, body)

    async def rows(self, article_id: str, fields: Sequence[str]) -> tuple[int, list[Document]]:
        """See `HistoryRepository`; raises as `standings`."""
        body = {
            "query": _of(article_id),
            "size": versions.MAX_ROWS,
            "sort": [{"ext_version": "desc"}],
            "_source": list(fields),
            "track_total_hits": True,
        }
        answer = await self._answer(ARTICLE_VERSIONS, body)
        return answer["hits"]["total"]["value"], [hit["_source"] for hit in answer["hits"]["hits"]]

    async def revisions(self, article_id: str, revisions: Sequence[int]) -> list[Document]:
        """See `HistoryRepository`; raises as `standings`."""
        query = _of(article_id, {"terms": {"revision": list(revisions)}})
        return await self._sources(ARTICLE_VERSIONS, {"query": query, "size": 2 * len(revisions) + 2})

    async def live_at(self, article_id: str, moment: str) -> list[Document]:
        """See `HistoryRepository`; raises as `standings`."""
        spans = [{"range": {"live_from": {"lte": moment}}}, {"range": {"live_until": {"gt": moment}}}]
        return await self._sources(ARTICLE_VERSIONS, {"query": _of(article_id, *spans), "size": 3})

    async def kill_marks(self) -> dict[int, int]:
        """See `HistoryRepository`; raises as `standings`."""
        body = {"query": {"term": {"name": _KILLS}}, "size": _MOST_PARTITIONS}
        return {mark["partition"]: mark["offset"] for mark in await self._sources(MARKS, body)}

    async def kills(self, body: Document) -> list[Document]:
        """See `HistoryRepository`; raises as `standings`."""
        return await self._sources(ARTICLES, body)

    async def pasts(self, article_ids: Sequence[str], now: datetime) -> dict[str, notices.Past]:
        """See `HistoryRepository`; raises as `standings`."""
        return notices.pasts_of(await self._answer(ARTICLE_VERSIONS, notices.past_body(article_ids, now)))

    async def _sources(self, aliases: str, body: Document) -> list[Document]:
        return [hit["_source"] for hit in (await self._answer(aliases, body))["hits"]["hits"]]

    async def _answer(self, aliases: str, body: Document) -> Document:
        answer = await self._ask(_whole(aliases), body)
        require_whole(answer)
        return answer


def _of(article_id: str, *more: dict[str, Any]) -> dict[str, Any]:
    return {"bool": {"filter": [{"term": {"article_id": article_id}}, *more]}}
