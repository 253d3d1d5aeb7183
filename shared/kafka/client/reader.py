"""`Reader` by aiokafka: a consumer in no group, so that looking disturbs nobody and leaves no offsets behind."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, Self

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka import errors as kafka

from shared.errors import Misconfigured, NewswireError, Unavailable
from shared.kafka.client.admin import TopicsAdmin
from shared.kafka.client.connection import ABANDON_S, connection, ends_well, explained, unreached
from shared.kafka.client.source import record_of
from shared.kafka.ports import Record, TopicPartition
from shared.kafka.reading import Spans, no_topic
from shared.settings import MIB, Settings

_POLL_S = 0.5
_PARTITION_FETCH_BYTES = MIB


class AiokafkaReader:
    """`Reader` on Kafka; an async context manager. One `read` at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._patience_s = 2 * settings.kafka.request_timeout_s
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            Unavailable: no Kafka there.
            Misconfigured: it refuses the credentials.
        """
        self._consumer = AIOKafkaConsumer(
            **connection(self._settings),
            client_id="newswire-reader",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            # A batch larger than this still comes whole, alone.
            max_partition_fetch_bytes=_PARTITION_FETCH_BYTES,
            fetch_max_bytes=max(self._settings.sizes.dead_letter_message, 4 * MIB),
        )
        try:
            await self._consumer.start()
        except (kafka.KafkaError, OSError) as error:
            await self._close()
            why = await unreached(error, self._settings)
            raise (why if isinstance(why, Misconfigured) else self._away(error)) from error
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect; bounded."""
        await self._close()

    async def _close(self) -> None:
        if not await ends_well(self._consumer.stop()):
            await ends_well(self._consumer._client.close(), ABANDON_S)  # noqa: SLF001 - there is no other way to let go of the sockets

    async def spans(self, topic: str, *, since_ms: int | None = None) -> Spans:
        """See `Reader.spans`."""
        async with TopicsAdmin(self._settings) as admin:
            count = (await admin.partitions([topic])).get(topic)
        if count is None:
            raise no_topic(topic)
        partitions = [KafkaPartition(topic, number) for number in range(count)]
        try:
            starts = await self._consumer.beginning_offsets(partitions)
            ends = await self._consumer.end_offsets(partitions)
            if since_ms is not None:
                found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
                starts = {p: at.offset if (at := found.get(p)) is not None else ends[p] for p in partitions}
        except (kafka.KafkaError, OSError) as error:
            raise self._away(error) from error
        return {TopicPartition(p.topic, p.partition): (starts[p], ends[p]) for p in partitions if starts[p] < ends[p]}

    async def read(self, spans: Spans) -> AsyncIterator[list[Record]]:
        """See `Reader.read`."""
        left = {KafkaPartition(p.topic, p.partition): span for p, span in spans.items() if span[0] < span[1]}
        if not left:
            return
        try:
            # Each read's assignment takes the place of the last one's; unsubscribing would end aiokafka's fetching for good.
            self._consumer.assign(list(left))
            for partition, (start, _) in left.items():
                self._consumer.seek(partition, start)
            async for records in self._drawn(left):
                yield records
        except (kafka.KafkaError, OSError) as error:
            raise self._away(error) from error

    async def _drawn(self, left: dict[Any, tuple[int, int]]) -> AsyncIterator[list[Record]]:
        heard = time.monotonic()
        while left:
            found = await self._consumer.getmany(timeout_ms=round(_POLL_S * 1000), max_records=500)
            records = [
                record_of(one) for p, some in found.items() if p in left for one in some if one.offset < left[p][1]
            ]
            if records:
                yield records
            # The position, and not the last record, tells the end: the last offsets may hold no record any more.
            done = [p for p in left if await self._consumer.position(p) >= left[p][1]]
            self._forget(left, done)
            if found or done:
                heard = time.monotonic()
            elif time.monotonic() - heard > self._patience_s:
                raise Unavailable(f"Kafka at {self._settings.kafka.bootstrap_servers} gives no more records")

    def _forget(self, left: dict[Any, tuple[int, int]], done: Iterable[Any]) -> None:
        for partition in done:
            self._consumer.pause(partition)
            del left[partition]

    def _away(self, error: Exception) -> NewswireError:
        explanation = explained(error)
        if not isinstance(explanation, Unavailable):
            return explanation
        return Unavailable(
            f"no Kafka at {self._settings.kafka.bootstrap_servers} ({type(error).__name__}); "
            "see NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS"
        )
