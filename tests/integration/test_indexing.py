"""The indexing worker over real Kafka and real Elasticsearch: groups, commits, rebalances, probes."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson
import pytest
from elasticsearch import ApiError

from deploy.local.ports import free_port
from services.indexing import worker
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, DEAD_LETTERS_ALIAS
from shared.elastic.store import ElasticStore
from shared.events import ARTICLES_CHANGES, ARTICLES_NORMALIZED, Article
from shared.health import Health
from shared.kafka.client import AiokafkaPublisher, AiokafkaSource
from shared.kafka.ports import Message
from shared.kafka.topics import ensure_topics
from shared.settings import ElasticsearchSettings, IndexingSettings, KafkaSettings, RuntimeSettings, Settings
from tests.unit.indexing.samples import article, message

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]


class Room:
    """The real servers, a consumer group of this test's own, and what the tests ask of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tag = uuid.uuid4().hex[:8]
        self.group = f"indexing-{self.tag}"
        self.store = ElasticStore(settings)
        self.publisher = AiokafkaPublisher(settings)

    def article(self, name: str, **fields: Any) -> Article:
        return article(f"{name}-{self.tag}", **fields)

    async def push(self, *messages: Message) -> None:
        assert set(await self.publisher.publish(messages)) == {None}

    async def find(self, alias: str, made: list[Article]) -> list[dict[str, Any]]:
        wanted = [str(one.article_id) for one in made]
        answer = await self.store._client.search(
            index=alias, query={"terms": {"article_id": wanted}}, size=5000, ignore_unavailable=True
        )
        return [hit["_source"] | {"_index": hit["_index"]} for hit in answer.body["hits"]["hits"]]

    async def changes(self, made: list[Article]) -> list[dict[str, Any]]:
        """All announcements of these articles from the beginning of the topic."""
        wanted = {str(one.article_id).encode() for one in made}
        source = AiokafkaSource(self.settings, f"reader-{uuid.uuid4().hex}")
        await source.start([ARTICLES_CHANGES], _nothing, _nothing)
        found = []
        quiet = 0
        while quiet < 4:
            records = await source.poll(1000, 0.5)
            quiet = 0 if records else quiet + 1
            found += [orjson.loads(record.value) for record in records if record.key in wanted]
        await source.stop()
        return found

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        stop, store = asyncio.Event(), ElasticStore(self.settings)
        work = asyncio.create_task(
            worker.run(
                self.settings,
                Health(),
                stop,
                store=store,
                publisher=AiokafkaPublisher(self.settings),
                source=AiokafkaSource(self.settings, self.group),
            )
        )
        try:
            yield
        finally:
            stop.set()
            await work
            await store.close()


async def _nothing(_: object) -> None:
    return


@pytest.fixture
async def room(servers, tmp_path) -> AsyncIterator[Room]:
    settings = Settings(
        data_dir=tmp_path,
        kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers, session_timeout_s=6),
        # No refresh but the worker's own: what it does not make readable stays unseen.
        elasticsearch=ElasticsearchSettings(url=servers.elasticsearch_url),
        runtime=RuntimeSettings(batch_records=50, commit_interval_ms=50),
        indexing=IndexingSettings(port=free_port()),
    )
    await ensure_topics(settings)
    room = Room(settings)
    await room.store.start()
    await room.publisher.start()
    yield room
    await room.publisher.stop()
    await room.store.close()


async def until(check, seconds: float = 60) -> None:
    """Asks again and again; a search may fail while the shard of a new slice starts."""
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(ApiError):
                if await check():
                    return
            await asyncio.sleep(0.1)


async def test_article_on_kafka_is_found_and_announced(room):
    made = [room.article(f"n{number}") for number in range(100)]
    bad = Message(ARTICLES_NORMALIZED, str(room.article("bad").article_id).encode(), b"not json")
    await room.push(*[message(one) for one in made[:50]], bad, *[message(one) for one in made[50:]])

    async def all_there():
        return len(await room.find(ARTICLES, made)) == 100 and await room.find(
            DEAD_LETTERS_ALIAS, [room.article("bad")]
        )

    async with room.worker():
        await until(all_there)
    assert len({event["id"] for event in await room.changes(made)}) == 100
    [letter] = await room.find(DEAD_LETTERS_ALIAS, [room.article("bad")])
    assert (letter["class"], letter["topic"]) == ("not-an-event", ARTICLES_NORMALIZED)


async def test_workers_that_come_and_go_keep_one_document_and_all_versions(room):
    """Each version says another month; every rebalance hands partitions from one memory to another."""
    rounds, names = 5, [f"n{number}" for number in range(40)]
    made = [room.article(name) for name in names]

    async def version_is_live(version: int):
        found = await room.find(ARTICLES, made)
        return len(found) >= len(names) and all(int(one["version"]) >= version for one in found)

    async with room.worker():
        for version in range(rounds):
            month = datetime(2025, 1 + version, 1, tzinfo=UTC)
            await room.push(*[message(room.article(name, version=version, first_published=month)) for name in names])
            async with room.worker():
                await until(lambda version=version: version_is_live(version))
        kill = [room.article(name, version=1, status="killed", seconds=9) for name in names[:10]]
        late = [room.article(name, version=99, seconds=10) for name in names[:10]]
        await room.push(*map(message, kill), *map(message, late), *map(message, kill))

        async def all_told():
            return len(await room.find(DEAD_LETTERS_ALIAS, late)) == 10

        await until(all_told)
    found = await room.find(ARTICLES, made)
    assert len(found) == len(names)
    assert {one["_index"] for one in found} == {"articles-2025.01"}
    killed = {str(one.article_id) for one in kill}
    assert all((one["status"] == "killed") is (one["id"] in killed) for one in found)
    assert {one["version"] for one in found if one["id"] not in killed} == {str(rounds - 1)}
    await room.store.refresh([ARTICLE_VERSIONS])
    history = await room.find(ARTICLE_VERSIONS, made)
    assert len(history) == (rounds - 1) * len(names) + 2 * len(
        kill
    )  # with the version before the kill, and the one after
    told = {event["id"]: event["data"]["change"] for event in await room.changes(made)}
    assert sorted(told.values()).count("killed") == 10
    assert len(told) == rounds * len(names) + len(kill)


async def test_service_answers_its_probes_and_stops_cleanly(room):
    health, stop = Health(), asyncio.Event()
    serving = asyncio.create_task(worker.serve(room.settings, health, stop))
    url = f"http://127.0.0.1:{room.settings.indexing.port}"
    async with httpx2.AsyncClient() as client:

        async def ready():
            with contextlib.suppress(httpx2.TransportError):
                return (await client.get(f"{url}/readyz")).status_code == 200
            return False

        await until(ready)
        assert (await client.get(f"{url}/livez")).status_code == 200
        assert "newswire_articles" in (await client.get(f"{url}/metrics")).text
    stop.set()
    await asyncio.wait_for(serving, 40)


async def test_port_in_use_ends_the_service(room):
    from shared.errors import Misconfigured

    taken = await asyncio.start_server(_nothing, "127.0.0.1", room.settings.indexing.port)
    async with taken:
        with pytest.raises(Misconfigured, match="in use"):
            await asyncio.wait_for(worker.serve(room.settings, Health(), asyncio.Event()), 40)
