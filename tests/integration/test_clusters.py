"""Two indexing workers of one group over real Kafka and Elasticsearch meet copies at the same moment."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from typing import Any

import pytest

from services.normalization.sketch import sketch_of
from shared.elastic.index import ARTICLES
from shared.events import Article
from tests.contract.test_clusters import story
from tests.integration.test_indexing import Room, room  # noqa: F401 - the fixture is used by its name
from tests.unit.indexing.samples import message

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

STORIES = 40
COPIES = 3
WITHIN_S = 60


def made(room: Room, name: str, number: int, copy: int) -> Article:  # noqa: F811 - see above
    title, text = f"Story {number} of the harbour council {room.tag}", story(f"{room.tag} {number}")
    sketched = sketch_of(title, text)
    assert sketched is not None
    return room.article(
        name, title=title, body=text, sketch=sketched.sketch, bands=sketched.bands, seconds=number + 0.1 * copy
    )


async def clusters(room: Room, articles: list[Article]) -> dict[str, str]:  # noqa: F811 - see above
    found = await room.find(ARTICLES, articles)
    assert len({source["id"] for source in found}) == len(found)
    return {source["id"]: source["cluster_id"] for source in found}


async def test_copies_met_by_two_workers_at_once_are_one_cluster_within_a_minute(room):  # noqa: F811 - see above
    groups = [[made(room, f"s{number}-{copy}", number, copy) for copy in range(COPIES)] for number in range(STORIES)]
    everything = list(itertools.chain.from_iterable(groups))
    random.Random(7).shuffle(everything)
    async with room.worker(), room.worker():
        await asyncio.sleep(8)  # both have their partitions
        # Several messages a moment, so that both are at work on copies of each other's all the time.
        for start in range(0, len(everything), 20):
            await room.push(*map(message, everything[start : start + 20]))
        await _until(lambda: _all_there(room, everything))
        began = time.monotonic()
        while split := await _split(room, groups):
            assert time.monotonic() - began < WITHIN_S, split
            await asyncio.sleep(0.2)
    named = await clusters(room, everything)
    for group in groups:
        assert {named[str(one.article_id)] for one in group} == {str(group[0].article_id)}


async def _all_there(room: Room, articles: list[Article]) -> bool:  # noqa: F811 - see above
    return len(await clusters(room, articles)) == len(articles)


async def _split(room: Room, groups: list[list[Article]]) -> list[int]:  # noqa: F811 - see above
    named = await clusters(room, list(itertools.chain.from_iterable(groups)))
    return [number for number, group in enumerate(groups) if len({named.get(str(one.article_id)) for one in group}) > 1]


async def _until(there: Any) -> None:
    began = time.monotonic()
    while not await there():
        assert time.monotonic() - began < WITHIN_S
        await asyncio.sleep(0.1)
