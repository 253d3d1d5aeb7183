"""What a drop folder refuses is kept as dead letters, whole, and can be sent back once it can be read."""

from __future__ import annotations

import asyncio
import gzip

import orjson
import pytest

from cli.dead_letters.choice import Choice
from cli.dead_letters.work import Replayed, replay, where
from services.ingestion.dropbox.folder import Folder
from services.ingestion.dropbox.taker import Taker
from shared import ids
from shared.events import DEAD_LETTERS, STORIES_RAW, header
from shared.feeds import Feed
from shared.kafka.letter import letter_of, mark_of, original_of
from shared.kafka.memory import MemoryBroker
from shared.kafka.memory_reader import MemoryReader
from shared.settings import IngestionSettings, Settings, SizeSettings
from tests.unit.ingestion.dropbox.test_watcher import FEED, FILES, QUICK, STORY, Room, zipped
from tests.unit.ingestion.dropbox.test_watcher import path as path  # noqa: PLC0414 - a fixture, by its name

SECRET = "the minister resigns"


def letters(broker: MemoryBroker) -> list:
    return broker.records(DEAD_LETTERS)


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("a.json", b'{"id": "a", "title": "the minister resigns"', "malformed-json"),
        ("a.json", orjson.dumps({"id": "a", "title": SECRET, "nosuch": 1}), "invalid-story"),
        ("a.xml", b"<unheard><of>the minister resigns</of></unheard>", "format-not-supported"),
        ("a.json", orjson.dumps({"id": "a", "title": SECRET, "body": "x" * 100_001}), "too-large"),
    ],
)
async def test_a_refused_file_is_a_dead_letter_whole_and_without_a_word_of_it_in_the_reason(path, name, raw, code):
    async with Room(path) as room:
        room.drop(name, raw)
        await room.put(name, "refused")
        [record] = letters(room.broker)
        assert room.sent == []
    letter = letter_of(record)
    assert record.value == raw
    assert (letter.code, letter.stage, letter.feed, letter.topic) == (code, "ingestion", "harbour", STORIES_RAW)
    assert (letter.partition, letter.offset) == (None, None)
    assert letter.reason
    assert "minister" not in letter.reason
    items = room.why(name)["items"]
    assert items[0]["problem"]["code"] == code
    assert letter.item == (items[0].get("id") or f"{items[0]['receipt']}.1")
    assert header(record.headers, "ce_zone") == "Europe/Athens"


async def test_each_refused_line_is_a_letter_and_the_good_ones_are_none(path):
    lines = [STORY, b"{", b'{"id":"b","title":"B"}', b'{"nosuch":1}']
    async with Room(path) as room:
        room.drop("a.ndjson", b"\n".join(lines))
        await room.put("a.ndjson", "refused")
        found = {letter_of(record).item.rpartition(".")[2]: record.value for record in letters(room.broker)}
        assert len(room.sent) == 2
    assert found == {"2": lines[1], "4": lines[3]}


async def test_a_letter_is_sent_back_as_a_story_like_any_other(path):
    async with Room(path) as room:
        room.drop("a.json.gz", gzip.compress(b"{"))
        await room.put("a.json.gz", "refused")
        broker = room.broker
    reader, progress, choice = MemoryReader(broker), Replayed(), Choice(stages=frozenset({"ingestion"}))
    await replay(reader, broker.publisher(), await where(reader, choice), choice, progress, rate=1000)
    assert progress.sent == 1
    [record] = broker.records(STORIES_RAW)
    assert record.value == b"{"
    assert not [name for name, _ in record.headers if name.startswith("dlq-")]
    assert header(record.headers, "ce_feed") == "harbour"
    assert header(record.headers, "ce_time")


async def test_a_file_taken_again_after_a_crash_gives_the_same_letters(path):
    broker = MemoryBroker()
    taker = Taker(broker.publisher(), QUICK, asyncio.Event())
    (path / "a.zip").write_bytes(zipped([*FILES, ("bad", b"{")]))
    with Folder(path) as folder:
        claim = folder.claim("a.zip", str(ids.uuid7()))
        for _ in range(2):
            with folder.open(claim) as file:
                await taker.take(FEED, claim, file)
    marks = {mark_of(original) for record in letters(broker) if (original := original_of(record))}
    assert len(letters(broker)) == 2
    assert len(marks) == 1, "a replay sends one"


async def test_while_kafka_is_away_a_refused_file_is_not_put_away(path):
    async with Room(path) as room:
        room.broker.available = False
        room.drop("a.json", b"{")
        await asyncio.sleep(0.3)
        assert not (path / "refused" / "a.json").exists()
        room.broker.available = True
        await room.put("a.json", "refused")
        assert len(letters(room.broker)) == 1


async def test_what_has_no_bytes_or_too_many_stays_in_the_folder_alone(path):
    small = SizeSettings(request=13_000_000, item=100_000, raw_message=110_000, normalized_message=120_000, dead_letter_message=200_000)  # fmt: skip
    settings = Settings(ingestion=IngestionSettings(drop_every_s=0.01, drop_settle_s=0.0), sizes=small)
    async with Room(path, settings) as room:
        (path / "link").symlink_to("/etc/passwd")
        room.drop("large.json", b'{"title":"' + b"x" * 200_000 + b'"}')
        room.drop("bad.zip", b"PK\x03\x04nonsense")
        for name in ("link", "large.json", "bad.zip"):
            await room.put(name, "refused")
        assert letters(room.broker) == []


async def test_a_batch_of_too_many_lines_is_no_item(path):
    feed = Feed.model_validate({"id": "harbour", "limits": {"batch_items": 2}})
    async with Room(path, feeds=lambda _: feed) as room:
        room.drop("a.ndjson", b"\n".join([STORY] * 3))
        await room.put("a.ndjson", "refused")
        assert letters(room.broker) == []
