"""`newswire indexing`: the composition root. Kafka's articles into Elasticsearch, beside a small port for probes."""

from __future__ import annotations

import asyncio
import gc

from services.indexing.clock import Clock, Clocked
from services.indexing.handler import IndexingHandler
from services.indexing.indexer import Indexer
from services.indexing.letters import STAGE
from services.indexing.placement import Memory
from shared.elastic.ports import ArticleStore
from shared.elastic.store import ElasticStore
from shared.events import ARTICLES_NORMALIZED, DEAD_LETTERS, now
from shared.health import Health
from shared.kafka.client import AiokafkaPublisher, AiokafkaSource
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.ports import Publisher, Source
from shared.service import run_service
from shared.settings import Settings
from shared.worker import beside_probes, consume, prepared

GROUP = "indexing"
TOPICS = (ARTICLES_NORMALIZED, DEAD_LETTERS)


def main(settings: Settings) -> None:
    """Run the indexing service until it is told to stop; blocking."""
    _tune_collector()
    run_service("indexing", settings, serve)


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """The service over real servers, with its probes."""
    own = settings.indexing
    store = ElasticStore(settings, on_wait=lambda _reason, seconds: health.waits(seconds))
    publisher, source = AiokafkaPublisher(settings), AiokafkaSource(settings, GROUP)
    work = run(settings, health, stop, store=store, publisher=publisher, source=source)
    try:
        await beside_probes(work, settings, health, stop, host=own.host, port=own.port)
    finally:
        await store.close()


def _tune_collector() -> None:
    """Fewer passes of the cycle collector: a batch makes many objects and next to no cycles (a quarter of our CPU)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def run(
    settings: Settings,
    health: Health,
    stop: asyncio.Event,
    *,
    store: ArticleStore,
    publisher: Publisher,
    source: Source,
) -> None:
    """The worker over any store and broker: prepare the index, then handle batches until `stop`."""
    since = settings.slices.since
    verbose = settings.log.level == "debug"
    memory = Memory(settings.indexing.remembered_articles)
    indexer = Indexer(store, memory, since=since, clock=now, settings=settings.indexing)
    clock = Clock(store, publisher, now=now)
    clocked: list[Clocked] = []

    def handler(letters: DeadLetters) -> Clocked:
        indexing = IndexingHandler(indexer, publisher, letters, since=since, verbose=verbose)
        clocked.append(Clocked(indexing, clock, settings.indexing.clock_interval_s))
        return clocked[-1]

    try:
        if await prepared("the index", indexer.prepare, health, stop):
            await consume(
                settings,
                health,
                stop,
                publisher=publisher,
                source=source,
                stage=STAGE,
                topics=TOPICS,
                handler=handler,
            )
    finally:
        for one in clocked:
            await one.stop()
