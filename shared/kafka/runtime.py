"""The consumer runtime: poll → handle a batch → the sink acknowledges → commit a contiguous watermark per partition.

At least once. Three tasks: *intake* polls (and goes on polling while the handler works or waits, so that the group
stays stable), *work* hands one batch at a time to the handler, *housekeeping* commits, measures, and watches for a
standstill. The group's call-backs run in a fourth task, the client's own; so all that belongs to an assignment lives
in one object that is dropped whole when the partitions are taken away.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

from shared import metrics
from shared.backoff import Tries
from shared.errors import Misconfigured, Transient
from shared.health import Health
from shared.kafka.assignment import Assignment
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.deadline import Deadline
from shared.kafka.flow import POLL_S, Flow, within
from shared.kafka.ports import Record, Source, TopicPartition
from shared.kafka.standstill import StandstillWatch
from shared.kafka.work import HALT_S, GivenUp, Handler, Worker
from shared.log import get_logger
from shared.settings import Settings

__all__ = ["ConsumerRuntime", "Handler"]

_LOOK_S = 0.1
"""How often a drain looks whether the handler has come to wait for its sink."""

_log = get_logger()


class ConsumerRuntime:
    """Runs one handler as a member of a consumer group. The dead letters' publisher is started and stopped by its owner."""

    def __init__(
        self, source: Source, handler: Handler, dead_letters: DeadLetters, settings: Settings, health: Health
    ) -> None:
        self._source = source
        self._handler = handler
        self._limits = settings.runtime
        self._commit_timeout_s = settings.kafka.request_timeout_s
        self._health = health
        self._worker = Worker(handler, dead_letters, health, settings.runtime.max_failures_in_row)
        self._flow = Flow(settings.runtime)
        self._watch = StandstillWatch(health, settings.runtime.stuck_after_s)
        self._assignment: Assignment | None = None
        self._current: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        """Something for the work task to look at: records, or another assignment."""
        self._joined = False
        self._stopping = False
        self._poll_refused: str | None = None

    async def run(self, topics: Sequence[str], stop: asyncio.Event) -> None:
        """Consume until `stop` is set, then: unready, stop polling, drain, commit, leave the group.

        Raises:
            Exception: a bug in the runtime or its source; what was not acknowledged is not committed.
        """
        intake = asyncio.create_task(self._intake(topics), name="intake")
        others = [
            asyncio.create_task(self._work(), name="work"),
            asyncio.create_task(self._housekeeping(), name="housekeeping"),
        ]
        stopped = asyncio.create_task(stop.wait())
        try:
            ended, _ = await asyncio.wait({intake, *others, stopped}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended - {stopped}:
                task.result()
        finally:
            stopped.cancel()
            await self._shut_down(intake, others)

    async def _shut_down(self, intake: asyncio.Task[None], others: list[asyncio.Task[None]]) -> None:
        deadline = Deadline(self._limits.drain_s)
        self._health.stopping = True
        self._stopping = True
        if not self._joined:
            intake.cancel()  # still waiting for a broker; nothing was polled
        if self._assignment is not None:
            await self._give_up(self._assignment, deadline)
        for task in others:
            task.cancel()
        # A poll is never cancelled: it ends by itself, or with its source.
        await asyncio.wait({intake}, timeout=2 * POLL_S)
        await self._source.stop()
        intake.cancel()
        for result in await asyncio.gather(intake, *others, return_exceptions=True):
            if isinstance(result, Exception):
                _log.error("runtime task failed", error=repr(result))

    # Intake.

    async def _intake(self, topics: Sequence[str]) -> None:
        await self._join(topics)
        backoff = Tries()
        while not self._stopping:
            self._watch.polled()
            assignment = self._assignment
            if assignment is not None and not assignment.draining:
                await self._flow.make_room(assignment)
            try:
                records = await self._source.poll(self._flow.appetite(assignment), self._flow.poll_s(assignment))
            except Transient as error:
                metrics.RETRIES.labels("poll", type(error).__name__.lower()).inc()
                await asyncio.sleep(backoff.next(error.retry_after))
            except Misconfigured as error:
                self._refused_poll(str(error))
                await asyncio.sleep(backoff.next())
            else:
                backoff.reset()
                self._refused_poll(None)
                self._health.ready()
                metrics.LAST_POLL.set_to_current_time()
                if records:
                    await self._accept(records)

    async def _join(self, topics: Sequence[str]) -> None:
        """Join the group, however long Kafka is away; halted while it refuses us."""
        while not self._joined:
            try:
                await self._source.start(topics, self._on_assigned, self._on_revoked)
            except Misconfigured as error:
                self._refused_poll(str(error))
                await asyncio.sleep(HALT_S)
            else:
                self._joined = True
        self._refused_poll(None)

    def _refused_poll(self, why: str | None) -> None:
        if why == self._poll_refused:
            return
        if why is not None:
            _log.error("halted: polling is refused, a person must act", why=why)
        self._poll_refused = why
        self._health.halt(why)
        metrics.HALTED.set(0 if why is None else 1)

    async def _accept(self, records: Sequence[Record]) -> None:
        """Put polled records where the work task finds them."""
        assignment = self._assignment
        if assignment is None or assignment.draining:
            return  # taken away between poll and here: the next owner reads them again
        back = assignment.tracker.gone_back(records)
        if back:
            await self._start_over(assignment, back)
        assignment.tracker.delivered(records)
        size = assignment.batcher.add(records, time.monotonic())
        assignment.bytes += size
        self._flow.taken(len(records), size)
        metrics.IN_FLIGHT_BYTES.set(assignment.bytes)
        self._news.set()

    async def _start_over(self, assignment: Assignment, partitions: frozenset[TopicPartition]) -> None:
        """Offsets went back: the topic was made anew, or lost records. Finish the old ones, then begin again."""
        _log.error("offsets went back: the topic was made anew or lost records", partitions=sorted(partitions))
        while assignment.tracker.unacknowledged() and not assignment.draining:
            self._watch.polled()
            await asyncio.sleep(0.05)
        assignment.tracker.start_over(partitions & assignment.tracker.partitions)

    # Work.

    async def _work(self) -> None:
        while True:
            assignment = self._assignment
            if assignment is None or assignment.draining:
                await self._more_news(None)
            elif not assignment.greeted:
                await self._run(self._greet(assignment))
            else:
                now = time.monotonic()
                before = assignment.batcher.size
                batch = assignment.batcher.take(now)
                if batch:
                    await self._run(self._handle(assignment, batch, before - assignment.batcher.size))
                else:
                    due = assignment.batcher.next_deadline()
                    await self._more_news(None if due is None else due - now)

    async def _more_news(self, timeout_s: float | None) -> None:
        self._news.clear()
        await within(self._news, timeout_s)

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """One piece of work as a task of its own, so that a revoke can cancel it without ending the work task."""
        self._watch.moved()
        self._current = asyncio.create_task(work, name="batch")
        await asyncio.wait({self._current})
        current, self._current = self._current, None
        self._watch.moved()
        if not current.cancelled():
            current.result()

    async def _greet(self, assignment: Assignment) -> None:
        try:
            await self._worker.greet(assignment.partitions, assignment)
        except GivenUp:
            return
        assignment.greeted = True

    async def _handle(self, assignment: Assignment, batch: Sequence[Record], size: int) -> None:
        metrics.BATCH_RECORDS.observe(len(batch))

        def done(records: Sequence[Record], outcome: str) -> None:
            # After a revoke the tracker knows none of these partitions any more, so a late word changes nothing.
            assignment.tracker.acknowledged(records)
            self._watch.moved()
            for topic, count in Counter(record.topic for record in records).items():
                metrics.RECORDS.labels(topic, outcome).inc(count)

        try:
            await self._worker.finish(batch, done, assignment)
        except GivenUp:
            return
        assignment.bytes -= size
        if not assignment.closed:
            metrics.IN_FLIGHT_BYTES.set(assignment.bytes)
        self._flow.freed()
        if self._limits.commit_interval_ms == 0:
            await assignment.commit(self._commit_timeout_s)

    # Rebalance; these two run in the client's task.

    async def _on_assigned(self, partitions: frozenset[TopicPartition]) -> None:
        metrics.REBALANCES.inc()
        metrics.ASSIGNED.set(len(partitions))
        metrics.PAUSED.set(0)  # the source forgets at a rebalance what was paused, and so do we
        self._health.ready()
        _log.info("partitions assigned", count=len(partitions))
        if not self._stopping:
            self._assignment = Assignment.of(partitions, self._source, self._limits)
            self._news.set()

    async def _on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        _log.info("partitions revoked", count=len(partitions))
        metrics.ASSIGNED.set(0)
        if self._assignment is not None:
            await self._give_up(self._assignment, Deadline(self._limits.drain_s))

    async def _give_up(self, assignment: Assignment, deadline: Deadline) -> None:
        """Drain, commit, forget, once; whoever asks second waits for the first."""
        if assignment.giving_up is None:
            assignment.giving_up = asyncio.create_task(self._drain(assignment, deadline), name="drain")
        await asyncio.shield(assignment.giving_up)

    async def _drain(self, assignment: Assignment, deadline: Deadline) -> None:
        started = time.monotonic()
        assignment.draining = True
        assignment.batcher.clear()
        self._flow.freed()
        await self._finish_current(deadline)
        await assignment.close(deadline)
        if self._assignment is assignment:
            self._assignment = None
        metrics.DRAIN_SECONDS.observe(time.monotonic() - started)
        if assignment.greeted:
            await self._tell_revoked(assignment, deadline)

    @property
    def _waiting(self) -> bool:
        """Whether the work waits on purpose: here for another try, or (so it told the health) inside the handler."""
        return self._worker.waiting or self._health.waiting

    async def _finish_current(self, deadline: Deadline) -> None:
        """Let the batch in the handler finish, within the budget; one that only waits for its sink is dropped at once."""
        current = self._current
        if current is None or current.done():
            return
        while not (current.done() or deadline.expired or self._waiting):
            await asyncio.wait({current}, timeout=deadline.remaining(at_most=_LOOK_S))
        if not current.done():
            current.cancel()
            # A handler that ignores the cancellation is not waited for: its late word changes nothing.
            await asyncio.wait({current}, timeout=1.0)

    async def _tell_revoked(self, assignment: Assignment, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(max(deadline.remaining(), 1.0)):
                await self._handler.revoked(assignment.partitions)
        except Exception as error:
            # The group must go on, whatever the handler makes of it.
            _log.error("handler.revoked failed", error=type(error).__name__)

    # Housekeeping.

    async def _housekeeping(self) -> None:
        interval = min(max(self._limits.commit_interval_ms / 1000, 0.05), 1.0)
        measured = 0.0
        while True:
            await asyncio.sleep(interval)
            if self._assignment is not None:
                await self._assignment.commit(self._commit_timeout_s)
            now = time.monotonic()
            if now - measured >= 1.0:
                measured = now
                for partition, waiting in self._source.lag().items():
                    metrics.LAG.labels(partition.topic, str(partition.partition)).set(waiting)
            if not self._joined:
                self._watch.polled()  # waits for a broker, on purpose
            self._watch.look(working=self._current is not None and not self._waiting)
