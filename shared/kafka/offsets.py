"""Which offsets may be committed: the contiguous watermark per partition of what the sink has acknowledged.

Pure. One tracker lives as long as one assignment; a revoked partition is dropped whole and late acknowledgements of it
are ignored. Offsets may have gaps (compaction, transaction markers): 'contiguous' means without an unacknowledged
record that was delivered, not without a missing number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from shared.kafka.ports import Record, TopicPartition


@dataclass(slots=True)
class _Progress:
    """Delivered offsets not yet under the watermark, in order, and which of them are acknowledged."""

    waiting: deque[int] = field(default_factory=deque)
    acknowledged: set[int] = field(default_factory=set)
    last_delivered: int = -1
    next_offset: int | None = None
    committed: int | None = None

    def advance(self) -> None:
        while self.waiting and self.waiting[0] in self.acknowledged:
            offset = self.waiting.popleft()
            self.acknowledged.discard(offset)
            self.next_offset = offset + 1


def _by_partition(records: Iterable[Record]) -> Iterator[tuple[TopicPartition, list[int]]]:
    """Offsets of neighbours from one partition together: a lookup per run of records instead of one per record."""
    for (topic, partition), run in groupby(records, key=attrgetter("topic", "partition")):
        yield TopicPartition(topic, partition), [record.offset for record in run]


class OffsetTracker:
    """Delivered → acknowledged → committable, per partition of one assignment."""

    def __init__(self, partitions: Iterable[TopicPartition] = ()) -> None:
        self._progress: dict[TopicPartition, _Progress] = {partition: _Progress() for partition in partitions}

    def delivered(self, records: Iterable[Record]) -> None:
        """These were read; nothing at or above them is committable before they are acknowledged.

        Raises:
            ValueError: a record of a partition that is not tracked, or out of order: the source broke its promise.
        """
        for source, offsets in _by_partition(records):
            progress = self._progress.get(source)
            if progress is None:
                raise ValueError(f"{source} was never assigned")
            for offset in offsets:
                if offset <= progress.last_delivered:
                    raise ValueError(f"{source} went back from {progress.last_delivered} to {offset}")
                progress.last_delivered = offset
                progress.waiting.append(offset)

    def gone_back(self, records: Iterable[Record]) -> frozenset[TopicPartition]:
        """Partitions whose records begin at or below what was delivered before: their log was made anew."""
        first: dict[tuple[str, int], int] = {}
        for record in records:
            first.setdefault((record.topic, record.partition), record.offset)
        found = ((TopicPartition(*where), offset) for where, offset in first.items())
        return frozenset(
            source
            for source, offset in found
            if source in self._progress and offset <= self._progress[source].last_delivered
        )

    def start_over(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget all progress of these, and track them from the beginning."""
        for partition in partitions:
            self._progress[partition] = _Progress()

    def acknowledged(self, records: Iterable[Record]) -> None:
        """The sink is done with these. Records of a partition that was taken away are ignored, and so are repeats."""
        for source, offsets in _by_partition(records):
            progress = self._progress.get(source)
            if progress is None:
                continue
            low, high = progress.next_offset or 0, progress.last_delivered
            progress.acknowledged.update(offset for offset in offsets if low <= offset <= high)
            progress.advance()

    def committable(self) -> dict[TopicPartition, int]:
        """Next offset to read per partition, where it is further than what was committed."""
        return {
            partition: progress.next_offset
            for partition, progress in self._progress.items()
            if progress.next_offset is not None and progress.next_offset != progress.committed
        }

    def committed(self, offsets: Mapping[TopicPartition, int]) -> None:
        """The broker has these; a partition that was taken away meanwhile is ignored."""
        for partition, offset in offsets.items():
            progress = self._progress.get(partition)
            if progress is not None and (progress.committed is None or offset > progress.committed):
                progress.committed = offset

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Forget these whole: nothing of them is ever committable again."""
        for partition in partitions:
            self._progress.pop(partition, None)

    @property
    def partitions(self) -> frozenset[TopicPartition]:
        """What is tracked."""
        return frozenset(self._progress)

    def unacknowledged(self) -> dict[TopicPartition, int]:
        """Records delivered and not yet acknowledged, of partitions that have any."""
        counts = {source: len(p.waiting) - len(p.acknowledged) for source, p in self._progress.items()}
        return {source: count for source, count in counts.items() if count}
