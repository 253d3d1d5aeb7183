"""The whole indexing worker (runtime, handler, index) over the fakes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from services.indexing.worker import run
from shared import events
from shared import worker as worker_module
from shared.backoff import Backoff
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES
from shared.elastic.index import DEAD_LETTERS_ALIAS as LETTERS
from shared.elastic.memory import Fault, MemoryStore
from shared.errors import Misconfigured, Unavailable
from shared.events import DEAD_LETTERS
from shared.health import Health
from shared.kafka.ports import Message, TopicPartition
from shared.settings import RuntimeSettings, Settings
from tests.contract.indexing_room import Room
from tests.unit.indexing.samples import message


class AwayStore(MemoryStore):
    """An index that is not there yet: the first calls of `start` fail as told."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    async def start(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


async def until(check, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - what it waits for is the state of a fake, which tells nobody
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(
    room: Room, store: MemoryStore, health: Health | None = None, **runtime: Any
) -> AsyncIterator[Health]:
    health, stop = health or Health(), asyncio.Event()
    settings = Settings(runtime=RuntimeSettings(commit_interval_ms=20, **runtime))
    source, publisher = room.broker.source("indexing"), room.broker.publisher()
    work = asyncio.create_task(run(settings, health, stop, store=store, publisher=publisher, source=source))
    try:
        yield health
    finally:
        stop.set()
        await work


async def test_worker_commits_what_it_has_announced():
    store = MemoryStore()
    room = Room(store)
    made = [room.article(f"n{number}") for number in range(20)]
    for one in made:
        room.broker.append(message(one))
    async with running(room, store):
        await until(lambda: len(room.told()) == 20)
    assert len(await room.live(*made)) == 20
    assert room.broker.committed("indexing")[TopicPartition(events.ARTICLES_NORMALIZED, 0)] == 20
    assert {f"{kind}-{events.now():%Y.%m}" for kind in (ARTICLES, ARTICLE_VERSIONS, LETTERS)} <= set(store.slices())


async def test_worker_waits_for_an_index_that_is_away(monkeypatch):
    monkeypatch.setattr(worker_module, "_HALTED_S", 0.05)
    store = AwayStore(Unavailable("no"), Misconfigured("who are you"), Unavailable("no"))
    room = Room(store)
    room.broker.append(message(room.article()))
    health = Health()
    halts: list[str | None] = []
    monkeypatch.setattr(health, "halt", halts.append)
    async with running(room, store, health):
        await until(lambda: room.told() == [("created", 1)])
    assert halts[:2] == ["who are you", None]


async def test_worker_stops_while_the_index_is_away():
    store = AwayStore(*[Unavailable("no")] * 1000)
    async with running(Room(store), store):
        await asyncio.sleep(0.05)


async def test_poison_goes_to_the_dead_letters_and_its_record_comes_back():
    store = MemoryStore()
    room = Room(store)
    bad, good = room.article("bad"), room.article("good")
    room.broker.append(Message(events.ARTICLES_NORMALIZED, str(bad.article_id).encode(), b"not json"))
    room.broker.append(message(good))
    async with running(room, store):
        await until(lambda: len(room.told()) == 1 and store.searchable(LETTERS))
    assert [letter["class"] for letter in await room.letters(bad)] == ["not-an-event"]
    [kept] = room.broker.records(DEAD_LETTERS)
    assert kept.value == b"not json"


async def test_two_workers_share_and_hand_over(monkeypatch):
    store = MemoryStore()
    room = Room(store)
    room.broker.partitions = 4
    rounds, names = 6, [f"n{number}" for number in range(25)]
    async with running(room, store, batch_records=7):
        for version in range(rounds):
            for name in names:
                month = datetime(2025, 1 + version, 1, tzinfo=UTC)
                room.broker.append(message(room.article(name, version=version, first_published=month)))
            async with running(room, store, batch_records=5):
                await asyncio.sleep(0.1)
        await until(lambda: len(room.told()) == rounds * len(names))
    copies = [store.documents(ARTICLES)[str(room.article(name).article_id)] for name in names]
    assert all(len(found) == 1 for found in copies)
    assert {found[0].source["version"] for found in copies} == {str(rounds - 1)}
    assert {found[0].index for found in copies} == {"articles-2025.01"}
    assert len(store.documents(ARTICLE_VERSIONS)) == (rounds - 1) * len(names)


async def test_a_dead_letter_without_a_value_reaches_the_trace():
    store = MemoryStore()
    room = Room(store)
    room.broker.append(Message(events.ARTICLES_NORMALIZED, str(room.article().article_id).encode(), None))
    async with running(room, store):
        await until(lambda: store.searchable(LETTERS))
        await asyncio.sleep(0.1)
    [[letter]] = store.searchable(LETTERS).values()
    assert letter.source["class"] == "null-value"
    assert letter.source["article_id"] == str(room.article().article_id)
    assert len(room.broker.records(DEAD_LETTERS)) == 1, "it must not go round"


async def test_a_stop_in_an_outage_of_the_index_costs_no_drain():
    """The bulk writer tries again inside the handler, for ever: a stop or a rebalance must not wait for that."""
    health = Health()
    store = MemoryStore(
        on_wait=lambda _reason, seconds: health.waits(seconds), sleep=asyncio.sleep, backoff=Backoff(2, 9)
    )
    room = Room(store)
    async with running(room, store, health, drain_s=20):
        store.fail(*[Fault(0)] * 1000)
        room.broker.append(message(room.article()))
        await until(lambda: health.waiting)
        begun = time.monotonic()
    assert time.monotonic() - begun < 4
    assert room.broker.committed("indexing") == {}
