"""How much is asked of the source: memory stays bounded by bytes, and polling goes on so that the group stays stable."""

from __future__ import annotations

import asyncio

from shared import metrics
from shared.kafka.assignment import Assignment
from shared.kafka.deadline import Deadline
from shared.settings import RuntimeSettings

POLL_S = 0.5
_PAUSED_POLL_S = 0.1
_PATIENCE_S = 1.0
"""How long a full buffer stops the polling before the partitions are paused; pausing costs what was fetched ahead."""
_FIRST_STEP = 16


class Flow:
    """Back-pressure between source and handler.

    A full buffer first just stops the polling; only when that lasts are all partitions paused, and polled on without
    getting anything. They are resumed when half the buffer is free again.
    """

    def __init__(self, limits: RuntimeSettings) -> None:
        self._limits = limits
        self._mean_size = 1.0
        self._step = _FIRST_STEP
        self._freed = asyncio.Event()

    def taken(self, count: int, size: int) -> None:
        """So many records came, of so many bytes together."""
        mean = size / count
        # Up at once, down slowly: asking for too few costs little, asking for too many costs memory.
        self._mean_size = max(mean, self._mean_size + 0.2 * (mean - self._mean_size))
        self._step = min(2 * self._step, self._limits.batch_records)

    def freed(self) -> None:
        """A batch is finished, or the assignment ends: look at the room again."""
        self._freed.set()

    def appetite(self, assignment: Assignment | None) -> int:
        """How many records fit into what is left of the buffer, going by their size of late; few while that is not known."""
        left = self._limits.buffer_bytes - (assignment.bytes if assignment else 0)
        return max(1, min(self._step, int(left / max(self._mean_size, 1.0))))

    @staticmethod
    def poll_s(assignment: Assignment | None) -> float:
        """How long a poll may wait: short while paused, for then it only keeps the group."""
        return _PAUSED_POLL_S if assignment is not None and assignment.paused else POLL_S

    def is_full(self, assignment: Assignment) -> bool:
        """Whether no more should be taken in."""
        limits = self._limits
        return assignment.bytes >= limits.buffer_bytes or len(assignment.batcher) >= 2 * limits.batch_records

    async def make_room(self, assignment: Assignment) -> None:
        """Hold the polling back while the buffer is full; returns after a second at the latest, paused if need be."""
        if assignment.paused:
            if assignment.bytes <= self._limits.buffer_bytes // 2 and not self.is_full(assignment):
                self._pause(assignment, paused=False)
            return
        deadline = Deadline(_PATIENCE_S)
        while self.is_full(assignment) and not assignment.draining:
            if deadline.expired:
                self._pause(assignment, paused=True)
                return
            self._freed.clear()
            await within(self._freed, deadline.remaining())

    @staticmethod
    def _pause(assignment: Assignment, *, paused: bool) -> None:
        (assignment.source.pause if paused else assignment.source.resume)(assignment.partitions)
        assignment.paused = paused
        metrics.PAUSED.set(len(assignment.partitions) if paused else 0)


async def within(event: asyncio.Event, timeout_s: float | None) -> None:
    """Wait for an event, at most so long."""
    if event.is_set():
        return
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        pass
