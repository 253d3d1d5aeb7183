"""What the contract suite cannot stage on a real broker: standstills, logs made anew, commits that fail."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import Self

import pytest

from shared import metrics
from shared.errors import Misconfigured, Transient
from shared.health import Health
from shared.kafka import assignment, standstill
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Message, PartitionsLost, Record, TopicPartition
from shared.kafka.runtime import ConsumerRuntime
from shared.settings import Settings

T = TopicPartition("t", 0)


class Rig:
    def __init__(self, **runtime: object) -> None:
        self.broker = MemoryBroker(1)
        self.source = self.broker.source("g")
        self.health = Health(stuck_after_s=0.3)
        self.handled: list[Record] = []
        self.handling = lambda records: asyncio.sleep(0)
        given = {"commit_interval_ms": 50, "drain_s": 1, "stuck_after_s": 0.3, **runtime}
        letters = DeadLetters(self.broker.publisher(), "test")
        self.runtime = ConsumerRuntime(self.source, self, letters, Settings(runtime=given), self.health)
        self.stop = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    async def assigned(self, partitions) -> None: ...

    async def revoked(self, partitions) -> None: ...

    async def handle(self, records) -> None:
        await self.handling(records)
        self.handled += records

    def write(self, *values: str) -> None:
        for value in values:
            self.broker.append(Message("t", b"k", value.encode()))

    async def until(self, condition) -> None:
        async with asyncio.timeout(10):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.005)

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.runtime.run(["t"], self.stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        async with asyncio.timeout(10):
            await asyncio.gather(self.task, return_exceptions=True)


async def test_an_idle_worker_is_live_and_ready():
    async with Rig() as rig:
        await asyncio.sleep(0.8)
        assert rig.health.is_live()[0]
        assert rig.health.is_ready()[0]


async def test_a_worker_without_a_broker_is_live_and_not_ready():
    rig = Rig()
    rig.broker.available = False
    async with rig:
        await asyncio.sleep(0.8)
        assert rig.health.is_live()[0]
        assert not rig.health.is_ready()[0]
        rig.broker.available = True
        await rig.until(lambda: rig.health.is_ready()[0])
        rig.broker.available = False
        await asyncio.sleep(0.6)
        assert rig.health.is_live()[0]
        assert rig.health.is_ready()[0], "ready stays so in a later outage"


async def test_a_handler_that_stands_still_is_not_live_and_is_written_down_once(monkeypatch):
    dumps: list[None] = []
    monkeypatch.setattr(standstill, "dump_tasks", lambda: dumps.append(None))
    release = asyncio.Event()
    async with Rig() as rig:
        rig.handling = lambda _: release.wait()
        rig.write("a")
        await rig.until(lambda: not rig.health.is_live()[0])
        await asyncio.sleep(0.3)
        assert len(dumps) == 1
        release.set()
        await rig.until(lambda: rig.health.is_live()[0])


async def test_a_wait_for_the_sink_is_no_standstill():
    async with Rig() as rig:
        away = True

        async def handling(_: object) -> None:
            if away:
                raise Transient("away", retry_after=0.2)

        rig.handling = handling
        rig.write("a")
        for _ in range(20):
            await asyncio.sleep(0.05)
            assert rig.health.is_live()[0]
        away = False
        await rig.until(lambda: len(rig.handled) == 1)


async def test_a_topic_made_anew_is_read_from_its_beginning():
    async with Rig() as rig:
        rig.write("a", "b", "c")
        await rig.until(lambda: len(rig.handled) == 3)
        await asyncio.sleep(0.1)
        rig.broker.log(T).clear()
        rig.source._positions[T] = 0  # what Kafka's client does when its offset is out of range
        rig.write("d", "e")
        await rig.until(lambda: len(rig.handled) == 5)
        assert [record.offset for record in rig.handled] == [0, 1, 2, 0, 1]
        await rig.until(lambda: rig.broker.committed("g") == {T: 2})


async def test_gaps_in_the_offsets_do_not_hold_up_the_commit():
    async with Rig() as rig:
        rig.write("a", "b")
        log = rig.broker.log(T)
        log[1] = dataclasses.replace(log[1], offset=17)
        await rig.until(lambda: rig.broker.committed("g") == {T: 18})


async def test_a_commit_that_fails_is_covered_by_a_later_one():
    async with Rig() as rig:
        original, failures = rig.source.commit, [Transient("x"), Transient("y")]

        async def commit(offsets):
            if failures:
                raise failures.pop()
            await original(offsets)

        rig.source.commit = commit
        before = metrics.COMMITS.labels("failed")._value.get()
        rig.write("a", "b")
        await rig.until(lambda: rig.broker.committed("g") == {T: 2})
        assert metrics.COMMITS.labels("failed")._value.get() == before + 2


async def test_a_commit_that_hangs_does_not_hold_up_a_revoke():
    async with Rig(drain_s=0.5) as rig:
        commits = 0

        async def commit(_: object) -> None:
            nonlocal commits
            commits += 1
            await asyncio.Event().wait()

        rig.source.commit = commit
        rig.write("a")
        await rig.until(lambda: commits == 1)
        loop = asyncio.get_running_loop()
        started = loop.time()
        await rig.source.revoke()
        assert loop.time() - started < 0.5 + 2 * assignment.LAST_COMMIT_S[0] + 0.5
        assert rig.runtime._assignment is None


async def test_a_lost_group_means_no_more_commits_and_the_records_come_again():
    async with Rig() as rig:
        rig.write("a")
        await rig.until(lambda: rig.broker.committed("g") == {T: 1})
        await rig.source.expire()
        rig.write("b")
        before = metrics.COMMITS.labels("lost")._value.get()
        await rig.until(lambda: metrics.COMMITS.labels("lost")._value.get() > before)
        await asyncio.sleep(0.2)
        assert metrics.COMMITS.labels("lost")._value.get() == before + 1
        with pytest.raises(PartitionsLost):
            await rig.source.commit({T: 2})
        await rig.source.rejoin()
        await rig.until(lambda: rig.broker.committed("g") == {T: 2})
        assert [record.value for record in rig.handled] == [b"a", b"b", b"b"]


async def test_a_refused_poll_halts_and_goes_on():
    async with Rig() as rig:
        original, refusals = rig.source.poll, [Misconfigured("the password"), Transient("x")]

        async def poll(count, timeout_s):
            if refusals:
                raise refusals.pop(0)
            return await original(count, timeout_s)

        rig.source.poll = poll
        await rig.until(lambda: rig.health.halted == "the password")
        rig.write("a")
        await rig.until(lambda: len(rig.handled) == 1)
        assert rig.health.halted is None


async def test_lag_is_measured_and_forgotten_with_the_partition(monkeypatch):
    release = asyncio.Event()
    async with Rig() as rig:
        rig.handling = lambda _: release.wait()
        rig.write(*(str(n) for n in range(5000)))

        def lag() -> float | None:
            return metrics.REGISTRY.get_sample_value("newswire_consumer_lag_records", {"topic": "t", "partition": "0"})

        await rig.until(lambda: (lag() or 0) > 1000)
        release.set()
        await rig.source.revoke()
        assert lag() is None


async def test_a_bug_in_the_source_ends_the_run_with_its_error():
    rig = Rig()

    async def poll(*_: object) -> list[Record]:
        raise ZeroDivisionError

    rig.source.poll = poll
    with pytest.raises(ZeroDivisionError):
        await rig.runtime.run(["t"], rig.stop)
    assert rig.health.stopping


async def test_a_stop_before_the_first_broker_answer_ends_at_once():
    rig = Rig()
    rig.broker.available = False
    task = asyncio.create_task(rig.runtime.run(["t"], rig.stop))
    await asyncio.sleep(0.05)
    rig.stop.set()
    async with asyncio.timeout(2):
        await task


async def wait_inside(rig: Rig) -> None:
    """A handler whose sink is away and whose own retries never leave `handle`, as the bulk writer's do."""
    while True:
        rig.health.waits(5.0)
        await asyncio.sleep(5.0)


async def test_a_stop_while_the_handler_waits_for_its_sink_costs_no_drain():
    rig = Rig(drain_s=20)
    async with rig:
        rig.handling = lambda _: wait_inside(rig)
        rig.write("a")
        await rig.until(lambda: rig.health.waiting)
        rig.stop.set()
        begun = time.monotonic()
        await asyncio.wait_for(rig.task, 8)
    assert time.monotonic() - begun < 3
    assert rig.broker.committed("g") == {}, "it is done again by the next owner"


async def test_a_handler_that_comes_to_wait_while_it_drains_is_dropped_then():
    rig = Rig(drain_s=20)
    async with rig:
        sending = asyncio.Event()

        async def handling(_: object) -> None:
            await sending.wait()
            await wait_inside(rig)

        rig.handling = handling
        rig.write("a")
        await asyncio.sleep(0.1)
        rig.stop.set()
        await asyncio.sleep(0.3)
        assert not rig.task.done(), "a request under way may finish"
        sending.set()
        await asyncio.wait_for(rig.task, 5)


async def test_a_wait_inside_the_handler_is_no_standstill(monkeypatch):
    dumps: list[None] = []
    monkeypatch.setattr(standstill, "dump_tasks", lambda: dumps.append(None))
    async with Rig(stuck_after_s=0.8) as rig:
        rig.handling = lambda _: wait_inside(rig)
        rig.write("a")
        for _ in range(40):
            await asyncio.sleep(0.05)
            assert not dumps
