"""One suite over the in-memory broker and the real Kafka: what the runtime relies on holds for both."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import TopicPartition as KafkaPartition
from aiokafka import errors as kafka_errors

from shared.errors import TooLarge, Unavailable
from shared.kafka.client import AiokafkaPublisher, AiokafkaSource, TopicsAdmin
from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Message, PartitionsLost, Publisher, Record, Source, TopicPartition
from shared.kafka.topics import TopicSpec, TopicsReport, ensure_topics, topic_specs
from shared.settings import MIB, Settings

PARTITIONS = 3
LIMIT = 2 * MIB


class Bench:
    """A topic of its own on one broker, and whatever was opened on it."""

    def __init__(self, publisher: Publisher, new_source: Callable[[str], Source]) -> None:
        self.topic = f"contract.{uuid.uuid4().hex[:12]}"
        self.group = f"group-{uuid.uuid4().hex[:12]}"
        self.publisher = publisher
        self._new_source = new_source
        self._members: list[Member] = []

    async def join(self, group: str | None = None) -> Member:
        member = Member(self._new_source(group or self.group))
        self._members.append(member)
        await member.source.start([self.topic], member.on_assigned, member.on_revoked)
        return member

    async def publish(self, *values: bytes | None, key: bytes | None = None) -> None:
        outcomes = await self.publisher.publish([Message(self.topic, key, value) for value in values])
        assert outcomes == [None] * len(values)

    async def close(self) -> None:
        for member in self._members:
            await member.source.stop()


class Member:
    """A source, what it owns, and what it has read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.owned: frozenset[TopicPartition] = frozenset()
        self.history: list[tuple[str, int]] = []
        self.records: list[Record] = []

    async def on_assigned(self, partitions: frozenset[TopicPartition]) -> None:
        self.history.append(("assigned", len(partitions)))
        self.owned = partitions

    async def on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        self.history.append(("revoked", len(partitions)))
        self.owned = frozenset()

    async def read(self, count: int, timeout_s: float = 20.0) -> list[Record]:
        """The next `count` records."""
        found: list[Record] = []
        async with asyncio.timeout(timeout_s):
            while len(found) < count:
                found += await self.source.poll(500, 0.2)
        self.records += found
        return found

    async def silence(self, seconds: float = 1.0) -> list[Record]:
        """What comes within some time."""
        found: list[Record] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found += await self.source.poll(500, 0.1)
        return found


async def settle(*members: Member, partitions: int = PARTITIONS, timeout_s: float = 30.0) -> None:
    """Poll all members until each of them owns something (or all of it, alone) and nothing is owned twice."""
    async with asyncio.timeout(timeout_s):
        while True:
            for member in members:
                member.records += await member.source.poll(500, 0.05)
            if sum(len(m.owned) for m in members) == partitions and all(m.owned for m in members):
                return


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.servers)])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == "memory":
        broker = MemoryBroker(PARTITIONS, max_message_bytes=LIMIT)
        bench = Bench(broker.publisher(), broker.source)
        yield bench
        await bench.close()
        return
    servers = request.getfixturevalue("servers")
    settings = Settings(kafka={"bootstrap_servers": servers.bootstrap_servers, "session_timeout_s": 6})
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    bench = Bench(publisher, lambda group: AiokafkaSource(settings, group))
    async with TopicsAdmin(settings) as admin:
        spec = TopicSpec(bench.topic, PARTITIONS, 1, {"max.message.bytes": str(LIMIT), "cleanup.policy": "delete"})
        assert await admin.create([spec]) == [bench.topic]
    yield bench
    await bench.close()
    await publisher.stop()


async def test_records_of_a_key_share_a_partition_and_keep_their_order(bench: Bench):
    messages = [Message(bench.topic, f"k{n % 7}".encode(), str(n).encode()) for n in range(700)]
    assert await bench.publisher.publish(messages) == [None] * 700
    records = await (await bench.join()).read(700)
    by_key: dict[bytes, list[Record]] = defaultdict(list)
    for record in records:
        by_key[record.key].append(record)
    assert len(by_key) == 7
    for key, found in by_key.items():
        assert len({record.partition for record in found}) == 1
        assert [int(record.value) for record in found] == list(range(int(key[1:]), 700, 7))


async def test_concurrent_publishers_lose_nothing(bench: Bench):
    await asyncio.gather(*(bench.publish(*(f"{n}-{i}".encode() for i in range(20))) for n in range(20)))
    records = await (await bench.join()).read(400)
    assert {record.value for record in records} == {f"{n}-{i}".encode() for n in range(20) for i in range(20)}


async def test_offsets_ascend_in_each_partition(bench: Bench):
    await bench.publisher.publish([Message(bench.topic, str(n).encode(), b"x") for n in range(300)])
    seen: dict[int, list[int]] = defaultdict(list)
    for record in await (await bench.join()).read(300):
        seen[record.partition].append(record.offset)
    assert len(seen) == PARTITIONS
    for offsets in seen.values():
        assert offsets == list(range(len(offsets)))


async def test_poll_takes_no_more_than_asked(bench: Bench):
    await bench.publish(*(b"x" for _ in range(50)))
    member = await bench.join()
    found = 0
    while found < 50:
        records = await member.source.poll(7, 0.5)
        assert len(records) <= 7
        found += len(records)


async def test_poll_waits_no_longer_than_told_and_wakes_for_a_record(bench: Bench):
    member = await bench.join()
    await settle(member)
    started = time.monotonic()
    assert await member.source.poll(10, 0.3) == []
    assert 0.2 <= time.monotonic() - started < 1.5
    waiting = asyncio.create_task(member.read(1))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await bench.publish(b"now")
    await waiting
    assert time.monotonic() - started < 1.0


async def test_key_value_and_headers_come_through_untouched(bench: Bench):
    headers = (("ce_id", b"a.1"), ("ce_id", b"again"), ("traceparent", b""), ("bytes", b"\x00\xff"))
    messages = [
        Message(bench.topic, b"\x00\xff", b"\xff\xfe raw", headers),
        Message(bench.topic, b"tombstone", None, headers),
        Message(bench.topic, None, b""),
        Message(bench.topic, None, None),
    ]
    assert await bench.publisher.publish(messages) == [None] * 4
    records = {(record.key, record.value): record for record in await (await bench.join()).read(4)}
    assert records[b"\x00\xff", b"\xff\xfe raw"].headers == headers
    assert records[b"tombstone", None].headers == headers
    assert records[None, b""].headers == ()
    assert (None, None) in records
    assert abs(records[None, None].timestamp_ms / 1000 - time.time()) < 60


async def test_a_group_goes_on_where_it_committed(bench: Bench):
    await bench.publish(*(str(n).encode() for n in range(10)), key=b"k")
    first = await bench.join()
    records = await first.read(10)
    await first.source.commit({records[0].source: 6})
    await first.source.stop()
    again = await bench.join()
    assert [record.offset for record in await again.read(4)] == [6, 7, 8, 9]
    assert await again.silence(0.5) == []


async def test_another_group_begins_at_the_earliest(bench: Bench):
    await bench.publish(*(str(n).encode() for n in range(10)), key=b"k")
    first = await bench.join()
    records = await first.read(10)
    await first.source.commit({records[0].source: 10})
    other = await bench.join("another-" + bench.group)
    assert [record.offset for record in await other.read(10)] == list(range(10))


async def test_lag_counts_down(bench: Bench):
    await bench.publish(*(str(n).encode() for n in range(100)), key=b"k")
    member = await bench.join()
    found: list[Record] = []
    while not found:
        found = await member.source.poll(10, 0.5)
    assert sum(member.source.lag().values()) == 100 - len(found)
    await member.read(100 - len(found))
    assert sum(member.source.lag().values()) == 0


async def test_a_second_member_takes_its_share_and_gives_it_back(bench: Bench):
    first = await bench.join()
    await settle(first)
    second = Member(bench._new_source(bench.group))
    bench._members.append(second)
    joining = asyncio.create_task(second.source.start([bench.topic], second.on_assigned, second.on_revoked))
    async with asyncio.timeout(30):
        while not joining.done():
            await first.source.poll(100, 0.05)
    await joining
    await settle(first, second)
    assert not first.owned & second.owned
    assert ("revoked", PARTITIONS) in first.history, "a rebalance must ask for everything back"
    await bench.publisher.publish([Message(bench.topic, str(n).encode(), b"x") for n in range(90)])
    owned = {first: first.owned, second: second.owned}
    async with asyncio.timeout(20):
        while len(first.records) + len(second.records) < 90:
            for member in owned:
                member.records += await member.source.poll(100, 0.05)
    for member, partitions in owned.items():
        assert {record.source for record in member.records} <= partitions
        assert member.records
    await second.source.stop()
    await settle(first)


async def test_partitions_are_not_given_on_before_they_are_let_go(bench: Bench):
    first = await bench.join()
    await settle(first)
    released = asyncio.Event()
    order: list[str] = []

    async def slow_revoke(partitions: frozenset[TopicPartition]) -> None:
        await asyncio.sleep(1.0)
        order.append("first let go")
        await first.on_revoked(partitions)
        released.set()

    # The call-back was handed over at the start; both sources keep it under the same name.
    first.source._on_revoked = slow_revoke
    first.source.on_revoked = slow_revoke
    second = Member(bench._new_source(bench.group))
    bench._members.append(second)

    async def assigned(partitions: frozenset[TopicPartition]) -> None:
        order.append("second got some")
        await second.on_assigned(partitions)

    joining = asyncio.create_task(second.source.start([bench.topic], assigned, second.on_revoked))
    async with asyncio.timeout(30):
        while not joining.done():
            await first.source.poll(100, 0.05)
    assert order[0] == "first let go"
    assert released.is_set()


async def test_a_commit_during_on_revoked_counts(bench: Bench):
    await bench.publish(*(str(n).encode() for n in range(10)), key=b"k")
    first = await bench.join()
    records = await first.read(10)
    results: list[str] = []

    async def commit_first(partitions: frozenset[TopicPartition]) -> None:
        await first.source.commit({records[0].source: 10})
        results.append("committed")
        await first.on_revoked(partitions)

    first.source._on_revoked = commit_first
    first.source.on_revoked = commit_first
    second = Member(bench._new_source(bench.group))
    bench._members.append(second)
    joining = asyncio.create_task(second.source.start([bench.topic], second.on_assigned, second.on_revoked))
    async with asyncio.timeout(30):
        while not joining.done():
            await first.source.poll(100, 0.05)
    assert results == ["committed"]
    await settle(first, second)
    assert await first.silence(0.5) + await second.silence(0.5) == []


async def test_a_commit_after_the_partitions_are_lost_is_refused(bench: Bench):
    await bench.publish(*(str(n).encode() for n in range(10)), key=b"k")
    first = await bench.join()
    records = await first.read(10)
    await _lose(bench, first)
    with pytest.raises(PartitionsLost):
        await first.source.commit({records[0].source: 10})
    second = await bench.join()
    again: list[Record] = []
    async with asyncio.timeout(30):
        while len(again) < 10:  # whoever has the partition now; Kafka's own client joins again by itself
            again += await first.source.poll(100, 0.05) + await second.source.poll(100, 0.05)
    assert [record.offset for record in again] == list(range(10))


async def _lose(bench: Bench, member: Member) -> None:
    """The group throws a member out behind its back, as it does after a long pause of the process."""
    if isinstance(member.source, AiokafkaSource):
        # What a frozen process looks like to the broker: no heartbeat until the session is over.
        coordinator = member.source._consumer._coordinator
        coordinator._heartbeat_task.cancel()
        await asyncio.sleep(9)
    else:
        await member.source.expire()


async def test_a_commit_of_what_was_never_owned_is_refused(bench: Bench):
    member = await bench.join()
    await settle(member)
    with pytest.raises(PartitionsLost):
        await member.source.commit({TopicPartition("somewhere.else", 0): 3})


async def test_paused_partitions_are_silent_and_nothing_is_skipped(bench: Bench):
    await bench.publish(*(str(n).encode() for n in range(200)), key=b"k")
    member = await bench.join()
    records: list[Record] = []
    while not records:
        records = await member.source.poll(20, 0.5)
    member.source.pause(member.owned)
    assert await member.silence(1.0) == []
    await bench.publish(b"while paused", key=b"k")
    assert await member.silence(0.5) == []
    member.source.resume(member.owned)
    records += await member.read(201 - len(records))
    assert [record.offset for record in records] == list(range(201))


async def test_pausing_one_partition_leaves_the_others(bench: Bench):
    member = await bench.join()
    await settle(member)
    quiet = min(member.owned)
    member.source.pause(frozenset({quiet}))
    await bench.publisher.publish([Message(bench.topic, str(n).encode(), b"x") for n in range(90)])
    records = await member.silence(2.0)
    assert records
    assert quiet not in {record.source for record in records}


async def test_a_pause_is_forgotten_at_a_rebalance(bench: Bench):
    first = await bench.join()
    await settle(first)
    first.source.pause(first.owned)
    second = Member(bench._new_source(bench.group))
    bench._members.append(second)
    joining = asyncio.create_task(second.source.start([bench.topic], second.on_assigned, second.on_revoked))
    async with asyncio.timeout(30):
        while not joining.done():
            await first.source.poll(100, 0.05)
    await settle(first, second)
    await second.source.stop()
    await settle(first)
    await bench.publish(b"x")
    assert len(await first.read(1)) == 1


async def test_what_is_too_large_is_refused_and_its_neighbours_are_not(bench: Bench):
    # Random bytes: the broker's limit is for the batch as sent, and text would be compressed under it.
    giant = os.urandom(LIMIT + 1)
    messages = [Message(bench.topic, b"k", value) for value in (b"before", giant, b"after")]
    before, refused, after = await bench.publisher.publish(messages)
    assert isinstance(refused, TooLarge)
    assert (before, after) == (None, None)
    await bench.publish(b"and on it goes", key=b"k")
    records = await (await bench.join()).read(3)
    assert [record.value for record in records] == [b"before", b"after", b"and on it goes"]


async def test_the_largest_message_comes_through(bench: Bench):
    giant = os.urandom(LIMIT - 4096)
    await bench.publish(b"before", giant, b"after", key=b"k")
    records = await (await bench.join()).read(3)
    assert [record.value for record in records] == [b"before", giant, b"after"]


async def test_stop_leaves_the_group_at_once(bench: Bench):
    first = await bench.join()
    await settle(first)
    await first.source.stop()
    started = time.monotonic()
    second = await bench.join()
    await settle(second)
    assert time.monotonic() - started < 5.0, "a member that left was waited for"


async def test_a_start_can_be_cancelled(bench: Bench):
    source = bench._new_source(bench.group)
    member = Member(source)
    starting = asyncio.create_task(source.start([bench.topic], member.on_assigned, member.on_revoked))
    await asyncio.sleep(0)
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting
    await source.stop()


async def test_publishing_nothing_is_nothing(bench: Bench):
    assert await bench.publisher.publish([]) == []


@pytest.mark.servers
async def test_a_topic_that_is_missing_is_told_at_once_and_found_once_it_is_made(servers):
    settings = Settings(kafka={"bootstrap_servers": servers.bootstrap_servers})
    topic = f"missing.{uuid.uuid4().hex[:12]}"
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    started = time.monotonic()
    (outcome,) = await publisher.publish([Message(topic, b"k", b"v")])
    assert isinstance(outcome, Unavailable)
    assert "run 'newswire topics'" in str(outcome)
    assert time.monotonic() - started < 5
    member = Member(AiokafkaSource(settings, f"group-{topic}"))
    joining = asyncio.create_task(member.source.start([topic], member.on_assigned, member.on_revoked))
    await asyncio.sleep(0.5)
    assert not joining.done(), "a missing topic is waited for"
    async with TopicsAdmin(settings) as admin:
        await admin.create([TopicSpec(topic, 1, 1, {})])
    async with asyncio.timeout(20):
        await joining
        await insist(publisher, Message(topic, b"k", b"v"))
    assert (await member.read(1))[0].value == b"v"
    await member.source.stop()
    await publisher.stop()


async def test_no_broker_is_waited_for_quietly_and_can_be_stopped():
    from deploy.local.ports import free_port

    settings = Settings(kafka={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    publisher = AiokafkaPublisher(settings)
    starting = asyncio.create_task(publisher.start())
    await asyncio.sleep(0.5)
    assert not starting.done()
    assert isinstance((await publisher.publish([Message("t", b"k", b"v")], timeout_s=0.1))[0], Unavailable)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await publisher.stop()
    source = AiokafkaSource(settings, "g")
    joining = asyncio.create_task(source.start(["t"], _nobody, _nobody))
    await asyncio.sleep(0.5)
    assert not joining.done()
    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)
    await source.stop()
    with pytest.raises(Unavailable, match="no Kafka at"):
        await ensure_topics(settings)


@pytest.mark.servers
async def test_a_producer_whose_sequence_broke_is_replaced(servers):
    """A batch that the broker refuses for good leaves a hole in the sequence numbers: all later ones would be refused."""
    settings = Settings(kafka={"bootstrap_servers": servers.bootstrap_servers})
    topic = f"sequence.{uuid.uuid4().hex[:12]}"
    async with TopicsAdmin(settings) as admin:
        await admin.create([TopicSpec(topic, 1, 1, {})])
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    async with asyncio.timeout(20):
        await insist(publisher, Message(topic, b"k", b"first"))
    live = publisher._live
    manager = live.producer._txn_manager
    manager.increment_sequence_number(KafkaPartition(topic, 0), 1000)
    (outcome,) = await publisher.publish([Message(topic, b"k", b"lost")])
    assert isinstance(outcome, Unavailable)
    assert await publisher.publish([Message(topic, b"k", b"second")]) == [None]
    assert publisher._live is not live
    await publisher.stop()


@pytest.mark.servers
async def test_a_consumer_whose_own_tasks_died_is_replaced(servers):
    settings = Settings(kafka={"bootstrap_servers": servers.bootstrap_servers, "session_timeout_s": 6})
    topic = f"broken.{uuid.uuid4().hex[:12]}"
    async with TopicsAdmin(settings) as admin:
        await admin.create([TopicSpec(topic, 1, 1, {})])
    member = Member(AiokafkaSource(settings, f"group-{topic}"))
    await member.source.start([topic], member.on_assigned, member.on_revoked)
    coordinator = member.source._consumer._coordinator
    coordinator._pending_exception = kafka_errors.KafkaError("a bug of the client")
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    async with asyncio.timeout(20):
        await insist(publisher, Message(topic, b"k", b"v"))
    assert (await member.read(1, 40))[0].value == b"v"
    assert [kind for kind, _ in member.history] == ["assigned", "revoked", "assigned"]
    await member.source.stop()
    await publisher.stop()


@pytest.mark.servers
async def test_topics_are_made_once_and_differences_are_told(servers):
    settings = Settings(kafka={"bootstrap_servers": servers.bootstrap_servers})
    names = {spec.name for spec in topic_specs(settings)}
    first = await ensure_topics(settings)
    assert set(first.created) <= names
    assert await ensure_topics(settings) == TopicsReport()
    more = settings.model_copy(deep=True)
    more.kafka.topics.partitions += 1
    more.kafka.topics.raw_days = 1
    report = await ensure_topics(more)
    assert report.created == []
    assert len([line for line in report.drift if "partitions" in line]) == len(names)
    assert any(line.startswith("stories.raw: retention.ms is 604800000") for line in report.drift)


async def insist(publisher: Publisher, message: Message) -> None:
    """Publish until it is safe: a topic that was made just now takes a moment to be known everywhere."""
    for _ in range(100):
        if await publisher.publish([message]) == [None]:
            return
        await asyncio.sleep(0.1)
    pytest.fail("never published")


async def _nobody(_: frozenset[TopicPartition]) -> None:
    return None
