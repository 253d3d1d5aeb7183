"""Indexing and search over one real Elasticsearch, under a clock that a test moves: for what the past is asked about."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from services.indexing.handler import IndexingHandler
from services.indexing.indexer import Indexer
from services.indexing.placement import Memory
from services.search.app import create_app
from services.search.history_repository import ElasticHistory
from shared.elastic.client import make_client
from shared.elastic.store import ElasticStore
from shared.events import Article
from shared.health import Health
from shared.kafka.dead_letter import DeadLetters
from shared.settings import ElasticsearchSettings, SearchSettings, Settings
from tests.contract.indexing_room import SINCE, Room

START = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)


class PastRoom(Room):
    """A room with a search service in it; `now` is what both services take for the present."""

    client: httpx2.AsyncClient

    def __init__(self, store: ElasticStore) -> None:
        super().__init__(store)
        self.now = START

    def tick(self, seconds: float = 60) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def worker(self, store: Any = None, memory: int | Memory = 1000) -> IndexingHandler:
        publisher = self.broker.publisher()
        memory = Memory(memory) if isinstance(memory, int) else memory
        indexer = Indexer(store or self.store, memory, since=SINCE, clock=lambda: self.now)
        return IndexingHandler(indexer, publisher, DeadLetters(publisher, "indexing"), since=SINCE)

    def article(self, name: str = "a", **fields: Any) -> Article:
        return super().article(name, **({"source": self.tag} | fields))

    async def get(self, path: str, status: int = 200, **params: Any) -> dict[str, Any]:
        named = {name.rstrip("_"): str(value) for name, value in params.items()}
        answer = await self.client.get(path, params=named)
        assert answer.status_code == status, (path, named, answer.text)
        return answer.json()

    async def search(self, **params: Any) -> dict[str, Any]:
        return await self.get("/v1/search", **({"source": self.tag, "size": 100} | params))

    async def pages(self, path: str = "/v1/search", **params: Any) -> list[dict[str, Any]]:
        """The items of all pages."""
        params = {"source": self.tag} | params
        items: list[dict[str, Any]] = []
        while True:
            page = await self.get(path, **params)
            items += page["items"]
            if not page["next"]:
                return items
            params["cursor"] = page["next"]


@asynccontextmanager
async def past_room(servers: Any, folder: Any) -> AsyncIterator[PastRoom]:
    elastic = ElasticsearchSettings(url=servers.elasticsearch_url, refresh_interval="-1")
    search = SearchSettings(timeout_ms=20_000, cursor_key=uuid.uuid4().hex)
    settings = Settings(data_dir=folder, elasticsearch=elastic, search=search)
    store = ElasticStore(settings)
    await store.start()
    room = PastRoom(store)
    client = make_client(elastic)
    app = create_app(ElasticHistory(client, 20_000), settings, Health(), clock=lambda: room.now)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://search") as room.client:
        yield room
    await client.close()
    await store.close()
