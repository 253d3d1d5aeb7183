"""Publishing by aiokafka: idempotent, acknowledged by all in-sync replicas, replaced when it cannot go on."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka

from shared.errors import Misconfigured, NewswireError, TooLarge, Unavailable
from shared.kafka.client.connection import (
    ABANDON_S,
    CLOSE_S,
    Waiting,
    connection,
    ends_well,
    explained,
    unreached,
)
from shared.kafka.lanes import Lanes, Outcome
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import Message, TopicPartition
from shared.kafka.topics import topic_specs
from shared.log import get_logger
from shared.settings import Settings

_BATCH_BYTES = 256 * 1024
_RECORD_OVERHEAD = 1024
"""What a batch's header, a record's lengths and incompressible bytes add at most to key, value and headers."""

_LOOKS_FOR_A_TOPIC = 5

_log = get_logger()


class AiokafkaPublisher:
    """`Publisher` on Kafka: idempotent, acknowledged by all in-sync replicas, in batches per partition."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits = {spec.name: spec.max_message_bytes for spec in topic_specs(settings)}
        self._timeout_s = 2 * settings.kafka.request_timeout_s
        self._lanes = Lanes(self._new_batch, settings.kafka.linger_ms / 1000)
        self._live: _LiveProducer | None = None
        self._up = asyncio.Event()
        self._refusal: Misconfigured | None = None
        """Why a producer that was to replace another cannot be had; None: none is awaited, or Kafka is just away."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._missing: set[str] = set()

    async def start(self) -> None:
        """See `Publisher.start`."""
        await self._open(Waiting("publisher", self._settings.kafka.bootstrap_servers))

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
        await self._lanes.close(CLOSE_S)
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
        """How many partitions a topic has; asks Kafka where it is not known yet."""
        if self._refusal is not None:
            return self._refusal
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._up.wait()
                if self._live is None:
                    return Unavailable("the publisher is stopped")
                return await self._ask_partitions(topic, self._live.producer.client)
        except TimeoutError:
            return Unavailable("Kafka did not answer in time")
        except kafka.KafkaError as error:
            return explained(error)

    async def _ask_partitions(self, topic: str, client: Any) -> int | NewswireError:
        for _ in range(_LOOKS_FOR_A_TOPIC):
            found = client.cluster.partitions_for_topic(topic)
            if found is not None:
                self._missing.discard(topic)
                return len(found)
            if topic in client.cluster.unauthorized_topics:
                return explained(kafka.TopicAuthorizationFailedError(topic))
            client.add_topic(topic)
            if not await client.force_metadata_update():
                return Unavailable("no broker answers")
            await asyncio.sleep(0.1)  # a topic that was made just now takes a moment to be known everywhere
        if topic not in self._missing:
            self._missing.add(topic)
            _log.error("topic does not exist: run 'newswire topics'", topic=topic)
        return Unavailable(f"the topic {topic} does not exist: run 'newswire topics'")

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
        self._spawn(self._reopen())
        self._spawn(live.close())

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reopen(self) -> None:
        """Replace the producer; while Kafka refuses us, whoever publishes is told so."""
        waiting = Waiting("publisher", self._settings.kafka.bootstrap_servers)
        while self._live is None:
            try:
                await self._open(waiting)
            except Misconfigured as error:
                self._refusal = error
                await waiting.pause(error)
        self._refusal = None

    async def _open(self, waiting: Waiting) -> None:
        """Connect a producer, however long Kafka is away.

        Raises:
            Misconfigured: Kafka is there, and refuses us.
        """
        while True:
            producer = AIOKafkaProducer(
                **connection(self._settings),
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
                why = await unreached(error, self._settings)
                if isinstance(why, Misconfigured):
                    raise why from error
                await waiting.pause(why)
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
            if not await ends_well(self.producer.stop()):
                # stop() waits for batches that no broker will ever take; take its parts down one by one.
                await ends_well(self.producer._sender.close(), ABANDON_S)  # noqa: SLF001 - aiokafka has no bounded stop
                await ends_well(self.producer.client.close(), ABANDON_S)
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
            return explained(error)
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
        explanation = explained(error)
        self._publisher.retire(self._live, explanation)
        return explanation
