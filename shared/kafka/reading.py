"""Looking into a topic without a group: every record between two offsets, once. For tools, not for services.

`client/reader.py` reads Kafka, `memory_reader.py` the in-process broker; one contract suite in `tests/contract` runs over both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from shared.errors import Misconfigured
from shared.kafka.ports import Record, TopicPartition

Spans = Mapping[TopicPartition, tuple[int, int]]
"""Per partition the first offset to read, and the one to stop before."""


class Reader(Protocol):
    """Reads what a topic held at one moment."""

    async def spans(self, topic: str, *, since_ms: int | None = None) -> Spans:
        """All that stands in the topic now; with `since_ms`, from each partition's first record of that broker time on.

        Raises:
            Misconfigured: there is no such topic.
            Transient: Kafka is away.
        """

    def read(self, spans: Spans) -> AsyncIterator[list[Record]]:
        """The records within the spans, in offset order per partition; what retention took meanwhile is passed over.

        Raises:
            Transient: Kafka is away; what was given before stays good.
        """


def no_topic(topic: str) -> Misconfigured:
    """The error for a topic that is not there."""
    return Misconfigured(f"Kafka has no topic {topic}: run 'newswire topics'")
