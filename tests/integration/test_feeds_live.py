"""Feeds while the front door runs: added, given keys and secrets, and taken back by the command line, without a restart."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import orjson
import pytest
from typer.testing import CliRunner

from cli.main import app as command_line
from deploy.local.ports import free_port
from services.ingestion.app import create_app
from services.normalization.normalize import normalize
from services.normalization.raw import raw_story
from shared.events import STORIES_RAW, Article, now
from shared.feeds import Feeds, parse_secret
from shared.health import Health
from shared.kafka.memory import MemoryBroker
from shared.service import serve_http
from shared.settings import Settings
from tests.integration.test_front_door import code_of, until_listening


@dataclass
class Room:
    """A running front door, its data folder, and what it has sent on."""

    folder: Path
    url: str
    broker: MemoryBroker

    def feeds(self, *arguments: str) -> str:
        result = CliRunner().invoke(command_line, ["feeds", *arguments])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout.strip()

    async def push(self, feed: str, body: bytes, **headers: str) -> httpx2.Response:
        sent = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
            return await client.post(f"{self.url}/v1/feeds/{feed}/items", content=body, headers=sent)

    async def until(self, status: int, feed: str, key: str) -> None:
        """Push with that key until the answer has that status; the feeds file is looked at once a second."""
        for _ in range(50):
            answer = await self.push(feed, story(), authorization=f"Bearer {key}")
            if answer.status_code == status:
                return
            await asyncio.sleep(0.1)
        pytest.fail(f"{answer.status_code} and never {status}")

    def articles(self) -> list[Article]:
        return [
            article
            for record in self.broker.records(STORIES_RAW)
            for article in normalize(raw_story(record.headers, record.value), now())
        ]


def story(number: int = 0) -> bytes:
    return orjson.dumps({"id": f"s{number}", "title": f"Harbour story {number}", "body": "The harbour is open."})


def signed(secret: str, body: bytes, message_id: str) -> dict[str, str]:
    at = int(time.time())
    digest = hmac.new(parse_secret(secret), f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook_id": message_id,
        "webhook_timestamp": str(at),
        "webhook_signature": "v1," + base64.b64encode(digest).decode(),
    }


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setenv("NEWSWIRE_DATA_DIR", str(tmp_path))
    settings = Settings()
    feeds = Feeds(settings.feeds_path, settings.local_key_path)
    feeds.load()
    broker, health, stop, port = MemoryBroker(), Health(), asyncio.Event(), free_port()
    health.ready()
    application = create_app(broker.publisher(), feeds, settings, health)
    serving = asyncio.create_task(serve_http(application, "127.0.0.1", port, stop))
    try:
        await until_listening(port)
        yield Room(tmp_path, f"http://127.0.0.1:{port}", broker)
    finally:
        stop.set()
        await serving


async def test_keys_change_over_without_a_gap_and_without_a_restart(room: Room) -> None:
    first = room.feeds("add", "harbour")
    await room.until(202, "harbour", first)
    second = room.feeds("key", "harbour")
    await room.until(202, "harbour", second)
    assert (await room.push("harbour", story(), authorization=f"Bearer {first}")).status_code == 202
    old = orjson.loads(room.feeds("list", "--json"))["feeds"][0]["key_hashes"][0]
    room.feeds("key", "harbour", "--revoke", old[:8])
    await room.until(401, "harbour", first)
    assert (await room.push("harbour", story(), authorization=f"Bearer {second}")).status_code == 202


async def test_a_key_writes_to_its_feed_only(room: Room) -> None:
    keys = {feed: room.feeds("add", feed) for feed in ("harbour", "airport")}
    for feed, key in keys.items():
        await room.until(202, feed, key)
    for feed in (*keys, "nosuch"):
        for owner, key in keys.items():
            answer = await room.push(feed, story(), authorization=f"Bearer {key}")
            assert answer.status_code == (202 if feed == owner else 401)


async def test_a_signed_push_is_taken_once_and_read_by_the_feeds_rules(room: Room) -> None:
    secret = room.feeds("add", "pa", "--signing", "--rights", "© PA", "--provider", "press", "--zone", "Europe/London")
    with (room.folder / "feeds.toml").open("a") as file:
        file.write('\n[feeds.pa.status_map]\nwithheld = "embargoed"\n')
    body = gzip.compress(orjson.dumps({"id": "x", "title": "Held until tomorrow", "body": "b", "status": "withheld"}))
    async with asyncio.timeout(5):
        while True:
            headers = signed(secret, body, "msg_1")
            answer = await room.push("pa", body, content_encoding="gzip", **headers)
            if answer.status_code == 202:
                break
            assert (answer.status_code, code_of(answer)) == (401, "bad-signature")
            await asyncio.sleep(0.1)
    again = await room.push("pa", body, content_encoding="gzip", **headers)
    assert again.content == answer.content
    (article,) = room.articles()
    assert (article.rights, article.embargo_open, article.status_given) == ("© PA", True, "withheld")
    forged = await room.push("pa", body + b"\n", content_encoding="gzip", **headers)
    assert (forged.status_code, code_of(forged)) == (401, "bad-signature")


async def test_a_long_signed_body_is_checked_as_it_streams(room: Room) -> None:
    secret = room.feeds("add", "bulk", "--signing")
    body = b"\n".join(story(number) for number in range(20_000))
    async with asyncio.timeout(10):
        while True:
            answer = await room.push("bulk", body, content_type="application/x-ndjson", **signed(secret, body, "big"))
            if answer.status_code != 401:
                break
            await asyncio.sleep(0.2)
    assert answer.status_code == 202
    assert len(answer.json()["items"]) == len(room.broker.records(STORIES_RAW)) == 20_000


async def test_a_broken_file_changes_nothing(room: Room) -> None:
    key = room.feeds("add", "harbour")
    await room.until(202, "harbour", key)
    (room.folder / "feeds.toml").write_text("[feeds.harbour]\nnosuch = 1\n")
    await asyncio.sleep(1.2)
    assert (await room.push("harbour", story(), authorization=f"Bearer {key}")).status_code == 202
