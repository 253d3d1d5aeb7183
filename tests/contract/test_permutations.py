"""A story's life in every order through whole indexing workers over the index in memory: killed anywhere, one worker or two.

What 'the same set of announced changes' means stands in `tests/unit/indexing/test_permutations.py`. Here the process dies
between any two of its side effects, the commit is lost, partitions go from one worker to another, and one of two still works
on what it has lost; whatever happens, the end is that of the model, and so is the set of events.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from services.indexing.handler import IndexingHandler
from services.indexing.versions import ERASED, base_of
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES
from shared.elastic.index import DEAD_LETTERS_ALIAS as LETTERS
from shared.elastic.memory import MemoryStore
from shared.events import Order
from shared.ids import KILL_BASE
from shared.kafka.ports import Record
from tests.contract.indexing_room import MINE, Room
from tests.contract.lived import Seen, hold_true
from tests.unit.indexing.lives import (
    DIALECTS,
    LIFE,
    Dialect,
    sample,
    told,
)

ARTICLES_AT_ONCE = 24
Life = Sequence[str]


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """Log lines cost as much as all the rest here."""
    with structlog.testing.capture_logs():
        yield


class Crash(Exception):
    """The process is gone."""


class Power:
    """Goes out at the n-th call of whoever depends on it, before or after that is carried out."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self._left, self._after = calls, after

    async def spend(self, call, *arguments: Any, **options: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Crash
        result = await call(*arguments, **options)
        if self._left == 0:
            raise Crash
        return result


class Fragile:
    """A store or a publisher that depends on power."""

    def __init__(self, inner: Any, power: Power) -> None:
        self._inner, self._power = inner, power

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)

        async def fragile(*arguments: Any, **options: Any) -> Any:
            return await self._power.spend(call, *arguments, **options)

        return fragile


def worker_of(room: Room, power: Power | None = None) -> IndexingHandler:
    """A worker that remembers nearly nothing, so that it must look up what others wrote."""
    if power is None:
        return room.worker(memory=3)
    worker = room.worker(Fragile(room.store, power), memory=3)
    worker._publisher = Fragile(worker._publisher, power)
    return worker


def interleaved(lives: dict[str, list[Any]], dice: random.Random) -> list[Any]:
    """One log in which each article has its own order."""
    left = {name: list(reversed(items)) for name, items in lives.items()}
    log = []
    while left:
        name = dice.choice(list(left))
        log.append(left[name].pop())
        if not left[name]:
            del left[name]
    return log


async def play(room: Room, log: Sequence[Record], dice: random.Random, *, stalls: bool = True) -> int:
    """The log through two workers in turn; returns how often one of them died."""
    workers, crashes, done = [worker_of(room), worker_of(room)], 0, 0
    mine = 0
    while done < len(log):
        size = dice.randint(1, 12)
        if dice.random() < 0.5:
            workers[mine] = worker_of(room, Power(dice.randint(1, 25), after=dice.random() < 0.5))
        what = dice.random()
        try:
            if stalls and what < 0.15:
                await stalled(room, workers[mine], log[done : done + size], dice)
            else:
                await workers[mine].handle(log[done : done + size])
            done += size if dice.random() < 0.8 else 0  # else: the commit is lost
        except Crash:
            crashes += 1
            workers[mine] = worker_of(room)
            await workers[mine].assigned(MINE)
            done = max(0, done - dice.randint(0, 4))
        if dice.random() < 0.3:  # a rebalance, of which the one that loses does not always hear
            if dice.random() < 0.5:
                await workers[mine].revoked(MINE)
            mine = 1 - mine
            await workers[mine].assigned(MINE)
    return crashes


async def stalled(room: Room, slow: IndexingHandler, batch: Sequence[Record], dice: random.Random) -> None:
    """A worker stops in the middle of a batch, another does all of it, and then the first goes on."""
    at, reached, goes_on = dice.randint(1, 8), asyncio.Event(), asyncio.Event()
    store, left = slow._indexer._store, [at]

    class Stalling:
        def __getattr__(self, name: str) -> Any:
            call = getattr(store, name)

            async def stalling(*arguments: Any, **options: Any) -> Any:
                left[0] -= 1
                if left[0] == 0:
                    reached.set()
                    await goes_on.wait()
                return await call(*arguments, **options)

            return stalling

    put_store(slow, Stalling())
    try:
        work = asyncio.create_task(slow.handle(batch))
        waiting = asyncio.create_task(reached.wait())
        await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not work.done():
            other = worker_of(room)
            await other.assigned(MINE)
            await other.handle(batch)
            goes_on.set()
        await work
    finally:
        put_store(slow, store)


def put_store(worker: IndexingHandler, store: Any) -> None:
    """The index that a worker works on, wherever it keeps it."""
    indexer = worker._indexer
    for part in (indexer, indexer._holding, indexer._obedience, indexer._obedience._holding, indexer._clustering):
        part._store = store


def records_of(room: Room, dialect: Dialect, lives: dict[str, Life], dice: random.Random) -> list[Record]:
    log = interleaved({name: [(name, item) for item in life] for name, life in lives.items()}, dice)
    return [room.record(told(dialect, name, item)) for name, item in log]


def rows_of(room: Room) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for (found,) in room.store.documents(ARTICLE_VERSIONS).values():
        rows.setdefault(found.source["article_id"], []).append(found.source)
    return rows


def check(room: Room, dialect: Dialect, lives: dict[str, Life], log: Sequence[Record], lag: timedelta) -> None:
    """Everything that stands, and everything that was told, is what the model says."""
    kills: dict[str, int] = {}
    for record in log:
        if b'"status":"killed"' in (record.value or b""):
            kills.setdefault((record.key or b"").decode(), record.offset)
    live = {key: [found.source for found in copies] for key, copies in room.store.documents(ARTICLES).items()}
    letters = [found.source for copies in room.store.documents(LETTERS).values() for found in copies]
    hold_true(dialect, lives, Seen(live, rows_of(room), room.announced(), letters), lag=lag)
    for key, (document,) in live.items():
        assert document.get("kill_offset") == kills.get(key), "the place of the first record that killed it"
    assert room.buried() == []


async def lived(dialect: Dialect, lives: dict[str, Life], dice: random.Random, *, stalls: bool = True) -> int:
    room = Room(MemoryStore())
    log = records_of(room, dialect, lives, dice)
    crashes = await play(room, log, dice, stalls=stalls)
    await room.store.refresh([ARTICLES, ARTICLE_VERSIONS, LETTERS])
    check(room, dialect, lives, log, timedelta(seconds=5 * stalls))
    return crashes


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_any_order_any_crash_one_worker_or_two_end_in_the_same(dialect):
    """Over a thousand orders, 24 articles of each log side by side; all of them have a kill, so there is one end."""
    dice, crashes, cases = random.Random(11), 0, 0
    for _ in range(16):
        lives = {f"n{number}": life for number, life in enumerate(sample(dice, ARTICLES_AT_ONCE))}
        crashes += await lived(dialect, lives, dice)
        cases += len(lives)
    assert cases == 384
    assert crashes > 40, "it was broken off often enough to mean something"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_any_part_of_a_life_too(dialect):
    """Without a kill, so that updates, corrections, embargoes and releases have the last word."""
    dice = random.Random(12)
    for _ in range(10):
        lives = {}
        for number in range(ARTICLES_AT_ONCE):
            some = dice.sample([name for name in LIFE if name != "kill"], dice.randint(1, 9))
            some += dice.choices(some, k=dice.randint(0, 4))
            dice.shuffle(some)
            lives[f"n{number}"] = some
        await lived(dialect, lives, dice, stalls=False)


@settings(max_examples=75, deadline=None)
@given(st.permutations(list(LIFE)), st.lists(st.sampled_from(list(LIFE)), max_size=5), st.integers(0, 2**32))
def test_one_life_alone(order, again, seed):
    """The same under hypothesis, which finds the shortest life that breaks it."""
    asyncio.run(lived(DIALECTS[seed % 3], {"n0": [*order, *again]}, random.Random(seed)))


# Orders among it.

ORDERS: dict[str, tuple[Order, float]] = {
    "hold": (Order.WITHHOLD, 100),
    "free": (Order.RELEASE, 200),
    "hold anew": (Order.WITHHOLD, 300),
    "order to kill": (Order.KILL, 400),
    "erase": (Order.ERASE, 500),
}
"""By name: what an operator orders, and when it was given."""
TEXT = ("title", "summary", "body", "body_html", "notice_title", "slugline", "reason")


def ordered_lives(dice: random.Random) -> dict[str, list[str]]:
    """Lives with some orders in them, anywhere, some twice; kills and erasures in a part of them only."""
    lives = {}
    for number in range(ARTICLES_AT_ONCE):
        final = ["kill", "order to kill", "erase"] if number % 2 else []
        some = dice.sample([name for name in LIFE if name != "kill"], dice.randint(1, 8))
        some += dice.sample(["hold", "free", "hold anew"], dice.randint(0, 3)) + [
            x for x in final if dice.random() < 0.5
        ]
        some += dice.choices(some, k=dice.randint(0, 3))
        dice.shuffle(some)
        lives[f"n{number}"] = some
    return lives


def with_orders(room: Room, dialect: Dialect, lives: dict[str, Life], dice: random.Random) -> list[Record]:
    log = interleaved({name: [(name, item) for item in life] for name, life in lives.items()}, dice)
    records = []
    for name, item in log:
        if item in LIFE:
            records.append(room.record(told(dialect, name, item)))
        else:
            order, seconds = ORDERS[item]
            records.append(room.order(told(dialect, name, "v1"), order, seconds=seconds))
    return records


TIMES = frozenset({"indexed", "live_from", "live_until", "_index", "superseded_by"})
"""What tells when something was done, and what stood at the end of the batch in which it was."""


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    """A document but for the moments at which it was written."""
    kept = {name: value for name, value in document.items() if name not in TIMES}
    if "orders" in kept:
        kept["orders"] = [
            {name: value for name, value in one.items() if name != "searchable"} for one in kept["orders"]
        ]
    return kept


def all_of(room: Room) -> dict[str, Any]:
    """Everything that stands and was told, but for times."""
    live = {name: timeless(found.source) for name, (found,) in room.store.documents(ARTICLES).items()}
    rows = {}
    for name, (found,) in room.store.documents(ARTICLE_VERSIONS).items():
        if found.source.get("revision") != live[found.source["article_id"]]["revision"]:
            rows[name] = timeless(found.source)
    return {"live": live, "rows": rows, "events": {event["id"] for event in room.announced()}}


def check_orders(room: Room, dialect: Dialect, lives: dict[str, Life]) -> None:
    """What must hold in every order: what an operator has the last word on, and what nobody may see."""
    rows = rows_of(room)
    for name, life in lives.items():
        sent = [item for item in life if item in LIFE]
        key = str(told(dialect, name, "v1").article_id)
        (live,) = room.store.documents(ARTICLES)[key]
        past = [row for row in rows.get(key, []) if row.get("revision") != live.source["revision"]]
        best = max((LIFE[item].version, LIFE[item].seconds) for item in sent)
        newest = next(item for item in sent if (LIFE[item].version, LIFE[item].seconds) == best)
        made = told(dialect, name, newest)
        holds = [ORDERS[item] for item in life if item in ORDERS and ORDERS[item][0] in (Order.WITHHOLD, Order.RELEASE)]
        held = bool(holds) and max(holds, key=lambda one: one[1])[0] is Order.WITHHOLD
        if "erase" in life:
            assert (live.version, live.source["status"], live.source["erased"]) == (ERASED, "killed", True), life
            for document in (live.source, *rows.get(key, [])):
                assert not any(word in document for word in TEXT), life
        elif "kill" in life or "order to kill" in life:
            assert live.version >= KILL_BASE, life
            assert (live.source["status"], "body" in live.source) == ("killed", False), life
        else:
            assert base_of(live.version) == base_of(made.ext_version), life
            assert live.source["source_hash"] == made.source_hash, life
            assert live.source["status"] == ("withheld" if held else "usable"), life
        letters = [found.source for copies in room.store.documents(LETTERS).values() for found in copies]
        somewhere = {document.get("item") for document in (live.source, *rows.get(key, []), *letters)}
        assert {told(dialect, name, item).item for item in sent} <= somewhere, (
            "none of its items is lost, erased or not"
        )
        closed = live.source["status"] != "usable"
        assert {row.get("held", False) for row in past} <= {closed}, life
        if "erase" not in life:
            kept = {row["source_hash"] for row in past} | {live.source["source_hash"]}
            assert {told(dialect, name, item).source_hash for item in sent} <= kept, life


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_operators_orders_anywhere_among_it(dialect):
    """A rough way through ends as a calm one does, in every field but the times; and as the rules say, in any order."""
    dice = random.Random(13)
    crashes = 0
    for _ in range(6):
        lives = ordered_lives(dice)
        rough, calm = Room(MemoryStore()), Room(MemoryStore())
        log = with_orders(rough, dialect, lives, dice)
        crashes += await play(rough, log, dice)
        worker = calm.worker()
        for record in log:
            await worker.handle([record])
        for room in (rough, calm):
            await room.store.refresh([ARTICLES, ARTICLE_VERSIONS])
            check_orders(room, dialect, lives)
        one, other = all_of(rough), all_of(calm)
        for what in one:
            assert one[what] == other[what], what
        assert rough.buried() == []
    assert crashes > 15
