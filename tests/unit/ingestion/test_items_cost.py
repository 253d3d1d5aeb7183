"""What the worst items cost: whoever has a key may send 8 MiB of anything, and all others wait while it is looked at."""

from __future__ import annotations

import asyncio
import time

import orjson
import pytest

from services.ingestion.items import check_item
from services.ingestion.media import Family
from shared.errors import Refused
from shared.stories import MAX_VALUES
from tests.unit.ingestion.support import FrontDoor

LIMIT = 8 * 1024 * 1024
ROOM = LIMIT - 100

COMPLEX = {
    "lists": b'{"title":"x","topics":[' + b"[]," * (ROOM // 3) + b"[]]}",
    "strings": b'{"title":"x","topics":[' + b'"",' * (ROOM // 3) + b'""]}',
    "numbers": b"[" + b"1," * (ROOM // 2) + b"1]",
    "keys": b"{" + b",".join(b'"%x":1' % n for n in range(700_000)) + b"}",
    "of a wire": b'{"uri":"a","headline":"b","subject":[' + b"{}," * (ROOM // 3) + b"{}]}",
    "a list beside prose": b'{"body":"' + rb"a, \"b\", " * 100 + b'","topics":[' + b"1," * MAX_VALUES + b"1]}",
}
LEGAL = {
    "prose": {"title": "x", "body": "word, words and \u2019 more\n\n" * (ROOM // 30)},
    "commas": {"title": "x", "body": "," * ROOM},
    "brackets": {"title": "x", "body": "[{" * (ROOM // 2)},
    "quotes": {"title": "x", "body": '",' * (ROOM // 3)},
    "backslashes": {"title": "x", "body": "\\," * (ROOM // 3)},
    "topics": {"title": "x", "topics": ["a, b"] * 500, "body": "," * 300_000},
}


def cost(raw: bytes) -> tuple[float, str]:
    began = time.process_time()
    try:
        check_item(raw, Family.JSON, LIMIT)
        code = "taken"
    except Refused as refused:
        code = refused.code
    return time.process_time() - began, code


@pytest.mark.parametrize("name", COMPLEX)
def test_millions_of_values_are_refused_before_they_are_made(name: str) -> None:
    seconds, code = min(cost(COMPLEX[name]) for _ in range(2))
    assert code == "too-complex"
    assert seconds < 0.15, "10 to 45 ms on an idle machine; making them took 0.4 to 1.8 s"


@pytest.mark.parametrize("name", LEGAL)
def test_a_long_text_is_no_matter_of_how_many_marks_are_in_it(name: str) -> None:
    seconds, code = min(cost(orjson.dumps(LEGAL[name])) for _ in range(2))
    assert code == "taken"
    assert seconds < 0.4


@pytest.mark.parametrize("values", [MAX_VALUES - 10, MAX_VALUES + 10])
def test_the_bound_is_where_it_says(values: int) -> None:
    raw = b'{"title":"' + b"," * 200_000 + b'","topics":[' + b",".join([b"1"] * values) + b"]}"
    assert cost(raw)[1] == ("too-complex" if values > MAX_VALUES else "invalid-story")


def test_dirt_without_end_is_no_text() -> None:
    seconds, code = cost(b'{"title":"x","body":"' + b"\\u0001" * (ROOM // 6) + b'"}')
    assert code == "invalid-story"
    assert seconds < 0.2


async def test_a_big_item_is_looked_at_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(raw: bytes, *_: object) -> str | None:
        time.sleep(0.5 if len(raw) > 1_000_000 else 0)
        return None

    monkeypatch.setattr("services.ingestion.door.check_item", slow)
    door = FrontDoor()
    pushing = asyncio.create_task(door.push(b'{"title":"' + b"x" * 1_200_000 + b'"}'))
    turns = 0
    while not pushing.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert (await pushing).status == 202
    assert turns > 20, "others had their turns meanwhile"
