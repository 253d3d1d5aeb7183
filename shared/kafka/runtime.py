"""The consumer runtime: poll → handle a batch → the sink acknowledges → commit a contiguous watermark per partition.

At least once. Three tasks: *intake* polls (and goes on polling while the handler works or waits, so that the group
stays stable), *work* hands one batch at a time to the handler, *housekeeping* commits, measures, and watches for a
standstill. The group's call-backs run in a fourth task, the client's own; so all that belongs to an assignment lives
in one object that is dropped whole when the partitions are taken away.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared import metrics
from shared.errors import Misconfigured, NewswireError, Transient
from shared.health import Health
from shared.kafka.batching import Batcher
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.deadline import Deadline
from shared.kafka.offsets import OffsetTracker
from shared.kafka.ports import PartitionsLost, Record, Source, TopicPartition
from shared.kafka.retry import Backoff
from shared.kafka.work import GivenUp, Handler, Worker
from shared.log import get_logger
from shared.settings import Settings

__all__ = ["ConsumerRuntime", "Handler"]

POLL_S = 0.5
_PAUSED_POLL_S = 0.1
_FIRST_STEP = 16
_PATIENCE_S = 1.0
"""How long a full buffer stops the polling before the partitions are paused; pausing costs what was fetched ahead."""
_LAST_COMMIT_S = (2.0, 5.0)
"""What the last commit of an assignment may take: when the drain has used up its budget, and at most."""

_log = get_logger()


@dataclass(eq=False)
class _Assignment:
    """Everything that dies with an assignment."""

    partitions: frozenset[TopicPartition]
    tracker: OffsetTracker
    batcher: Batcher
    bytes: int = 0
    """Taken from the source and not yet finished."""
    greeted: bool = False
    paused: bool = False
    draining: bool = False
    """No record is taken in or started any more."""
    closed: bool = False
    """No commit names these partitions any more."""
    committing: asyncio.Task[None] | None = None
    giving_up: asyncio.Task[None] | None = field(default=None)


class ConsumerRuntime:
    """Runs one handler as a member of a consumer group. The dead letters' publisher is started and stopped by its owner."""

    def __init__(
        self, source: Source, handler: Handler, dead_letters: DeadLetters, settings: Settings, health: Health
    ) -> None:
        self._source = source
        self._handler = handler
        self._settings = settings.runtime
        self._commit_timeout_s = settings.kafka.request_timeout_s
        self._health = health
        self._worker = Worker(handler, dead_letters, health, settings.runtime.max_failures_in_row)
        self._assignment: _Assignment | None = None
        self._current: asyncio.Task[None] | None = None
        self._started_at = 0.0
        self._intake_at = time.monotonic()
        self._joined = False
        self._stopping = False
        self._dumped = False
        self._poll_refused: str | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._mean_size = 1.0
        self._step = _FIRST_STEP

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
        self._health.stopping = True
        self._stopping = True
        if not self._joined:
            intake.cancel()  # still waiting for a broker; nothing was polled
        if self._assignment is not None:
            await self._give_up(self._assignment)
        for task in others:
            task.cancel()
        # A poll is never cancelled: it ends by itself, or with its source.
        await asyncio.wait({intake}, timeout=2 * POLL_S)
        await self._source.stop()
        intake.cancel()
        results = await asyncio.gather(intake, *others, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                _log.error("runtime task failed", error=repr(result))

    # Intake.

    async def _intake(self, topics: Sequence[str]) -> None:
        await self._source.start(topics, self._on_assigned, self._on_revoked)
        self._joined = True
        backoff = Backoff()
        while not self._stopping:
            self._intake_at = time.monotonic()
            await self._make_room()
            try:
                records = await self._source.poll(self._appetite(), self._patience())
            except Transient as error:
                metrics.RETRIES.labels("poll", type(error).__name__.lower()).inc()
                await asyncio.sleep(backoff.next(error.retry_after))
                continue
            except Misconfigured as error:
                _log.error("polling is refused: a person must act", why=str(error))
                self._refused_poll(str(error))
                await asyncio.sleep(backoff.next())
                continue
            backoff.reset()
            self._refused_poll(None)
            self._health.ready()
            metrics.LAST_POLL.set_to_current_time()
            if records:
                await self._accept(records)

    def _refused_poll(self, why: str | None) -> None:
        if why != self._poll_refused:
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
        mean = size / len(records)
        # Up at once, down slowly: asking for too few costs little, asking for too many costs memory.
        self._mean_size = max(mean, self._mean_size + 0.2 * (mean - self._mean_size))
        self._step = min(2 * self._step, self._settings.batch_records)
        metrics.IN_FLIGHT_BYTES.set(assignment.bytes)
        self._news.set()

    async def _start_over(self, assignment: _Assignment, partitions: frozenset[TopicPartition]) -> None:
        """Offsets went back: the topic was made anew, or its retention ran past us. Finish the old ones, then begin again."""
        _log.error(
            "offsets went back: the topic was made anew or lost records", partitions=sorted(map(str, partitions))
        )
        while assignment.tracker.unacknowledged() and not assignment.draining:
            self._intake_at = time.monotonic()
            await asyncio.sleep(0.05)
        assignment.tracker.start_over(partitions)

    def _appetite(self) -> int:
        """How many records fit into what is left of the buffer, going by their size of late; few while that is not known."""
        left = self._settings.buffer_bytes - (self._assignment.bytes if self._assignment else 0)
        return max(1, min(self._step, int(left / max(self._mean_size, 1.0))))

    def _patience(self) -> float:
        """How long a poll may wait: short while paused, for then it only keeps the group and the room is looked at again."""
        return _PAUSED_POLL_S if self._assignment is not None and self._assignment.paused else POLL_S

    def _is_full(self, assignment: _Assignment) -> bool:
        limits = self._settings
        return assignment.bytes >= limits.buffer_bytes or len(assignment.batcher) >= 2 * limits.batch_records

    async def _make_room(self) -> None:
        """Hold the polling back while the buffer is full: a moment by not polling, then by pausing the partitions."""
        assignment = self._assignment
        if assignment is None or assignment.draining:
            return
        if assignment.paused:
            if assignment.bytes <= self._settings.buffer_bytes // 2 and not self._is_full(assignment):
                self._pause(assignment, paused=False)
            return
        deadline = Deadline(_PATIENCE_S)
        while self._is_full(assignment) and not assignment.draining and not self._stopping:
            if deadline.expired:
                self._pause(assignment, paused=True)
                return
            self._room.clear()
            await _within(self._room, deadline.remaining())

    def _pause(self, assignment: _Assignment, *, paused: bool) -> None:
        (self._source.pause if paused else self._source.resume)(assignment.partitions)
        assignment.paused = paused
        metrics.PAUSED.set(len(assignment.partitions) if paused else 0)

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
        await _within(self._news, timeout_s)

    async def _run(self, work: object) -> None:
        """One piece of work as a task of its own, so that a revoke can cancel it without ending the work task."""
        self._started_at = time.monotonic()
        self._current = asyncio.create_task(work, name="batch")  # type: ignore[arg-type]
        await asyncio.wait({self._current})
        current, self._current = self._current, None
        self._dumped = False
        self._health.beat()
        if not current.cancelled():
            current.result()

    async def _greet(self, assignment: _Assignment) -> None:
        try:
            await self._worker.greet(assignment.partitions, assignment)
        except GivenUp:
            return
        assignment.greeted = True

    async def _handle(self, assignment: _Assignment, batch: Sequence[Record], size: int) -> None:
        metrics.BATCH_RECORDS.observe(len(batch))

        def done(records: Sequence[Record], outcome: str) -> None:
            # After a revoke the tracker knows none of these partitions any more, so a late word changes nothing.
            assignment.tracker.acknowledged(records)
            self._started_at = time.monotonic()
            self._health.beat()
            for topic, count in Counter(record.topic for record in records).items():
                metrics.RECORDS.labels(topic, outcome).inc(count)

        try:
            await self._worker.finish(batch, done, assignment)
        except GivenUp:
            return
        assignment.bytes -= size
        if not assignment.closed:
            metrics.IN_FLIGHT_BYTES.set(assignment.bytes)
        self._room.set()
        if self._settings.commit_interval_ms == 0:
            await self._commit(assignment)

    # Commit.

    async def _commit(self, assignment: _Assignment) -> None:
        """A commit in passing; never two at a time, and none once the assignment drains."""
        if assignment.draining or assignment.committing is not None:
            return
        assignment.committing = asyncio.create_task(self._commit_now(assignment, self._commit_timeout_s))
        try:
            await asyncio.wait({assignment.committing})
        finally:
            assignment.committing = None

    async def _commit_now(self, assignment: _Assignment, timeout_s: float) -> None:
        offsets = assignment.tracker.committable()
        if assignment.closed or not offsets:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._source.commit(offsets)
        except PartitionsLost as error:
            # Somebody else owns them: they do what we have not committed once more.
            assignment.closed = True
            metrics.COMMITS.labels("lost").inc()
            _log.warning("commit came too late", why=str(error))
        except (NewswireError, TimeoutError) as error:
            metrics.COMMITS.labels("failed").inc()
            _log.warning("commit failed; a later one covers it", why=str(error) or "no answer in time")
        else:
            assignment.tracker.committed(offsets)
            metrics.COMMITS.labels("ok").inc()

    # Rebalance; these two run in the client's task.

    async def _on_assigned(self, partitions: frozenset[TopicPartition]) -> None:
        metrics.REBALANCES.inc()
        metrics.ASSIGNED.set(len(partitions))
        metrics.PAUSED.set(0)
        self._health.ready()
        _log.info("partitions assigned", count=len(partitions))
        if self._stopping:
            return
        limits = self._settings
        self._assignment = _Assignment(
            partitions,
            OffsetTracker(partitions),
            Batcher(limits.batch_records, limits.batch_bytes, limits.batch_wait_ms / 1000),
        )
        self._news.set()

    async def _on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        _log.info("partitions revoked", count=len(partitions))
        metrics.ASSIGNED.set(0)
        if self._assignment is not None:
            await self._give_up(self._assignment)

    async def _give_up(self, assignment: _Assignment) -> None:
        """Drain, commit, forget, once; whoever asks second waits for the first."""
        if assignment.giving_up is None:
            assignment.giving_up = asyncio.create_task(self._drain(assignment), name="drain")
        await asyncio.shield(assignment.giving_up)

    async def _drain(self, assignment: _Assignment) -> None:
        deadline = Deadline(self._settings.drain_s)
        started = time.monotonic()
        assignment.draining = True
        self._room.set()
        assignment.batcher.clear()
        await self._finish_current(deadline)
        if assignment.committing is not None:
            await asyncio.wait(
                {assignment.committing}, timeout=max(deadline.remaining(at_most=_LAST_COMMIT_S[1]), _LAST_COMMIT_S[0])
            )
            if assignment.committing is not None:
                assignment.committing.cancel()
        await self._commit_now(assignment, max(deadline.remaining(at_most=_LAST_COMMIT_S[1]), _LAST_COMMIT_S[0]))
        assignment.closed = True
        _count_dropped(assignment)
        assignment.tracker.revoke(assignment.partitions)
        if self._assignment is assignment:
            self._assignment = None
        metrics.IN_FLIGHT_BYTES.set(0)
        metrics.DRAIN_SECONDS.observe(time.monotonic() - started)
        await self._tell_revoked(assignment, deadline)

    async def _finish_current(self, deadline: Deadline) -> None:
        """Let the batch in the handler finish, within the budget; one that only waits for its sink is dropped at once."""
        current = self._current
        if current is None or current.done():
            return
        if not self._worker.waiting:
            await asyncio.wait({current}, timeout=deadline.remaining())
        if not current.done():
            current.cancel()
            # A handler that ignores the cancellation is not waited for: its late word changes nothing.
            await asyncio.wait({current}, timeout=1.0)

    async def _tell_revoked(self, assignment: _Assignment, deadline: Deadline) -> None:
        if not assignment.greeted:
            return
        try:
            async with asyncio.timeout(max(deadline.remaining(), 1.0)):
                await self._handler.revoked(assignment.partitions)
        except Exception as error:
            _log.error("handler.revoked failed", error=type(error).__name__)

    # Housekeeping.

    async def _housekeeping(self) -> None:
        interval = min(max(self._settings.commit_interval_ms / 1000, 0.05), 1.0)
        measured = 0.0
        while True:
            await asyncio.sleep(interval)
            if self._assignment is not None:
                await self._commit(self._assignment)
            now = time.monotonic()
            if now - measured >= 1.0:
                measured = now
                for partition, waiting in self._source.lag().items():
                    metrics.LAG.labels(partition.topic, str(partition.partition)).set(waiting)
            self._watch(now)

    def _watch(self, now: float) -> None:
        """Beat while all tasks move or wait on purpose; else write down once where everything stands."""
        limit = self._settings.stuck_after_s
        working = self._current is not None and not self._worker.waiting
        if not self._joined or (now - self._intake_at < limit and not working):
            self._health.beat()
            return
        stuck = now - self._started_at >= limit if working else True
        if stuck and not self._dumped:
            self._dumped = True
            dump_tasks()


def _count_dropped(assignment: _Assignment) -> None:
    """What was read and is left to the next owner; and what is no longer ours to measure."""
    for source, count in assignment.tracker.unacknowledged().items():
        metrics.RECORDS.labels(source.topic, "dropped-on-revoke").inc(count)
    for partition in assignment.partitions:
        with contextlib.suppress(KeyError):
            metrics.LAG.remove(partition.topic, str(partition.partition))


async def _within(event: asyncio.Event, timeout_s: float | None) -> None:
    """Wait for an event, at most so long."""
    if event.is_set():
        return
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        pass


def dump_tasks() -> None:
    """Every task and where it stands, one line each: the first question about a standstill."""
    for task in asyncio.all_tasks():
        stack = [f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}" for frame in task.get_stack()]
        _log.error("no progress: where the tasks stand", task=task.get_name(), frames=stack)
