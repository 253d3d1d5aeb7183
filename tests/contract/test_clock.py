"""The clock: embargoes that end and stories that expire are announced once, also when nobody ran in between."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.indexing import clock as clock_module
from services.indexing import handler as handler_module
from services.indexing.clock import PAGE, Clock, Clocked
from services.indexing.marks import SLICE
from services.indexing.worker import run
from shared import events
from shared.elastic.memory import MemoryStore
from shared.elastic.ports import Action
from shared.errors import Misconfigured, Unavailable
from shared.events import ARTICLES_NORMALIZED, now, rfc3339
from shared.health import Health
from shared.kafka.ports import TopicPartition
from shared.settings import IndexingSettings, RuntimeSettings, Settings
from tests.contract.indexing_room import MINE, Room
from tests.unit.indexing.samples import message


class Ours:
    """An index in which only this test's articles fall due."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room.store, name)

    async def due(self, instant, span, after, limit):
        while found := await self._room.store.due(instant, span, after, limit):
            if ours := [one for one in found if one.article_id in self._room.ids]:
                return ours
            after = found[-1].place
        return []


@pytest.fixture(autouse=True)
def mark(monkeypatch) -> str:
    """A mark of its own for each test."""
    name = f"clock-{uuid.uuid4().hex[:8]}"
    monkeypatch.setattr(clock_module, "NAME", name)
    return name


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.moment = now()

    def clock(self) -> Clock:
        return Clock(Ours(self.room), self.room.broker.publisher(), now=lambda: self.moment)

    async def go(self, clock: Clock, seconds: float) -> int:
        """Move on, tick, and have the owner do what it is told."""
        self.moment += timedelta(seconds=seconds)
        before = len(self.room.sent())
        sent = await clock.tick()
        for record in self.room.sent()[before:]:
            await self.room.worker().handle([record])
        return sent


def later(seconds: float):
    return now() + timedelta(seconds=seconds)


async def test_an_embargo_is_announced_at_its_end_and_once(room):
    hands = Hands(room)
    clock = hands.clock()
    await clock.tick()
    made = room.article(embargoed_until=later(600))
    await room.worker().handle(room.records(made))
    assert room.told() == [], "not before its end"
    assert await hands.go(clock, 590) == 0
    assert await hands.go(clock, 20) == 1
    assert await hands.go(clock, 20) == 0
    (event,) = room.announced()
    assert (event["data"]["change"], event["data"]["ext_version"]) == ("released", made.ext_version)


async def test_an_expiry_is_announced_once(room):
    hands = Hands(room)
    clock = hands.clock()
    await clock.tick()
    made = room.article(expires=later(600))
    await room.worker().handle(room.records(made))
    assert await hands.go(clock, 601) == 1
    assert await hands.go(clock, 601) == 0
    assert [change for change, _ in room.told()] == ["created", "expired"]


async def test_what_fell_due_while_nobody_ran_is_told_by_the_next(room):
    hands = Hands(room)
    await hands.clock().tick()
    made = [room.article(f"e{number}", embargoed_until=later(3600 * (number + 1))) for number in range(3)]
    await room.worker().handle(room.records(*made))
    assert await hands.go(hands.clock(), 3 * 86_400) == 3, "another clock goes on from the mark"
    assert sorted(room.told()) == [("released", 1)] * 3
    assert await hands.go(hands.clock(), 600) == 0


async def test_a_clock_that_dies_between_telling_and_its_mark_tells_the_same_again(room, monkeypatch):
    hands = Hands(room)
    await hands.clock().tick()
    await room.worker().handle(room.records(room.article(embargoed_until=later(60))))
    clock = hands.clock()

    async def dies(_):
        raise RuntimeError("killed here")

    monkeypatch.setattr(clock, "_move", dies)
    hands.moment += timedelta(seconds=61)
    with pytest.raises(RuntimeError):
        await clock.tick()
    assert await hands.go(hands.clock(), 1) == 1
    for record in room.sent():
        await room.worker().handle([record])
    assert len(room.announced()) > 1
    assert room.told() == [("released", 1)], "under one event id"


async def test_two_clocks_tell_the_same_once(room):
    hands = Hands(room)
    one, two = hands.clock(), hands.clock()
    await one.tick()
    await room.worker().handle(room.records(room.article(embargoed_until=later(60))))
    hands.moment += timedelta(seconds=61)
    await asyncio.gather(one.tick(), two.tick())
    for record in room.sent():
        await room.worker().handle([record])
    assert room.told() == [("released", 1)]


async def test_a_late_clock_moves_no_mark_back(room):
    hands = Hands(room)
    clock = hands.clock()
    await clock.tick()
    await hands.go(clock, 100)
    forward = await clock._mark()
    await clock._move(hands.moment - timedelta(seconds=50))
    assert await clock._mark() == forward


@pytest.mark.parametrize("fate", ["killed", "withheld", "moved", "freed"])
async def test_what_is_no_longer_due_is_not_told(room, fate):
    hands = Hands(room)
    clock = hands.clock()
    await clock.tick()
    until = later(60)
    await room.worker().handle(room.records(room.article(embargoed_until=until)))
    how = {
        "killed": {"status": "killed"},
        "withheld": {"status": "withheld"},
        "moved": {"embargoed_until": until + timedelta(days=1)},
        "freed": {},
    }[fate]
    await room.worker().handle(room.records(room.article(version=2, body="New.", **how)))
    assert await hands.go(clock, 61) == 0
    expected = {"killed": ["killed"], "withheld": ["withheld"], "moved": [], "freed": ["released"]}[fate]
    assert [change for change, _ in room.told()] == expected
    if fate == "moved":
        await hands.go(clock, 86_400)
        assert room.told() == [("released", 2)]


async def test_an_operators_hold_outlasts_an_embargo(room):
    hands = Hands(room)
    clock = hands.clock()
    await clock.tick()
    made = room.article(embargoed_until=later(60))
    await room.worker().handle([*room.records(made), room.order(made, events.Order.WITHHOLD)])
    assert await hands.go(clock, 61) == 0
    assert [change for change, _ in room.told()] == ["withheld"]


async def test_a_readable_story_put_under_embargo_is_withheld_and_then_released(room):
    hands = Hands(room)
    clock = hands.clock()
    await clock.tick()
    await room.worker().handle(room.records(room.article()))
    await room.worker().handle(room.records(room.article(version=2, body="New.", embargoed_until=later(60))))
    assert room.told() == [("created", 1), ("withheld", 2)]
    await hands.go(clock, 61)
    assert room.told() == [("created", 1), ("withheld", 2), ("released", 2)]


async def test_more_than_a_page_falls_due_at_one_instant(room):
    hands = Hands(room)
    clock = hands.clock()
    await clock.tick()
    until = later(60)
    made = [room.article(f"p{number}", embargoed_until=until) for number in range(PAGE + 7)]
    await room.worker().handle(room.records(*made))
    assert await hands.go(clock, 61) == PAGE + 7
    assert len(room.told()) == PAGE + 7


async def test_a_story_that_was_written_behind_the_clocks_back_is_found(room):
    """Its worker's clock is behind ours: when it wrote, the instant that we have passed was still ahead."""
    hands = Hands(room)
    clock = hands.clock()
    await clock.tick()
    await hands.go(clock, 100)
    await room.worker().handle(room.records(room.article(embargoed_until=later(95))))
    assert room.told() == []
    assert await hands.go(clock, 1) == 1
    assert room.told() == [("released", 1)]


async def test_an_embargo_that_ends_between_write_and_announcement_is_told_at_once(room, monkeypatch):
    made = room.article(embargoed_until=later(30))
    monkeypatch.setattr(handler_module, "now", lambda: now() + timedelta(seconds=60))
    await room.worker().handle(room.records(made))
    assert room.told() == [("released", 1)]


# Run by the worker.


async def until(check, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - what it waits for is the state of a fake, which tells nobody
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(room: Room) -> AsyncIterator[None]:
    stop = asyncio.Event()
    settings = Settings(
        runtime=RuntimeSettings(commit_interval_ms=20), indexing=IndexingSettings(clock_interval_s=0.05)
    )
    source, publisher = room.broker.source("indexing"), room.broker.publisher()
    work = asyncio.create_task(run(settings, Health(), stop, store=Ours(room), publisher=publisher, source=source))
    try:
        yield
    finally:
        stop.set()
        await work


async def test_restarted_in_between_the_worker_tells_at_the_instant(room):
    made = [room.article(f"w{number}", embargoed_until=later(2.5)) for number in range(5)]
    for one in made:
        room.broker.append(message(one))
    async with running(room), running(room):
        await until(lambda: room.broker.committed("indexing").get(TopicPartition(ARTICLES_NORMALIZED, 0)) == 5)
        assert room.told() == []
    await asyncio.sleep(3)
    async with running(room):
        await until(lambda: len(room.told()) == 5)
        await asyncio.sleep(0.3)
    assert room.told() == [("released", 1)] * 5


class Nothing:
    async def assigned(self, partitions) -> None:
        return

    async def revoked(self, partitions) -> None:
        return

    async def handle(self, records) -> None:
        return


async def test_only_the_owner_of_its_partition_runs_it():
    room = Room(MemoryStore())
    clocked = Clocked(Nothing(), Hands(room).clock(), 0.01)
    await clocked.assigned(frozenset({TopicPartition(ARTICLES_NORMALIZED, 1)}))
    assert clocked._running is None
    await clocked.assigned(MINE)
    running = clocked._running
    assert running is not None
    await clocked.revoked(frozenset({TopicPartition(ARTICLES_NORMALIZED, 1)}))
    assert not running.done()
    await clocked.revoked(MINE)
    assert running.done()
    await clocked.stop()


async def test_an_error_stops_no_clock(monkeypatch):
    monkeypatch.setattr(clock_module, "_HALT_S", 0.01)
    room = Room(MemoryStore())
    clock = Hands(room).clock()
    errors = [Unavailable("away"), Misconfigured("who are you"), ValueError("a bug")]
    ticks: list[int] = []

    async def tick() -> int:
        ticks.append(1)
        if errors:
            raise errors.pop(0)
        return 0

    monkeypatch.setattr(clock, "tick", tick)
    monkeypatch.setattr(clock_module, "Tries", type("T", (), {"next": lambda _: 0.01, "reset": lambda _: None}))
    clocked = Clocked(Nothing(), clock, 0.01)
    await clocked.assigned(MINE)
    await until(lambda: len(ticks) > 5)
    await clocked.stop()


async def test_the_mark_is_a_document_of_the_marks(room, mark):
    hands = Hands(room)
    await hands.clock().tick()
    found = (await room.store.fetch([(SLICE, mark)]))[SLICE, mark]
    assert set(found.source) == {"id", "name", "at"}
    assert (await room.store.write([Action(SLICE, mark, 1, orjson.dumps({"at": rfc3339(now())}))]))[
        0
    ].outcome == "stale"
