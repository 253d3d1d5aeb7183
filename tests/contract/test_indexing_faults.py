"""The indexing service under faults that only the index in memory can play, and crashes at any of its calls."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES
from shared.elastic.index import DEAD_LETTERS_ALIAS as LETTERS
from shared.elastic.memory import Fault, MemoryStore
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import ItemOutcome
from shared.errors import Misconfigured, Transient, Unavailable
from shared.events import Article
from tests.contract.indexing_room import MINE, Room


async def test_index_away_for_a_while_loses_nothing():
    store = MemoryStore()
    room = Room(store)
    made = [room.article(f"n{number}", version=version) for number in range(5) for version in (1, 2)]
    batch = room.records(*made)
    worker = room.worker()
    store.fail(*[Fault(503), Fault(0), Fault(0, written=True), Fault(429, "es_rejected_execution_exception")] * 3)
    store.fail_reads(Unavailable("refresh"))
    with pytest.raises(Transient):
        await worker.handle(batch)
    store.fail_reads(Unavailable("lookup"))
    with pytest.raises(Transient):
        await worker.handle(batch)
    await worker.handle(batch)
    assert {one["version"] for one in await room.live(*made[::2])} == {"2"}
    assert len(room.told()) == 10


async def test_failure_after_the_write_but_before_the_refresh():
    """The worker cannot know what stands; with the batch again it must not place a second document."""
    store = MemoryStore()
    room = Room(store)
    many = [room.article(f"n{number}") for number in range(60)]
    worker = room.worker()
    await worker.handle(room.records(room.article("warm")))
    store.fail_reads()
    lookups = store.lookup

    async def then_fail(*arguments):
        found = await lookups(*arguments)
        store.fail_reads(Unavailable("refresh"))
        return found

    store.lookup = then_fail
    batch = room.records(*many)
    with pytest.raises(Unavailable):
        await worker.handle(batch)
    store.lookup = lookups
    moved = [one.model_copy(update={"first_published": datetime(2020, 1, 1, tzinfo=UTC)}) for one in many]
    await worker.handle(
        [*batch, *room.records(*[m.model_copy(update={"ext_version": m.ext_version + 1000}) for m in moved])]
    )
    documents = store.documents(ARTICLES)
    assert all(len(documents[str(one.article_id)]) == 1 for one in many)


async def test_article_that_another_worker_writes_all_the_time_is_given_back():
    store = MemoryStore()
    room = Room(store)
    write = store.write

    async def overtaken(actions, **options):
        if actions[0].index.startswith(f"{ARTICLES}-"):
            return [ItemOutcome(Outcome.STALE, 409)] * len(actions)
        return await write(actions, **options)

    store.write = overtaken
    worker = room.worker()
    batch = room.records(room.article())
    with pytest.raises(Unavailable):
        await worker.handle(batch)
    store.write = write
    await worker.handle(batch)
    assert room.told() == [("created", 1)]


async def test_cancelled_half_way_and_handed_over_again():
    store = MemoryStore()
    room = Room(store)
    made = room.article()
    batch = room.records(made)
    worker = room.worker()
    publishing, hang = asyncio.Event(), asyncio.Event()

    async def hanging(*_, **__):
        publishing.set()
        await hang.wait()

    worker._publisher.publish, publish = hanging, worker._publisher.publish
    task = asyncio.create_task(worker.handle(batch))
    await publishing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    worker._publisher.publish = publish
    await worker.handle(batch)
    assert room.told() == [("created", 1)]


async def test_missing_slice_halts_and_buries_nothing():
    store = MemoryStore()
    room = Room(store)
    store.fail(Fault(404, "index_not_found_exception"))
    with pytest.raises(Misconfigured):
        await room.worker().handle(room.records(room.article()))
    assert room.buried() == []


async def test_crash_between_history_and_live_write_loses_neither():
    store = MemoryStore()
    room = Room(store)
    first, second = room.record(room.article()), room.record(room.article(version=2))
    await room.worker().handle([first])
    write = store.write

    async def die_after_history(actions, **options):
        outcomes = await write(actions, **options)
        if actions[0].index.startswith(ARTICLE_VERSIONS):
            raise asyncio.CancelledError
        return outcomes

    store.write = die_after_history
    with pytest.raises(asyncio.CancelledError):
        await room.worker().handle([second])
    store.write = write
    assert (await room.one(room.article()))["version"] == "1"
    await room.worker().handle([second])
    now = await room.one(room.article())
    [old] = await room.history(room.article())
    assert (now["version"], old["version"], old["live_until"]) == ("2", "1", now["indexed"])


async def test_crash_between_closed_history_and_its_record_leaves_a_trace():
    store = MemoryStore()
    room = Room(store)
    await room.worker().handle(room.records(room.article(status="killed")))
    late = room.record(room.article(version=9))
    tell = store.write

    async def die_before_telling(actions, **options):
        if actions[0].index.startswith(LETTERS):
            raise asyncio.CancelledError
        return await tell(actions, **options)

    store.write = die_before_telling
    with pytest.raises(asyncio.CancelledError):
        await room.worker().handle([late])
    store.write = tell
    await room.worker().handle([late])
    assert [letter["class"] for letter in await room.letters(room.article())] == ["after-kill"]


class Crash(Exception):
    """The process is gone."""


class FragileStore:
    """A store whose process dies at its n-th call, before or after it is carried out."""

    def __init__(self, store: MemoryStore, dies_at: int, *, after: bool) -> None:
        self._store, self._left, self._after = store, dies_at, after

    def __getattr__(self, name):
        call = getattr(self._store, name)

        async def fragile(*arguments, **options):
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Crash
            result = await call(*arguments, **options)
            if self._left == 0:
                raise Crash
            return result

        return fragile


def lifecycle(room: Room) -> list[Article]:
    """Three articles' worth of everything that can happen to one; each with redeliveries."""
    made: list[Article] = []
    for name in ("x", "y", "z"):
        made += [
            room.article(name, version=1, seconds=1),
            room.article(name, version=2, seconds=2, body="Two.", first_published=datetime(2025, 5, 1, tzinfo=UTC)),
            room.article(name, version=2, seconds=3, body="Two, again."),
            room.article(name, version=3, seconds=4, correction=True, first_published=datetime(2024, 5, 1, tzinfo=UTC)),
            room.article(name, version=0, seconds=9),
        ]
    made.append(room.article("x", version=2, seconds=5, status="killed"))
    made.append(room.article("y", version=4, seconds=6, status="withheld"))
    return made


def essence(found: dict[str, Any]) -> tuple:
    return found["status"], found["version"], found["source_hash"], found.get("body"), found["received"]


async def everything(order: Sequence[int], batches: random.Random, crash: tuple[int, bool]) -> None:
    room = Room(MemoryStore())
    made = lifecycle(room)
    records = [room.record(made[number]) for number in order]
    done = 0
    fragile: Any = FragileStore(room.store, crash[0], after=crash[1])
    worker = room.worker(fragile, memory=2)
    while done < len(records):
        size = batches.randint(1, 6)
        try:
            await worker.handle(records[done : done + size])
            done += size if batches.random() < 0.8 else 0  # else: the commit is lost, the batch comes again
        except Crash:
            worker = room.worker(memory=2)
            await worker.assigned(MINE)
            done = max(0, done - batches.randint(0, 3))
    copies = room.store.documents(ARTICLES)
    assert all(len(found) == 1 for found in copies.values())
    live = {name: essence(await room.one(room.article(name))) for name in "xyz"}
    expected = {
        "x": essence_of(made[-2], killed=True),
        "y": essence_of(made[-1]),
        "z": essence_of(made[13]),
    }
    assert live == expected
    for name in "xyz":
        contents = {one.source_hash for one in made if one.article_id == room.article(name).article_id}
        kept = {old["source_hash"] for old in await room.history(room.article(name))}
        assert kept == contents - {live[name][2]}  # every version that is not live is in history, and no other
    assert {change for change, _ in room.told()} <= {
        "created",
        "updated",
        "corrected",
        "killed",
        "withheld",
        "released",
    }
    tellable = {event["data"]["ext_version"] for event in room.announced()}
    for name in "xyz":
        found = await room.one(room.article(name))
        assert found["ext_version"] in tellable


def essence_of(made: Article, *, killed: bool = False) -> tuple:
    body = None if killed else {"en": made.body}
    received = orjson.loads(made.model_dump_json())["received"]
    return made.status.value, made.version, made.source_hash, body, received


@settings(max_examples=200, deadline=None)
@given(
    st.permutations(range(17)),
    st.lists(st.integers(0, 16), max_size=10),
    st.integers(0, 2**32),
    st.tuples(st.integers(1, 40), st.booleans()),
)
def test_any_order_any_batches_any_crash_end_in_the_same_documents(order, again, seed, crash):
    asyncio.run(everything([*order, *again], random.Random(seed), crash))
