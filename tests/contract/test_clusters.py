"""Near copies end in one cluster, whoever meets them in which order; over the index in memory and over the real one."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.indexing.handler import IndexingHandler
from services.indexing.indexer import Indexer
from services.indexing.placement import Memory
from services.normalization.sketch import sketch_of
from shared import events
from shared.elastic.memory import MemoryStore
from shared.elastic.ports import Nearby
from shared.elastic.store import ElasticStore
from shared.errors import Unavailable
from shared.events import ARTICLE_CLUSTERED, ARTICLES_NORMALIZED, Article, Order
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.ports import Record
from shared.settings import ElasticsearchSettings, IndexingSettings, Settings
from tests.contract.indexing_room import MINE, SINCE, Room
from tests.unit.indexing.samples import START

_WORDS = [
    "harbour",
    "council",
    "minister",
    "agreement",
    "strike",
    "market",
    "wheat",
    "exports",
    "quarter",
    "bridge",
    "river",
    "valley",
    "court",
    "tariff",
    "railway",
    "engineers",
    "inspectors",
    "reservoir",
    "electricity",
    "ferry",
    "island",
    "border",
    "customs",
    "vaccine",
    "hospital",
    "teachers",
    "budget",
    "pension",
]


def story(seed: str, words: int = 120) -> str:
    """A text of its own; the same for the same seed."""
    chosen = random.Random(seed)
    return " ".join(
        chosen.choice(_WORDS) + (f" {chosen.randint(10, 9999)}" if i % 9 == 0 else "") for i in range(words)
    )


class Wire:
    """Articles with sketches, workers, and the messages that travel between them."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._delivered = 0

    def article(self, name: str, text: str, *, title: str | None = None, **fields: Any) -> Article:
        title = title or f"Harbour council {self.room.tag} agrees on a new bridge"
        sketched = sketch_of(title, text)
        assert sketched is not None
        fields = {"title": title, "body": text, "sketch": sketched.sketch, "bands": sketched.bands} | fields
        return self.room.article(name, **fields)

    def worker(self, settings: IndexingSettings | None = None, store: Any = None) -> IndexingHandler:
        publisher = self.room.broker.publisher()
        indexer = Indexer(
            store or self.room.store,
            Memory(1000),
            since=SINCE,
            clock=events.now,
            settings=settings or IndexingSettings(),
        )
        return IndexingHandler(indexer, publisher, DeadLetters(publisher, "indexing"), since=SINCE)

    def findings(self) -> list[Record]:
        """Messages to owners that nobody has read yet."""
        all_ = list(self.room.broker.records(ARTICLES_NORMALIZED))
        new, self._delivered = all_[self._delivered :], len(all_)
        return new

    async def deliver(self, worker: IndexingHandler) -> int:
        """Hand findings over until there are none left; how many there were."""
        count = 0
        for _ in range(10):
            found = self.findings()
            if not found:
                return count
            count += len(found)
            await worker.handle(found)
        raise AssertionError("findings go on and on")

    async def clusters(self, *made: Article) -> list[str]:
        return [(await self.room.one(one))["cluster_id"] for one in made]


@pytest.fixture(params=["memory", pytest.param("elasticsearch", marks=pytest.mark.servers)])
async def wire(request) -> AsyncIterator[Wire]:
    if request.param == "memory":
        yield Wire(Room(MemoryStore()))
        return
    servers = request.getfixturevalue("servers")
    # No refresh but the worker's own.
    elastic = ElasticsearchSettings(url=servers.elasticsearch_url, refresh_interval="-1")
    store = ElasticStore(Settings(elasticsearch=elastic))
    await store.start()
    yield Wire(Room(store))
    await store.close()


async def test_an_article_alone_has_its_own_id(wire):
    made = wire.article("a", story(f"alone {wire.room.tag}"))
    await wire.worker().handle(wire.room.records(made))
    assert await wire.clusters(made) == [str(made.article_id)]
    assert wire.findings() == []


async def test_copies_of_one_batch_are_one_cluster_named_by_the_first(wire):
    text = story(f"batch {wire.room.tag}")
    made = [wire.article(name, text, seconds=seconds) for name, seconds in (("a", 3), ("b", 1), ("c", 2))]
    await wire.worker().handle(wire.room.records(*made))
    assert await wire.clusters(*made) == [str(made[1].article_id)] * 3
    assert wire.findings() == []


async def test_a_later_copy_joins_without_a_message(wire):
    text = story(f"later {wire.room.tag}")
    first, second = wire.article("a", text), wire.article("b", text + " more words came with it", seconds=60)
    await wire.worker().handle(wire.room.records(first))
    await wire.worker().handle(wire.room.records(second))
    assert await wire.clusters(first, second) == [str(first.article_id)] * 2
    assert wire.findings() == []


async def test_a_copy_that_was_taken_earlier_moves_the_others_by_messages_to_their_owners(wire):
    text = story(f"earlier {wire.room.tag}")
    first, second = wire.article("a", text, seconds=60), wire.article("b", text, seconds=90)
    await wire.worker().handle(wire.room.records(first, second))
    early = wire.article("c", text, seconds=1)
    await wire.worker().handle(wire.room.records(early))
    before = await wire.room.one(first)
    assert await wire.deliver(wire.worker()) >= 2
    assert await wire.clusters(first, second, early) == [str(early.article_id)] * 3
    moved = await wire.room.one(first)
    same = {name: value for name, value in before.items() if not name.startswith("cluster_")}
    assert {name: moved[name] for name in same} == same


class Meeting:
    """A store in which workers look for near copies only once all of them have written."""

    def __init__(self, store: Any, workers: int) -> None:
        self._store = store
        self._all = asyncio.Barrier(workers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def near(self, nearby: Nearby) -> Any:
        await self._all.wait()
        return await self._store.near(nearby)


async def test_two_workers_that_meet_copies_at_the_same_moment_end_in_one_cluster(wire):
    texts = [story(f"meet {n} {wire.room.tag}") for n in range(8)]
    ours = [
        wire.article(f"a{n}", text, seconds=n, title=f"Title of the story number {n}") for n, text in enumerate(texts)
    ]
    theirs = [
        wire.article(f"b{n}", text, seconds=9 - n, title=f"Title of the story number {n}")
        for n, text in enumerate(texts)
    ]
    meeting = Meeting(wire.room.store, 2)
    one, other = wire.worker(store=meeting), wire.worker(store=meeting)
    await asyncio.gather(one.handle(wire.room.records(*ours)), other.handle(wire.room.records(*theirs)))
    await wire.deliver(wire.worker())
    for mine, its in zip(ours, theirs, strict=True):
        found = await wire.clusters(mine, its)
        assert len(set(found)) == 1
        assert found[0] == str(min((mine, its), key=lambda each: (each.received, str(each.article_id))).article_id)


class Interrupted:
    """A store in which something happens between a worker's look for near copies and what it makes of the answer."""

    def __init__(self, store: Any, happens: Any) -> None:
        self._store = store
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def near(self, nearby: Nearby) -> Any:
        found = await self._store.near(nearby)
        if self._happens is not None:
            happens, self._happens = self._happens, None
            await happens()
        return found


async def test_a_cluster_that_is_merged_away_while_an_article_joins_it_takes_the_article_along(wire):
    text = story(f"race {wire.room.tag}")
    first = wire.article("a", text, seconds=60)
    early, late = wire.article("b", text, seconds=1), wire.article("c", text, seconds=90)
    owner = wire.worker()
    await owner.handle(wire.room.records(first))

    async def merged_away():
        await owner.handle(wire.room.records(early))
        before = wire.findings()
        # All but what is about the article that is just being written.
        await owner.handle([record for record in before if record.key != str(late.article_id).encode()])

    await wire.worker(store=Interrupted(wire.room.store, merged_away)).handle(wire.room.records(late))
    assert set(await wire.clusters(first, early, late)) == {str(early.article_id)}


async def test_a_cluster_that_is_merged_away_while_a_finding_is_adopted_takes_the_article_along(wire):
    text = story(f"adopts {wire.room.tag}")
    first = wire.article("a", text, seconds=60)
    early, earliest = wire.article("b", text, seconds=30), wire.article("c", text, seconds=1)
    owner = wire.worker()
    await owner.handle(wire.room.records(first))
    await owner.handle(wire.room.records(early))
    old = wire.findings()
    assert [record.key for record in old] == [str(first.article_id).encode()]
    await owner.handle(wire.room.records(earliest))
    wire.findings()  # what is about the two others is lost to them for now
    await owner.handle(old)
    assert await wire.clusters(first) == [str(earliest.article_id)]


async def test_clusters_that_a_new_copy_bridges_become_one_with_all_their_members(wire):
    left, right = story(f"left {wire.room.tag}"), story(f"right {wire.room.tag}")
    firsts = [wire.article(f"l{n}", left, seconds=n) for n in range(3)]
    seconds = [wire.article(f"r{n}", right, seconds=10 + n) for n in range(3)]
    await wire.worker().handle(wire.room.records(*firsts, *seconds))
    assert len(set(await wire.clusters(*firsts, *seconds))) == 2
    bridge = wire.article("m", f"{left} {right}", seconds=20)
    await wire.worker().handle(wire.room.records(bridge))
    await wire.deliver(wire.worker())
    assert set(await wire.clusters(*firsts, *seconds, bridge)) == {str(firsts[0].article_id)}


async def test_whatever_order_copies_come_in_they_end_in_the_same_cluster(wire):
    for turn, order in enumerate(itertools.permutations(range(3))):
        named = [
            wire.article(f"{name}{turn}", story(f"order {turn} {wire.room.tag}"), seconds=n)
            for n, name in enumerate("abc")
        ]
        worker = wire.worker()
        for place in order:
            await worker.handle(wire.room.records(named[place]))
        await wire.deliver(worker)
        assert len(set(await wire.clusters(*named))) == 1


async def test_findings_may_come_twice_late_and_out_of_order(wire):
    text = story(f"twice {wire.room.tag}")
    first, early = wire.article("a", text, seconds=60), wire.article("b", text, seconds=1)
    earliest = wire.article("c", text, seconds=0)
    worker = wire.worker()
    await worker.handle(wire.room.records(first))
    await worker.handle(wire.room.records(early))
    late = wire.findings()
    await worker.handle(wire.room.records(earliest))
    newer = wire.findings()
    await worker.handle(newer)
    await worker.handle(late)
    await worker.handle(late + newer + late)
    await wire.deliver(worker)
    assert set(await wire.clusters(first, early, earliest)) == {str(earliest.article_id)}


async def test_a_finding_about_a_version_that_is_gone_changes_nothing(wire):
    text = story(f"gone {wire.room.tag}")
    first, early = wire.article("a", text, seconds=60), wire.article("b", text, seconds=1)
    await wire.worker().handle(wire.room.records(first))
    await wire.worker().handle(wire.room.records(early))
    late = wire.findings()
    rewritten = wire.article(
        "a", story(f"other {wire.room.tag}"), version=2, seconds=90, title="Quite another headline than before"
    )
    worker = wire.worker()
    await worker.handle(wire.room.records(rewritten))
    await worker.handle(late)
    assert await wire.clusters(first) == [str(first.article_id)]
    assert (await wire.room.one(first))["revision"] == 2


async def test_a_new_version_joins_and_leaves_clusters(wire):
    text, other = story(f"joins {wire.room.tag}"), story(f"leaves {wire.room.tag}")
    first, second = wire.article("a", text), wire.article("b", other, seconds=60)
    worker = wire.worker()
    await worker.handle(wire.room.records(first, second))
    assert len(set(await wire.clusters(first, second))) == 2
    await worker.handle(wire.room.records(wire.article("b", text, version=2, seconds=90)))
    assert set(await wire.clusters(first, second)) == {str(first.article_id)}
    await worker.handle(wire.room.records(wire.article("b", other, version=3, seconds=120)))
    assert await wire.clusters(first, second) == [str(first.article_id), str(second.article_id)]


async def test_the_article_that_names_a_cluster_can_leave_it(wire):
    text, other = story(f"names {wire.room.tag}"), story(f"away {wire.room.tag}")
    first, second = wire.article("a", text), wire.article("b", text, seconds=60)
    worker = wire.worker()
    await worker.handle(wire.room.records(first, second))
    leaving = wire.article("a", other, version=2, seconds=90, title="What happened then was quite another matter")
    for _ in range(2):  # a redelivery comes to the same end
        await worker.handle(wire.room.records(leaving))
        await wire.deliver(worker)
        gone, left = await wire.clusters(first, second)
        assert left == str(first.article_id) != gone
    third = wire.article("c", other, seconds=120, title="What happened then was quite another matter")
    await worker.handle(wire.room.records(third))
    assert await wire.clusters(third) == [gone]


async def test_members_whose_link_is_killed_move_together(wire):
    left, right = story(f"killed left {wire.room.tag}"), story(f"killed right {wire.room.tag}")
    one, other = (
        wire.article("l", left, seconds=60),
        wire.article("r", right, seconds=61, title="One more headline by far"),
    )
    worker = wire.worker()
    link = wire.article("link", f"{left} {right}", seconds=62, title="One more headline by far")
    await worker.handle(wire.room.records(one, other, link))
    assert set(await wire.clusters(one, other)) == {str(one.article_id)}
    await worker.handle(
        wire.room.records(wire.room.article("link", version=2, seconds=63, status=events.Status.KILLED))
    )
    early = wire.article("e", left, seconds=1)
    await worker.handle(wire.room.records(early))
    await wire.deliver(worker)
    assert set(await wire.clusters(one, other, early)) == {str(early.article_id)}


async def test_a_killed_article_leaves_nothing_to_find_its_text_by(wire):
    text = story(f"killed {wire.room.tag}")
    first, second = wire.article("a", text), wire.article("b", text, seconds=60)
    worker = wire.worker()
    await worker.handle(wire.room.records(first, second))
    killed = wire.room.article("a", version=2, seconds=90, status=events.Status.KILLED)
    await worker.handle(wire.room.records(killed))
    tombstone = await wire.room.one(first)
    assert tombstone["cluster_id"] == str(first.article_id)
    assert not {"bands", "sketch", "cluster_since"} & tombstone.keys()
    for row in await wire.room.rows(first):
        assert not {"bands", "sketch", "cluster_since"} & row.keys()
    third = wire.article("c", text, seconds=120)
    await worker.handle(wire.room.records(third))
    assert len(set(await wire.clusters(second, third))) == 1
    assert wire.findings() == []


async def test_an_order_that_comes_with_the_version_is_not_undone_by_joining_a_cluster(wire):
    text = story(f"ordered {wire.room.tag}")
    first, second = wire.article("a", text), wire.article("b", text, seconds=60)
    worker = wire.worker()
    await worker.handle(wire.room.records(first))
    await worker.handle([wire.room.record(second), wire.room.order(second, Order.WITHHOLD)])
    held = await wire.room.one(second)
    assert (held["status"], held["cluster_id"]) == ("withheld", str(first.article_id))
    third = wire.article("c", text, seconds=90)
    await worker.handle([wire.room.record(third), wire.room.order(third, Order.KILL)])
    assert (await wire.room.one(third))["cluster_id"] == str(third.article_id)


async def test_an_erased_article_says_nothing_of_whose_copy_it_was(wire):
    text = story(f"erased {wire.room.tag}")
    first, second = wire.article("a", text), wire.article("b", text, seconds=60)
    worker = wire.worker()
    await worker.handle(wire.room.records(first, second))
    await worker.handle(wire.room.records(wire.article("b", text + " And more.", version=2, seconds=90)))
    await worker.handle([wire.room.order(second, Order.ERASE)])
    for row in [await wire.room.one(second), *await wire.room.rows(second)]:
        assert row["cluster_id"] == str(second.article_id)
        assert not {"bands", "sketch", "cluster_since"} & row.keys()


async def test_superseded_versions_keep_no_bands(wire):
    made = wire.article("a", story(f"past {wire.room.tag}"))
    worker = wire.worker()
    await worker.handle(wire.room.records(made))
    await worker.handle(wire.room.records(wire.article("a", story(f"now {wire.room.tag}"), version=2, seconds=9)))
    rows = await wire.room.rows(made)
    assert len(rows) == 1
    assert not {"bands", "sketch", "cluster_since"} & rows[0].keys()


async def test_the_same_form_with_other_facts_is_no_copy(wire):
    form = (
        "The Central Bank of {0} bought {1} million pounds of bills from the market on {2}, after it had forecast a "
        "shortage of {3} million in the system; dealers in {4} said the discount rate was left at {5} percent, and that "
        "balances of banks were {6} million below target. Bills that fell due took out some {7} million, it said"
    )
    one = wire.article(
        "a",
        form.format("England", 310, "Tuesday", 450, "London", "9.5", 25, 118),
        title="Bank buys 310 million of bills",
    )
    two = wire.article(
        "b",
        form.format("Norway", 95, "Friday", 160, "Oslo", "6.25", 70, 41),
        title="Bank buys 95 million of bills",
        seconds=5,
    )
    await wire.worker().handle(wire.room.records(one, two))
    assert len(set(await wire.clusters(one, two))) == 2


async def test_copies_beyond_the_window_and_a_switched_off_search_leave_articles_alone(wire):
    text = story(f"window {wire.room.tag}")
    one = wire.article("a", text)
    two = wire.article("b", text, seconds=5, published=START + timedelta(hours=97))
    await wire.worker().handle(wire.room.records(one, two))
    assert len(set(await wire.clusters(one, two))) == 2
    off = wire.worker(IndexingSettings(clusters=False))
    three = wire.article("c", text, seconds=10)
    await off.handle(wire.room.records(three))
    assert await wire.clusters(three) == [str(three.article_id)]


class Counting:
    """A store that counts looks for near copies."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def near(self, nearby: Nearby) -> Any:
        self.looks += 1
        return await self._store.near(nearby)


async def test_the_very_text_of_an_article_of_ones_own_joins_unasked_and_follows_it(wire):
    text = story(f"twin {wire.room.tag}")
    store = Counting(wire.room.store)
    worker = wire.worker(store=store)
    first, twin = wire.article("a", text, seconds=60), wire.article("b", text, seconds=90)
    await worker.handle(wire.room.records(first))
    looks = store.looks
    await worker.handle(wire.room.records(twin))
    assert store.looks == looks
    assert set(await wire.clusters(first, twin)) == {str(first.article_id)}
    # Another worker's earlier copy moves the one that is known, and the twin with it; the next twin goes where it went.
    early = wire.article("c", f"{text} And more.", seconds=1)
    await wire.worker().handle(wire.room.records(early))
    await wire.deliver(worker)
    await worker.handle(wire.room.records(wire.article("d", text, seconds=95)))
    assert set(await wire.clusters(first, twin, early, wire.article("d", text))) == {str(early.article_id)}


async def test_what_is_no_longer_certain_is_looked_up(wire):
    text = story(f"certain {wire.room.tag}")
    store = Counting(wire.room.store)
    worker = wire.worker(store=store)
    first = wire.article("a", text)

    async def looked_up(name: str, **fields: Any) -> bool:
        looks = store.looks
        await worker.handle(wire.room.records(wire.article(name, text, seconds=60, **fields)))
        return store.looks > looks

    await worker.handle(wire.room.records(first))
    assert not await looked_up("b")
    assert await looked_up("late", published=START + timedelta(hours=100))
    await worker.revoked(MINE)
    assert await looked_up("c")
    await worker.handle([wire.room.order(first, Order.KILL), wire.room.order(wire.article("c", text), Order.KILL)])
    assert await looked_up("d")
    await worker.handle(wire.room.records(wire.article("d", story("other"), version=2, seconds=70)))
    assert await looked_up("e")


async def test_a_batch_that_fails_between_writing_and_looking_comes_to_the_same_end(wire, monkeypatch):
    text = story(f"fails {wire.room.tag}")
    first, second = wire.article("a", text), wire.article("b", f"{text} And more.", seconds=60)
    worker = wire.worker()
    await worker.handle(wire.room.records(first))
    records = wire.room.records(second)
    with monkeypatch.context() as patched:
        patched.setattr(type(wire.room.store), "near", _away)
        with pytest.raises(Unavailable):
            await worker.handle(records)
    await worker.handle(records)
    assert set(await wire.clusters(first, second)) == {str(first.article_id)}
    assert wire.room.told().count(("created", 1)) >= 1


async def _away(*_: Any) -> Any:
    raise Unavailable("away")


@pytest.mark.parametrize(
    "change",
    [
        {"article_id": 3},
        {"cluster_id": "x"},
        {"since": "now"},
        {"since": 2**63},
        {"text": None},
        {"article_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"},
    ],
)
async def test_a_finding_that_says_nothing_sound_is_a_dead_letter(wire, change):
    made = wire.article("a", story("x"))
    told = {
        "article_id": str(made.article_id),
        "text": "x",
        "cluster_id": str(made.article_id),
        "since": 1,
    } | change
    value = events.structured(ARTICLE_CLUSTERED, "e", str(made.article_id), events.now(), orjson.dumps(told))
    record = Record(ARTICLES_NORMALIZED, 0, 77, 1_772_000_000_000, str(made.article_id).encode(), value, ())
    await wire.worker().handle([record])
    assert wire.room.buried() == [("invalid-event", 77)]


async def test_a_hundred_copies_are_one_cluster_and_a_hundred_forms_stay_alone(wire):
    text = story(f"hundred {wire.room.tag}")
    copies = [wire.article(f"c{n}", text, seconds=n) for n in range(100)]
    await wire.worker().handle(wire.room.records(*copies))
    assert set(await wire.clusters(*copies)) == {str(copies[0].article_id)}


async def test_the_look_up_sees_what_stands_in_a_window_and_in_clusters_and_nothing_else(wire):
    text = story(f"look {wire.room.tag}")
    dated, undated = wire.article("a", text), wire.article("b", text, published=None, seconds=5)
    await wire.worker().handle(wire.room.records(dated, undated))
    bands = sketch_of(dated.title, text).bands
    at = int(START.timestamp() * 1000)

    async def seen(**asked: Any) -> set[str]:
        return {one.article_id for one in await wire.room.store.near(Nearby(**asked))}

    both = {str(dated.article_id), str(undated.article_id)}
    assert await seen(bands=bands, start=at - 1000, end=at + 10_000) == both
    assert await seen(bands=bands, start=at - 1000, end=at + 1000) == {str(dated.article_id)}
    assert await seen(bands=bands, start=at + 1000, end=at + 10_000) == {str(undated.article_id)}
    assert await seen(bands=bands, besides=[str(dated.article_id)], start=at, end=at + 10_000) == {
        str(undated.article_id)
    }
    assert await seen(clusters=[str(dated.article_id)]) == both
    assert await seen(bands=["none"], start=at, end=at) == set()
