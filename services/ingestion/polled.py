"""The poller put together from the settings, and kept going beside the front door."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

from services.ingestion.auth import FeedDirectory
from services.ingestion.poller import GROUP, Poller
from services.ingestion.polling.fetch import Fetcher, FetchPolicy
from services.ingestion.polling.hosts import Hosts
from services.ingestion.polling.jobs import Jobs
from services.ingestion.polling.pages import Pages
from services.ingestion.polling.poll import Poll
from services.ingestion.polling.share import Share
from services.ingestion.websub.callback import Callback
from services.ingestion.websub.journal import Journal
from services.ingestion.websub.keys import websub_key
from services.ingestion.websub.names import Names
from services.ingestion.websub.owner import Subscriber
from services.ingestion.websub.rounds import HubRounds
from shared.errors import Unavailable
from shared.events import FEEDS_STATE
from shared.feeds import FeedList
from shared.health import Health
from shared.kafka.client import AiokafkaReader, AiokafkaSource, TopicsAdmin
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
    policy = fetch_policy(settings)
    fetcher = Fetcher(policy)
    hosts = Hosts(given.poll_host_gap_s, time.monotonic)
    poll = Poll(
        fetcher,
        Pages(fetcher, hosts, time.monotonic),
        publisher,
        item_limit=settings.sizes.item,
        kafka_wait_s=given.kafka_wait_s,
        unpacked_limit=given.poll_max_bytes,
    )
    # A third of the session: what was confirmed is ours for two thirds more, which is longer than a step of a poll.
    share = Share(source, publisher, count, certain_s=settings.kafka.session_timeout_s / 3)
    jobs = Jobs(share)
    rounds = None
    if given.public_url is not None:
        subscriber = Subscriber(Names(websub_key(settings)), given.public_url, fetcher, policy)
        rounds = HubRounds(feeds, share, jobs, publisher, subscriber, poll, hosts, given.poll_max_bytes)
    poller = Poller(
        feeds,
        source,
        publisher,
        share=share,
        poll=poll,
        hosts=hosts,
        concurrency=given.poll_concurrency,
        jobs=jobs,
        rounds=rounds,
    )
    return poller, fetcher


def hub_callback(settings: Settings, feeds: FeedDirectory, publisher: Publisher, health: Health) -> Callback | None:
    """What answers hubs; None where they cannot reach us.

    Raises:
        Misconfigured: there is no key for it, and none can be kept.
    """
    if settings.ingestion.public_url is None:
        return None

    async def count() -> int:
        return await topic_partitions(settings, FEEDS_STATE)

    journal = Journal(lambda: AiokafkaReader(settings))
    return Callback(Names(websub_key(settings)), feeds, journal, count, publisher.publish, settings, health)


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
