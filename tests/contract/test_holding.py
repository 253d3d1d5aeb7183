"""History knows how its article stands now, also after a crash at any step, over the index in memory and the real one."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import datetime

import pytest

from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, MARKS
from shared.elastic.memory import MemoryStore
from shared.elastic.ports import Action
from shared.errors import Unavailable
from shared.events import Order, Status
from tests.contract.indexing_room import Room

FAR, NEAR = datetime.fromisoformat("2090-01-01T00:00:00+00:00"), datetime.fromisoformat("2080-01-01T00:00:00+00:00")
KILL, WITHHOLD = {"status": Status.KILLED}, {"status": Status.WITHHELD}
PLAIN, OPEN, EMBARGO, EARLIER = {}, {"embargo_open": True}, {"embargoed_until": FAR}, {"embargoed_until": NEAR}


def versions(room, steps, name="a"):
    return [room.article(name, version=number, **more) for number, more in enumerate(steps, 1)]


def said(rows):
    return {(row.get("held", False), row.get("held_until", "")[:4]) for row in rows}


CASES = [
    ([PLAIN, PLAIN, KILL], {(True, "")}),
    ([PLAIN, KILL, PLAIN], {(True, "")}),
    ([PLAIN, PLAIN, WITHHOLD], {(True, "")}),
    ([PLAIN, WITHHOLD, PLAIN], {(False, "")}),
    ([PLAIN, PLAIN, EMBARGO], {(False, "2090")}),
    ([PLAIN, EMBARGO, EARLIER], {(False, "2080")}),
    ([PLAIN, EARLIER, EMBARGO], {(False, "2090")}),
    ([PLAIN, EMBARGO, PLAIN], {(False, "")}),
    ([PLAIN, PLAIN, OPEN], {(True, "")}),
    ([PLAIN, OPEN, PLAIN, PLAIN], {(False, "")}),
]


@pytest.mark.parametrize(("steps", "standing"), CASES)
@pytest.mark.parametrize("together", [True, False])
async def test_every_row_says_how_its_article_stands_now(room, steps, standing, together):
    made = versions(room, steps)
    worker = room.worker()
    for batch in [room.records(*made)] if together else [room.records(one) for one in made]:
        await worker.handle(batch)
    rows = await room.history(made[0])
    assert len(rows) == len(steps) - 1
    assert said(rows) == standing


async def test_what_comes_late_or_after_a_kill_says_it_at_once(room):
    first, kill, after = versions(room, [PLAIN, KILL, PLAIN])
    late = room.article(version=0)
    worker = room.worker()
    for one in (first, kill, after, late):
        await worker.handle(room.records(one))
    rows = await room.history(first)
    assert [row["version"] for row in rows] == ["0", "1", "3"]
    assert said(rows) == {(True, "")}


async def test_one_kill_closes_its_own_article_alone(room):
    worker = room.worker()
    one, other = versions(room, [PLAIN, PLAIN, KILL]), versions(room, [PLAIN, PLAIN, EMBARGO], "b")
    third = versions(room, [PLAIN, PLAIN], "c")
    for batch in ([*one[:2], *other[:2], *third], [one[2], other[2]]):
        await worker.handle(room.records(*batch))
    assert said(await room.history(one[0])) == {(True, "")}
    assert said(await room.history(other[0])) == {(False, "2090")}
    assert said(await room.history(third[0])) == {(False, "")}


HOLD, RELEASE, ORDER_KILL = (Order.WITHHOLD, 100), (Order.RELEASE, 200), (Order.KILL, 300)
ORDERS = [
    ([HOLD], {(True, "")}),
    ([HOLD, RELEASE], {(False, "")}),
    ([ORDER_KILL], {(True, "")}),
    ([HOLD, RELEASE, ORDER_KILL], {(True, "")}),
]


@pytest.mark.parametrize(("orders", "standing"), ORDERS)
async def test_orders_close_and_open_history_also_after_a_crash(orders, standing):
    for at in itertools.count(1):
        store = MemoryStore()
        room = Room(store)
        first, second = versions(room, [PLAIN, PLAIN])
        worker = room.worker()
        for one in (first, second):
            await worker.handle(room.records(one))
        *before, last = [[room.order(first, order, seconds=seconds)] for order, seconds in orders]
        for batch in before:
            await worker.handle(batch)
        cutting = Cutting(store, at)
        was_cut = await is_cut_off(worker, last)
        cutting.mend()
        if not was_cut:
            assert at > 3
            return
        await room.worker().handle(last)
        assert said(await room.history(first)) == standing, f"cut off at call {at}"


class Cutting:
    """A store whose n-th call fails, and nothing after it either until `mend`."""

    def __init__(self, store: MemoryStore, at: int) -> None:
        self.store, self.calls, self.at = store, itertools.count(1), at
        self.originals = {name: getattr(store, name) for name in ("write", "refresh", "rows", "fetch")}
        for name, call in self.originals.items():
            setattr(store, name, self.cut(call))

    def cut(self, call):
        async def cut_off(*arguments, **options):
            if next(self.calls) >= self.at:
                raise Unavailable("cut off")
            return await call(*arguments, **options)

        return cut_off

    def mend(self) -> None:
        for name, call in self.originals.items():
            setattr(self.store, name, call)


async def is_cut_off(worker, batch) -> bool:
    try:
        await worker.handle(batch)
    except Unavailable:
        return True
    return False


@pytest.mark.parametrize(("steps", "standing"), CASES)
async def test_a_crash_before_any_write_or_refresh_ends_in_the_same(steps, standing):
    """The last version's batch is cut off before its n-th call, for every n; then it comes again, to a new worker."""
    for at in itertools.count(1):
        store = MemoryStore()
        room = Room(store)
        made = versions(room, steps)
        worker = room.worker()
        for one in made[:-1]:
            await worker.handle(room.records(one))
        batch, cutting = room.records(made[-1]), Cutting(store, at)
        was_cut = await is_cut_off(worker, batch)
        cutting.mend()
        await store.refresh([ARTICLES, ARTICLE_VERSIONS])
        if (await room.one(made[0]))["status"] != "usable":
            assert said(await room.history(made[0])) == {(True, "")}, "history is never open beside a closed article"
        if not was_cut:
            assert at > 3
            return
        await room.worker().handle(batch)
        assert said(await room.history(made[0])) == standing, f"cut off at call {at}"


async def test_a_worker_that_has_lost_its_partition_opens_nothing(room):
    """Its row of the first version, on its way since before the kill, arrives after all is closed."""
    first, second, kill = versions(room, [PLAIN, PLAIN, KILL])
    await room.worker().handle(room.records(first))
    slow, sent = room.worker(), []
    store, write = slow._indexer._store, slow._indexer._store.write

    async def caught(actions: list[Action], **options):
        if actions and actions[0].index.startswith(ARTICLE_VERSIONS) and not sent:
            sent.extend(actions)
            raise Unavailable("on its way")
        return await write(actions, **options)

    store.write = caught
    with pytest.raises(Unavailable):
        await slow.handle(room.records(second))
    store.write = write
    await room.worker().handle(room.records(second, kill))
    await store.write(sent)
    assert said(await room.history(first)) == {(True, "")}


async def test_kills_are_marked_once_they_can_be_found(room):
    """Per partition, never back, and not before every kill of the batch is searchable."""
    store, worker = room.store, room.worker()
    kills = [room.article(f"k{number}", status=Status.KILLED) for number in range(60)]
    records = [dataclasses.replace(record, partition=number % 2) for number, record in enumerate(room.records(*kills))]
    write, seen = store.write, []

    async def watching(actions: list[Action], **options):
        if actions and actions[0].index.startswith(MARKS):
            seen.append(len(await room.live(*kills)))
        return await write(actions, **options)

    store.write = watching
    await worker.handle(records)
    assert seen == [60]
    found = {one["partition"]: one["offset"] for one in await room._search(MARKS, "name", "kills")}
    assert found[0] >= records[58].offset
    assert found[1] >= records[59].offset
    await worker.handle(records[:2])
    assert found == {one["partition"]: one["offset"] for one in await room._search(MARKS, "name", "kills")}
    tombstones = await room.live(*kills)
    assert {(one["kill_partition"], one["kill_offset"]) for one in tombstones} == {
        (record.partition, record.offset) for record in records
    }


async def test_a_story_of_one_version_pays_nothing_for_its_history():
    """No request and no field more than before there was any: one bulk, one look-up, no row, no mark."""
    store = MemoryStore()
    room = Room(store)
    await room.worker().handle(room.records(*versions(room, [PLAIN], "warm")))
    asked, rows = len(store.requests), store.rows

    async def never(*_):
        raise AssertionError("history was asked")

    store.rows = never
    made = [room.article(f"n{number}") for number in range(60)]
    await room.worker().handle(room.records(*made))
    store.rows = rows
    assert len(store.requests) == asked + 1
    assert store.documents(ARTICLE_VERSIONS) == {}
    assert store.documents(MARKS) == {}
    for one in await room.live(*made):
        assert not {"held", "held_until", "kill_partition", "kill_offset", "live_from", "live_until"} & one.keys()


@pytest.mark.parametrize(
    ("steps", "standing"), [([PLAIN, PLAIN, KILL], (True, "")), ([PLAIN, EMBARGO, PLAIN], (False, ""))]
)
async def test_rows_of_a_batch_that_was_broken_off_are_told_what_the_longer_one_says(room, steps, standing):
    """A new article's first batch dies between history and the live document; the next try has one version more."""
    made = versions(room, steps)
    records = room.records(*made)
    worker, write = room.worker(), room.store.write

    async def dying(actions: list[Action], **options):
        if actions and actions[0].index.startswith(f"{ARTICLES}-20"):
            raise Unavailable("dead")
        return await write(actions, **options)

    room.store.write = dying
    assert await is_cut_off(worker, records[:2])
    room.store.write = write
    await room.worker().handle(records)
    assert said(await room.history(made[0])) == {standing}
