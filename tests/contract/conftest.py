"""The index of the indexing suites: one in memory, and the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.elastic.memory import MemoryStore
from shared.elastic.store import ElasticStore
from shared.settings import ElasticsearchSettings, Settings
from tests.contract.indexing_room import Room


@pytest.fixture(params=["memory", pytest.param("elasticsearch", marks=pytest.mark.servers)])
async def room(request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    """A room over each of the two."""
    if request.param == "memory":
        yield Room(MemoryStore())
        return
    servers = request.getfixturevalue("servers")
    # No refresh but the worker's own: what it does not make readable stays unseen.
    elastic = ElasticsearchSettings(url=servers.elasticsearch_url, refresh_interval="-1")
    store = ElasticStore(Settings(elasticsearch=elastic))
    await store.start()
    yield Room(store)
    await store.close()
