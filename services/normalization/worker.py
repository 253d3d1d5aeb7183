"""The normalization service: `stories.raw` in, `articles.normalized` out, what cannot be read to `dead-letters`.

The handler cuts a batch into chunks, has the pool turn them into ready-made bytes, and publishes these in the order of the
records while the pool works on the next chunk. It returns once everything, dead letters included, is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from time import time

from services.normalization.chunk import Item, Outcome
from services.normalization.line_keeper import LineKeeper, Readers
from services.normalization.orders import KILL_UNMATCHED
from services.normalization.pool import Pool
from shared import metrics
from shared.errors import TooLarge
from shared.events import ARTICLES_NORMALIZED, CLOUDEVENTS_JSON, STORIES_RAW, Headers, header
from shared.failpoints import failpoint
from shared.health import Health
from shared.kafka.client import AiokafkaPublisher, AiokafkaReader, AiokafkaSource
from shared.kafka.dead_letter import Burial, DeadLetters
from shared.kafka.ports import Message, Publisher, Record, Source, TopicPartition
from shared.log import TOLD_EACH, bound_contextvars, get_logger
from shared.service import run_service
from shared.settings import MIB, Settings
from shared.tracing import child_of, trace_id
from shared.worker import beside_probes, consume

GROUP = "normalization"
STAGE = "normalization"
CHUNK_BYTES = MIB
"""A chunk ends here, too: pages are a hundred times heavier than stories, and a chunk should stay a matter of moments."""

_CONTENT_TYPE = CLOUDEVENTS_JSON.encode()
_log = get_logger()


class Normalizer:
    """Handler of the consumer runtime. `progress` is called whenever a chunk is done."""

    def __init__(
        self,
        publisher: Publisher,
        dead_letters: DeadLetters,
        pool: Pool,
        *,
        chunk_records: int,
        progress: Callable[[], None] = lambda: None,
        verbose: bool = False,
        lines: LineKeeper | None = None,
    ) -> None:
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._pool = pool
        self._chunk_records = chunk_records
        self._progress = progress
        self._verbose = verbose
        self._lines = lines

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:  # noqa: ARG002 - the runtime names them
        """Wait for what was learned of the feeds' lines; no other state is there, and none hangs on a partition."""
        if self._lines:
            await self._lines.ready()

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """Nothing to do."""

    async def handle(self, records: Sequence[Record]) -> None:
        """Normalize and publish these.

        Raises:
            Transient: something is not known to be safe; all of them are to be done again.
        """
        chunks = [
            (chunk, items, self._pool.submit(items))
            for chunk in chunks_of(records, self._chunk_records)
            for items in (self._items(chunk),)
        ]
        burials: list[Burial] = []
        published = 0
        for chunk, items, future in chunks:
            outcomes = await self._pool.finish(items, future)
            self._progress()
            published += await self._publish(chunk, outcomes, burials)
            if self._lines:
                self._lines.take(chunk, outcomes)
            if self._verbose or len(records) <= TOLD_EACH:
                _tell_each(chunk, outcomes, burials)
        failpoint("normalization.after-publish")
        if burials:
            await self._dead_letters.bury(burials)
        if self._lines:
            await self._lines.tell()
        _log.info(
            "batch normalized",
            records=len(records),
            articles=published,
            dead_letters=len(burials),
            classes=dict(Counter(burial.code for burial in burials)),
            first=header(records[0].headers, "ce_id"),
            last=header(records[-1].headers, "ce_id"),
        )
        failpoint("normalization.before-commit")

    def _items(self, chunk: Sequence[Record]) -> list[Item]:
        """The records as the pool takes them."""
        return self._lines.items(chunk) if self._lines else [(record.headers, record.value) for record in chunk]

    async def _publish(self, chunk: Sequence[Record], outcomes: Sequence[Outcome], burials: list[Burial]) -> int:
        """Publish a chunk's articles, put what cannot be published on `burials`; how many are safe."""
        messages: list[Message] = []
        origins: list[Record] = []
        for record, outcome in zip(chunk, outcomes, strict=True):
            metrics.ITEM_SECONDS.labels(outcome.format).observe(outcome.seconds)
            if outcome.code is not None:
                with bound_contextvars(**_ids(record)):
                    _log.warning("item refused", **{"class": outcome.code}, reason=outcome.reason)
                # Whole, although some of its items may be articles: doing those again later changes nothing.
                burials.append(Burial(record, outcome.code, outcome.reason or ""))
            headers = _headers(record)
            for key, value in outcome.messages:
                messages.append(Message(ARTICLES_NORMALIZED, key, value, headers))
                origins.append(record)
        metrics.KILLS_UNMATCHED.labels("ambiguous").inc(sum(outcome.code == KILL_UNMATCHED for outcome in outcomes))
        failpoint("normalization.before-publish")
        errors = await self._publisher.publish(messages) if messages else []
        safe = 0
        for record, error in zip(origins, errors, strict=True):
            if error is None:
                safe += 1
            elif isinstance(error, TooLarge):
                burials.append(Burial(record, error.code, error.reason))
            else:
                raise error
        moment = time()
        ages = metrics.STAGE_AGE.labels("normalized")
        for outcome in outcomes:
            if outcome.messages:
                ages.observe(max(moment - outcome.received, 0.0))
        return safe


def _tell_each(records: Sequence[Record], outcomes: Sequence[Outcome], burials: Sequence[Burial]) -> None:
    """A line for each article that is safe now, with the ids to follow it by."""
    buried = {(burial.record.partition, burial.record.offset) for burial in burials}
    for record, outcome in zip(records, outcomes, strict=True):
        if (record.partition, record.offset) in buried:
            continue
        ids = _ids(record)
        for key, _ in outcome.messages[:TOLD_EACH]:
            with bound_contextvars(**ids, article_id=key.decode()):
                _log.info("item normalized", format=outcome.format, ms=round(outcome.seconds * 1000, 1))


def _ids(record: Record) -> dict[str, str | None]:
    headers = record.headers
    return {
        "receipt": header(headers, "ce_receipt"),
        "item": header(headers, "ce_id"),
        "trace_id": trace_id(header(headers, "traceparent")),
    }


def chunks_of(records: Sequence[Record], most: int, largest: int = CHUNK_BYTES) -> Iterator[list[Record]]:
    """Runs of at most `most` records and about `largest` bytes."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        length = len(record.value or b"")
        if chunk and (len(chunk) >= most or size + length > largest):
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += length
    if chunk:
        yield chunk


def _headers(record: Record) -> Headers:
    trace = child_of(header(record.headers, "traceparent"))
    return (("content-type", _CONTENT_TYPE), ("traceparent", trace.encode()))


def main(settings: Settings) -> None:
    """Run the service until it is told to stop; blocking."""
    run_service("normalization", settings, serve)


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """The service over real Kafka, with its probes."""
    own = settings.normalization
    publisher, source = AiokafkaPublisher(settings), AiokafkaSource(settings, GROUP)
    readers = (lambda: AiokafkaReader(settings)) if own.learn_lines else None
    work = run(settings, health, stop, publisher=publisher, source=source, readers=readers)
    await beside_probes(work, settings, health, stop, host=own.host, port=own.port)


async def run(
    settings: Settings,
    health: Health,
    stop: asyncio.Event,
    *,
    publisher: Publisher,
    source: Source,
    pool: Pool | None = None,
    readers: Readers | None = None,
) -> None:
    """The worker over any broker, until `stop`; `readers` give access to what is known of the feeds' lines, if it is kept."""
    own = settings.normalization
    pool = pool or Pool(own.processes, own.item_seconds, settings.sizes.normalized_message)

    lines = LineKeeper(publisher, readers) if readers else None

    def handler(dead_letters: DeadLetters) -> Normalizer:
        return Normalizer(
            publisher,
            dead_letters,
            pool,
            chunk_records=own.chunk_records,
            progress=health.beat,
            verbose=settings.log.level == "debug",
            lines=lines,
        )

    pool.start()
    following = asyncio.create_task(lines.follow()) if lines else None
    try:
        await consume(
            settings,
            health,
            stop,
            publisher=publisher,
            source=source,
            stage=STAGE,
            topics=(STORIES_RAW,),
            handler=handler,
        )
    finally:
        if following:
            following.cancel()
            await asyncio.wait({following})
        await asyncio.to_thread(pool.stop)
