"""Which feeds are ours, and from when on."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from services.ingestion.polling.feed_state import FeedState, mark_message, state_message
from services.ingestion.polling.schedule import Pace
from services.ingestion.polling.share import Part, Share
from services.ingestion.websub.notes import Kind, note_message
from shared.errors import Transient
from shared.events import FEEDS_STATE
from shared.kafka.memory import MemoryBroker
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import Record, TopicPartition

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PARTITIONS = 3
FEED = "afp"
NUMBER = partition_for(FEED.encode(), PARTITIONS)


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker(partitions=PARTITIONS)


async def share_of(broker: MemoryBroker, clock=lambda: 0.0) -> Share:
    async def count() -> int:
        return PARTITIONS

    source = broker.source("g")
    share = Share(source, broker.publisher(), count, certain_s=5, clock=clock)

    async def assigned(partitions: frozenset[TopicPartition]) -> None:
        share.assigned(partitions)

    async def revoked(_: frozenset[TopicPartition]) -> None:
        share.revoked()

    await source.start([FEEDS_STATE], assigned, revoked)
    return share


def state(url: str) -> FeedState:
    return FeedState(url, Pace(60), NOW)


def records(broker: MemoryBroker) -> list[Record]:
    return [record for record in broker.records(FEEDS_STATE) if record.partition == NUMBER]


async def test_no_feed_is_ours_before_all_of_its_partition_is_read(broker: MemoryBroker):
    for n in range(3):
        broker.append(state_message(FEED, state(f"http://example.org/{n}")))
    share = await share_of(broker)
    await share.mark()
    *states, mark = records(broker)
    assert share.part_of(FEED) is None
    share.take(states)
    assert share.part_of(FEED) is None, "there may be more"
    share.take([mark])
    part = share.part_of(FEED)
    assert part is not None
    assert part.states[FEED].url == "http://example.org/2", "the last one counts"


async def test_marks_of_others_and_of_earlier_times_say_nothing(broker: MemoryBroker):
    broker.append(mark_message(NUMBER, PARTITIONS, "another's"))
    share = await share_of(broker)
    await share.mark()
    first, own = records(broker)
    share.take([first])
    assert share.part_of(FEED) is None
    share.take([own])
    assert share.part_of(FEED) is not None


async def test_after_the_mark_memory_counts_and_no_echo(broker: MemoryBroker):
    share = await share_of(broker)
    await share.mark()
    share.take(records(broker))
    part = share.part_of(FEED)
    part.states[FEED] = state("http://example.org/now")
    share.take([Record(FEEDS_STATE, NUMBER, 9, 0, FEED.encode(), state("http://example.org/old").dump())])
    assert part.states[FEED].url == "http://example.org/now"


async def test_notes_beyond_all_measure_lose_their_bodies_and_what_is_dealt_with_makes_room(
    broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch
):
    def note(n: int) -> Record:
        message = note_message(FEED, PARTITIONS, Kind.CONTENT, "t", NOW, body=b"%d" % n * 100)
        return Record(FEEDS_STATE, NUMBER, n, 0, message.key, message.value, headers=message.headers)

    part = Part(NUMBER)
    first, second, third = note(1), note(2), note(3)
    part.take_note(first)
    monkeypatch.setattr("services.ingestion.polling.share.MAX_HELD", part.held * 2)
    part.take_note(second)
    part.take_note(third)
    assert [one.kind for one in part.notes.values()] == [Kind.CONTENT, Kind.CONTENT, Kind.WAKE]
    assert part.held == sum(one.size for one in part.notes.values())
    part.take_note(Record(FEEDS_STATE, NUMBER, 4, 0, third.key, None))
    part.forget(first.key or b"")
    part.forget(first.key or b"")
    part.take_note(fourth := note(4))
    assert part.notes[fourth.key or b""].kind is Kind.CONTENT
    part.take_note(fourth)
    assert part.held == sum(one.size for one in part.notes.values()), "the same once more is held once"


async def test_many_notes_cost_no_more_than_each(broker: MemoryBroker):
    message = note_message(FEED, PARTITIONS, Kind.CONTENT, "t", NOW, body=b"a")
    keys = [b"~0~afp~%08x-0000-7000-8000-000000000000" % n for n in range(10_000)]
    part = Part(NUMBER)
    began = time.process_time()
    for key in keys:
        part.take_note(Record(FEEDS_STATE, NUMBER, 0, 0, key, message.value, headers=message.headers))
    assert len(part.notes) == len(keys)
    assert time.process_time() - began < 1  # 0.1 is usual; it was 3 when each counted all before it


async def test_what_is_revoked_is_held_no_more(broker: MemoryBroker):
    share = await share_of(broker)
    await share.mark()
    share.take(records(broker))
    part = share.part_of(FEED)
    share.revoked()
    assert share.part_of(FEED) is None
    share.assigned([TopicPartition(FEEDS_STATE, NUMBER)])
    assert not share.holds(part), "another assignment of the same partition is another"
    with pytest.raises(Transient):
        await share.confirm(part)


async def test_a_confirmation_lasts_a_while_and_fails_when_kafka_is_away(broker: MemoryBroker):
    clock = [0.0]
    share = await share_of(broker, lambda: clock[0])
    broker.available = False
    await share.confirm()
    clock[0] = 6
    with pytest.raises(Transient):
        await share.confirm()
    broker.available = True
    await share.confirm()
    assert set(broker.committed("g").values()) == {0}, "whoever comes next reads from the start"


async def test_marks_wait_for_kafka(broker: MemoryBroker):
    share = await share_of(broker)
    broker.available = False
    with pytest.raises(Transient):
        await share.mark()
    broker.available = True
    await share.mark()
    share.take(records(broker))
    assert share.part_of(FEED) is not None
