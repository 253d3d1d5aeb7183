"""`Reader` on the broker inside the process, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Record, TopicPartition
from shared.kafka.reading import Spans


class MemoryReader:
    """`Reader` on a `MemoryBroker`, whose topics spring up when they are used."""

    def __init__(self, broker: MemoryBroker, *, batch: int = 500) -> None:
        self._broker = broker
        self._batch = batch

    async def spans(self, topic: str, *, since_ms: int | None = None) -> Spans:
        """See `Reader.spans`."""
        spans: dict[TopicPartition, tuple[int, int]] = {}
        for number, log in enumerate(self._broker.topic(topic)):
            wanted = [record.offset for record in log if since_ms is None or record.timestamp_ms >= since_ms]
            if wanted:
                spans[TopicPartition(topic, number)] = wanted[0], log[-1].offset + 1
        return spans

    async def read(self, spans: Spans) -> AsyncIterator[list[Record]]:
        """See `Reader.read`."""
        for partition, (start, end) in spans.items():
            records = [record for record in self._broker.log(partition) if start <= record.offset < end]
            for at in range(0, len(records), self._batch):
                yield records[at : at + self._batch]
