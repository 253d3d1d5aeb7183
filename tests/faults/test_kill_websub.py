"""Hubs and two replicas over a real Kafka: a hub may call either, and a killed owner's subscription goes on with the other."""

from __future__ import annotations

import asyncio
import hmac
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from shared.kafka.topics import ensure_topics
from shared.settings import KafkaSettings, Settings
from tests.conftest import Servers
from tests.faults.test_kill_poller import WITHIN_S, polled_by, receipts, until
from tests.harness import Pipeline, Service
from tests.integration.site import Answer, Request, Site, item, rss, site

pytestmark = [pytest.mark.servers, pytest.mark.faults]


def replica(pipeline: Pipeline, server: Site, name: str, port: int) -> Service:
    environment = {
        "NEWSWIRE_INGESTION__PORT": str(port),
        "NEWSWIRE_INGESTION__USER_AGENT": name,
        "NEWSWIRE_INGESTION__POLL_PORTS": f"[{server.port}]",
        "NEWSWIRE_INGESTION__POLL_HOST_GAP_S": "0",
        "NEWSWIRE_INGESTION__ALLOW_PRIVATE_ADDRESSES": "true",
        "NEWSWIRE_INGESTION__PUBLIC_URL": "https://door.example.org",
        "NEWSWIRE_INGESTION__WEBSUB_KEY": "one key for all",
        "NEWSWIRE_KAFKA__SESSION_TIMEOUT_S": "15",
    }
    return Service("ingestion", port, {**pipeline.environment, **environment}, pipeline.folder / f"{name}.log")


class Hub:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def play(self, request: Request) -> Answer:
        self.asked.append({name: values[0] for name, values in parse_qs(request.body.decode()).items()})
        return Answer(status=202)


async def verified(door: str, form: dict[str, str]) -> tuple[int, bytes]:
    query = {
        "hub.mode": form["hub.mode"],
        "hub.topic": form["hub.topic"],
        "hub.challenge": "c0ffee",
        "hub.lease_seconds": "3600",
    }
    async with httpx2.AsyncClient() as client:
        answer = await client.get(door + urlsplit(form["hub.callback"]).path, params=query, timeout=30)
    return answer.status_code, answer.content


async def pinged(door: str, form: dict[str, str], body: bytes) -> int:
    digest = hmac.new(form["hub.secret"].encode(), body, "sha256").hexdigest()
    headers = {"X-Hub-Signature": f"sha256={digest}", "Content-Type": "application/rss+xml"}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(
            door + urlsplit(form["hub.callback"]).path, content=body, headers=headers, timeout=30
        )
    return answer.status_code


@pytest.mark.timeout(240)
async def test_a_killed_owners_subscription_goes_on_with_the_other_and_no_news_are_lost(
    servers: Servers, tmp_path: Path
):
    from deploy.local.ports import free_port

    pipeline = Pipeline(servers.bootstrap_servers, servers.elasticsearch_url, tmp_path)
    settings = Settings(kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers))
    await ensure_topics(settings)
    feed = f"kw{time.time_ns()}"
    async with site() as server:
        hub = Hub()
        server.pages["/f"] = lambda _: Answer(rss(item("a")))
        server.pages["/hub"] = hub.play
        rules = f'[feeds.{feed}.poll]\nurl = "{server.url("/f")}"\nmin_interval_s = 1\n'
        rules += f'[feeds.{feed}.websub]\nhub = "{server.url("/hub")}"\n'
        (tmp_path / "data" / "feeds.toml").write_text(rules)
        ports = {name: free_port() for name in ("one", "two")}
        doors = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        replicas = {name: replica(pipeline, server, name, port) for name, port in ports.items()}
        try:
            for one in replicas.values():
                one.start()
            for one in replicas.values():
                await asyncio.to_thread(one.wait_ready)
            await until(lambda: hub.asked, 60, "the hub to be asked")
            form = hub.asked[-1]
            await asyncio.sleep(5)  # a rebalance for the second replica is over
            owner = next(iter(polled_by(server, server.requests[-1].at)))
            other = "two" if owner == "one" else "one"
            # The one that did not ask answers, from what the owner has written.
            assert await verified(doors[other], form) == (200, b"c0ffee")
            assert (await verified(doors[other], {**form, "hub.topic": "https://example.org/"}))[0] == 404
            for n, name in enumerate((owner, other)):
                assert await pinged(doors[name], form, rss(item(f"ping-{n}"))) == 202
            await _sent(settings, feed, 3)
            replicas[owner].kill()
            killed = time.monotonic()
            assert await pinged(doors[other], form, rss(item("a"), item("orphan"))) == 202
            await _sent(settings, feed, 4)
            print(f"a killed owner's news went on with the other in {time.monotonic() - killed:.1f} s")
            await asyncio.sleep(2)
            found = await receipts(settings, feed)
            assert len(found) == len(set(found)) == 4
            assert await asyncio.to_thread(replicas[other].stop) == 0
        finally:
            for one in replicas.values():
                one.kill()
            pipeline.client.close()


async def _sent(settings: Settings, feed: str, count: int) -> None:
    began = time.monotonic()
    while len(await receipts(settings, feed)) < count:
        assert time.monotonic() - began < WITHIN_S, f"waited for {count} stories"
        await asyncio.sleep(0.5)
