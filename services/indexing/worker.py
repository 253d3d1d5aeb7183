"""`newswire indexing`: the composition root. Kafka's articles into Elasticsearch, beside a small port for probes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

from services.indexing.handler import IndexingHandler
from services.indexing.indexer import Indexer
from services.indexing.letters import STAGE
from services.indexing.placement import Memory
from shared.backoff import Tries
from shared.elastic.ports import ArticleStore
from shared.elastic.store import ElasticStore
from shared.errors import Misconfigured, Transient
from shared.events import ARTICLES_NORMALIZED, DEAD_LETTERS, now
from shared.health import Health
from shared.kafka.client import AiokafkaPublisher, AiokafkaSource
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.ports import Publisher, Source
from shared.kafka.runtime import ConsumerRuntime
from shared.log import get_logger
from shared.service import admin_app, run_service, serve_http
from shared.settings import Settings

GROUP = "indexing"
TOPICS = (ARTICLES_NORMALIZED, DEAD_LETTERS)
_HALTED_S = 30.0
"""How long to wait for a person before looking again."""

log = get_logger()


def main(settings: Settings) -> None:
    """Run the indexing service until it is told to stop; blocking."""
    _tune_collector()
    run_service("indexing", settings, serve)


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """The service over real servers, with its probes."""
    store = ElasticStore(settings, on_wait=lambda _reason, _seconds: health.beat())
    work = asyncio.create_task(
        run(
            settings,
            health,
            stop,
            store=store,
            publisher=AiokafkaPublisher(settings),
            source=AiokafkaSource(settings, GROUP),
        )
    )
    probes = asyncio.create_task(serve_http(admin_app(health), settings.indexing.host, settings.indexing.port, stop))
    try:
        await asyncio.wait({work, probes}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Whichever ended first, the other has to end too: cleanly, by the stop event.
        stop.set()
        results = await asyncio.gather(work, probes, return_exceptions=True)
        await store.close()
    for result in results:
        if isinstance(result, BaseException):
            raise result


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
    indexer = Indexer(store, Memory(settings.indexing.remembered_articles), since=since, clock=now)
    if not await _unless_stopped(_prepare(indexer, health), stop):
        return
    if not await _unless_stopped(publisher.start(), stop):
        return
    try:
        dead_letters = DeadLetters(publisher, STAGE)
        handler = IndexingHandler(indexer, publisher, dead_letters, since=since, verbose=settings.log.level == "debug")
        await ConsumerRuntime(source, handler, dead_letters, settings, health).run(TOPICS, stop)
    finally:
        await publisher.stop()


async def _prepare(indexer: Indexer, health: Health) -> None:
    """Until the index is ready, however long Elasticsearch is away; halted while a person must act."""
    backoff = Tries()
    while True:
        try:
            await indexer.prepare()
        except Transient as error:
            wait = backoff.next(error.retry_after)
            log.info("the index is not ready", error=str(error), retry_in_s=round(wait, 2))
        except Misconfigured as error:
            wait = _HALTED_S
            health.halt(str(error))
            log.error("halted: a person must act", error=str(error), retry_in_s=wait)  # noqa: TRY400 - no bug of ours: a stack would hide the sentence
        else:
            health.halt(None)
            return
        health.beat()
        await asyncio.sleep(wait)


async def _unless_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Do it, unless the stop comes first; whether it was done.

    Raises:
        Exception: as the work does.
    """
    doing, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not doing.done():
            doing.cancel()
            await asyncio.wait({doing})
    if doing.cancelled():
        return False
    await doing
    return True
