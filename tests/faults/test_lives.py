"""Hundreds of articles, each in an order of its own, over two indexing services that are killed and come back, on real servers.

What must come of it is the model's (`tests/unit/indexing/lives.py`); what 'the same set of announced changes' means stands in
`tests/unit/indexing/test_permutations.py`. Then the checks of `newswire audit` are made on what the articles have become.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import signal
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from cli.audit.findings import Report
from cli.audit.work import Silent, audit_index
from deploy.local.ports import free_port
from shared.elastic.index import MARKS
from shared.elastic.scan import ElasticIndex, Row
from shared.events import ARTICLES_CHANGES, ARTICLES_NORMALIZED, DEAD_LETTERS, Article, now
from shared.kafka.client import AiokafkaPublisher, AiokafkaReader
from shared.settings import Settings, load_settings
from tests.contract.lived import Seen, hold_true
from tests.harness import Pipeline, Service, scan, wait_until
from tests.unit.indexing.lives import LIFE, ninjs, sample, told
from tests.unit.indexing.samples import message

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(420)]

WHOLE, PARTS = 240, 60
"""Articles with every item, a kill among them, and articles with some items and no kill."""
SLABS = 8
FAILPOINTS = [
    "indexing.before-bulk:2",
    "indexing.after-history:2",
    "indexing.after-bulk:2",
    "indexing.holding:1",
    "indexing.after-announce:2",
]


def lives(dice: random.Random) -> dict[str, Sequence[str]]:
    """By article, what comes of it and in which order."""
    found = {f"n{number}": life for number, life in enumerate(sample(dice, WHOLE, longest=14))}
    for number in range(WHOLE, WHOLE + PARTS):
        some = dice.sample([name for name in LIFE if name != "kill"], dice.randint(2, 9))
        found[f"n{number}"] = some + dice.choices(some, k=2)
    return found


class Indexers:
    """Two indexing services of our own in the place of the pipeline's one."""

    def __init__(self, pipeline: Pipeline) -> None:
        environment = pipeline.environment | {"NEWSWIRE_RUNTIME__BATCH_RECORDS": "60"}
        self.both = []
        for number in range(2):
            port = free_port()
            own = environment | {"NEWSWIRE_INDEXING__PORT": str(port)}
            self.both.append(Service("indexing", port, own, pipeline.folder / f"lives-{number}.log"))
        self.points = itertools.cycle(FAILPOINTS)
        self.killed = 0

    def start_again(self, *, failing: bool = True) -> None:
        """Whoever is dead comes back, to die at the next fail point."""
        for one in self.both:
            if not one.running:
                self.killed += one.process is not None and one.process.poll() == -signal.SIGKILL
                one.start(next(self.points) if failing else None)

    def stop(self) -> None:
        for one in self.both:
            with contextlib.suppress(Exception):
                one.stop()
            one.kill()


@pytest.fixture
def indexers(pipeline: Pipeline) -> Iterator[Indexers]:
    assert pipeline["indexing"].stop() == 0
    ours = Indexers(pipeline)
    yield ours
    ours.stop()
    pipeline["indexing"].start()
    pipeline["indexing"].wait_ready()


@pytest.fixture
def settings(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in pipeline.environment.items():
        if name.startswith("NEWSWIRE_"):
            monkeypatch.setenv(name, value)
    return load_settings()


async def publish(settings: Settings, made: Sequence[Article]) -> None:
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    try:
        assert set(await publisher.publish([message(one) for one in made])) == {None}
    finally:
        await publisher.stop()


async def behind(settings: Settings) -> dict[tuple[str, int], tuple[int, int]]:
    """Partitions of which the group has not committed all: how far it has come, and how far they go."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        committed = await admin.list_consumer_group_offsets("indexing")
    finally:
        await admin.close()
    reached = {(place.topic, place.partition): at.offset for place, at in committed.items()}
    found = {}
    async with AiokafkaReader(settings) as reader:
        for topic in (ARTICLES_NORMALIZED, DEAD_LETTERS):
            for place, (_, end) in (await reader.spans(topic)).items():
                at = reached.get((place.topic, place.partition), 0)
                if at < end:
                    found[place.topic, place.partition] = at, end
    return found


async def events(settings: Settings, articles: set[str]) -> list[dict[str, Any]]:
    found = []
    async with AiokafkaReader(settings) as reader:
        async for records in reader.read(await reader.spans(ARTICLES_CHANGES)):
            found += [orjson.loads(one.value or b"") for one in records if (one.key or b"").decode() in articles]
    return found


def documents(pipeline: Pipeline, alias: str, feed: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for hit in scan(pipeline.elasticsearch_url, {"term": {"feed": feed}}, alias):
        source = hit["_source"]
        found.setdefault(source.get("article_id", ""), []).append(source)
    return found


class OfOneFeed(ElasticIndex):
    """The index as if one feed were all there is: other tests leave behind what they broke."""

    feed = ""

    async def count(self, alias: str, query: Row | None = None) -> int:
        return await super().count(alias, self._own(query))

    async def scan(
        self, alias: str, fields: Sequence[str], by: Sequence[str], query: Row | None = None
    ) -> AsyncIterator[Row]:
        async for row in super().scan(alias, fields, by, query if alias == MARKS else self._own(query)):
            yield row

    def _own(self, query: Row | None) -> Row:
        return {"bool": {"filter": [{"term": {"feed": self.feed}}, query or {"match_all": {}}]}}


async def audited(settings: Settings, feed: str) -> Report:
    report = Report()
    async with OfOneFeed(settings.elasticsearch) as index:
        index.feed = feed
        await index.refresh()
        await audit_index(index, report, now, Silent())
    return report


async def test_every_order_ends_in_the_same_on_real_servers(pipeline, indexers, settings):
    dice, feed = random.Random(20), f"lives-{uuid.uuid4().hex[:8]}"
    orders = lives(dice)
    left = {name: list(life) for name, life in orders.items()}
    log = []
    while left:
        name = dice.choice(list(left))
        log.append(told(ninjs, name, left[name].pop(0), feed))
        if not left[name]:
            del left[name]
    size = len(log) // SLABS + 1
    for number in range(SLABS):
        indexers.start_again()
        await publish(settings, log[number * size : (number + 1) * size])
        if number % 2:  # both go on together for a moment, or one comes while the other works
            wait_until(lambda: not all(one.running for one in indexers.both), 30, "one of them to be killed")
        if number == 4:
            indexers.both[dice.randint(0, 1)].kill()
    for one in indexers.both:
        one.kill()
    indexers.start_again(failing=False)
    assert indexers.killed >= 4, "they died often enough to mean something"
    for one in indexers.both:
        one.wait_ready()
    async with asyncio.timeout(120):
        while left := await behind(settings):
            assert all(one.running for one in indexers.both), left
            await asyncio.sleep(0.5)
    live = documents(pipeline, "articles", feed)
    assert len(live) == WHOLE + PARTS
    seen = Seen(
        live,
        documents(pipeline, "article-versions", feed),
        await events(settings, set(live)),
        list(itertools.chain(*documents(pipeline, "dead-letters", feed).values())),
    )
    hold_true(ninjs, orders, seen, feed, lag=timedelta(seconds=5))
    report = await audited(settings, feed)
    assert report.good, report.named
    assert report.looked_at["articles"] == WHOLE + PARTS
    assert report.looked_at["earlier versions"] > 2000
