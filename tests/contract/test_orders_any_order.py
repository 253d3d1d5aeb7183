"""Versions and orders in any order, any batches, by two workers, with repeats: one and the same end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES
from shared.elastic.memory import MemoryStore
from shared.events import Order, now
from shared.kafka.ports import Record
from tests.contract.indexing_room import Room

FAR = now() + timedelta(days=30)
LIFE = ("v1", "v2", "correction", "again", "late", "embargoed", "freed", "withhold", "release")
ENDS = {"open": (), "held": ("withhold-later",), "killed": ("kill",), "ordered": ("kill-order",), "erased": ("erase",)}
KEPT = ("status", "version", "body", "on_hold", "embargo_open", "embargoed_until", "own_status", "erased", "reason")


def records(room: Room) -> dict[str, Record]:
    versions: dict[str, dict[str, Any]] = {
        "v1": {"version": 1},
        "v2": {"version": 2, "seconds": 2},
        "correction": {"version": 3, "seconds": 3, "correction": True},
        "again": {"version": 1, "seconds": 4},
        "late": {"version": 0, "seconds": 5},
        "embargoed": {"version": 4, "seconds": 6, "embargoed_until": FAR},
        "freed": {"version": 5, "seconds": 7},
        "kill": {"version": 6, "seconds": 8, "status": "killed", "reason": "Wrong."},
        "after": {"version": 9, "seconds": 9, "body": "Usable after the kill."},
    }
    made = {
        name: room.record(room.article(**({"body": f"Body of version {fields['version']}."} | fields)))
        for name, fields in versions.items()
    }
    one = room.article()
    made["withhold"] = room.order(one, Order.WITHHOLD, seconds=10)
    made["release"] = room.order(one, Order.RELEASE, seconds=20)
    made["withhold-later"] = room.order(one, Order.WITHHOLD, seconds=30)
    made["kill-order"] = room.order(one, Order.KILL, seconds=40)
    made["erase"] = room.order(one, Order.ERASE, seconds=50)
    return made


async def played(order: Sequence[str], cuts: Sequence[int]) -> tuple[Room, dict[str, Any]]:
    room = Room(MemoryStore())
    made = records(room)
    workers = [room.worker(), room.worker(memory=0)]
    batches: list[list[Record]] = [[]]
    for place, name in enumerate(order):
        if place in cuts:
            batches.append([])
        batches[-1].append(made[name])
    for number, batch in enumerate(batches):
        worker = workers[number % 2]
        worker._indexer.forget_all()  # the other one has owned the partition in between
        await worker.handle(batch)
    return room, {name: (await room.one(room.article())).get(name) for name in KEPT}


@pytest.mark.parametrize("end", list(ENDS))
@given(data=st.data())
@settings(max_examples=12, deadline=None, phases=[Phase.generate])
def test_any_order_ends_in_the_same_document(end, data):
    names = [*LIFE, *ENDS[end], *(("after",) if ENDS[end] and end != "held" else ())]
    order = data.draw(st.permutations(names))
    repeats = data.draw(st.lists(st.sampled_from(names), max_size=4))
    cuts = data.draw(st.lists(st.integers(1, len(names)), max_size=6))

    async def play() -> None:
        _, expected = await played(names, range(len(names)))
        room, found = await played([*order, *repeats], cuts)
        if end in ("ordered", "erased"):
            del found["version"], expected["version"]  # a tombstone names the version that an operator has killed
        if ENDS[end] and end != "held":
            del found["on_hold"], expected["on_hold"]  # a hold of what is killed holds nothing
        assert found == expected
        documents = room.store.documents(ARTICLES)
        assert [len(copies) for copies in documents.values()] == [1]
        rows = [row.source for copies in room.store.documents(ARTICLE_VERSIONS).values() for row in copies]
        if end != "open":
            assert all(row.get("held") for row in rows), "nothing of it is to be read in its history"
        if end == "erased":
            assert not [row for row in rows if "body" in row or "title" in row]
        told = [change for change, _ in room.told()]
        assert told.count("killed") == (1 if end in ("killed", "ordered", "erased") else 0)

    asyncio.run(play())
