"""Lines that a feed repeats, over the real Kafka: learned, left out of later stories, kept over a restart, switched off."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import uuid

import orjson
import pytest

from services.normalization import line_keeper, worker
from services.normalization.chunk import run_chunk
from services.normalization.learning import ENOUGH
from shared.events import ARTICLES_NORMALIZED, FEEDS_LINES, STORIES_RAW, now, rfc3339
from shared.health import Health
from shared.kafka.client import AiokafkaPublisher, AiokafkaReader, AiokafkaSource
from shared.kafka.ports import Message, Record
from shared.kafka.topics import ensure_topics
from shared.settings import KafkaSettings, Settings
from tests.harness import ROOT

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

TRAILER = "The Harbour Letter reaches its readers each morning before the first ferry."
PLACES = ["Samos", "Chios", "Naxos", "Paros", "Syros", "Tinos", "Andros", "Kea", "Kos", "Leros"]
WORDS = ["storm", "strike", "timetable", "pier", "tariff", "crew"]


class Room:
    """A feed of its own, and workers of a group of their own over the real topics."""

    def __init__(self, servers, tmp_path):
        self.feed = f"feed-{uuid.uuid4().hex[:10]}"
        self.settings = Settings(
            kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers),
            data_dir=tmp_path,
            normalization={"port": 0},
        )
        self.group = f"lines-{self.feed}"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSWIRE_")} | {
            "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
            "NEWSWIRE_DATA_DIR": str(tmp_path / "data"),
        }

    def message(self, number, *, version=1, **headers) -> Message:
        place, word = PLACES[number % len(PLACES)], WORDS[number // len(PLACES) % len(WORDS)]
        story = {
            "id": f"{self.feed}-{number}",
            "version": version,
            "title": f"{place} {word} talks",
            "body": f"The {word} of {place} was the talk of the island on the day that it came.\n\n"
            f"People in {place} said that they had seen no {word} like it.\n\n{TRAILER}",
            "published": "2026-02-08T10:00:00Z",
        }
        receipt = str(uuid.uuid4())
        given = {
            "ce_specversion": "1.0", "ce_id": f"{receipt}.1", "ce_type": "newswire.story.received.v1", "ce_time": rfc3339(now()),
            "ce_source": f"/feeds/{self.feed}", "content-type": "application/json", "ce_feed": self.feed, "ce_receipt": receipt,
        } | headers  # fmt: skip
        sent = tuple((name, value.encode()) for name, value in given.items())
        return Message(STORIES_RAW, f"{self.feed}:{number}".encode(), orjson.dumps(story), sent)

    @contextlib.asynccontextmanager
    async def worker(self):
        stop = asyncio.Event()
        settings = self.settings
        running = asyncio.create_task(
            worker.run(
                settings,
                Health(),
                stop,
                publisher=AiokafkaPublisher(settings),
                source=AiokafkaSource(settings, self.group),
                readers=lambda: AiokafkaReader(settings),
            )
        )
        try:
            yield
            assert not running.done()
        finally:
            stop.set()
            await running

    async def push(self, *messages: Message) -> None:
        publisher = AiokafkaPublisher(self.settings)
        await publisher.start()
        assert set(await publisher.publish(messages)) == {None}
        await publisher.stop()

    async def read(self, topic, is_ours):
        async with AiokafkaReader(self.settings) as reader:
            found = [one async for some in reader.read(await reader.spans(topic)) for one in some]
        return [record for record in found if is_ours(record)]

    async def articles(self, count):
        """The newest version of each story, once there are so many."""
        for _ in range(100):
            events = [
                orjson.loads(one.value)
                for one in await self.read(ARTICLES_NORMALIZED, lambda one: self.feed.encode() in one.value)
            ]
            newest = {event["data"]["provider_id"]: event["data"] for event in events}
            if len(newest) >= count:
                return newest
            await asyncio.sleep(0.3)
        raise AssertionError(f"{len(newest)} articles, and never {count}")

    async def sites(self):
        start = f"{self.feed}|".encode()
        return {
            one.key: one.value for one in await self.read(FEEDS_LINES, lambda one: (one.key or b"").startswith(start))
        }

    def shown(self):
        done = self.asked()
        assert done.returncode == 0, done.stdout + done.stderr
        return orjson.loads(done.stdout)["lines"]

    def asked(self, **environment):
        return subprocess.run(
            [sys.executable, "-m", "cli", "feeds", "lines", self.feed, "--json"],
            cwd=ROOT, env=self.environment | environment, capture_output=True, check=False, timeout=60,
        )  # fmt: skip


@pytest.fixture
async def room(servers, tmp_path):
    room = Room(servers, tmp_path)
    await ensure_topics(room.settings)
    return room


async def test_a_trailer_is_learned_kept_over_a_restart_and_left_where_it_is_wanted(room):
    async with room.worker():
        for start in range(0, 30, 10):
            await room.push(*(room.message(number) for number in range(start, start + 10)))
            made = await room.articles(start + 10)
        assert all(TRAILER in made[f"{room.feed}-{number}"]["body"] for number in range(ENOUGH)), (
            "nothing on first sight"
        )
        for number in range(20, 30):
            one = made[f"{room.feed}-{number}"]
            assert TRAILER not in one["body"]
            assert one["body"].count("\n\n") == 1
            assert "1 line that the feed repeats left out" in one["notes"]

    # What is shared holds hashes, and the beginning of what was left out; nothing of any story's own text.
    (value,) = (await room.sites()).values()
    assert TRAILER.encode() in value
    assert b"talk of the island" not in value
    (line,) = [one for one in room.shown() if one["learned"]]
    assert (line["sample"], line["stories"], line["site"]) == (TRAILER, ENOUGH, "")

    # Another process goes on with what was learned.
    async with room.worker():
        await room.push(room.message(40), room.message(41, ce_learnlines="false"))
        made = await room.articles(32)
        assert TRAILER not in made[f"{room.feed}-40"]["body"]
        assert TRAILER in made[f"{room.feed}-41"]["body"]

        # The first story sent again is the version that it was, though its text is cleaned otherwise now.
        first = made[f"{room.feed}-0"]
        await room.push(room.message(0))
        for _ in range(100):
            again = (await room.articles(32))[f"{room.feed}-0"]
            if again["receipt"] != first["receipt"]:
                break
            await asyncio.sleep(0.2)
        assert TRAILER in first["body"]
        assert TRAILER not in again["body"]
        assert (again["source_hash"], again["ext_version"]) == (first["source_hash"], first["ext_version"])


async def test_what_one_worker_learned_another_hears(room, monkeypatch):
    """The first worker is played by a keeper that is given ten stories; the other has seen none of them."""
    monkeypatch.setattr(line_keeper, "HEARD_EVERY_S", 0.3)
    async with room.worker():
        publisher = AiokafkaPublisher(room.settings)
        await publisher.start()
        keeper = line_keeper.LineKeeper(publisher)
        messages = [room.message(number) for number in range(ENOUGH)]
        records = [Record(STORIES_RAW, 0, 0, 0, one.key, one.value, one.headers) for one in messages]
        keeper.take(records, run_chunk(keeper.items(records), 60, 10_000_000))
        assert len(keeper.learner.learned(room.feed)) == 1
        await keeper.tell()
        await publisher.stop()
        for number in range(50, 90):
            await room.push(room.message(number))
            made = await room.articles(number - 49)
            if TRAILER not in made[f"{room.feed}-{number}"]["body"]:
                break
        assert number < 50 + ENOUGH - 1, "by what it saw itself it cannot have known"


async def test_a_feed_of_which_nothing_is_known_and_a_kafka_that_is_away(room):
    assert room.shown() == []
    away = room.asked(NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1", NEWSWIRE_KAFKA__REQUEST_TIMEOUT_S="1")
    assert away.returncode == 1
    assert away.stderr.startswith(b"newswire: no Kafka at 127.0.0.1:1")
    assert away.stderr.count(b"\n") == 1
