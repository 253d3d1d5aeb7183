"""Everything that belongs to one assignment of partitions, and dies with it: progress, waiting records, commits.

State that outlives a rebalance is how offsets of partitions that others own get committed; so there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from shared import metrics
from shared.errors import NewswireError
from shared.kafka.batching import Batcher
from shared.kafka.deadline import Deadline
from shared.kafka.offsets import OffsetTracker
from shared.kafka.ports import PartitionsLost, Source, TopicPartition
from shared.log import get_logger
from shared.settings import RuntimeSettings

LAST_COMMIT_S = (2.0, 5.0)
"""What each of the last steps of committing may take: when the drain has used up its budget, and at most."""

_log = get_logger()


@dataclass(eq=False)
class Assignment:
    """Partitions that are ours for now. `draining` and `closed` only ever go from False to True."""

    partitions: frozenset[TopicPartition]
    source: Source
    tracker: OffsetTracker
    batcher: Batcher
    bytes: int = 0
    """Taken from the source and not yet finished."""
    greeted: bool = False
    """The handler knows of them."""
    paused: bool = False
    draining: bool = False
    """No record is taken in or started any more."""
    closed: bool = False
    """No commit names these partitions any more."""
    giving_up: asyncio.Task[None] | None = None
    _committing: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, partitions: frozenset[TopicPartition], source: Source, limits: RuntimeSettings) -> Assignment:
        """A fresh one."""
        batcher = Batcher(
            limits.batch_records, limits.batch_bytes, limits.batch_wait_ms / 1000, limits.batch_busy_wait_ms / 1000
        )
        return cls(partitions, source, OffsetTracker(partitions), batcher)

    async def commit(self, timeout_s: float) -> None:
        """Commit the watermark in passing; never two at a time, and none once the assignment drains."""
        if self.draining or self._committing is not None:
            return
        self._committing = asyncio.create_task(self._commit(timeout_s), name="commit")
        try:
            await asyncio.wait({self._committing})
        finally:
            self._committing = None

    async def close(self, deadline: Deadline) -> None:
        """Commit what is left to commit, within bounds, and never again; then forget all progress.

        Once this has returned no commit of ours can name these partitions: the one in passing has ended or was
        cancelled, the last one has ended, and `closed` keeps any other from beginning.
        """
        passing = self._committing
        if passing is not None:
            await asyncio.wait({passing}, timeout=_last_step(deadline))
            passing.cancel()
        await self._commit(_last_step(deadline))
        self.closed = True
        for source, count in self.tracker.unacknowledged().items():
            metrics.RECORDS.labels(source.topic, "dropped-on-revoke").inc(count)
        for partition in self.partitions:
            with contextlib.suppress(KeyError):  # never measured
                metrics.LAG.remove(partition.topic, str(partition.partition))
        metrics.IN_FLIGHT_BYTES.set(0)
        self.tracker.revoke(self.partitions)

    async def _commit(self, timeout_s: float) -> None:
        offsets = self.tracker.committable()
        if self.closed or not offsets:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self.source.commit(offsets)
        except PartitionsLost as error:
            # Somebody else owns them, and does what we have not committed once more.
            self.closed = True
            metrics.COMMITS.labels("lost").inc()
            _log.warning("commit came too late", why=str(error))
        except (NewswireError, TimeoutError) as error:
            metrics.COMMITS.labels("failed").inc()
            _log.warning("commit failed; a later one covers it", why=str(error) or "no answer in time")
        else:
            self.tracker.committed(offsets)
            metrics.COMMITS.labels("ok").inc()


def _last_step(deadline: Deadline) -> float:
    low, high = LAST_COMMIT_S
    return max(deadline.remaining(at_most=high), low)
