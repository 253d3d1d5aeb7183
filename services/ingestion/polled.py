"""The poller put together from the settings, and kept going beside the front door."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

from services.ingestion.poller import GROUP, FeedList, Poller
from services.ingestion.polling.fetch import Fetcher, FetchPolicy
from services.ingestion.polling.hosts import Hosts
from services.ingestion.polling.pages import Pages
from services.ingestion.polling.poll import Poll
from services.ingestion.polling.share import Share
from shared.errors import Unavailable
from shared.events import FEEDS_STATE
from shared.kafka.client import AiokafkaSource, TopicsAdmin
from shared.kafka.ports import Publisher, Source
from shared.log import get_logger
from shared.settings import Settings

POLLING_AGAIN_S: Final = 5.0


async def poll_feeds(settings: Settings, feeds: FeedList, publisher: Publisher, stop: asyncio.Event) -> None:
    """Poll a share of the feeds until `stop`; an error in it never ends the front door."""

    async def count() -> int:
        return await topic_partitions(settings, FEEDS_STATE)

    while settings.ingestion.polling and not stop.is_set():
        poller, fetcher = create_poller(settings, feeds, AiokafkaSource(settings, GROUP), publisher, count)
        try:
            await poller.run(stop)
        except Exception:
            get_logger().exception("polling ended, begins anew")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLLING_AGAIN_S):
                    await stop.wait()
        finally:
            await fetcher.stop()


def fetch_policy(settings: Settings) -> FetchPolicy:
    """What may be fetched, by the settings."""
    given = settings.ingestion
    return FetchPolicy(
        user_agent=given.user_agent,
        max_bytes=given.poll_max_bytes,
        timeout_s=given.poll_timeout_s,
        ports=frozenset(given.poll_ports),
        allow_private=given.allow_private_addresses,
    )


def create_poller(
    settings: Settings,
    feeds: FeedList,
    source: Source,
    publisher: Publisher,
    count: Callable[[], Awaitable[int]],
) -> tuple[Poller, Fetcher]:
    """The poller and the fetcher that it uses, which wants to be stopped after it; does no IO by itself.

    `count` asks how many partitions `feeds.state` has.
    """
    given = settings.ingestion
    fetcher = Fetcher(fetch_policy(settings))
    hosts = Hosts(given.poll_host_gap_s, time.monotonic)
    poll = Poll(
        fetcher,
        Pages(fetcher, hosts, time.monotonic),
        publisher,
        item_limit=settings.sizes.item,
        kafka_wait_s=given.kafka_wait_s,
    )
    # A third of the session: what was confirmed is ours for two thirds more, which is longer than a step of a poll.
    share = Share(source, publisher, count, certain_s=settings.kafka.session_timeout_s / 3)
    poller = Poller(feeds, source, publisher, share=share, poll=poll, hosts=hosts, concurrency=given.poll_concurrency)
    return poller, fetcher


async def topic_partitions(settings: Settings, topic: str) -> int:
    """How many partitions a topic has.

    Raises:
        Transient: Kafka is away, or the topic is not there yet.
    """
    async with TopicsAdmin(settings) as admin:
        found = await admin.partitions([topic])
    if topic not in found:
        raise Unavailable(f"no topic {topic}: run 'newswire topics'")
    return found[topic]
