"""Two replicas of ingestion over a real Kafka share the polled feeds; one is killed, and its feeds go on with the other."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from services.ingestion.poller import GROUP
from shared.events import STORIES_RAW, header
from shared.kafka.client import AiokafkaReader
from shared.kafka.topics import ensure_topics
from shared.settings import KafkaSettings, Settings
from tests.conftest import Servers
from tests.harness import Pipeline, Service
from tests.integration.site import Answer, Site, item, rss, site

pytestmark = [pytest.mark.servers, pytest.mark.faults]

FEEDS = 12
WITHIN_S = 60
"""A killed replica's feeds go on within a minute."""


def replica(pipeline: Pipeline, server: Site, name: str, port: int) -> Service:
    environment = {
        "NEWSWIRE_INGESTION__PORT": str(port),
        "NEWSWIRE_INGESTION__USER_AGENT": name,
        "NEWSWIRE_INGESTION__POLL_PORTS": f"[{server.port}]",
        "NEWSWIRE_INGESTION__POLL_HOST_GAP_S": "0",
        "NEWSWIRE_INGESTION__ALLOW_PRIVATE_ADDRESSES": "true",
        # As in production: this is what the minute is measured with.
        "NEWSWIRE_KAFKA__SESSION_TIMEOUT_S": "15",
    }
    return Service("ingestion", port, {**pipeline.environment, **environment}, pipeline.folder / f"{name}.log")


def polled_by(server: Site, since: float) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for request in server.requests:
        if request.at >= since:
            found.setdefault(request.headers["user-agent"], set()).add(request.path)
    return found


async def until(check, seconds: float, what: str) -> float:
    began = time.monotonic()
    while not check():
        assert time.monotonic() - began < seconds, f"waited {seconds} s for {what}"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def receipts(settings: Settings, prefix: str) -> list[str | None]:
    """The item ids on `stories.raw` of the feeds with that prefix."""
    async with AiokafkaReader(settings) as reader:
        spans = await reader.spans(STORIES_RAW)
        return [
            header(record.headers, "ce_id")
            async for records in reader.read(spans)
            for record in records
            if (record.key or b"").startswith(prefix.encode())
        ]


@pytest.mark.timeout(180)
async def test_a_killed_replicas_feeds_go_on_with_the_other(servers: Servers, tmp_path: Path):
    from deploy.local.ports import free_port

    pipeline = Pipeline(servers.bootstrap_servers, servers.elasticsearch_url, tmp_path)
    settings = Settings(kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers))
    await ensure_topics(settings)
    prefix = f"kp{time.time_ns()}-"
    async with site() as server:
        lines: list[Any] = []
        for n in range(FEEDS):
            server.pages[f"/{n}"] = lambda _: Answer(rss(item("a"), item("b")))
            lines.append(
                f'[feeds.{prefix}{n}.poll]\nurl = "{server.url(f"/{n}")}"\nmin_interval_s = 1\nmax_interval_s = 1\n'
            )
        (tmp_path / "data" / "feeds.toml").write_text("\n".join(lines))
        one, two = (replica(pipeline, server, name, free_port()) for name in ("one", "two"))
        try:
            one.start()
            two.start()
            await asyncio.to_thread(one.wait_ready)
            await asyncio.to_thread(two.wait_ready)
            await until(lambda: set(polled_by(server, 0)) == {"one", "two"}, 60, "both to poll")
            settled = time.monotonic() + 2
            await until(
                lambda: sum(map(len, polled_by(server, settled).values())) >= FEEDS,
                30,
                "every feed after the last rebalance",
            )
            shares = polled_by(server, settled)
            assert not shares.get("one", set()) & shares.get("two", set()), "no feed has two"
            victim, other = (one, "two") if shares.get("one") else (two, "one")
            victim.kill()
            killed = time.monotonic()
            took = await until(
                lambda: len(polled_by(server, killed).get(other, ())) == FEEDS, WITHIN_S, "all feeds with the other"
            )
            print(f"the group {GROUP} gave a dead replica's feeds to the other in {took:.1f} s")
            found = await receipts(settings, prefix)
            assert len(set(found)) == 2 * FEEDS
            assert len(found) == 2 * FEEDS, "nothing was sent twice: the states were found"
            survivor = two if victim is one else one
            assert await asyncio.to_thread(survivor.stop) == 0
        finally:
            one.kill()
            two.kill()
            pipeline.client.close()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("failpoint", ["poller.after-fetch", "poller.after-publish"])
async def test_killed_between_fetch_and_state_nothing_is_lost_and_repeats_have_the_same_ids(
    servers: Servers, tmp_path: Path, failpoint: str
):
    from deploy.local.ports import free_port

    pipeline = Pipeline(servers.bootstrap_servers, servers.elasticsearch_url, tmp_path)
    settings = Settings(kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers))
    await ensure_topics(settings)
    prefix = f"kf{time.time_ns()}-"
    async with site() as server:
        server.pages["/f"] = lambda _: Answer(rss(item("a"), item("b"), item("c")))
        rules = f'[feeds.{prefix}f.poll]\nurl = "{server.url("/f")}"\nmin_interval_s = 1\nmax_interval_s = 1\n'
        (tmp_path / "data" / "feeds.toml").write_text(rules)
        one = replica(pipeline, server, "one", free_port())
        try:
            one.start(failpoint)
            assert await asyncio.to_thread(one.wait_dead, 60) == -9
            sent = len(await receipts(settings, prefix))
            assert sent == (3 if failpoint == "poller.after-publish" else 0)
            one.start()
            polls = len(server.seen("/f"))
            await until(lambda: len(server.seen("/f")) >= polls + 3, WITHIN_S, "three more polls")
            found = await receipts(settings, prefix)
            assert len(set(found)) == 3
            assert len(found) == sent + 3, "sent once more, under the same ids"
            assert await asyncio.to_thread(one.stop) == 0
        finally:
            one.kill()
            pipeline.client.close()
