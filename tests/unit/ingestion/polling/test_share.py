"""Which feeds are ours, and from when on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.ingestion.polling.feed_state import FeedState, mark_message, state_message
from services.ingestion.polling.schedule import Pace
from services.ingestion.polling.share import Share
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
