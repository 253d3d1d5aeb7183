"""Copies of one story that stand in two clusters: every article of the index is looked up once more, as indexing does it.

What is under way is waited for: a pair counts only if it is still split after the patience of the audit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from services.indexing.clustering import comparison, member_of
from services.indexing.clusters import Member, split
from shared.elastic.index import ARTICLES
from shared.elastic.ports import Near, Nearby
from shared.settings import IndexingSettings

AT_ONCE: Final = 500
"""Articles looked up by one request."""

_FIELDS: Final = ("id", "cluster_id", "cluster_since", "sketch", "bands", "published", "received")
_HOUR_MS: Final = 3_600_000

Row = dict[str, Any]
Pair = tuple[str, str]


class Copies(Protocol):
    """The index as this check sees it (`shared.elastic.scan.ElasticIndex`)."""

    def scan(
        self, alias: str, fields: Sequence[str], by: Sequence[str], query: Row | None = None
    ) -> AsyncIterator[Row]:
        """All documents, ordered by the fields `by`."""

    async def near(self, nearby: Nearby) -> list[Near]:
        """Live documents that may be near copies."""


async def split_clusters(index: Copies, settings: IndexingSettings, *, patience_s: float) -> list[Pair]:
    """Pairs of articles that say the same and are in two clusters, each pair once.

    Args:
        index: where to look.
        settings: what counts as the same; nothing is looked for where near copies are switched off.
        patience_s: how long what is under way may take.

    Raises:
        Transient, Misconfigured: as the index says.
    """
    if not settings.clusters:
        return []
    query = {"exists": {"field": "sketch"}}
    found = await _split(index, settings, query)
    if found and patience_s:
        await asyncio.sleep(patience_s)
        found = await _split(index, settings, {"terms": {"id": sorted({id_ for pair in found for id_ in pair})}})
    return found


async def _split(index: Copies, settings: IndexingSettings, query: Row) -> list[Pair]:
    found: set[Pair] = set()
    some: list[Row] = []
    async for row in index.scan(ARTICLES, _FIELDS, ("id", "_index"), query):
        some.append(row)
        if len(some) == AT_ONCE:
            found |= await _of_some(index, settings, some)
            some = []
    if some:
        found |= await _of_some(index, settings, some)
    return sorted(found)


async def _of_some(index: Copies, settings: IndexingSettings, rows: Sequence[Row]) -> set[Pair]:
    ours = [member for row in rows if (member := _member(row)) is not None]
    if not ours:
        return set()
    moments, window = [member.at for member in ours], settings.cluster_window_h
    nearby = Nearby(
        bands=list({band for row in rows for band in row.get("bands") or ()}),
        besides=[member.article_id for member in ours],
        start=int((min(moments) - window) * _HOUR_MS),
        end=int((max(moments) + window) * _HOUR_MS),
    )
    near = [member for one in await index.near(nearby) if (member := member_of(one)) is not None]
    return {(min(pair), max(pair)) for pair in split(ours, near, comparison(settings))}


def _member(row: Row) -> Member | None:
    if "sketch" not in row or "cluster_since" not in row:
        return None
    at = datetime.fromisoformat(row.get("published") or row["received"]).timestamp() * 1000
    return member_of(Near(row["id"], row["cluster_id"], row["cluster_since"], row["sketch"], int(at)))
