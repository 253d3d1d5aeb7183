"""`ArticleStore` over a real Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from elasticsearch import AsyncElasticsearch

from shared.elastic import client as calls
from shared.elastic import index
from shared.elastic.bulk import BulkWriter
from shared.elastic.due import due
from shared.elastic.nearby import near
from shared.elastic.ports import Action, After, Due, Found, Instant, ItemOutcome, Near, Nearby, OnWait, Row, Threaded
from shared.elastic.request import BulkRequest
from shared.elastic.threads import threads
from shared.errors import Misconfigured
from shared.settings import Settings


def make_writer(client: AsyncElasticsearch, settings: Settings, on_wait: OnWait | None = None) -> BulkWriter:
    """A bulk writer over the client, with the sizes of the settings."""

    async def refresh(indices: set[str]) -> None:
        await calls.refresh(client, indices)

    return BulkWriter(
        BulkRequest(client),
        refresh,
        max_records=settings.indexing.bulk_records,
        max_bytes=settings.indexing.bulk_bytes,
        on_wait=on_wait,
    )


class ElasticStore:
    """The index as indexing needs it (see `shared.elastic.ports.ArticleStore`)."""

    def __init__(self, settings: Settings, on_wait: OnWait | None = None) -> None:
        self._settings = settings
        self._on_wait = on_wait
        self._client = calls.make_client(settings.elasticsearch)
        self._writer = make_writer(self._client, settings, on_wait)
        self._slices: set[str] = set()

    async def start(self) -> None:
        """Wait until Elasticsearch answers, put the templates in place, and new fields onto the slices of older releases."""
        await calls.wait_until_reachable(self._client, self._on_wait)
        await index.ensure_templates(self._client, self._settings.elasticsearch)
        await index.ensure_mappings(self._client)

    async def ensure_slice(self, name: str) -> None:
        """Make a slice unless it is there; asks Elasticsearch once a slice."""
        if name not in self._slices:
            await index.ensure_slice(self._client, name)
            self._slices.add(name)

    async def lookup(self, alias: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Found]:
        """Documents of these ids behind the alias, as a search sees them."""
        return await calls.lookup(self._client, alias, ids, fields)

    async def rows(
        self, alias: str, article_ids: Sequence[str], unless: Mapping[str, str | bool | None], limit: int
    ) -> list[Row]:
        """Documents of these articles that do not have all of these values."""
        return await calls.rows(self._client, alias, article_ids, unless, limit)

    async def due(
        self, instant: Instant, span: tuple[datetime, datetime], after: After | None, limit: int
    ) -> list[Due]:
        """Articles whose instant lies in that span, the earliest first."""
        return await due(self._client, instant, span, after, limit)

    async def near(self, nearby: Nearby) -> list[Near]:
        """Live documents that may be near copies, as a search sees them."""
        return await near(self._client, nearby)

    async def threads(self, keys: Sequence[str], span: tuple[datetime, datetime]) -> list[Threaded]:
        """Live messages of these threads sent in that span, as a search sees them."""
        return await threads(self._client, keys, span)

    async def fetch(
        self, places: Sequence[tuple[str, str]], fields: Sequence[str] | None = None
    ) -> dict[tuple[str, str], Found]:
        """Documents by (index, id), as last written."""
        return await calls.fetch(self._client, places, fields)

    async def write(self, actions: Sequence[Action], *, refresh: bool = False) -> list[ItemOutcome]:
        """Write all until each is OK, STALE or POISON."""
        try:
            return await self._writer.write(actions, refresh=refresh)
        except Misconfigured:
            # A slice may have been dropped behind our back: look again before the next write.
            self._slices.clear()
            raise

    async def refresh(self, indices: Iterable[str]) -> None:
        """Make what was written to these searchable."""
        await calls.refresh(self._client, indices)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()
