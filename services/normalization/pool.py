"""Processes that do the CPU work, each item within a hard time limit.

An item that takes too long, or kills its process (a crash in C code, the kernel short of memory), costs itself and no
other: its chunk is done again item by item, and only the culprit is refused (`extract-timeout`, `crashed`). What counts is
the processor's time, which the kernel measures and enforces: a good story must not become a dead letter because the machine
was busy. By the clock an item may take several times as long.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pebble

from services.normalization import chunk
from services.normalization.chunk import Item, Outcome
from shared.errors import Transient
from shared.log import get_logger

GRACE_S = 60.0
"""Beyond all limits of what is waiting: the pool itself stands still, and is started afresh."""

PATIENCE = 4.0
"""By the clock an item may take so many times its limit: it waits for a processor, or (which none should) for something else."""

Run = Callable[[Sequence[Item], float, int], list[Outcome]]

_log = get_logger()


class PoolBroken(Transient):
    """The pool had to be started afresh; what it was doing is to be done again."""


class Pool:
    """A pool of `processes` that run chunks in the order in which they are submitted.

    `item_seconds` is the hard limit of one item, in seconds of the processor; `largest` the size of a message that Kafka still takes. `prepare` runs
    first in each process; `run` is what does a chunk there (tests put slow and crashing ones in).
    """

    def __init__(
        self,
        processes: int,
        item_seconds: float,
        largest: int,
        *,
        prepare: Callable[[int], None] = chunk.prepare,
        run: Run = chunk.run_chunk,
    ) -> None:
        self._processes = processes
        self._item_seconds = item_seconds
        self._largest = largest
        self._prepare = prepare
        self._run = run
        self._waiting = 0
        self._pool: Any = None

    def start(self) -> None:
        """Start the processes; they get ready in the background. Call it from the main thread.

        A process is spawned, not forked: the parent has threads. Its death signal hangs on the thread that starts it.
        """
        self._pool = pebble.ProcessPool(
            max_workers=self._processes,
            initializer=self._prepare,
            initargs=(os.getpid(),),
            context=multiprocessing.get_context("spawn"),
        )
        self._pool.schedule(_nothing)

    def stop(self) -> None:
        """End the processes at once."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()

    def submit(self, items: Sequence[Item]) -> Future[list[Outcome]]:
        """Queue a chunk; `finish` gives its outcomes.

        Raises:
            PoolBroken: the pool could not take it and was started afresh.
        """
        # Never cancel this future: pebble kills the process that runs, or later takes, a cancelled task.
        return self._schedule(items, self._item_seconds * (PATIENCE + 0.5))

    def _schedule(self, items: Sequence[Item], limit_s: float) -> Future[list[Outcome]]:
        if self._pool is None:
            raise PoolBroken("the process pool is stopped")
        arguments = (list(items), self._item_seconds, self._largest)
        try:
            future: Future[list[Outcome]] = self._pool.schedule(self._run, args=arguments, timeout=limit_s)
        except RuntimeError as error:
            raise self._restart(repr(error)) from error
        self._waiting += 1
        future.add_done_callback(self._count_down)
        return future

    def _count_down(self, _: Future[list[Outcome]]) -> None:
        self._waiting -= 1

    def _restart(self, why: str) -> PoolBroken:
        _log.error("the process pool broke and is started afresh", why=why)
        pool = self._pool
        if pool is not None:
            pool.stop()
            pool.join(timeout=5)
            self._waiting = 0
            self.start()
        return PoolBroken("the process pool broke and was started afresh")

    async def finish(self, items: Sequence[Item], future: Future[list[Outcome]]) -> list[Outcome]:
        """One outcome an item, in order.

        Raises:
            PoolBroken: the pool was started afresh; submit the items again.
        """
        outcomes: list[Outcome] = []
        while True:
            left = items[len(outcomes) :]
            try:
                outcomes += await self._result(future)
            except (TimeoutError, pebble.ProcessExpired) as error:
                _log.warning("a chunk is done again item by item", records=len(left), why=type(error).__name__)
                if len(left) == 1 and _took_too_long(error):
                    return [*outcomes, self._timed_out()]
                return outcomes + [await self._alone(item) for item in left]
            if len(outcomes) == len(items):
                return outcomes
            future = self.submit(items[len(outcomes) :])

    async def _alone(self, item: Item) -> Outcome:
        try:
            return (await self._result(self._schedule([item], self._item_seconds * PATIENCE)))[0]
        except (TimeoutError, pebble.ProcessExpired) as error:
            if _took_too_long(error):
                return self._timed_out()
            reason = f"its process ended with code {getattr(error, 'exitcode', None)}, twice"
            return Outcome((), "crashed", reason, "refused", 0.0, 0.0)

    def _timed_out(self) -> Outcome:
        reason = f"took longer than {self._item_seconds:g} s (normalization.item_seconds)"
        return Outcome((), "extract-timeout", reason, "refused", 0.0, self._item_seconds)

    async def _result(self, future: Future[list[Outcome]]) -> list[Outcome]:
        """The result of a future.

        Waited for without ever cancelling it, for a revoke may cancel us (see `submit`).

        Raises:
            TimeoutError, pebble.ProcessExpired: as pebble says.
            PoolBroken: the pool is no more.
        """
        wrapped = asyncio.wrap_future(future)
        wrapped.add_done_callback(_seen)
        limit_s = GRACE_S + (PATIENCE + 0.5) * self._item_seconds * max(self._waiting, 1)
        done, _ = await asyncio.wait({wrapped}, timeout=limit_s)
        if not done:
            raise self._restart(f"no answer within {limit_s:g} s")
        error = wrapped.exception() if not wrapped.cancelled() else asyncio.CancelledError()
        if error is None:
            return wrapped.result()
        if isinstance(error, TimeoutError | pebble.ProcessExpired):
            raise error
        raise self._restart(repr(error))


def _took_too_long(error: Exception) -> bool:
    """Whether an item ended by its limit: of the clock, or of the processor (the signal by which the kernel ends it)."""
    return isinstance(error, TimeoutError) or getattr(error, "exitcode", None) == -signal.SIGPROF


def _seen(future: asyncio.Future[Any]) -> None:
    """Take note of an error that nobody waits for any more, so that it is not logged as forgotten."""
    if not future.cancelled():
        future.exception()


def _nothing() -> None:
    """The first task: pebble starts its processes with it."""


def wait_until_ready(pool: Pool, timeout_s: float = 60.0) -> None:
    """Block until a process answers; for measurements and tests."""
    pool.submit([]).result(timeout_s)
