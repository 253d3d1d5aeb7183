"""The front door on a real HTTP server: what only a wire can show, and Kafka going away and coming back."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from deploy.local.ports import free_port
from services.ingestion.app import create_app, serve
from shared.events import STORIES_RAW, header
from shared.feeds import Feeds
from shared.health import Health
from shared.kafka.memory import MemoryBroker
from shared.local_feed import ensure_local_key, read_key
from shared.service import serve_http
from shared.settings import IngestionSettings, KafkaSettings, Settings
from tests.conftest import Servers

PATH = "/v1/feeds/local/items"
STORY = b'{"id":"a","title":"x"}'


@dataclass
class Door:
    """A front door that listens, with what is behind it."""

    port: int
    key: str
    broker: MemoryBroker
    health: Health = field(default_factory=Health)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def push(self, body: Any, content_type: str = "application/json", **headers: str) -> httpx2.Response:
        sent = {"authorization": f"Bearer {self.key}", "content-type": content_type} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
            return await client.post(self.url + PATH, content=body, headers=sent)

    def head(self, *lines: str) -> bytes:
        """A request head as text, for what a client library would not send."""
        return "\r\n".join(
            [f"POST {PATH} HTTP/1.1", "Host: door", f"Authorization: Bearer {self.key}", *lines, "", ""]
        ).encode()

    async def raw(self, *pieces: bytes, pause: float = 0, wait: float = 10) -> bytes:
        """Write pieces and read until the server closes or has answered; what came."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(wait):
                    return await reader.readuntil(b"}") if wait else b""
            return b""
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


async def until_listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A front door over the in-memory broker, with short deadlines."""
    settings = Settings(data_dir=tmp_path, ingestion=IngestionSettings(body_timeout_s=1, kafka_wait_s=1))
    key = read_key(ensure_local_key(tmp_path))
    assert key
    broker = MemoryBroker()
    made = Door(free_port(), key, broker)
    feeds = Feeds(settings.feeds_path, settings.local_key_path)
    feeds.load()
    made.health.ready()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve_http(create_app(broker.publisher(), feeds, settings, made.health), "127.0.0.1", made.port, stop)
    )
    try:
        await until_listening(made.port)
        yield made
    finally:
        stop.set()
        await serving


def code_of(answer: httpx2.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["type"].removeprefix("/problems/")


async def test_a_batch_is_in_kafka_when_it_is_answered(door: Door) -> None:
    lines = [orjson.dumps({"id": f"s{n}", "title": f"Story {n}"}) for n in range(100)]
    answer = await door.push(gzip.compress(b"\n".join(lines)), "application/x-ndjson", content_encoding="gzip")
    assert answer.status_code == 202
    records = door.broker.records(STORIES_RAW)
    assert sorted(record.value or b"" for record in records) == sorted(lines)
    assert {header(record.headers, "ce_id") for record in records} == {item["id"] for item in answer.json()["items"]}


async def test_a_body_of_60_mb_is_refused_and_the_sender_hears_it(door: Door) -> None:
    answer = await door.push(b'{"title":"' + b"x" * 60_000_000 + b'"}')
    assert (answer.status_code, code_of(answer)) == (413, "too-large")
    assert (await door.push(STORY)).status_code == 202


async def test_a_chunked_body_without_end_is_ended(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000_000

    began = time.monotonic()
    try:
        answer = await door.push(endless())
        assert answer.status_code == 413
    except httpx2.TransportError:
        pass  # the connection was closed while we were still writing
    assert time.monotonic() - began < 15
    assert (await door.push(STORY)).status_code == 202


async def test_a_slow_body_is_answered_408_and_the_connection_closed(door: Door) -> None:
    began = time.monotonic()
    answer = await door.raw(door.head("Content-Type: application/json", "Content-Length: 100"), b"{")
    assert status_of(answer) == 408
    assert b"body-timeout" in answer
    assert b"connection: close" in answer.lower()
    assert 0.8 < time.monotonic() - began < 4


async def test_dribbling_senders_do_not_keep_others_waiting(door: Door) -> None:
    head = door.head("Content-Type: application/json", "Content-Length: 1000")
    slow = [asyncio.create_task(door.raw(head, *[b"x"] * 20, pause=0.05)) for _ in range(100)]
    await asyncio.sleep(0.3)
    began = time.monotonic()
    assert (await door.push(STORY)).status_code == 202
    assert time.monotonic() - began < 1
    assert {status_of(answer) for answer in await asyncio.gather(*slow)} <= {408, 0}


async def test_a_sender_that_hangs_up_in_mid_body_leaves_nothing(door: Door) -> None:
    await door.raw(door.head("Content-Type: application/json", "Content-Length: 100"), b'{"title":', wait=0)
    await asyncio.sleep(0.1)
    assert (await door.push(STORY)).status_code == 202
    assert len(door.broker.records(STORIES_RAW)) == 1


async def test_an_early_refusal_of_a_large_body_is_heard(door: Door) -> None:
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
        answer = await client.post(door.url + PATH, content=b"x" * 20_000_000, headers={"authorization": "Bearer nope"})
        assert (answer.status_code, code_of(answer)) == (401, "unauthorized")


async def test_a_sender_that_asks_first_is_refused_before_it_sends(door: Door) -> None:
    lines = ["Content-Type: application/x-nothing", "Content-Length: 20000000", "Expect: 100-continue"]
    answer = await door.raw(door.head(*lines))
    assert status_of(answer) == 415, "no '100 Continue' before it"
    good = door.head("Content-Type: application/json", f"Content-Length: {len(STORY)}", "Expect: 100-continue")
    assert b"100 Continue" in await door.raw(good, STORY, pause=0.2)


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Content-Length: +5"],
        ["Transfer-Encoding: gzip"],
        ["A\x00b: c"],
        ["Host: other", "Content-Length: 0"],
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Content-Length: 0"],
    ],
)  # fmt: skip
async def test_no_odd_request_is_a_500_or_a_story(door: Door, lines: list[str]) -> None:
    answer = await door.raw(door.head("Content-Type: application/json", *lines), b"5\r\nhello\r\n0\r\n\r\n", wait=3)
    assert status_of(answer) in {0, 400, 408, 415, 422}
    assert not door.broker.records(STORIES_RAW)
    assert (await door.push(STORY)).status_code == 202


async def test_bad_input_one_after_another_on_one_connection(door: Door) -> None:
    bad = [
        b"{",
        b'{"title":"\xff"}',
        b'{"title":"\\ud800","body":"x"}',
        b'{"title":NaN}',
        b"[" * 100_000,
        b"",
        b"x" * 10_000_000,
    ]
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
        headers = {"authorization": f"Bearer {door.key}", "content-type": "application/json"}
        for body in bad:
            answer = await client.post(door.url + PATH, content=body, headers=headers)
            assert answer.status_code in {400, 413, 422}
            code_of(answer)
            good = await client.post(door.url + PATH, content=STORY, headers=headers)
            assert good.status_code == 202


async def test_kafka_goes_away_and_comes_back(door: Door) -> None:
    assert (await door.push(STORY, idempotency_key="k1")).status_code == 202
    door.broker.available = False
    began = time.monotonic()
    answer = await door.push(STORY, idempotency_key="k2")
    assert (answer.status_code, code_of(answer)) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert time.monotonic() - began < 2
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.get(door.url + "/readyz")).status_code == 200, "stays ready in an outage"
        assert (await client.get(door.url + "/livez")).status_code == 200
    door.broker.available = True
    again = await door.push(STORY, idempotency_key="k2")
    assert again.status_code == 202
    assert again.json()["receipt"] == answer.json()["receipt"]
    assert len(door.broker.records(STORIES_RAW)) == 2


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Door]:
    """The service as `newswire ingestion` runs it."""
    key = read_key(ensure_local_key(settings.data_dir))
    assert key
    stop, health = asyncio.Event(), Health()
    task = asyncio.create_task(serve(settings, health, stop))
    try:
        await until_listening(settings.ingestion.port)
        yield Door(settings.ingestion.port, key, MemoryBroker(), health)
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task


async def test_without_kafka_the_service_starts_and_says_503(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        kafka=KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}"),
        ingestion=IngestionSettings(port=free_port(), kafka_wait_s=1),
    )
    async with serving(settings) as door, httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.get(door.url + "/livez")).status_code == 200
        assert (await client.get(door.url + "/readyz")).status_code == 503
        answer = await door.push(STORY)
        assert (answer.status_code, code_of(answer)) == (503, "unavailable")
        assert (await door.push(b"{", "application/json")).status_code == 503


@pytest.mark.servers
async def test_a_story_reaches_a_real_kafka(servers: Servers, tmp_path: Path) -> None:
    from shared.kafka.client import AiokafkaSource
    from shared.kafka.topics import ensure_topics

    settings = Settings(
        data_dir=tmp_path,
        kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers),
        ingestion=IngestionSettings(port=free_port()),
    )
    await ensure_topics(settings)
    name = uuid.uuid4().hex
    async with serving(settings) as door:
        for _ in range(600):  # half a minute
            if door.health.ready_once:
                break
            await asyncio.sleep(0.05)
        answer = await door.push(orjson.dumps({"id": name, "title": "x", "body": "y" * 8_000_000}))
        assert answer.status_code == 202
    source = AiokafkaSource(settings, f"test-{name}")
    await source.start([STORIES_RAW], _nothing, _nothing)
    try:
        found: list[Any] = []
        async with asyncio.timeout(30):
            while not found:
                found = [
                    r for r in await source.poll(100, 1) if header(r.headers, "ce_receipt") == answer.json()["receipt"]
                ]
        assert found[0].key == f"local:{name}".encode()
        assert len(found[0].value) > 8_000_000
    finally:
        await source.stop()


async def _nothing(_: frozenset[Any]) -> None:
    pass
