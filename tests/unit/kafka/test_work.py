"""A batch comes to its end whatever is in it: what is bad is found and kept, what is good is done, in order."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared import metrics
from shared.errors import Misconfigured, Overloaded, Refused, Unavailable
from shared.events import DEAD_LETTERS
from shared.health import Health
from shared.kafka import work
from shared.kafka.dead_letter import Burial
from shared.kafka.ports import Record, TopicPartition
from shared.kafka.work import GivenUp, Worker


@dataclass
class Tenure:
    draining: bool = False
    closed: bool = False


class Graves:
    """Dead letters that may be away for some tries."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.burials: list[Burial] = []

    async def bury(self, burials: Sequence[Burial]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.burials += burials


class Handler:
    """Raises what a record's value says; remembers what it was given and what it finished."""

    def __init__(self) -> None:
        self.calls: list[list[Record]] = []
        self.finished: list[Record] = []
        self.script: list[Exception] = []

    async def assigned(self, partitions) -> None:
        if self.script:
            raise self.script.pop(0)

    async def revoked(self, partitions) -> None: ...

    async def handle(self, records) -> None:
        self.calls.append(list(records))
        if self.script:
            raise self.script.pop(0)
        for record in records:
            if record.value == b"bug":
                raise KeyError("text of a story")
            if record.value == b"refused":
                raise Refused("not-news", "a test page")
            if record.value == b"cancelled":
                raise asyncio.CancelledError
        self.finished += records


def records(*values: bytes | None, partitions: int = 1) -> list[Record]:
    return [Record("t", n % partitions, n // partitions, 0, None, value) for n, value in enumerate(values)]


class Rig:
    def __init__(self, *grave_failures: Exception, max_failures: int = 100) -> None:
        self.handler, self.graves, self.health = Handler(), Graves(*grave_failures), Health()
        self.worker = Worker(self.handler, self.graves, self.health, max_failures)
        self.done: list[tuple[Record, str]] = []
        self.tenure = Tenure()

    async def finish(self, batch: Sequence[Record]) -> None:
        await self.worker.finish(
            batch, lambda part, outcome: self.done.extend((one, outcome) for one in part), self.tenure
        )


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No test waits; what would have been waited is noted."""
    waited: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await real(0)

    monkeypatch.setattr(work.asyncio, "sleep", sleep)
    return waited


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    values=st.lists(st.sampled_from([b"good", b"good", b"good", b"bug", b"refused", b"cancelled", None]), max_size=60),
    partitions=st.integers(1, 4),
)
async def test_every_record_ends_once_in_order_with_the_right_outcome(values, partitions):
    rig = Rig()
    batch = records(*values, partitions=partitions)
    await rig.finish(batch)
    outcomes = {(one.partition, one.offset): outcome for one, outcome in rig.done}
    assert len(rig.done) == len(outcomes) == len(batch)
    for one in batch:
        assert outcomes[one.partition, one.offset] == ("done" if one.value == b"good" else "dead-letter")
    assert rig.handler.finished == [one for one in batch if one.value == b"good"], "order within partitions"
    classes = {None: "null-value", b"bug": "internal-error", b"refused": "not-news", b"cancelled": "internal-error"}
    kept = {(b.record.partition, b.record.offset): b for b in rig.graves.burials}
    bad = [one for one in batch if one.value != b"good"]
    assert len(kept) == len(rig.graves.burials) == len(bad)
    for one in bad:
        burial = kept[one.partition, one.offset]
        assert burial.record == one
        assert burial.code == classes[one.value]
        assert "story" not in burial.reason
    assert all(None not in [one.value for one in call] for call in rig.handler.calls)
    poison = sum(value not in {b"good", None} for value in values)
    depth = math.ceil(math.log2(max(len(batch), 1))) + 1 if batch else 0
    assert len(rig.handler.calls) <= 1 + 2 * poison * depth, "isolation costs a logarithm for each bad record"


async def test_what_may_pass_is_tried_again_and_never_buried(waits):
    rig = Rig()
    rig.handler.script = [Unavailable("x"), Overloaded("y", retry_after=7), Unavailable("z")]
    before = metrics.RETRIES.labels("handle", "overloaded")._value.get()
    await rig.finish(records(b"a", b"b"))
    assert rig.handler.finished == records(b"a", b"b")
    assert [len(call) for call in rig.handler.calls] == [2, 2, 2, 2], "the same records each time"
    assert rig.graves.burials == []
    assert len(waits) == 3
    assert waits[1] >= 7
    assert metrics.RETRIES.labels("handle", "overloaded")._value.get() == before + 1


async def test_a_halt_is_seen_and_ends(waits):
    rig = Rig()
    rig.handler.script = [Misconfigured("no index"), Misconfigured("no index"), Unavailable("x")]
    seen: list[str | None] = []
    original = rig.handler.handle

    async def handle(part):
        seen.append(rig.health.halted)
        await original(part)

    rig.handler.handle = handle
    await rig.finish(records(b"a"))
    assert seen == [None, "no index", "no index", None]
    assert waits[:2] == [work.HALT_S, work.HALT_S]
    assert rig.health.halted is None


async def test_burying_is_tried_until_it_is_safe(waits):
    rig = Rig(Unavailable("x"), Misconfigured("no room"))
    await rig.finish(records(b"bug"))
    assert [burial.code for burial in rig.graves.burials] == ["internal-error"]
    assert len(waits) == 2


async def test_bad_input_never_trips_the_breaker():
    rig = Rig(max_failures=3)
    await rig.finish(records(*[b"refused"] * 50, *[None] * 50))
    assert len(rig.graves.burials) == 100
    assert rig.health.halted is None


async def test_failures_in_a_row_trip_it_and_a_success_resets_it():
    rig = Rig(max_failures=3)
    await rig.finish(records(b"bug", b"bug", b"good", b"bug", b"bug", b"bug", b"good"))
    assert len(rig.graves.burials) == 5

    halted = asyncio.create_task(rig.finish(records(*[b"bug"] * 5)))
    for _ in range(200):
        await asyncio.sleep(0)
    assert not halted.done()
    assert len(rig.graves.burials) == 8, "three more, then it waits for a person"
    assert "records in a row failed, the last by KeyError" in rig.health.halted
    halted.cancel()
    await asyncio.gather(halted, return_exceptions=True)


async def test_a_draining_worker_finishes_what_goes_and_waits_for_nothing():
    rig = Rig()
    rig.tenure.draining = True
    await rig.finish(records(b"a", b"bug", b"c"))
    assert len(rig.done) == 3
    rig.handler.script = [Unavailable("x")]
    with pytest.raises(GivenUp):
        await rig.finish(records(b"d"))
    assert len(rig.done) == 3


async def test_what_is_gone_is_not_begun():
    rig = Rig()
    rig.tenure.closed = True
    with pytest.raises(GivenUp):
        await rig.finish(records(b"a"))
    assert rig.handler.calls == []


async def test_our_own_cancellation_is_no_poison():
    rig = Rig()
    entered = asyncio.Event()

    async def hang(_: Sequence[Record]) -> None:
        entered.set()
        await asyncio.Event().wait()

    rig.handler.handle = hang
    task = asyncio.create_task(rig.finish(records(b"a")))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (rig.graves.burials, rig.done) == ([], [])


async def test_taking_over_is_tried_until_it_works():
    rig = Rig()
    rig.handler.script = [Unavailable("x"), Misconfigured("no index"), ValueError("a bug")]
    await rig.worker.greet(frozenset({TopicPartition("t", 0)}), rig.tenure)
    assert rig.handler.script == []
    assert rig.health.halted is None


async def test_a_dead_letter_without_a_value_is_the_handlers_own_to_read():
    rig = Rig()
    letter = Record(DEAD_LETTERS, 0, 7, 0, None, None)
    await rig.finish([letter, Record("t", 0, 7, 0, None, None)])
    assert rig.handler.finished == [letter]
    assert [(burial.record.topic, burial.code) for burial in rig.graves.burials] == [("t", "null-value")]
