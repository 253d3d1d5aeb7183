"""One batch to its end, whatever it takes: retries, halts, isolation of the record that breaks it.

What a handler raises decides: `Transient` is tried again for ever, `Misconfigured` halts until a person has acted, and
anything else (a `Refused`, a bug) is pinned to one record by halving the batch; that record becomes a dead letter. All
of it keeps the order within a partition, and nothing here knows of offsets or groups.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from shared import metrics
from shared.backoff import Tries
from shared.errors import Misconfigured, Refused, Transient
from shared.events import DEAD_LETTERS
from shared.health import Health
from shared.kafka.dead_letter import Burial, DeadLetters
from shared.kafka.ports import Record, TopicPartition
from shared.log import get_logger
from shared.places import frames, where

HALT_S = 30.0
"""How long a halted worker waits before it looks whether a person has acted."""

NULL_VALUE = "null-value"
INTERNAL_ERROR = "internal-error"

_T = TypeVar("_T")

_log = get_logger()


class Handler(Protocol):
    """What a stage does with its records."""

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """These are ours now; runs before the first record of them is handled, and again after an error."""

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """These are no longer ours; nothing of them is handled any more."""

    async def handle(self, records: Sequence[Record]) -> None:
        """Do the work; returns once the sink has acknowledged all of it, dead letters of its own included."""


class GivenUp(Exception):
    """The partitions are being taken away and the sink is away, too: whoever owns them next does the batch again."""


class Tenure(Protocol):
    """How long the records at hand are ours."""

    @property
    def draining(self) -> bool:
        """They are being taken away: finish what is under way, wait for nothing."""

    @property
    def closed(self) -> bool:
        """They are gone."""


Done = Callable[[Sequence[Record], str], None]
"""Told which records are finished, and how: `done` or `dead-letter`."""


class Worker:
    """Runs a handler. `waiting` is true while it waits on purpose: for a sink that is away or for a person."""

    def __init__(self, handler: Handler, dead_letters: DeadLetters, health: Health, max_failures_in_row: int) -> None:
        self._handler = handler
        self._dead_letters = dead_letters
        self._health = health
        self._max_failures = max_failures_in_row
        self._failures = 0
        self._halted: str | None = None
        self.waiting = False

    async def greet(self, partitions: frozenset[TopicPartition], tenure: Tenure) -> None:
        """Tell the handler of its partitions until that works; a bug there halts the worker, for no record is to blame."""

        async def greet() -> None:
            try:
                await self._handler.assigned(partitions)
            except (Transient, Misconfigured):
                raise
            except Exception as error:
                _log_failure("handler.assigned failed", error)
                raise Misconfigured(f"taking over partitions failed: {where(error)}") from error

        await self._persist("assigned", greet, tenure)

    async def finish(self, records: Sequence[Record], done: Done, tenure: Tenure) -> None:
        """Handle or bury all of these; `done` hears of each part as soon as it is safe.

        Raises:
            GivenUp: the partitions are being taken away and this would have to wait, or they are gone already.
        """
        null = [record for record in records if _is_null(record)]
        if null:
            await self._bury([Burial(record, NULL_VALUE, "the record has no value") for record in null], tenure)
            done(null, "dead-letter")
            records = [record for record in records if not _is_null(record)]
        parts: list[tuple[Sequence[Record], int]] = [(records, 1)] if records else []
        while parts:
            part, tries = parts.pop()
            if tenure.closed:
                raise GivenUp
            failure = await self._attempt(part, tenure)
            if failure is None:
                self._failures = 0
                done(part, "done")
            elif len(part) > 1:
                middle = len(part) // 2
                # Last in, first out: the earlier half comes first, so the order within a partition holds.
                parts += [(part[middle:], tries + 1), (part[:middle], tries + 1)]
            else:
                await self._blame(part[0], failure, tries, done, tenure)

    async def _attempt(self, part: Sequence[Record], tenure: Tenure) -> Exception | None:
        """Handle a part; retries what may pass by itself and returns what will not."""

        async def handle() -> Exception | None:
            started = time.perf_counter()
            try:
                await self._handler.handle(part)
            except (Transient, Misconfigured):
                raise
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Nobody cancelled us: a cancellation leaked out of the handler's own tasks, which is a bug of its.
                return RuntimeError(f"leaked {type(error).__name__}")
            except Exception as error:
                return error
            metrics.HANDLE_SECONDS.observe(time.perf_counter() - started)
            return None

        return await self._persist("handle", handle, tenure)

    async def _blame(self, record: Record, failure: Exception, tries: int, done: Done, tenure: Tenure) -> None:
        """This record alone fails: keep it as a dead letter, unless so many did that the fault is most likely ours."""
        if isinstance(failure, Refused):
            await self._bury([Burial(record, failure.code, failure.reason, tries)], tenure)
            done([record], "dead-letter")
            return
        _log_failure("record failed", failure, topic=record.topic, partition=record.partition, offset=record.offset)
        while self._failures >= self._max_failures:
            self._halt(f"{self._failures} records in a row failed, the last by {where(failure)}")
            await self._wait(HALT_S, tenure)
            again = await self._attempt([record], tenure)
            tries += 1
            if again is None:
                self._failures = 0
                self._go_on()
                done([record], "done")
                return
            failure = again
        self._failures += 1
        await self._bury([Burial(record, INTERNAL_ERROR, where(failure), tries)], tenure)
        done([record], "dead-letter")

    async def _bury(self, burials: Sequence[Burial], tenure: Tenure) -> None:
        await self._persist("bury", lambda: self._dead_letters.bury(burials), tenure)

    async def _persist(self, operation: str, action: Callable[[], Awaitable[_T]], tenure: Tenure) -> _T:
        """Try until it neither says 'later' nor 'a person must act'."""
        backoff = Tries()
        while True:
            try:
                result = await action()
            except Transient as error:
                metrics.RETRIES.labels(operation, type(error).__name__.lower()).inc()
                wait = backoff.next(error.retry_after)
                if backoff.count in {1, 5} or backoff.count % 50 == 0:
                    _log.warning("trying again", operation=operation, why=str(error), tries=backoff.count, wait_s=wait)
                self._go_on()
                await self._wait(wait, tenure)
            except Misconfigured as error:
                self._halt(str(error))
                await self._wait(HALT_S, tenure)
            else:
                self._go_on()
                return result

    async def _wait(self, seconds: float, tenure: Tenure) -> None:
        if tenure.draining:
            raise GivenUp
        self.waiting = True
        try:
            await asyncio.sleep(seconds)
        finally:
            self.waiting = False

    def _halt(self, why: str) -> None:
        if why != self._halted:
            _log.error("halted: a person must act; records are kept", why=why)
        self._halted = why
        self._health.halt(why)
        metrics.HALTED.set(1)

    def _go_on(self) -> None:
        """Not halted any more, unless too many records failed in a row: that ends only when one succeeds."""
        if self._halted is None or self._failures >= self._max_failures:
            return
        _log.info("going on again", after=self._halted)
        self._halted = None
        self._health.halt(None)
        metrics.HALTED.set(0)


def _is_null(record: Record) -> bool:
    """No topic of ours takes a null value, but a dead letter keeps the value that its record had."""
    return record.value is None and record.topic != DEAD_LETTERS


def _log_failure(event: str, error: BaseException, **bound: object) -> None:
    _log.error(event, error=type(error).__name__, frames=frames(error), **bound)
