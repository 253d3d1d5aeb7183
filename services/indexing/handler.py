"""What the consumer runtime hands over, done: articles into the index and announced, dead letters recorded.

The order of side effects is the promise: history, live documents, refresh, announcements, dead letters; and only when
all are acknowledged does `handle` return, and the runtime commit. After a crash anywhere in between the batch comes
again and ends in the same documents and the same event ids.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from services.indexing import findings as findings_
from services.indexing import letters
from services.indexing.accounting import Indexed
from services.indexing.announce import Announcement, message, tellable
from services.indexing.chains import replacements
from services.indexing.clusters import Finding
from services.indexing.indexer import Indexer
from services.indexing.orders import Ordered
from services.indexing.parse import read
from services.indexing.versions import Version
from shared import metrics
from shared.elastic.ports import Action
from shared.errors import Refused
from shared.events import DEAD_LETTERS, now
from shared.failpoints import failpoint
from shared.kafka.dead_letter import Burial, DeadLetters
from shared.kafka.ports import Message, Publisher, Record, TopicPartition
from shared.log import TOLD_EACH, bound_contextvars, get_logger
from shared.tracing import trace_id

log = get_logger()


class IndexingHandler:
    """Handler of the topics `articles.normalized` and `dead-letters` for `shared.kafka.runtime.ConsumerRuntime`.

    Args:
        indexer: writes the index.
        publisher: where changes are announced.
        dead_letters: where what cannot be indexed is buried.
        since: first month with a slice of its own, `YYYY-MM`.
        verbose: a line a version for batches of any size; small ones have it anyway.
    """

    def __init__(
        self, indexer: Indexer, publisher: Publisher, dead_letters: DeadLetters, *, since: str, verbose: bool = False
    ) -> None:
        self._indexer = indexer
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._since = since
        self._verbose = verbose
        self._age = metrics.STAGE_AGE.labels(stage="searchable")

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """What earlier owners wrote must be seen: the next batch begins with a refresh."""
        if partitions:
            self._indexer.forget_all()

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """What is known of these articles will not stay true."""
        if partitions:
            self._indexer.forget_all()

    async def handle(self, records: Sequence[Record]) -> None:
        """Returns once everything is written, readable, announced and, where it had to be, buried.

        Raises:
            Transient, Misconfigured: from Elasticsearch or Kafka; the same records are to be handed over again.
        """
        begun = time.perf_counter()
        versions, found, burials = _read(record for record in records if record.topic != DEAD_LETTERS)
        letters_ = [self._letter(record) for record in records if record.topic == DEAD_LETTERS]
        failpoint("indexing.before-bulk")
        try:
            indexed = await self._indexer.index(versions, letters_)
            following = await self._indexer.adopt(found)
            failpoint("indexing.after-bulk")
            told = tellable(indexed.announcements, now())
            await self._publish([message(one) for one in told])
            await self._publish([*indexed.forwards, *replacements(told)])
            await self._send([*indexed.findings, *following])
        except BaseException:
            # Cancelled or failed half way: nobody knows what stands of these.
            self._indexer.doubt({one.article_id for one in versions} | {one.article_id for one in found})
            raise
        failpoint("indexing.after-announce")
        await self._bury(burials, indexed, records)
        self._report(indexed, records, len(letters_), len(burials) + len(indexed.buried), begun)

    def _letter(self, record: Record) -> Action:
        return letters.of_record(record, self._since)

    async def _send(self, findings: Sequence[Finding]) -> None:
        """What was found out about articles, to their owners."""
        moment = now()
        await self._publish([findings_.message(finding, moment) for finding in findings])

    async def _publish(self, messages: Sequence[Message]) -> None:
        for error in await self._publisher.publish(messages) if messages else ():
            if error is not None:
                raise error

    async def _bury(self, burials: list[Burial], indexed: Indexed, records: Sequence[Record]) -> None:
        """Last, so that a batch tried again and again does not fill the dead letters with the same records."""
        if indexed.buried:
            places = {(record.topic, record.partition, record.offset): record for record in records}
            burials = burials + [
                Burial(places[version.position], refused.code, refused.reason) for version, refused in indexed.buried
            ]
        if burials:
            await self._dead_letters.bury(burials)

    def _report(self, indexed: Indexed, records: Sequence[Record], told: int, buried: int, begun: float) -> None:
        moment = now()
        for version in indexed.replaced:
            self._age.observe((moment - version.received_at).total_seconds())
        for change, count in indexed.counts.items():
            metrics.ARTICLES.labels(change=change).inc(count)
        metrics.KILLS_UNMATCHED.labels("unseen").inc(indexed.unmatched)
        for order, outcome in indexed.orders:
            metrics.ORDERS.labels(order.order, outcome).inc()
            log.info("order", article_id=order.article_id, order=order.order, id=order.id, outcome=outcome)
        if self._verbose or len(records) <= TOLD_EACH:
            for announcement in indexed.announcements:
                _tell(announcement, moment)
        announced = [announcement.version for announcement in indexed.announcements]
        log.info(
            "indexed",
            records=len(records),
            changes=dict(indexed.counts),
            dead_letters_recorded=told,
            buried=buried,
            first=announced[0].item if announced else None,
            last=announced[-1].item if announced else None,
            took_ms=round((time.perf_counter() - begun) * 1000, 1),
        )


def _read(records: Iterable[Record]) -> tuple[list[Version | Ordered], list[Finding], list[Burial]]:
    versions: list[Version | Ordered] = []
    found: list[Finding] = []
    burials: list[Burial] = []
    for record in records:
        try:
            said = read(record)
            if isinstance(said, Finding):
                found.append(said)
            else:
                versions.append(said)
        except Refused as error:
            burials.append(Burial(record, error.code, error.reason))
    return versions, found, burials


def _tell(announcement: Announcement, moment: datetime) -> None:
    version = announcement.version
    trace = trace_id(version.traceparent)
    with bound_contextvars(receipt=version.receipt, item=version.item, trace_id=trace, article_id=version.article_id):
        log.info(
            "searchable",
            change=announcement.change,
            ext_version=announcement.ext_version,
            revision=announcement.revision,
            age_s=round((moment - version.received_at).total_seconds(), 3),
        )
