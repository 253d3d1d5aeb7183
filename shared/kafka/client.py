"""Kafka by aiokafka: the only file that knows it. `Publisher`, `Source` and the topics' administration.

aiokafka's defaults that lose or repeat records are all overridden here: automatic commits, reading from the latest
offset, acks=1, no idempotence, the 10 s rebalance time-out, reading of aborted transactions.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from shared.errors import Misconfigured, NewswireError, TooLarge, Transient, Unavailable
from shared.kafka.lanes import Lanes, Outcome
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import Assigned, Message, PartitionsLost, Record, TopicPartition
from shared.kafka.retry import Backoff
from shared.kafka.topics import TopicSpec, topic_specs
from shared.log import get_logger
from shared.settings import MIB, Settings

_log = get_logger()

_BATCH_BYTES = 256 * 1024
_RECORD_OVERHEAD = 1024
"""What a batch's header, a record's lengths and incompressible bytes add at most to key, value and headers."""
_PARTITION_FETCH_BYTES = 4 * MIB
_FETCH_WAIT_MS = 100
_CLOSE_S = 5.0
_UNAUTHORISED = (
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
    kafka.AuthenticationFailedError,
    kafka.SaslAuthenticationFailed,
    kafka.UnsupportedSaslMechanismError,
)


def _connection(settings: Settings) -> dict[str, Any]:
    """What every aiokafka client needs to reach the brokers."""
    _calm_aiokafka()
    given = settings.kafka
    connection: dict[str, Any] = {
        "bootstrap_servers": given.bootstrap_servers,
        "security_protocol": given.security_protocol,
        "request_timeout_ms": round(given.request_timeout_s * 1000),
    }
    if "SSL" in given.security_protocol:
        connection["ssl_context"] = ssl.create_default_context(cafile=given.ca_file)
    if given.security_protocol.startswith("SASL"):
        connection |= {
            "sasl_mechanism": given.sasl_mechanism,
            "sasl_plain_username": given.username,
            "sasl_plain_password": given.password.get_secret_value() if given.password else None,
        }
    return connection


class _Calm(logging.Handler):
    """Passes on each kind of aiokafka's warnings at most once a minute: in an outage it writes hundreds a second."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        kind = (record.name, str(record.msg))
        now = time.monotonic()
        if now - self._last.get(kind, -60.0) >= 60.0:
            self._last[kind] = now
            _log.warning("kafka client", said=record.getMessage(), by=record.name)


def _calm_aiokafka() -> None:
    logger = logging.getLogger("aiokafka")
    if not any(isinstance(handler, _Calm) for handler in logger.handlers):
        logger.addHandler(_Calm())
        logger.propagate = False


def _explained(error: BaseException) -> NewswireError:
    """Aiokafka's error in our terms."""
    if isinstance(error, _UNAUTHORISED):
        return Misconfigured(f"Kafka refuses the credentials: {type(error).__name__}; see NEWSWIRE_KAFKA__USERNAME")
    if isinstance(error, kafka.MessageSizeTooLargeError | kafka.RecordListTooLargeError):
        return TooLarge("Kafka's own limit for the topic is below the settings' (sizes.*)")
    return Unavailable(f"Kafka: {type(error).__name__}")


class _Waiting:
    """Waits between tries to reach a broker, and says so once."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._backoff = Backoff(cap_s=5.0)
        self._said: str | None = None

    async def pause(self, why: str) -> None:
        """Log a new reason, then sleep."""
        if why != self._said:
            self._said = why
            _log.warning("waiting for Kafka", what=self._what, why=why)
        await asyncio.sleep(self._backoff.next())

    def over(self) -> None:
        """It worked."""
        if self._said is not None:
            _log.info("Kafka is back", what=self._what)


# Publishing ----------------------------------------------------------------------------------------------------------


class AiokafkaPublisher:
    """`Publisher` on Kafka: idempotent, acknowledged by all in-sync replicas, in batches per partition."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits = {spec.name: spec.max_message_bytes for spec in topic_specs(settings)}
        self._timeout_s = 2 * settings.kafka.request_timeout_s
        self._lanes = Lanes(self._new_batch, settings.kafka.linger_ms / 1000)
        self._live: _LiveProducer | None = None
        self._up = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._missing: set[str] = set()

    async def start(self) -> None:
        """See `Publisher.start`."""
        await self._open()

    async def publish(self, messages: Sequence[Message], *, timeout_s: float | None = None) -> list[Outcome]:
        """See `Publisher.publish`. Without `timeout_s` the wait is bounded by twice `kafka.request_timeout_s`.

        An outcome can also be `Misconfigured`: Kafka refuses the credentials.
        """
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + timeout_s
        outcomes: list[Outcome] = [None] * len(messages)
        counts = {topic: await self._partitions(topic, deadline) for topic in {m.topic for m in messages}}
        keyless = {topic: random.randrange(n) for topic, n in counts.items() if isinstance(n, int)}  # noqa: S311 - no secret
        parcels: list[tuple[int, TopicPartition, Message]] = []
        for index, message in enumerate(messages):
            count = counts[message.topic]
            if not isinstance(count, int):
                outcomes[index] = count
            elif (refusal := self._too_large(message)) is not None:
                outcomes[index] = refusal
            else:
                number = keyless[message.topic] if message.key is None else partition_for(message.key, count)
                parcels.append((index, TopicPartition(message.topic, number), message))
        await self._lanes.send(parcels, outcomes, max(deadline - time.monotonic(), 0.0))
        return outcomes

    async def stop(self) -> None:
        """See `Publisher.stop`; bounded, for a broker may be away."""
        await self._lanes.close(_CLOSE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._live is not None:
            live, self._live = self._live, None
            await live.close()

    def _too_large(self, message: Message) -> TooLarge | None:
        limit = self._limits.get(message.topic, self._settings.sizes.dead_letter_message)
        size = (
            len(message.value or b"") + len(message.key or b"") + sum(len(k) + len(v) + 10 for k, v in message.headers)
        )
        if size + _RECORD_OVERHEAD <= limit:
            return None
        return TooLarge(f"{size} bytes for {message.topic}, whose messages may take {limit - _RECORD_OVERHEAD}")

    async def _partitions(self, topic: str, deadline: float) -> int | NewswireError:
        """How many partitions a topic has; waits for Kafka's answer where it is not known yet."""
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + deadline - time.monotonic()):
                await self._up.wait()
                live = self._live
                if live is None:
                    return Unavailable("the publisher is stopped")
                return len(await live.producer.partitions_for(topic))
        except kafka.UnknownTopicOrPartitionError:
            if topic not in self._missing:
                self._missing.add(topic)
                _log.error("topic does not exist: run 'newswire topics'", topic=topic)
            return Unavailable(f"the topic {topic} does not exist: run 'newswire topics'")
        except TimeoutError:
            return Unavailable(f"Kafka did not say in time where {topic} is")
        except kafka.KafkaError as error:
            return _explained(error)

    async def _new_batch(self, partition: TopicPartition) -> _ProducerBatch:
        await self._up.wait()
        assert self._live is not None  # noqa: S101 - `_up` says so
        return _ProducerBatch(self, self._live, partition)

    def retire(self, live: _LiveProducer, why: NewswireError) -> None:
        """A batch was refused for good: the sequence numbers of its partition no longer fit, so begin afresh."""
        if self._live is not live:
            return
        _log.warning("Kafka producer is replaced", why=str(why))
        self._live = None
        self._up.clear()
        self._spawn(self._open())
        self._spawn(live.close())

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        waiting = _Waiting("publisher")
        while True:
            producer = AIOKafkaProducer(
                **_connection(self._settings),
                client_id="newswire",
                acks="all",
                enable_idempotence=True,
                compression_type="zstd",
                max_batch_size=_BATCH_BYTES,
                max_request_size=self._settings.sizes.dead_letter_message,
                linger_ms=0,  # the lanes gather
            )
            try:
                await producer.start()
            except (kafka.KafkaError, OSError) as error:
                await producer.stop()
                await waiting.pause(f"{type(error).__name__} at {self._settings.kafka.bootstrap_servers}")
            except BaseException:
                await producer.stop()
                raise
            else:
                break
        waiting.over()
        self._live = _LiveProducer(producer)
        self._up.set()


class _LiveProducer:
    """An aiokafka producer, and a word for those who wait on it when it is closed."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.producer = producer
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        """Flush and disconnect, both bounded; whoever still waits for a batch learns that its fate is not known."""
        try:
            with contextlib.suppress(TimeoutError, kafka.KafkaError):
                async with asyncio.timeout(_CLOSE_S):
                    await self.producer.stop()
                    return
            # stop() waits for batches that no broker will ever take; take its parts down one by one.
            with contextlib.suppress(TimeoutError, kafka.KafkaError):
                async with asyncio.timeout(_CLOSE_S):
                    await self.producer._sender.close()  # noqa: SLF001 - aiokafka has no bounded stop
            await self.producer.client.close()
        finally:
            if not self.closed.done():
                self.closed.set_result(None)


class _ProducerBatch:
    """`PartitionBatch` on an aiokafka producer."""

    def __init__(self, publisher: AiokafkaPublisher, live: _LiveProducer, partition: TopicPartition) -> None:
        self._publisher = publisher
        self._live = live
        self._partition = partition
        self._builder = live.producer.create_batch()

    def append(self, message: Message) -> bool:
        return (
            self._builder.append(timestamp=None, key=message.key, value=message.value, headers=list(message.headers))
            is not None
        )

    async def send(self) -> Outcome:
        self._builder.close()  # nothing else goes into it, so it need not linger
        try:
            sent = await self._live.producer.send_batch(
                self._builder, self._partition.topic, partition=self._partition.partition
            )
        except kafka.KafkaTimeoutError as error:
            return _explained(error)
        except kafka.KafkaError as error:
            return self._refused(error)
        await asyncio.wait({sent, self._live.closed}, return_when=asyncio.FIRST_COMPLETED)
        if not sent.done():
            return Unavailable("the producer was replaced before Kafka answered")
        if sent.cancelled():
            return Unavailable("the producer gave up the batch")
        failure = sent.exception()
        return None if failure is None else self._refused(failure)

    def _refused(self, error: BaseException) -> Outcome:
        explained = _explained(error)
        self._publisher.retire(self._live, explained)
        return explained


# Consuming -----------------------------------------------------------------------------------------------------------


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
                raise_later = self._broken(error)
                if raise_later is not None:
                    raise raise_later
                return []
            self._held = fetch.result()
        return await self._release(timeout_s)

    async def _getmany(self, max_records: int, timeout_s: float) -> tuple[int, list[Record]]:
        assert self._consumer is not None  # noqa: S101 - open or restarting
        found = await self._consumer.getmany(timeout_ms=round(timeout_s * 1000), max_records=max_records)
        # No await since the records were drawn: they belong to this generation.
        return self._generation, [_record(one) for some in found.values() for one in some]

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
            raise _explained(error) from error

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
        waiting = _Waiting(f"consumer {self._group}")
        while True:
            try:
                await self._await_topics(waiting)
                await self._join()
            except (kafka.KafkaError, NewswireError, OSError) as error:
                await self._close()
                await waiting.pause(f"{type(error).__name__} at {self._settings.kafka.bootstrap_servers}")
            except BaseException:
                await self._close()
                raise
            else:
                break
        waiting.over()

    async def _await_topics(self, waiting: _Waiting) -> None:
        async with TopicsAdmin(self._settings) as admin:
            while missing := sorted(set(self._topics) - (await admin.describe(self._topics)).keys()):
                await waiting.pause(f"no topic {', '.join(missing)}: run 'newswire topics'")

    async def _join(self) -> None:
        runtime, given = self._settings.runtime, self._settings.kafka
        consumer = AIOKafkaConsumer(
            **_connection(self._settings),
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
        consumer.subscribe(self._topics, listener=self._listener)
        await consumer.start()

    async def _close(self) -> None:
        """Leave the group and disconnect, bounded; no call-back of this consumer runs any more."""
        consumer, self._consumer = self._consumer, None
        if self._listener is not None:
            self._listener.source = None
        self._generation += 1
        self._settled.clear()
        self._held = None
        self._assigned = frozenset()
        self._positions.clear()
        if consumer is not None:
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await consumer.stop()
            except (TimeoutError, kafka.KafkaError):
                await consumer._client.close()  # noqa: SLF001 - stop() waits for a join that may take a minute
        if self._fetch is not None:
            self._fetch.cancel()  # its consumer is gone, so nothing can leak
            await asyncio.gather(self._fetch, return_exceptions=True)
            self._fetch = None

    def _broken(self, error: BaseException) -> NewswireError | None:
        """Getmany failed: replace the consumer; what a person must mend is returned."""
        _log.warning("Kafka consumer is replaced", group=self._group, why=repr(error)[:300])
        self._restart = asyncio.create_task(self._reopen())
        explained = _explained(error)
        return explained if isinstance(explained, Misconfigured) else None

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
            restart.result()

    # Called by the listener, in aiokafka's coordination task.

    async def revoked(self) -> None:
        """The group rebalances: everything is given up."""
        self._generation += 1
        self._settled.clear()
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


def _record(one: Any) -> Record:
    headers = tuple((name, value or b"") for name, value in one.headers)
    return Record(one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, headers)


# Topics --------------------------------------------------------------------------------------------------------------


class TopicsAdmin:
    """What `ensure_topics` needs of a broker; an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin: Any = None

    async def __aenter__(self) -> Self:
        self._admin = AIOKafkaAdminClient(**_connection(self._settings), client_id="newswire-topics")
        try:
            await self._admin.start()
        except (kafka.KafkaError, OSError) as error:
            await self._admin.close()
            raise Unavailable(
                f"no Kafka at {self._settings.kafka.bootstrap_servers} ({type(error).__name__}); "
                "see NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS"
            ) from error
        except BaseException:
            await self._admin.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def describe(self, names: Sequence[str]) -> dict[str, tuple[int, dict[str, str]]]:
        """Partitions and settings of those topics that exist."""
        try:
            found = {
                topic["topic"]: len(topic["partitions"])
                for topic in await self._admin.describe_topics(list(names))
                if topic["error_code"] == 0
            }
            resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in found]
            answers = await self._admin.describe_configs(resources) if resources else []
        except kafka.KafkaError as error:
            raise _explained(error) from error
        configs: dict[str, dict[str, str]] = {}
        for answer in answers:
            for _, _, _, name, entries in answer.resources:
                configs[name] = {entry[0]: entry[1] for entry in entries}
        return {name: (partitions, configs.get(name, {})) for name, partitions in found.items()}

    async def create(self, specs: Sequence[TopicSpec]) -> list[str]:
        """Make these; returns the names of those that were not there (another process may have been first)."""
        if not specs:
            return []
        topics = [NewTopic(s.name, s.partitions, s.replication, topic_configs=dict(s.configs)) for s in specs]
        try:
            answer = await self._admin.create_topics(topics)
        except kafka.KafkaError as error:
            raise _explained(error) from error
        created = []
        for name, code, *rest in answer.topic_errors:
            outcome = kafka.for_code(code)
            if outcome is kafka.NoError:
                created.append(name)
            elif outcome is not kafka.TopicAlreadyExistsError:
                why = rest[0] if rest and rest[0] else outcome.__name__
                raise Misconfigured(f"Kafka refuses the topic {name}: {why}")
        return created


__all__ = ["AiokafkaPublisher", "AiokafkaSource", "TopicsAdmin", "Transient"]
