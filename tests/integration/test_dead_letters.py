"""`newswire dead-letters` as a command over the real Kafka."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime

import orjson
import pytest

from cli.dead_letters.commands import erase_letters
from shared.events import DEAD_LETTERS, STORIES_RAW
from shared.kafka.client import AiokafkaPublisher, AiokafkaReader
from shared.kafka.dead_letter import Burial, dead_letter
from shared.kafka.ports import Message, Record
from shared.settings import KafkaSettings, Settings
from tests.harness import ROOT

pytestmark = pytest.mark.servers

STORY = b"\x01SECRET embargoed\r\n\xff\x00"


class Room:
    """Letters of a feed of their own on the real topic, and the command."""

    def __init__(self, servers, tmp_path):
        self.feed = f"feed-{uuid.uuid4().hex[:10]}"
        self.settings = Settings(kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSWIRE_")} | {
            "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
            "NEWSWIRE_DATA_DIR": str(tmp_path / "data"),
        }
        self.records = [self.record(n) for n in range(5)]

    def record(self, n) -> Record:
        receipt = str(uuid.uuid4())
        headers = (
            ("ce_id", f"{receipt}.1".encode()),
            ("ce_time", b"2026-02-28T08:00:00.000000Z"),
            ("ce_feed", self.feed.encode()),
            ("ce_receipt", receipt.encode()),
        )
        return Record(STORIES_RAW, 0, n, 0, f"{self.feed}:{n}".encode(), STORY + str(n).encode(), headers)

    def newswire(self, *arguments, ends=0) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == ends, (done.stdout + done.stderr).decode(errors="replace")
        return done

    def letters(self, *arguments, ends=0) -> subprocess.CompletedProcess:
        return self.newswire("dead-letters", *arguments, ends=ends)

    async def bury(self) -> None:
        codes = ["timeout", "timeout", "timeout", "too-large", "timeout"]
        messages = [
            dead_letter(Burial(record, code, "took too long"), "normalization", datetime.now(UTC), "1.0")
            for record, code in zip(self.records, codes, strict=True)
        ]
        await self.publish(*messages, messages[0])  # the first one failed twice

    async def publish(self, *messages: Message) -> None:
        publisher = AiokafkaPublisher(self.settings)
        await publisher.start()
        assert set(await publisher.publish(messages)) == {None}
        await publisher.stop()

    async def sent_back(self) -> list[Record]:
        async with AiokafkaReader(self.settings) as reader:
            spans = await reader.spans(STORIES_RAW)
            records = [record async for some in reader.read(spans) for record in some]
        return [record for record in records if ("ce_feed", self.feed.encode()) in record.headers]


@pytest.fixture
async def room(servers, tmp_path):
    room = Room(servers, tmp_path)
    room.newswire("topics")
    await room.bury()
    return room


async def test_a_refused_file_is_found_looked_at_and_sent_back(room):
    listed = orjson.loads(room.letters("list", "--feed", room.feed, "--json").stdout)
    assert listed["total"] == 6
    assert {group["class"]: group["letters"] for group in listed["groups"]} == {"timeout": 5, "too-large": 1}

    [large] = [letter for letter in listed["letters"] if letter["class"] == "too-large"]
    shown = room.letters("show", large["id"]).stdout + room.letters("show", large["item"], "--json").stdout
    assert room.records[3].key in shown
    everything = shown + room.letters("list", "--feed", room.feed).stdout + orjson.dumps(listed)
    assert b"SECRET" not in everything
    assert room.letters("show", large["id"], "--value").stdout == room.records[3].value

    only = ("--feed", room.feed, "--class", "timeout", "--since", "1h")
    said = room.letters("replay", *only, "--dry-run").stdout
    assert b"4 to stories.raw; 1 are repeats" in said
    assert b"--yes" in room.letters("replay", *only, ends=2).stderr, "nobody there to ask"
    assert await room.sent_back() == []

    assert b"4 stories sent back, 0 left" in room.letters("replay", *only, "--yes").stdout
    back = {record.key: (record.value, record.headers) for record in await room.sent_back()}
    timeouts = [*room.records[:3], room.records[4]]
    assert back == {record.key: (record.value, record.headers) for record in timeouts}
    assert len(await room.sent_back()) == 4


async def test_letters_that_are_done_with_are_marked_with_reason_and_name_and_passed_over(room):
    only, why = ("--feed", room.feed, "--class", "timeout"), ("--reason", "a picture", "--by", "ann")
    assert b"--yes" in room.letters("drop", *only, *why, ends=2).stderr, "nobody there to ask"
    room.letters("drop", *only, *why, "--dry-run")
    counted = orjson.loads(room.letters("stats", "--feed", room.feed, "--json").stdout)
    assert (counted["total"], counted["dropped"]) == (6, 0)
    assert all(group["oldest"] for group in counted["groups"])
    assert b"5 letters dropped by ann: a picture" in room.letters("drop", *only, *why, "--yes").stdout
    counted = orjson.loads(room.letters("stats", "--feed", room.feed, "--json").stdout)
    assert (counted["total"], counted["dropped"]) == (1, 5)
    assert b"oldest" in room.letters("stats", "--feed", room.feed).stdout
    room.letters("replay", *only, "--yes", ends=1)
    assert await room.sent_back() == []
    item = dict(room.records[1].headers)["ce_id"].decode()
    [shown] = orjson.loads(room.letters("show", item, "--json").stdout)
    assert (shown["dropped_by"], shown["dropped_why"]) == ("ann", "a picture")
    assert room.letters("show", item, "--value").stdout == room.records[1].value
    assert b"1 story sent back" in room.letters("replay", item, "--yes").stdout


async def test_of_an_erased_article_no_letter_is_shown_or_sent_back(room):
    item = dict(room.records[1].headers)["ce_id"].decode()
    marked = await asyncio.to_thread(erase_letters, room.settings, {item}, by="ann", why="court order")
    assert marked == 1
    refused = room.letters("show", item, "--value", ends=1)
    assert b"erased by ann: court order" in refused.stderr
    assert b"SECRET" not in refused.stdout + room.letters("show", item).stdout
    room.letters("replay", item, "--yes", ends=1)
    assert b"4 stories sent back" in room.letters("replay", "--feed", room.feed, "--yes").stdout
    assert room.records[1].key not in {record.key for record in await room.sent_back()}


async def test_what_is_not_there_is_told(room):
    assert b"No such dead letter" in room.letters("list", "--feed", "nobody.at.all").stdout
    room.letters("show", "0:99999999", ends=1)
    room.letters("show", str(uuid.uuid4()), ends=1)
    room.letters("replay", "--feed", "nobody.at.all", "--yes", ends=1)
    assert b"no dead letter is called" in room.letters("show", "harbour", ends=2).stderr
    assert b"no moment" in room.letters("list", "--since", "yesterday", ends=2).stderr


async def test_a_letter_of_nobody_is_listed_and_cannot_be_sent_back(room):
    mark = f"odd-{uuid.uuid4().hex[:10]}"
    await room.publish(Message(DEAD_LETTERS, b"k", b"?", (("ce_feed", mark.encode()),)))
    listed = orjson.loads(room.letters("list", "--feed", mark, "--json").stdout)
    assert (listed["total"], listed["replayable"]) == (1, 0)
    room.letters("replay", "--feed", mark, "--yes", ends=1)


def test_no_kafka_is_one_line(tmp_path):
    from deploy.local.ports import free_port

    environment = os.environ | {
        "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
        "NEWSWIRE_KAFKA__REQUEST_TIMEOUT_S": "1",
        "NEWSWIRE_DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "cli", "dead-letters", "list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1, done.stderr.decode()
    assert b"BOOTSTRAP_SERVERS" in done.stderr
