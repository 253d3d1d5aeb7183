"""The consumer runtime over the in-memory broker and the real Kafka: its promises, each by a test that can fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from shared import metrics
from shared.errors import Misconfigured, Refused, Transient, Unavailable
from shared.events import DEAD_LETTERS
from shared.health import Health
from shared.kafka import work
from shared.kafka.client import AiokafkaPublisher, AiokafkaSource, TopicsAdmin
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Message, Publisher, Record, Source, TopicPartition
from shared.kafka.runtime import ConsumerRuntime
from shared.kafka.topics import TopicSpec, topic_specs
from shared.settings import Settings

PARTITIONS = 3
Handle = Callable[[Sequence[Record]], Awaitable[None]]


class Spy:
    """Stands between the runtime and a source: remembers commits, and when partitions were let go."""

    def __init__(self, source: Source) -> None:
        self.inner = source
        self.log: list[tuple[str, object]] = []
        self.revoking: set[TopicPartition] = set()

    async def start(self, topics, on_assigned, on_revoked) -> None:
        async def assigned(partitions):
            self.log.append(("assigned", partitions))
            await on_assigned(partitions)

        async def revoked(partitions):
            started = time.monotonic()
            await on_revoked(partitions)
            self.log.append(("revoked", time.monotonic() - started))

        await self.inner.start(topics, assigned, revoked)

    async def poll(self, max_records, timeout_s):
        return await self.inner.poll(max_records, timeout_s)

    def pause(self, partitions):
        self.log.append(("pause", partitions))
        self.inner.pause(partitions)

    def resume(self, partitions):
        self.log.append(("resume", partitions))
        self.inner.resume(partitions)

    async def commit(self, offsets):
        self.log.append(("commit", dict(offsets)))
        await self.inner.commit(offsets)

    def lag(self):
        return self.inner.lag()

    async def stop(self):
        self.log.append(("stop", None))
        await self.inner.stop()

    def events(self, name: str) -> list[object]:
        return [what for kind, what in self.log if kind == name]


class Worker:
    """One runtime in a task, with a handler that a test gives."""

    def __init__(self, bench: Bench, handle: Handle | None, group: str, settings: Settings) -> None:
        self.handled: list[Record] = []
        self.greeted: list[frozenset[TopicPartition]] = []
        self.let_go: list[frozenset[TopicPartition]] = []
        self._handle = handle
        self.spy = Spy(bench.new_source(group))
        self.health = Health()
        self.stop = asyncio.Event()
        self.runtime = ConsumerRuntime(self.spy, self, DeadLetters(bench.publisher, "test"), settings, self.health)
        self.task = asyncio.create_task(self.runtime.run([bench.topic], self.stop))

    async def assigned(self, partitions) -> None:
        self.greeted.append(partitions)

    async def revoked(self, partitions) -> None:
        self.let_go.append(partitions)

    async def handle(self, records) -> None:
        if self._handle is not None:
            await self._handle(records)
        self.handled += records

    @property
    def values(self) -> list[str]:
        return [record.value.decode() for record in self.handled]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        self.stop.set()
        async with asyncio.timeout(30):
            await self.task

    async def kill(self) -> None:
        """As SIGKILL: nothing is drained, nothing committed, nobody is told."""
        for task in asyncio.all_tasks():
            if task.get_name() in {"intake", "work", "housekeeping", "batch"} and task in self._tasks():
                task.cancel()
        self.runtime._shut_down = _nothing
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        inner = self.spy.inner
        if isinstance(inner, AiokafkaSource):
            inner._listener.source = None
            await inner._consumer._client.close()  # the socket dies; the group finds out by itself
            for task in (inner._consumer._coordinator._coordination_task, inner._consumer._coordinator._heartbeat_task):
                task.cancel()
            inner._consumer._coordinator._closing.set_result(None)
            inner._consumer._coordinator.generation = -1
            # aiokafka's stop can end by a cancellation of its own
            await asyncio.gather(asyncio.create_task(inner._consumer.stop()), return_exceptions=True)
        else:
            await inner.crash()

    def _tasks(self) -> set[asyncio.Task]:
        mine = {self.runtime._current}
        for task in asyncio.all_tasks():
            frame_owner = getattr(task.get_coro(), "cr_frame", None)
            if frame_owner is not None and frame_owner.f_locals.get("self") is self.runtime:
                mine.add(task)
        return mine


async def _nothing(*_: object) -> None:
    return None


class Bench:
    """A topic of its own on one broker."""

    def __init__(self, publisher: Publisher, new_source: Callable[[str], Source], kind: str) -> None:
        self.kind = kind
        self.topic = f"runtime.{uuid.uuid4().hex[:12]}"
        self.group = f"group-{uuid.uuid4().hex[:12]}"
        self.publisher = publisher
        self.new_source = new_source
        self.workers: list[Worker] = []

    def start(self, handle: Handle | None = None, **runtime: object) -> Worker:
        given = {"commit_interval_ms": 50, "drain_s": 3, **runtime}
        worker = Worker(self, handle, self.group, Settings(runtime=given))
        self.workers.append(worker)
        return worker

    async def publish(self, *values: str, key: bytes | None = None) -> None:
        messages = [Message(self.topic, key or value.encode(), value.encode()) for value in values]
        assert await self.publisher.publish(messages) == [None] * len(messages)

    async def dead_letters(self, count: int) -> list[Record]:
        """Dead letters that came from this bench's topic."""
        source = self.new_source(f"read-{uuid.uuid4().hex[:8]}")
        await source.start([DEAD_LETTERS], _nothing, _nothing)
        found: list[Record] = []
        try:
            async with asyncio.timeout(20):
                while len(found) < count:
                    records = await source.poll(1000, 0.2)
                    found += [r for r in records if dict(r.headers)["dlq-topic"] == self.topic.encode()]
        finally:
            await source.stop()
        return found

    async def close(self) -> None:
        for worker in self.workers:
            if not worker.task.done():
                worker.stop.set()
        for worker in self.workers:
            await asyncio.gather(worker.task, return_exceptions=True)


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.servers)])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == "memory":
        broker = MemoryBroker(PARTITIONS)
        bench = Bench(broker.publisher(), broker.source, "memory")
        yield bench
        await bench.close()
        return
    servers = request.getfixturevalue("servers")
    settings = Settings(kafka={"bootstrap_servers": servers.bootstrap_servers, "session_timeout_s": 6})
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    bench = Bench(publisher, lambda group: AiokafkaSource(settings, group), "kafka")
    async with TopicsAdmin(settings) as admin:
        letters = next(spec for spec in topic_specs(settings) if spec.name == DEAD_LETTERS)
        await admin.create([letters])
        await admin.create([TopicSpec(bench.topic, PARTITIONS, 1, {"max.message.bytes": str(9 * 2**20)})])
    yield bench
    await bench.close()
    await publisher.stop()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "HALT_S", 0.2)


def in_order(records: Sequence[Record]) -> bool:
    """Whether the offsets of each partition ascend."""
    last: dict[TopicPartition, int] = {}
    for record in records:
        if record.offset <= last.get(record.source, -1):
            return False
        last[record.source] = record.offset
    return True


async def test_all_is_handled_in_order_and_committed(bench: Bench):
    values = [str(n) for n in range(3000)]
    await bench.publish(*values)
    worker = bench.start()
    await worker.until(lambda: len(worker.handled) == 3000)
    assert sorted(worker.values) == sorted(values)
    assert in_order(worker.handled)
    await worker.end()
    committed: dict[TopicPartition, int] = {}
    for offsets in worker.spy.events("commit"):
        committed |= offsets
    assert sum(committed.values()) == 3000
    again = bench.start()
    await again.until(lambda: bool(again.greeted))
    await asyncio.sleep(0.5)
    assert again.handled == [], "what was committed at shutdown came again"


async def test_shutdown_finishes_the_batch_commits_it_and_then_leaves(bench: Bench):
    await bench.publish(*(str(n) for n in range(50)))
    started = asyncio.Event()

    async def slow(_: Sequence[Record]) -> None:
        started.set()
        await asyncio.sleep(0.5)

    worker = bench.start(slow, batch_records=20, commit_interval_ms=60_000)
    await started.wait()
    await worker.end()
    handled = len(worker.handled)
    assert 0 < handled < 50
    assert worker.health.is_ready() == (False, "stopping")
    assert worker.let_go == worker.greeted
    assert [kind for kind, _ in worker.spy.log][-2:] == ["commit", "stop"]
    assert sum(worker.spy.events("commit")[-1].values()) == handled
    again = bench.start()
    await again.until(lambda: len(again.handled) == 50 - handled)
    assert Counter(worker.values + again.values) == Counter(str(n) for n in range(50))


async def test_a_killed_worker_loses_nothing(bench: Bench):
    await bench.publish(*(str(n) for n in range(200)))
    hanging = asyncio.Event()
    seen: list[Record] = []

    async def hang(records: Sequence[Record]) -> None:
        seen.extend(records)
        if len(seen) > 60:
            hanging.set()
            await asyncio.Event().wait()

    first = bench.start(hang, batch_records=30)
    async with asyncio.timeout(30):
        await hanging.wait()
    await asyncio.sleep(0.3)
    await first.kill()
    second = bench.start()
    await second.until(lambda: set(first.values + second.values) == {str(n) for n in range(200)}, 60)
    twice = Counter(first.values + second.values)
    assert all(count <= 2 for count in twice.values())
    # What was in the handler at the kill was not acknowledged, so it came again.
    assert {record.value.decode() for record in seen[-30:]} <= set(second.values)


async def test_nothing_is_committed_before_the_handler_has_returned(bench: Bench):
    await bench.publish(*(str(n) for n in range(10)))
    entered = asyncio.Event()
    release = asyncio.Event()

    async def hold(_: Sequence[Record]) -> None:
        entered.set()
        await release.wait()

    worker = bench.start(hold)
    await entered.wait()
    await asyncio.sleep(0.4)
    assert worker.spy.events("commit") == []
    release.set()
    await worker.until(lambda: bool(worker.spy.events("commit")))


async def test_a_rebalance_moves_work_without_loss_or_a_late_commit(bench: Bench):
    sent = [str(n) for n in range(600)]

    async def work_a_little(_: Sequence[Record]) -> None:
        await asyncio.sleep(0.02)

    first = bench.start(work_a_little, batch_records=20)
    await first.until(lambda: bool(first.greeted))
    feeding = asyncio.create_task(_feed(bench, sent))
    await first.until(lambda: len(first.handled) > 60)
    second = bench.start(work_a_little, batch_records=20)
    await second.until(lambda: len(second.handled) > 20)
    await second.end()
    await feeding
    await first.until(lambda: set(first.values + second.values) == set(sent))
    assert Counter(first.values + second.values) == Counter(sent), "a clean rebalance handles nothing twice"
    for worker in (first, second):
        assert_no_late_commit(worker)
    assert len(first.greeted) >= 2


async def _feed(bench: Bench, values: list[str]) -> None:
    for start in range(0, len(values), 20):
        await bench.publish(*values[start : start + 20])
        await asyncio.sleep(0.05)


def assert_no_late_commit(worker: Worker) -> None:
    owned: frozenset[TopicPartition] = frozenset()
    for kind, what in worker.spy.log:
        if kind == "assigned":
            owned = what
        elif kind == "revoked":
            owned = frozenset()
        elif kind == "commit":
            assert what.keys() <= owned, "a commit named partitions that had been taken away"


async def test_a_revoke_is_bounded_and_the_batch_is_done_again_by_its_new_owner(bench: Bench):
    await bench.publish(*(str(n) for n in range(30)))
    entered = asyncio.Event()

    async def hang(_: Sequence[Record]) -> None:
        entered.set()
        await asyncio.Event().wait()

    first = bench.start(hang, drain_s=1)
    await entered.wait()
    second = bench.start()
    await second.until(lambda: bool(second.handled))
    (spent,) = first.spy.events("revoked")[:1]
    assert 0.9 <= spent < 1 + 2 + 2
    await first.end()
    await second.until(lambda: set(second.values) == {str(n) for n in range(30)})
    assert first.handled == []
    assert_no_late_commit(first)


async def test_a_handler_that_ignores_its_cancellation_commits_nothing_late(bench: Bench):
    await bench.publish(*(str(n) for n in range(30)))
    entered = asyncio.Event()
    release = asyncio.Event()

    async def stubborn(_: Sequence[Record]) -> None:
        entered.set()
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    first = bench.start(stubborn, drain_s=0.5)
    await entered.wait()
    second = bench.start()
    await second.until(lambda: bool(second.greeted))
    before = len(first.spy.events("commit"))
    release.set()
    await asyncio.sleep(0.5)
    late = first.spy.events("commit")[before:]
    old = first.handled[:]
    assert old, "the handler did return late"
    for offsets in late:
        assert offsets.keys() <= first.greeted[-1]
    assert_no_late_commit(first)
    await second.until(lambda: bool(second.handled))


async def test_poison_is_isolated_kept_whole_and_the_partition_moves_on(bench: Bench):
    values = [str(n) for n in range(100)]
    await bench.publish(*values)

    async def choke(records: Sequence[Record]) -> None:
        for record in records:
            if record.value == b"37":
                raise ZeroDivisionError("the text of a story")
            if record.value == b"58":
                raise Refused("not-news", "a test page")

    worker = bench.start(choke)
    await worker.until(lambda: len(worker.handled) == 98)
    assert sorted(worker.values) == sorted(set(values) - {"37", "58"})
    assert in_order(worker.handled)
    letters = {letter.value: dict(letter.headers) for letter in await bench.dead_letters(2)}
    assert letters[b"37"]["dlq-class"] == b"internal-error"
    assert letters[b"37"]["dlq-reason"].startswith(b"ZeroDivisionError at test_runtime.py:")
    assert b"story" not in letters[b"37"]["dlq-reason"]
    assert int(letters[b"37"]["dlq-attempts"]) > 1
    assert (letters[b"58"]["dlq-class"], letters[b"58"]["dlq-reason"]) == (b"not-news", b"a test page")
    await worker.end()
    assert sum(worker.spy.events("commit")[-1].values()) <= 100
    again = bench.start()
    await again.until(lambda: bool(again.greeted))
    await asyncio.sleep(0.3)
    assert again.handled == []


async def test_a_null_value_never_reaches_the_handler(bench: Bench):
    await bench.publish("before", key=b"k")
    assert await bench.publisher.publish([Message(bench.topic, b"k", None, (("ce_id", b"x"),))]) == [None]
    await bench.publish("after", key=b"k")
    worker = bench.start()
    await worker.until(lambda: worker.values == ["before", "after"])
    (letter,) = await bench.dead_letters(1)
    assert letter.value is None
    assert dict(letter.headers)["dlq-class"] == b"null-value"
    assert dict(letter.headers)["ce_id"] == b"x"


async def test_a_sink_that_is_away_for_a_while_costs_no_record_and_no_rebalance(bench: Bench):
    await bench.publish(*(str(n) for n in range(100)))
    failures = iter([Unavailable("away"), Transient("later", retry_after=0.1), Unavailable("away")])

    async def away(_: Sequence[Record]) -> None:
        for failure in failures:
            raise failure

    before = metrics.RETRIES.labels("handle", "unavailable")._value.get()
    worker = bench.start(away)
    await worker.until(lambda: len(worker.handled) == 100)
    assert metrics.RETRIES.labels("handle", "unavailable")._value.get() == before + 2
    assert len(worker.greeted) == 1
    assert worker.spy.events("revoked") == []
    assert in_order(worker.handled)
    assert worker.health.is_ready()[0]


async def test_a_long_wait_for_the_sink_keeps_the_member_in_its_group(bench: Bench):
    """Longer than the session time-out: a member that did not keep up its heartbeat would be thrown out."""
    await bench.publish(*(str(n) for n in range(10)))
    back = time.monotonic() + (8 if bench.kind == "kafka" else 1)

    async def away(_: Sequence[Record]) -> None:
        if time.monotonic() < back:
            raise Unavailable("away")

    worker = bench.start(away)
    await worker.until(lambda: len(worker.handled) == 10, 60)
    assert worker.spy.events("revoked") == []
    assert len(worker.spy.events("assigned")) == 1


async def test_a_wait_for_the_sink_does_not_hold_up_a_rebalance(bench: Bench):
    await bench.publish(*(str(n) for n in range(30)))

    async def away(_: Sequence[Record]) -> None:
        raise Transient("away", retry_after=60)

    first = bench.start(away, drain_s=20)
    await first.until(lambda: first.runtime._worker.waiting)
    second = bench.start()
    await second.until(lambda: bool(second.handled), 15)
    assert first.spy.events("revoked")[0] < 2.5


async def test_a_halt_keeps_the_records_and_goes_on_once_mended(bench: Bench):
    await bench.publish(*(str(n) for n in range(10)))
    mended = asyncio.Event()

    async def refuse(_: Sequence[Record]) -> None:
        if not mended.is_set():
            raise Misconfigured("the key was rotated")

    worker = bench.start(refuse)
    await worker.until(lambda: worker.health.halted is not None)
    assert worker.health.is_ready() == (False, "halted: the key was rotated")
    assert metrics.HALTED._value.get() == 1
    await asyncio.sleep(0.3)
    assert worker.spy.events("commit") == []
    mended.set()
    await worker.until(lambda: len(worker.handled) == 10)
    assert worker.health.is_ready()[0]
    assert metrics.HALTED._value.get() == 0


async def test_too_many_failures_in_a_row_halt_instead_of_filling_the_dead_letters(bench: Bench):
    await bench.publish(*(str(n) for n in range(20)), key=b"k")
    mended = asyncio.Event()

    async def broken(_: Sequence[Record]) -> None:
        if not mended.is_set():
            raise KeyError("a bug")

    worker = bench.start(broken, max_failures_in_row=5)
    await worker.until(lambda: worker.health.halted is not None)
    await asyncio.sleep(0.5)
    assert len(await bench.dead_letters(5)) == 5
    assert not worker.health.is_ready()[0]
    mended.set()
    await worker.until(lambda: len(worker.handled) == 15)
    assert worker.values == [str(n) for n in range(5, 20)]
    assert worker.health.is_ready()[0]


async def test_the_buffer_is_bounded_and_nothing_is_skipped(bench: Bench):
    size, count = 200_000, 300
    for start in range(0, count, 30):
        messages = [Message(bench.topic, str(n).encode(), os.urandom(size)) for n in range(start, start + 30)]
        assert await bench.publisher.publish(messages) == [None] * 30
    release = asyncio.Event()
    peak = 0

    async def hold(_: Sequence[Record]) -> None:
        await release.wait()

    worker = bench.start(hold, buffer_bytes=14 * 2**20, batch_bytes=2**20)
    end = time.monotonic() + 4
    while time.monotonic() < end:
        if worker.runtime._assignment is not None:
            peak = max(peak, worker.runtime._assignment.bytes)
        await asyncio.sleep(0.005)
    assert worker.spy.events("pause"), "a full buffer must pause the partitions"
    assert 10 * 2**20 < peak < 28 * 2**20
    release.set()
    await worker.until(lambda: len(worker.handled) == count)
    assert in_order(worker.handled)
    assert worker.spy.events("resume")
    assert worker.spy.events("revoked") == []
    assert worker.runtime._assignment.bytes == 0


async def test_batches_fill_under_load_and_one_story_passes_at_once(bench: Bench):
    sizes: list[int] = []

    arrived = asyncio.Event()

    async def count(records: Sequence[Record]) -> None:
        arrived.set()
        sizes.append(len(records))
        await asyncio.sleep(0.02)

    worker = bench.start(count, batch_records=200)
    await worker.until(lambda: bool(worker.greeted))
    await bench.publish(*(str(n) for n in range(4000)))
    await worker.until(lambda: len(worker.handled) == 4000)
    assert sum(sizes) / len(sizes) > 100
    delays: list[float] = []
    for n in range(20):
        await asyncio.sleep(0.05)
        started = time.monotonic()
        arrived.clear()
        await bench.publish(f"single-{n}")
        await arrived.wait()
        delays.append(time.monotonic() - started)
    assert sorted(delays)[10] < 0.05


async def test_the_handler_is_greeted_before_its_first_record_even_when_that_takes_tries(bench: Bench):
    await bench.publish(*(str(n) for n in range(10)))
    tries = iter([Unavailable("away"), Misconfigured("no index"), RuntimeError("a bug")])
    worker = bench.start()
    greeted = worker.assigned

    async def reluctant(partitions: frozenset[TopicPartition]) -> None:
        assert worker.handled == []
        for failure in tries:
            raise failure
        await greeted(partitions)

    worker.assigned = reluctant
    await worker.until(lambda: len(worker.handled) == 10)
    assert worker.greeted == [frozenset(TopicPartition(bench.topic, n) for n in range(PARTITIONS))]
    assert worker.health.is_ready()[0]


async def test_many_workers_come_and_go_and_nothing_is_lost(bench: Bench):
    """Workers 1 → 3 → 1 while records flow, some of them killed: the union of what they handled is what was sent."""
    sent = [str(n) for n in range(900)]

    async def work_a_little(_: Sequence[Record]) -> None:
        await asyncio.sleep(0.01)

    workers = [bench.start(work_a_little, batch_records=10)]
    await workers[0].until(lambda: bool(workers[0].greeted))
    feeding = asyncio.create_task(_feed(bench, sent))
    for _ in range(2):
        workers.append(bench.start(work_a_little, batch_records=10))
        await asyncio.sleep(0.4)
    await workers[1].until(lambda: bool(workers[1].greeted))
    await workers[1].kill()
    await workers[0].end()
    await feeding
    last = bench.start(work_a_little)
    workers.append(last)

    def handled() -> set[str]:
        return {value for worker in workers for value in worker.values}

    await last.until(lambda: handled() == set(sent), 60)
    for worker in workers:
        assert_no_late_commit(worker)
    by_partition: dict[TopicPartition, set[int]] = defaultdict(set)
    for worker in workers:
        for record in worker.handled:
            by_partition[record.source].add(record.offset)
    for offsets in by_partition.values():
        assert offsets == set(range(len(offsets)))
