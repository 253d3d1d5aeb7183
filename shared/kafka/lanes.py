"""Group commit for messages: a lane per partition sends whatever has gathered while its last batch was on the way.

An idle lane sends at once; under load batches grow by themselves. One batch of a partition is on the way at a time, so
its order holds. What has not been sent when its publisher gives up is taken out again: memory stays bounded while a
broker is away (one batch per partition stays with the client, which never gives it up).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.errors import NewswireError, TooLarge, Unavailable
from shared.kafka.ports import Message, TopicPartition
from shared.log import get_logger

Outcome = NewswireError | None

_log = get_logger()


class PartitionBatch(Protocol):
    """Messages of one partition that are sent, and acknowledged, together."""

    def append(self, message: Message) -> bool:
        """Take this one, or say that the batch is full; an empty batch always takes one."""

    async def send(self) -> Outcome:
        """Send and wait for the acknowledgement; None if all are safe. Never raises a NewswireError."""


NewBatch = Callable[[TopicPartition], Awaitable[PartitionBatch]]


@dataclass(eq=False, slots=True)
class _Ticket:
    """One call of `publish`: its outcomes, and how many are still open."""

    outcomes: list[Outcome]
    open: int
    done: asyncio.Future[None]

    def settle(self, index: int, outcome: Outcome) -> None:
        self.outcomes[index] = outcome
        self.open -= 1
        if self.open == 0 and not self.done.done():
            self.done.set_result(None)


@dataclass(slots=True)
class _Lane:
    waiting: deque[tuple[_Ticket, int, Message]] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None
    last_sent: float = float("-inf")
    alone: int = 0
    """So many messages go one by one: as a batch they were too large for the broker."""


class Lanes:
    """All lanes of one publisher."""

    def __init__(self, new_batch: NewBatch, linger_s: float) -> None:
        self._new_batch = new_batch
        self._linger_s = linger_s
        self._lanes: dict[TopicPartition, _Lane] = {}

    async def send(
        self, parcels: Sequence[tuple[int, TopicPartition, Message]], outcomes: list[Outcome], timeout_s: float
    ) -> None:
        """Send messages on their lanes and write each one's outcome to its index; unknown after `timeout_s`: Unavailable."""
        if not parcels:
            return
        ticket = _Ticket(outcomes, len(parcels), asyncio.get_running_loop().create_future())
        touched: set[TopicPartition] = set()
        for index, partition, message in parcels:
            # Until the broker says otherwise the outcome is 'not known to be safe'.
            outcomes[index] = _UNKNOWN
            lane = self._lanes.setdefault(partition, _Lane())
            lane.waiting.append((ticket, index, message))
            touched.add(partition)
        for partition in touched:
            lane = self._lanes[partition]
            if lane.task is None:
                lane.task = asyncio.create_task(self._run(partition, lane))
        try:
            await asyncio.wait({ticket.done}, timeout=timeout_s)
        finally:
            if not ticket.done.done():
                self._withdraw(ticket, touched)
                outcomes[:] = [
                    Unavailable(f"Kafka did not acknowledge within {timeout_s:g} s") if o is _UNKNOWN else o
                    for o in outcomes
                ]

    def _withdraw(self, ticket: _Ticket, partitions: set[TopicPartition]) -> None:
        ticket.done.cancel()
        for partition in partitions:
            lane = self._lanes[partition]
            lane.waiting = deque(entry for entry in lane.waiting if entry[0] is not ticket)

    async def _run(self, partition: TopicPartition, lane: _Lane) -> None:
        try:
            while lane.waiting:
                await self._linger(lane)
                batch = await self._new_batch(partition)
                taken = self._fill(batch, lane)
                if not taken:
                    continue
                try:
                    outcome = await batch.send()
                except Exception as error:
                    # A bug, but whoever waits must not wait for ever.
                    _log.exception("sending a batch failed", topic=partition.topic)
                    outcome = Unavailable(f"sending failed: {type(error).__name__}")
                lane.last_sent = time.monotonic()
                if isinstance(outcome, TooLarge) and len(taken) > 1:
                    lane.waiting.extendleft(reversed(taken))
                    lane.alone = len(taken)
                    continue
                for ticket, index, _ in taken:
                    ticket.settle(index, outcome)
        finally:
            lane.task = None

    async def _linger(self, lane: _Lane) -> None:
        pause = lane.last_sent + self._linger_s - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)

    @staticmethod
    def _fill(batch: PartitionBatch, lane: _Lane) -> list[tuple[_Ticket, int, Message]]:
        taken: list[tuple[_Ticket, int, Message]] = []
        while lane.waiting and batch.append(lane.waiting[0][2]):
            taken.append(lane.waiting.popleft())
            if lane.alone:
                lane.alone -= 1
                break
        return taken

    async def close(self, timeout_s: float) -> None:
        """Let what is on the way finish, then give up the rest."""
        tasks = {lane.task for lane in self._lanes.values() if lane.task is not None}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


_UNKNOWN = Unavailable("not acknowledged yet")
