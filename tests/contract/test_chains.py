"""Stories that go on from one another, over the index in memory and over the real one: one name, one newest, in any order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.elastic.memory import MemoryStore
from shared.events import Article, Order, Thread, now
from shared.kafka.ports import Record
from tests.contract.indexing_room import Room
from tests.unit.indexing.samples import START


class Line:
    """Articles by short names, and a log of what was sent to their owners, delivered in order for each article."""

    def __init__(self, room: Room, chance: random.Random | None = None) -> None:
        self.room, self.chance = room, chance
        self.queues: dict[bytes, list[Record]] = {}
        self.seen = 0
        self.delivered = 0
        self.workers = [room.worker(), room.worker(memory=1)]

    def made(self, name: str, on: str | None = None, **fields: Any) -> Article:
        parent = {"story_id": self.room.article(on).article_id} if on else {}
        return self.room.article(name, **parent, **fields)

    def put(self, *records: Record) -> None:
        for one in records:
            self.queues.setdefault(one.key or b"", []).append(one)

    async def settle(self, most: int = 1000) -> None:
        """Until nobody has anything to say any more; each article's records in order, articles in any."""
        while keys := sorted(key for key, queue in self.queues.items() if queue):
            some = [self.chance.choice(keys)] if self.chance else keys
            batch = [one for key in some for one in self.queues.pop(key)]
            self.delivered += len(batch)
            assert self.delivered < most, "it never ends"
            # One owner an article, as partitions go.
            for number, worker in enumerate(self.workers):
                mine = [one for one in batch if (one.key or b"")[-1] % 2 == number]
                if mine:
                    await worker.handle(mine)
            sent = self.room.sent()
            self.put(*sent[self.seen :])
            self.seen = len(sent)

    async def come(self, *articles: Article) -> None:
        self.put(*self.room.records(*articles))
        await self.settle()

    async def stands(self, *names: str) -> dict[str, tuple[str | None, str | None]]:
        """Of each: its story, and what stands for it, by their short names."""
        short = {str(self.room.article(name).article_id): name for name in names}
        found = {}
        for name in names:
            document = await self.room.one(self.room.article(name))
            by = document.get("replaced_by")
            found[name] = (short.get(document["story_id"]), short.get(by) if by else None)
        return found


CHAIN = {"a": ("a", "b"), "b": ("a", "c"), "c": ("a", "d"), "d": ("a", None)}


@pytest.mark.parametrize("order", ["abcd", "dcba", "bdac", "cadb"])
async def test_a_chain_is_one_story_named_by_its_root_whatever_came_first(room, order):
    line = Line(room)
    made = {name: line.made(name, on) for name, on in zip("abcd", (None, *"abc"), strict=True)}
    for name in order:
        await line.come(made[name])
    assert await line.stands(*"abcd") == CHAIN
    await line.come(line.made("b", "a", version=2), line.made("a", version=2))
    assert await line.stands(*"abcd") == CHAIN, "what comes later is in the same story"


async def test_a_newest_that_was_killed_gives_the_older_back(room):
    line = Line(room)
    await line.come(line.made("a"), line.made("b", "a"), line.made("c", "b"))
    await line.come(line.made("c", version=2, status="killed"))
    assert await line.stands("a", "b", "c") == {"a": ("a", "b"), "b": ("a", None), "c": ("a", None)}
    await line.come(line.made("b", version=2, status="killed"))
    assert await line.stands("a", "b", "c") == {"a": ("a", None), "b": ("a", None), "c": ("a", None)}


@pytest.mark.parametrize("order", ["abcx", "xcba", "bxca", "axbc"])
async def test_what_goes_on_from_a_killed_article_stands_for_what_was_before_it(room, order):
    line = Line(room)
    made = {"a": line.made("a"), "b": line.made("b", "a"), "c": line.made("c", "b")}
    made["x"] = line.made("b", "a", version=2, status="killed")
    for name in order:
        await line.come(made[name])
    found = await line.stands("a", "b", "c")
    assert (found["a"], found["c"]) == (("a", "c"), ("a", None)), "the newest that stands, and no other, is shown"


async def test_a_newest_under_embargo_hides_nothing_until_it_is_free(room):
    line = Line(room)
    held = {"embargoed_until": now() + timedelta(days=1)}
    await line.come(line.made("a"), line.made("b", "a", **held), line.made("c", "b", **held))
    assert await line.stands("a", "b", "c") == {"a": ("a", None), "b": ("a", None), "c": ("a", None)}
    told = [change for change, _ in room.told()]
    assert told == ["created"], "of the root alone"
    await line.come(line.made("c", "b", version=2))
    assert await line.stands("a", "b", "c") == {"a": ("a", "c"), "b": ("a", "c"), "c": ("a", None)}
    await line.come(line.made("b", "a", version=2))
    assert (await line.stands("a", "b", "c"))["a"] == ("a", "b")


async def test_a_newest_that_an_operator_holds_gives_the_older_back_and_takes_its_place_again(room):
    line = Line(room)
    b = line.made("b", "a")
    await line.come(line.made("a"), b)
    line.put(room.order(b, Order.WITHHOLD))
    await line.settle()
    assert (await line.stands("a", "b"))["a"] == ("a", None)
    line.put(room.order(b, Order.RELEASE, seconds=200))
    await line.settle()
    assert (await line.stands("a", "b"))["a"] == ("a", "b")


async def test_an_article_that_goes_on_from_another_one_later_leaves_the_first(room):
    line = Line(room)
    await line.come(line.made("a"), line.made("z"), line.made("b", "a"), line.made("c", "b"))
    await line.come(line.made("b", "z", version=2))
    assert await line.stands("a", "b", "c", "z") == {
        "a": ("a", None), "b": ("z", "c"), "c": ("z", None), "z": ("z", "b"),
    }  # fmt: skip


async def test_of_several_that_go_on_from_one_the_latest_stands_for_it(room):
    line = Line(room)
    first, second = line.made("b", "a", seconds=1), line.made("c", "a", seconds=2)
    await line.come(second, line.made("a"))
    await line.come(first)
    assert (await line.stands("a", "b", "c"))["a"] == ("a", "c")
    await line.come(line.made("c", "a", version=2, status="killed"))
    assert (await line.stands("a", "b", "c"))["a"] == ("a", "b")


@pytest.mark.parametrize("names", ["ab", "abc", "abcde"])
async def test_a_ring_ends_and_nothing_in_it_stands_for_anything(room, names):
    line = Line(room)
    ring = [line.made(name, on) for name, on in zip(names, names[-1] + names, strict=False)]
    await line.come(*ring, line.made("t", "a"))
    assert await line.stands(*names, "t") == {name: (name, None) for name in (*names, "t")}
    await line.come(line.made("a", version=2))
    found = await line.stands(*names, "t")
    assert {story for story, _ in found.values()} == {"a"}, "once it is broken, it is a chain"
    assert found[names[-1]] == ("a", None)


async def test_a_story_without_links_asks_nobody_and_has_no_field_more(room):
    line = Line(room)
    await line.come(line.made("a"))
    found = await room.one(room.article("a"))
    assert room.sent() == []
    assert not {"chain", "evolved_from", "replaced_by"} & found.keys()


def wire(line: Line, name: str, hours: float, *, lead: bool = False, **fields: Any) -> Article:
    """A message of a text wire, whose versions have no link."""
    at = START + timedelta(hours=hours)
    thread = Thread(key=f"thread-{line.room.tag}", at=at, lead=lead)
    return line.made(name, seconds=hours * 3600, thread=thread, **fields)


@pytest.mark.parametrize("order", ["abcd", "dcba", "bdac", "cadb", "*"])
async def test_leads_are_one_story_with_what_they_go_on_from_whatever_came_first(room, order):
    line = Line(room)
    made = {"a": wire(line, "a", 0), "b": wire(line, "b", 1, lead=True), "c": wire(line, "c", 2, lead=True)}
    made["d"] = wire(line, "d", 60, lead=True)
    for some in [made.values()] if order == "*" else [[made[name]] for name in order]:
        await line.come(*some)
    assert await line.stands(*"abcd") == {
        "a": ("a", "b"), "b": ("a", "c"), "c": ("a", None), "d": ("d", None),
    }, "the last is more than 48 hours later"  # fmt: skip


async def test_a_lead_whose_first_version_is_under_embargo_or_killed_later(room):
    line = Line(room)
    await line.come(wire(line, "b", 1, lead=True), wire(line, "a", 0, embargoed_until=now() + timedelta(days=1)))
    assert await line.stands("a", "b") == {"a": ("a", "b"), "b": ("a", None)}
    await line.come(line.made("b", version=2, seconds=7200, status="killed"))
    assert await line.stands("a", "b") == {"a": ("a", None), "b": ("a", None)}


TREE: Sequence[tuple[str, str | None]] = (("a", None), ("b", "a"), ("c", "b"), ("d", "b"), ("e", "c"))


@pytest.mark.parametrize("seed", range(20))
async def test_any_order_of_arrival_and_delivery_ends_the_same(seed):
    chance = random.Random(seed)
    line = Line(Room(MemoryStore()), chance)
    came = [line.made(name, on, seconds=number) for number, (name, on) in enumerate(TREE)]
    came += [line.made("e", "c", version=2, seconds=9, status="killed"), line.made("c", "b", version=2, seconds=10)]
    came += chance.sample(came, 3)
    chance.shuffle(came)
    for article in came:
        line.put(*line.room.records(article))
        if chance.random() < 0.5:
            await line.settle()
    await line.settle()
    found = await line.stands(*"abcde")
    assert {name: story for name, (story, _) in found.items() if name != "e"} == dict.fromkeys("abcd", "a")
    assert [found[name][1] for name in "abcd"] == ["b", "c" if found["b"][1] == "c" else "d", None, None]
