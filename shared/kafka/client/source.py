"""Consuming by aiokafka: a member of a group with manual commits, built around the traps of its call-backs and getmany."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka import errors as kafka
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from shared.errors import Misconfigured, NewswireError, Unavailable
from shared.kafka.client.admin import TopicsAdmin
from shared.kafka.client.connection import ABANDON_S, Waiting, connection, ends_well, explained, unreached
from shared.kafka.ports import Assigned, PartitionsLost, Record, TopicPartition
from shared.log import get_logger
from shared.settings import MIB, Settings

_PARTITION_FETCH_BYTES = 4 * MIB
_FETCH_WAIT_MS = 100

_log = get_logger()


class AiokafkaSource:
    """`Source` on Kafka: a member of a group with manual commits and the sticky assignor.

    Heals itself: when aiokafka's own tasks end by an error, the partitions are given up and a new consumer joins.
    """

    def __init__(self, settings: Settings, group: str) -> None:
        self._settings = settings
        self._group = group
        self._topics: tuple[str, ...] = ()
        self._on_assigned: Assigned = _nobody
        self._on_revoked: Assigned = _nobody
        self._consumer: AIOKafkaConsumer | None = None
        self._listener: _Listener | None = None
        self._fetch: asyncio.Task[tuple[int, list[Record]]] | None = None
        self._restart: asyncio.Task[None] | None = None
        self._held: tuple[int, list[Record]] | None = None
        self._generation = 0
        self._settled = asyncio.Event()
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._positions: dict[TopicPartition, int] = {}
        self._unsettled_since = time.monotonic()

    async def start(self, topics: Sequence[str], on_assigned: Assigned, on_revoked: Assigned) -> None:
        """See `Source.start`; waits for the topics to exist and for the first assignment."""
        self._topics = tuple(topics)
        self._on_assigned, self._on_revoked = on_assigned, on_revoked
        await self._open()

    async def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """See `Source.poll`. Returns within `timeout_s` even during a rebalance, when aiokafka's getmany does not.

        Raises:
            Misconfigured: Kafka refuses the credentials; the next poll tries again.
        """
        if self._restart is not None:
            await self._restarted(timeout_s)
            return []
        if self._overdue():
            self._replace("no assignment for too long")
            return []
        if self._held is None:
            if self._fetch is None:
                # A task of its own, never cancelled: a cancelled getmany leaves the consumer looking busy for ever.
                self._fetch = asyncio.create_task(self._getmany(max_records, timeout_s))
            await asyncio.wait({self._fetch}, timeout=timeout_s + 0.05)
            if not self._fetch.done():
                return []
            fetch, self._fetch = self._fetch, None
            error = fetch.exception()
            if error is not None:
                self._replace(repr(error)[:300])
                explanation = explained(error)
                if isinstance(explanation, Misconfigured):
                    raise explanation
                return []
            self._held = fetch.result()
        return await self._release(timeout_s)

    async def _getmany(self, max_records: int, timeout_s: float) -> tuple[int, list[Record]]:
        assert self._consumer is not None  # noqa: S101 - open or restarting
        found = await self._consumer.getmany(timeout_ms=round(timeout_s * 1000), max_records=max_records)
        # No await since the records were drawn: they belong to this generation.
        return self._generation, [record_of(one) for some in found.values() for one in some]

    async def _release(self, timeout_s: float) -> list[Record]:
        """Records that were drawn, once `on_assigned` of their generation has returned; those of an older one are dropped."""
        assert self._held is not None  # noqa: S101 - the caller has just seen it
        generation, records = self._held
        if records and generation == self._generation and not self._settled.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._settled.wait()
            if generation == self._generation and not self._settled.is_set():
                return []
        self._held = None
        if generation != self._generation:
            return []
        for record in records:
            self._positions[record.source] = record.offset + 1
        return records

    def pause(self, partitions: frozenset[TopicPartition]) -> None:
        """See `Source.pause`."""
        if self._consumer is not None and self._settled.is_set():
            self._consumer.pause(*_theirs(partitions & self._assigned))

    def resume(self, partitions: frozenset[TopicPartition]) -> None:
        """See `Source.resume`."""
        if self._consumer is not None and self._settled.is_set():
            self._consumer.resume(*_theirs(partitions & self._assigned))

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See `Source.commit`; bounded by `kafka.request_timeout_s`, for aiokafka retries without end."""
        if self._consumer is None:
            raise PartitionsLost("the consumer is being replaced")
        theirs = {KafkaPartition(p.topic, p.partition): offset for p, offset in offsets.items()}
        try:
            async with asyncio.timeout(self._settings.kafka.request_timeout_s):
                await self._consumer.commit(theirs)
        except (kafka.CommitFailedError, kafka.IllegalStateError) as error:
            raise PartitionsLost(f"the group has moved on: {type(error).__name__}") from error
        except TimeoutError:
            raise Unavailable("Kafka did not take the commit in time") from None
        except kafka.KafkaError as error:
            raise explained(error) from error

    def lag(self) -> Mapping[TopicPartition, int]:
        """See `Source.lag`."""
        if self._consumer is None:
            return {}
        waiting: dict[TopicPartition, int] = {}
        for partition, position in self._positions.items():
            if partition in self._assigned:
                end = self._consumer.highwater(KafkaPartition(partition.topic, partition.partition))
                waiting[partition] = max((end or position) - position, 0)
        return waiting

    async def stop(self) -> None:
        """See `Source.stop`; bounded, for a broker may be away."""
        if self._restart is not None:
            self._restart.cancel()
            await asyncio.gather(self._restart, return_exceptions=True)
        await self._close()

    async def _open(self) -> None:
        waiting = Waiting(f"consumer {self._group}", self._settings.kafka.bootstrap_servers)
        while True:
            try:
                await self._await_topics(waiting)
                await self._join()
            except (kafka.KafkaError, NewswireError, OSError) as error:
                await self._close()
                why = error if isinstance(error, NewswireError) else await unreached(error, self._settings)
                if isinstance(why, Misconfigured):
                    raise why from error
                await waiting.pause(why)
            except BaseException:
                await self._close()
                raise
            else:
                break
        waiting.over()

    async def _await_topics(self, waiting: Waiting) -> None:
        async with TopicsAdmin(self._settings) as admin:
            while missing := sorted(set(self._topics) - (await admin.partitions(self._topics)).keys()):
                await waiting.pause(Unavailable(f"no topic {', '.join(missing)}: run 'newswire topics'"))

    async def _join(self) -> None:
        runtime, given = self._settings.runtime, self._settings.kafka
        consumer = AIOKafkaConsumer(
            **connection(self._settings),
            client_id=f"newswire-{self._group}",
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=(StickyPartitionAssignor,),
            session_timeout_ms=round(given.session_timeout_s * 1000),
            heartbeat_interval_ms=round(min(3.0, given.session_timeout_s / 5) * 1000),
            rebalance_timeout_ms=round(given.rebalance_timeout_s * 1000),
            max_poll_interval_ms=round(runtime.max_poll_interval_s * 1000),
            max_poll_records=runtime.batch_records,
            # The broker always gives the first batch whole, so one message over these sizes still comes through.
            max_partition_fetch_bytes=_PARTITION_FETCH_BYTES,
            fetch_max_bytes=max(self._settings.sizes.dead_letter_message, runtime.buffer_bytes // 4),
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            fetch_min_bytes=1,
        )
        self._consumer = consumer
        self._listener = _Listener(self)
        self._unsettled_since = time.monotonic()
        consumer.subscribe(self._topics, listener=self._listener)
        await consumer.start()

    async def _close(self) -> None:
        """Leave the group and disconnect, bounded; no call-back of this consumer runs any more."""
        consumer, self._consumer = self._consumer, None
        if self._listener is not None:
            self._listener.source = None
        self._generation += 1
        self._unsettle()
        self._held = None
        self._assigned = frozenset()
        self._positions.clear()
        if consumer is not None and not await ends_well(consumer.stop()):
            # stop() waits for a join, which may take a minute; the group finds out by the session time-out.
            await ends_well(consumer._client.close(), ABANDON_S)  # noqa: SLF001 - there is no other way to let go of the sockets
        if self._fetch is not None:
            self._fetch.cancel()  # its consumer is gone, so nothing can leak
            await asyncio.gather(self._fetch, return_exceptions=True)
            self._fetch = None

    def _overdue(self) -> bool:
        """Whether a rebalance lasts longer than any can: aiokafka is known to stand still now and then."""
        given = self._settings.kafka
        limit = 2 * (given.rebalance_timeout_s + given.session_timeout_s)
        return not self._settled.is_set() and time.monotonic() - self._unsettled_since > limit

    def _replace(self, why: str) -> None:
        _log.warning("Kafka consumer is replaced", group=self._group, why=why)
        self._restart = asyncio.create_task(self._reopen())

    async def _reopen(self) -> None:
        lost = self._assigned
        if self._listener is not None:
            self._listener.source = None
        if lost:
            await self._on_revoked(lost)
        await self._close()
        await self._open()

    async def _restarted(self, timeout_s: float) -> None:
        assert self._restart is not None  # noqa: S101 - the caller has just seen it
        await asyncio.wait({self._restart}, timeout=timeout_s)
        if self._restart.done():
            restart, self._restart = self._restart, None
            try:
                restart.result()
            except Misconfigured:
                self._restart = asyncio.create_task(self._reopen())  # for when a person has acted
                raise

    def _unsettle(self) -> None:
        if self._settled.is_set():
            self._unsettled_since = time.monotonic()
        self._settled.clear()

    # Called by the listener, in aiokafka's coordination task.

    async def revoked(self) -> None:
        """The group rebalances: everything is given up."""
        self._generation += 1
        self._unsettle()
        gone, self._assigned = self._assigned, frozenset()
        self._positions.clear()
        if gone:
            await self._on_revoked(gone)

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """The group has settled."""
        self._assigned = partitions
        await self._on_assigned(partitions)
        self._settled.set()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Passes on aiokafka's call-backs until its consumer is given up. aiokafka swallows what they raise, so log it here."""

    def __init__(self, source: AiokafkaSource) -> None:
        self.source: AiokafkaSource | None = source

    async def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ARG002 - the source knows what it had
        if self.source is not None:
            await self.source.revoked()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        if self.source is not None:
            await self.source.assigned(frozenset(TopicPartition(p.topic, p.partition) for p in assigned))


async def _nobody(_: frozenset[TopicPartition]) -> None:
    return None


def _theirs(partitions: frozenset[TopicPartition]) -> list[Any]:
    return [KafkaPartition(p.topic, p.partition) for p in partitions]


def record_of(one: Any) -> Record:
    """Aiokafka's record as ours."""
    headers = tuple((name, value or b"") for name, value in one.headers)
    return Record(one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, headers)
