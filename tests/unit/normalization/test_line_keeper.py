"""What a worker knows of its feeds' lines, over the in-memory broker: given to the pool, shared, heard, and never in the way."""

from __future__ import annotations

import asyncio
import contextlib
import uuid

import orjson
import pytest

from services.normalization import line_keeper
from services.normalization.chunk import Outcome, run_chunk
from services.normalization.feed_lines import LINES_HEADER, Proof, Sighting, read_header
from services.normalization.learning import DAYS, ENOUGH, Learner
from services.normalization.line_keeper import (
    LOOKED_AT,
    LOOKED_AT_A_SECOND,
    LOOKED_AT_AT_ONCE,
    TOLD_EVERY_S,
    LineKeeper,
)
from shared.errors import Misconfigured, Unavailable
from shared.events import FEEDS_LINES, STORIES_RAW
from shared.kafka.memory import MemoryBroker
from shared.kafka.memory_reader import MemoryReader
from shared.kafka.ports import Message, Record
from tests.unit.normalization.raws import NOW

DAY_S = 86_400
TRAILER = 7


class Clock:
    def __init__(self, at=20_000 * DAY_S):
        self.at = at

    def __call__(self):
        return self.at


def record(feed="f", value=b"", **more):
    given = {"ce_feed": feed, **more}
    return Record(STORIES_RAW, 0, 0, 0, b"k", value, tuple((name, text.encode()) for name, text in given.items()))


def outcome(*sightings):
    return Outcome((), None, None, "x", 0.0, 0.0, sightings)


def seen(number, *lines):
    lead = number + 100
    return Sighting("", Proof(number, number, number, 1), lead, (lead, number + 1000, *lines), ())


def teach(keeper, feed="f", count=ENOUGH):
    for number in range(count):
        keeper.take([record(feed)], [outcome(seen(number, TRAILER))])


def readers_of(broker):
    @contextlib.asynccontextmanager
    async def reader():
        yield MemoryReader(broker)

    return reader


async def heard(broker, clock=None):
    """A keeper that has read the topic."""
    keeper = LineKeeper(broker.publisher(), readers_of(broker), clock=clock or Clock())
    following = asyncio.create_task(keeper.follow())
    await keeper.ready()
    following.cancel()
    await asyncio.wait({following})
    return keeper


def given_to_pool(items):
    return [read_header(dict(headers)[LINES_HEADER]) for headers, _ in items]


def test_the_pool_is_given_what_was_learned_of_the_records_own_feed():
    keeper = LineKeeper(MemoryBroker().publisher(), clock=Clock())
    teach(keeper)
    items = keeper.items([record("f", b"one"), record("g", b"two")])
    assert [value for _, value in items] == [b"one", b"two"]
    assert [one.learned for one in given_to_pool(items)] == [{TRAILER}, frozenset()]


def test_under_load_not_every_story_is_looked_at():
    clock = Clock()
    keeper = LineKeeper(MemoryBroker().publisher(), clock=clock)

    def wanted(*records):
        return [one.wanted for one in given_to_pool(keeper.items(records))]

    assert wanted(*[record("f")] * 100, record("g")) == [True] * LOOKED_AT + [False] * (100 - LOOKED_AT) + [True]
    looked = sum(sum(wanted(*[record("f")] * 50)) for _ in range(100))
    assert looked == LOOKED_AT_AT_ONCE - LOOKED_AT - 1
    assert not any(wanted(record("h")))
    clock.at += 0.5
    assert sum(wanted(*(record(f"{number}") for number in range(50)))) == LOOKED_AT_A_SECOND / 2
    clock.at -= 3600  # a clock that is set back
    assert not any(wanted(record("h")))


async def test_what_is_learned_is_written_at_once_and_counts_now_and_then():
    broker, clock = MemoryBroker(), Clock()
    keeper = LineKeeper(broker.publisher(), clock=clock)
    teach(keeper, count=ENOUGH - 1)
    await keeper.tell()
    assert broker.records(FEEDS_LINES) == []
    teach(keeper)
    await keeper.tell()
    (first,) = broker.records(FEEDS_LINES)
    assert first.key == b"f|"
    keeper.take([record()], [outcome(seen(500, TRAILER))])
    await keeper.tell()
    assert len(broker.records(FEEDS_LINES)) == 1
    clock.at += TOLD_EVERY_S
    await keeper.tell()
    assert len(broker.records(FEEDS_LINES)) == 2
    assert b"sample" not in b"".join(one.value for one in broker.records(FEEDS_LINES))


async def test_another_worker_and_a_later_one_know_it():
    broker = MemoryBroker()
    keeper = LineKeeper(broker.publisher(), clock=Clock())
    teach(keeper)
    await keeper.tell()
    assert (await heard(broker)).learner.learned("f") == {TRAILER}


async def test_what_nobody_saw_for_long_is_taken_out_of_the_topic():
    broker, clock = MemoryBroker(), Clock()
    keeper = LineKeeper(broker.publisher(), clock=clock)
    teach(keeper)
    await keeper.tell()
    clock.at += DAYS * DAY_S
    late = await heard(broker, clock)
    assert late.learner.learned("f") == frozenset()
    assert broker.records(FEEDS_LINES)[-1].value is None
    await heard(broker, clock)
    assert len(broker.records(FEEDS_LINES)) == 2, "nothing is taken out twice"


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b'{"v":9}', b"[1]"])
async def test_a_record_that_cannot_be_read_is_left_alone(value):
    broker = MemoryBroker()
    broker.append(Message(FEEDS_LINES, b"f|", value))
    broker.append(Message(FEEDS_LINES, None, b"no key"))
    keeper = await heard(broker)
    assert keeper.learner.size == 0
    assert len(broker.records(FEEDS_LINES)) == 2


async def test_a_broker_that_refuses_holds_nothing_up():
    class Refusing:
        calls = 0

        async def publish(self, messages, *, timeout_s=None):
            self.calls += 1
            return [Unavailable("away")] * len(messages)

    publisher = Refusing()
    keeper = LineKeeper(publisher, clock=Clock())
    teach(keeper)
    await keeper.tell()
    assert publisher.calls == 1
    assert keeper.learner.learned("f") == {TRAILER}


async def test_what_could_not_be_written_is_written_later():
    broker, clock = MemoryBroker(), Clock()
    publisher, fails = broker.publisher(), [True]

    class Hiccup:
        async def publish(self, messages, *, timeout_s=None):
            if fails.pop() if fails else False:
                return [Unavailable("away")] * len(messages)
            return await publisher.publish(messages, timeout_s=timeout_s)

    keeper = LineKeeper(Hiccup(), clock=clock)
    teach(keeper)
    await keeper.tell()
    assert broker.records(FEEDS_LINES) == []
    clock.at += TOLD_EVERY_S
    await keeper.tell()
    assert len(broker.records(FEEDS_LINES)) == 1


@pytest.mark.parametrize(("error", "first_s"), [(Misconfigured("no such topic"), 60.0), (Unavailable("away"), 0.05)])
async def test_a_topic_that_cannot_be_read_holds_nothing_up(monkeypatch, error, first_s):
    monkeypatch.setattr(line_keeper, "FIRST_S", first_s)
    monkeypatch.setattr(line_keeper, "HEARD_EVERY_S", 0.01)
    monkeypatch.setattr(line_keeper, "RETRY_S", 0.01)

    class Missing:
        async def spans(self, topic):
            raise error

    @contextlib.asynccontextmanager
    async def reader():
        yield Missing()

    keeper = LineKeeper(MemoryBroker().publisher(), reader, clock=Clock())
    following = asyncio.create_task(keeper.follow())
    async with asyncio.timeout(2):
        await keeper.ready()
        await keeper.ready()
    await asyncio.sleep(0.05)
    assert not following.done()
    following.cancel()
    await asyncio.wait({following})


async def test_no_text_but_that_of_left_out_lines_is_ever_written():
    """Ten usable stories, then an embargoed and a killed one with the same trailer: their own words appear nowhere."""
    broker, clock = MemoryBroker(), Clock(NOW.timestamp())
    keeper = LineKeeper(broker.publisher(), clock=clock)
    trailer = "The Harbour Letter reaches its readers each morning before the first ferry."

    def raw(number, word="plain", **more):
        story = {"id": str(number), "title": f"Word{chr(97 + number)}xx {word}", "body": f"{word} text {'abcdefghijklmnopqrstuvw'[number]} of its own.\n\n{trailer}"}  # fmt: skip
        return record(
            value=orjson.dumps(story | more), ce_specversion="1.0", ce_type="newswire.story.received.v1", ce_id=f"{number}",
            ce_receipt=str(uuid.uuid4()), ce_time=NOW.isoformat(), **{"content-type": "application/json"},
        )  # fmt: skip

    async def run(*records):
        for one in records:
            outcomes = run_chunk(keeper.items([one]), 60, 1_000_000)
            assert outcomes[0].code is None
            keeper.take([one], outcomes)
            clock.at += TOLD_EVERY_S
            await keeper.tell()

    await run(*(raw(number) for number in range(ENOUGH)))
    before = keeper.learner.size
    await run(
        raw(11, "secret", embargoed_until="2099-01-01T00:00:00Z"),
        raw(12, "secret", status="withheld"),
        raw(13, "secret", status="canceled"),
    )
    assert keeper.learner.size == before
    await run(raw(14))
    written = b"".join(one.value for one in broker.records(FEEDS_LINES))
    assert trailer.encode() in written
    assert b"secret" not in written
    assert b"plain" not in written
    value = orjson.loads(broker.records(FEEDS_LINES)[-1].value)
    assert [line["learned"] for line in value["lines"]] == [True]
    assert Learner().hear("f", "", value, int(clock() // DAY_S))
