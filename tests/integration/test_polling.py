"""Polling over HTTP from a site that plays every kind of feed, with a broker in memory; two replicas, and one that dies."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
import pytest

from services.ingestion.polled import create_poller
from services.ingestion.poller import GROUP, Poller
from services.ingestion.polling.feed_state import load_state
from services.ingestion.polling.fetch import Fetcher
from shared.events import FEEDS_STATE, STORIES_RAW, header
from shared.feeds import Feed, PollRules
from shared.kafka.memory import MemoryBroker, MemorySource
from shared.kafka.ports import Record
from shared.settings import IngestionSettings, Settings
from tests.integration.site import Answer, Request, Site, item, rss, site


@dataclass
class FeedList:
    """A feeds file that a test changes."""

    feeds: dict[str, Feed] = field(default_factory=dict)

    def current(self) -> dict[str, Feed]:
        return self.feeds

    def poll(self, feed_id: str, url: str, least: float = 1, greatest: float = 1, **more: Any) -> None:
        feed_rules = {name: more.pop(name) for name in list(more) if name in Feed.model_fields}
        rules = PollRules(url=url, min_interval_s=least, max_interval_s=greatest, **more)
        self.feeds[feed_id] = Feed(id=feed_id, poll=rules, **feed_rules)


@dataclass
class Replica:
    """One running poller."""

    poller: Poller
    fetcher: Fetcher
    source: MemorySource
    task: asyncio.Task[None]
    stop: asyncio.Event

    async def end(self) -> None:
        self.stop.set()
        await asyncio.wait_for(self.task, 15)
        await self.fetcher.stop()

    async def die(self) -> None:
        """As by kill -9: its polls stop in mid-air and the group finds out by itself."""
        for one in list(self.poller._running.values()):
            one.task.cancel()
        self.poller._start_due = _nothing
        self.source.forget()
        await self.source.crash()


async def _nothing() -> None:
    return None


class Room:
    """A site, a broker, a feeds file, and replicas."""

    def __init__(self, server: Site) -> None:
        self.site = server
        self.broker = MemoryBroker(partitions=6)
        self.feeds = FeedList()
        self.replicas: list[Replica] = []

    async def start(self, **settings: Any) -> Replica:
        given = {"poll_host_gap_s": 0, "poll_timeout_s": 2, **settings}
        made = Settings(
            ingestion=IngestionSettings(
                allow_private_addresses=True, poll_ports=(self.site.port,), kafka_wait_s=1, **given
            )
        )
        source = self.broker.source(GROUP)

        async def count() -> int:
            return self.broker.partitions

        poller, fetcher = create_poller(made, self.feeds, source, self.broker.publisher(), count)
        poller._tick_s = 0.05
        stop = asyncio.Event()
        replica = Replica(poller, fetcher, source, asyncio.create_task(poller.run(stop)), stop)
        self.replicas.append(replica)
        return replica

    @property
    def sent(self) -> list[Record]:
        return self.broker.records(STORIES_RAW)

    def names(self) -> list[str]:
        return [(record.key or b"").decode() for record in self.sent]

    def state(self, feed_id: str) -> Any:
        values = [record.value for record in self.broker.records(FEEDS_STATE) if record.key == feed_id.encode()]
        return load_state(values[-1]) if values else None

    async def until(self, check, what: str, seconds: float = 15) -> None:
        end = time.monotonic() + seconds
        while not check():
            for replica in self.replicas:
                if replica.task.done() and not replica.stop.is_set():
                    replica.task.result()
            assert time.monotonic() < end, (
                f"waited for {what}; sent {self.names()}, asked {len(self.site.requests)} times"
            )
            await asyncio.sleep(0.02)

    async def polls(self, path: str, more: int) -> None:
        """Until `path` was asked so often again."""
        wanted = len(self.site.seen(path)) + more
        await self.until(lambda: len(self.site.seen(path)) >= wanted, f"{more} more polls of {path}")


_Room = TypeVar("_Room", bound=Room)


@contextlib.asynccontextmanager
async def opened(kind: type[_Room]) -> AsyncIterator[_Room]:
    """A room of that kind at a site of its own; its replicas end with it."""
    async with site() as server:
        made = kind(server)
        try:
            yield made
        finally:
            for replica in made.replicas:
                with contextlib.suppress(Exception):
                    await replica.end()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened(Room) as made:
        yield made


async def test_entries_are_sent_one_by_one_with_the_feeds_rules(room: Room):
    room.site.pages["/f"] = lambda _: Answer(
        rss(item("b", link="https://example.org/b"), item("a")), headers={"ETag": '"1"'}
    )
    room.feeds.poll("afp", room.site.url("/f"), provider="afp-all", zone="Europe/Paris", language="fr")
    await room.start()
    await room.until(lambda: room.state("afp"), "the state")
    assert sorted(room.names()) == ["afp:a", "afp:b"]
    record = next(record for record in room.sent if record.key == b"afp:b")
    assert b"<guid" in record.value
    assert b">a<" not in record.value
    said = {
        name: header(record.headers, name)
        for name in ("ce_type", "ce_feed", "ce_provider", "ce_zone", "ce_language", "content-type")
    }
    assert said == {
        "ce_type": "newswire.story.received.v1", "ce_feed": "afp", "ce_provider": "afp-all", "ce_zone": "Europe/Paris",
        "ce_language": "fr", "content-type": "application/rss+xml; charset=utf-8",
    }  # fmt: skip
    assert header(record.headers, "ce_id") == f"{header(record.headers, 'ce_receipt')}.1"
    assert room.site.requests[0].headers["user-agent"].startswith("newswire/")


async def test_a_poll_that_brings_nothing_new_sends_nothing(room: Room):
    room.site.pages["/f"] = lambda _: Answer(rss(item("a"), extra=f"<lastBuildDate>{time.time()}</lastBuildDate>"))
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.polls("/f", 3)
    assert room.names() == ["f:a"]


async def test_a_changed_entry_is_sent_again_and_alone(room: Room):
    texts = {"a": "one", "b": "two"}
    room.site.pages["/f"] = lambda _: Answer(rss(*(item(name, text) for name, text in texts.items())))
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: len(room.sent) == 2, "both")
    texts["a"] = "corrected"
    await room.until(lambda: len(room.sent) == 3, "the correction")
    await room.polls("/f", 2)
    assert room.names().count("f:a") == 2
    assert len(room.sent) == 3


async def test_conditional_get(room: Room):
    stamp = "Fri, 02 Jan 2026 03:04:05 GMT"

    def play(request: Request) -> Answer:
        if request.headers.get("if-none-match") == '"v1"' and request.headers.get("if-modified-since") == stamp:
            return Answer(status=304)
        return Answer(rss(item("a")), headers={"ETag": '"v1"', "Last-Modified": stamp})

    room.site.pages["/f"] = play
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.polls("/f", 3)
    await room.until(lambda: room.state("f").polled > room.state("f").whole, "a 304 in the state")
    assert "if-none-match" not in room.site.seen("/f")[0].headers
    assert room.site.seen("/f")[-1].headers["if-none-match"] == '"v1"'
    assert room.names() == ["f:a"]
    assert room.state("f").pace.failures == 0


async def test_an_etag_that_lies_hides_nothing_but_for_a_day(room: Room):
    """The server says the same ETag with another content: what comes with 200 is looked at, whatever its ETag."""
    items = [item("a")]
    room.site.pages["/f"] = lambda _: Answer(rss(*items), headers={"ETag": '"same"'})
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: room.names() == ["f:a"], "the first")
    items.append(item("b"))
    await room.until(lambda: "f:b" in room.names(), "the second")


async def test_an_entry_that_is_removed_and_returns_is_not_sent_again(room: Room):
    items = [item("a"), item("b")]
    room.site.pages["/f"] = lambda _: Answer(rss(*items))
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: len(room.sent) == 2, "both")
    gone = items.pop()
    await room.polls("/f", 2)
    items.append(gone)
    await room.polls("/f", 2)
    assert len(room.sent) == 2


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(status=500), "http-500"),
        (Answer(status=404), "http-404"),
        (Answer(status=410), "http-410"),
        (Answer(b"<html>Sorry</html>", headers={"Content-Type": "text/html"}), "not-a-feed"),
        (Answer(b""), "not-a-feed"),
        (Answer(status=302, headers={"Location": "/f"}), "too-many-redirects"),
        (Answer(status=304), "http-304"),
        (Answer(b"x", headers={"Content-Length": "50", "Connection": "close"}), "bad-response"),
    ],
)
async def test_a_broken_feed_backs_off_and_others_go_on(room: Room, answer: Answer, why: str):
    room.site.pages["/f"] = lambda _: answer
    room.site.pages["/good"] = lambda _: Answer(rss(item("a")))
    room.feeds.poll("f", room.site.url("/f"), least=1, greatest=3600)
    room.feeds.poll("good", room.site.url("/good"))
    await room.start()
    await room.until(lambda: room.state("f"), "the state")
    state = room.state("f")
    assert (state.why, state.pace.failures, state.succeeded) == (why, 1, None)
    assert (state.next - state.polled).total_seconds() > 5, "longer than its interval"
    await room.until(lambda: room.names() == ["good:a"], "the other feed")


async def test_an_address_that_nobody_can_read_stops_no_other_feed(room: Room):
    room.site.pages["/good"] = lambda _: Answer(rss(item("a")))
    for n, url in enumerate(
        ["http://xn--\u00e4\u00df..example/", "http://" + "a" * 80 + ".example/", "http://\u2024/"]
    ):
        room.feeds.poll(f"bad{n}", url)
    room.feeds.poll("good", room.site.url("/good"))
    await room.start()
    await room.until(lambda: room.names() == ["good:a"], "the good one")
    await room.until(lambda: all(room.state(f"bad{n}") for n in range(3)), "their states")
    assert {room.state(f"bad{n}").why for n in range(3)} <= {"bad-url", "no-such-host"}


async def test_retry_after_silences_the_whole_host(room: Room):
    room.site.pages["/f"] = lambda _: Answer(status=429, headers={"Retry-After": "600"})
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: room.state("f"), "the state")
    state = room.state("f")
    assert 595 < (state.next - state.polled).total_seconds() < 605
    room.site.pages["/other"] = lambda _: Answer(rss(item("a")))
    room.feeds.poll("other", room.site.url("/other"))
    await asyncio.sleep(0.5)
    assert room.site.seen("/other") == []


async def test_one_request_at_a_time_to_a_host_with_a_pause(room: Room):
    room.site.slow_s = 0.05
    for n in range(6):
        room.site.pages[f"/{n}"] = lambda _: Answer(rss(item("a")))
        room.feeds.poll(f"f{n}", room.site.url(f"/{n}"), greatest=3600, least=600)
    await room.start(poll_host_gap_s=0.1)
    await room.until(lambda: len(room.sent) == 6, "all six")
    times = sorted(request.at for request in room.site.requests)
    assert room.site.most_at_once == 1
    assert all(later - earlier >= 0.1 for earlier, later in itertools.pairwise(times))


async def test_many_entries_come_whole_and_once(room: Room):
    feed = rss(*(item(str(n)) for n in range(3000)))
    room.site.pages["/f"] = lambda _: Answer(feed)
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: len(room.sent) == 3000, "all")
    await room.polls("/f", 2)
    assert len(set(room.names())) == len(room.sent) == 3000


async def test_an_entry_over_the_limit_is_refused_and_the_others_go(room: Room):
    room.site.pages["/f"] = lambda _: Answer(rss(item("big", "x" * 50_000), item("small")))
    room.feeds.poll("f", room.site.url("/f"), limits={"item_bytes": 10_000})
    await room.start()
    await room.polls("/f", 3)
    assert room.names() == ["f:small"]


async def test_kafka_away_loses_nothing_and_is_not_the_feeds_fault(room: Room):
    items = [item("a")]
    room.site.pages["/f"] = lambda _: Answer(rss(*items))
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: room.state("f"), "the first")
    room.broker.available = False
    items.append(item("b"))
    await asyncio.sleep(1.5)
    assert room.names() == ["f:a"]
    room.broker.available = True
    await room.until(lambda: "f:b" in room.names(), "the second", 20)
    assert room.state("f").pace.failures == 0


async def test_a_feed_that_is_added_removed_and_moved_while_running(room: Room):
    room.site.pages["/f"] = lambda _: Answer(rss(item("a")), headers={"ETag": '"1"'})
    room.site.pages["/new"] = lambda _: Answer(rss(item("a"), item("b")))
    await room.start()
    await asyncio.sleep(0.2)
    assert room.site.requests == []
    room.feeds.poll("f", room.site.url("/f"))
    await room.until(lambda: room.names() == ["f:a"], "the first")
    room.feeds.poll("f", room.site.url("/new"))
    await room.until(lambda: sorted(room.names()) == ["f:a", "f:b"], "what is new at the new address")
    assert "if-none-match" not in room.site.seen("/new")[0].headers
    room.feeds.feeds.clear()
    await asyncio.sleep(0.3)
    count = len(room.site.requests)
    await asyncio.sleep(1.5)
    assert len(room.site.requests) == count


class TestReplicas:
    """Feeds shared out by partition."""

    FEEDS = 24

    def fill(self, room: Room) -> None:
        for n in range(self.FEEDS):
            room.site.pages[f"/{n}"] = lambda _: Answer(rss(item("a")))
            room.feeds.poll(f"feed-{n}", room.site.url(f"/{n}"))

    @staticmethod
    def by_agent(room: Room, since: float) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for request in room.site.requests:
            if request.at >= since:
                found.setdefault(request.headers["user-agent"], set()).add(request.path)
        return found

    async def test_no_feed_is_polled_by_two_and_none_by_nobody(self, room: Room):
        self.fill(room)
        await room.start(user_agent="one")
        await room.until(lambda: len(room.sent) == self.FEEDS, "all by one")
        await room.start(user_agent="two")
        await room.until(lambda: any(r.headers["user-agent"] == "two" for r in room.site.requests), "the second")
        since = time.monotonic()
        await room.until(lambda: sum(map(len, self.by_agent(room, since).values())) >= self.FEEDS, "all by two")
        shares = self.by_agent(room, since)
        assert set(shares) == {"one", "two"}
        assert not shares["one"] & shares["two"]
        assert len(room.sent) == self.FEEDS, "the second began where the first was"

    async def test_the_feeds_of_one_that_dies_go_on_with_the_other_and_send_nothing_twice(self, room: Room):
        self.fill(room)
        first = await room.start(user_agent="one")
        await room.start(user_agent="two")
        await room.until(lambda: len(room.sent) == self.FEEDS, "all")
        await room.until(lambda: len(self.by_agent(room, 0)) == 2, "both at work")
        await room.until(lambda: all(room.state(f"feed-{n}") for n in range(self.FEEDS)), "all states")
        await first.die()
        since = time.monotonic()
        await room.until(lambda: len(self.by_agent(room, since).get("two", ())) == self.FEEDS, "all by the other")
        assert len(room.sent) == self.FEEDS

    async def test_one_that_was_stopped_for_a_while_polls_nothing_that_was_given_away(self, room: Room):
        self.fill(room)
        first = await room.start(user_agent="one")
        await room.until(lambda: len(room.sent) == self.FEEDS, "all by one")
        await first.source.expire()  # its session has run out, and it does not know
        first.poller._share._confirmed -= 100
        await room.start(user_agent="two")
        await room.until(lambda: any(r.headers["user-agent"] == "two" for r in room.site.requests), "the second")
        await asyncio.sleep(0.3)
        since = time.monotonic()
        await room.until(lambda: len(self.by_agent(room, since).get("two", ())) == self.FEEDS, "all by the other")
        assert "one" not in self.by_agent(room, since)


async def test_what_was_sent_before_a_death_is_sent_again_under_the_same_receipt(room: Room):
    """F2: dead after Kafka had the stories and before the state was written."""
    room.site.pages["/f"] = lambda _: Answer(rss(item("a"), item("b")))
    room.feeds.poll("f", room.site.url("/f"))
    first = await room.start()
    publish = first.poller._publisher.publish

    async def no_state(messages, **more):
        if messages[0].topic == FEEDS_STATE and not messages[0].key.startswith(b"~"):
            await asyncio.sleep(3600)
        return await publish(messages, **more)

    first.poller._publisher.publish = no_state
    await room.until(lambda: len(room.sent) == 2, "both")
    for one in list(first.poller._running.values()):
        one.task.cancel()
    await first.die()
    await room.start()
    await room.until(lambda: len(room.sent) == 4, "both again")
    await room.polls("/f", 2)
    assert len(room.sent) == 4
    assert len({header(record.headers, "ce_id") for record in room.sent}) == 2


async def test_pages_behind_teasers(room: Room):
    link = room.site.url
    long = "word " * 400
    room.site.pages["/f"] = lambda _: Answer(
        rss(item("teaser", link=link("/1")), item("full", long, link=link("/2")), item("closed", link=link("/private/3")),
            item("missing", link=link("/4")), item("outside", link="http://10.0.0.1/"))
    )  # fmt: skip
    room.site.pages["/robots.txt"] = lambda _: Answer(b"user-agent: *\ndisallow: /private/\n")
    page = b"<html><head><title>One</title></head><body><p>All of it</p></body></html>"
    for path in ("/1", "/2", "/private/3"):
        room.site.pages[path] = lambda _: Answer(page, headers={"Content-Type": "text/html; charset=utf-8"})
    room.feeds.poll("f", room.site.url("/f"), fetch_pages=True)
    await room.start()
    await room.until(lambda: len(room.sent) == 5, "all")
    found = {(record.key or b"").decode(): record for record in room.sent}
    assert found["f:teaser"].value == page
    assert header(found["f:teaser"].headers, "ce_contentlocation") == link("/1")
    assert header(found["f:teaser"].headers, "content-type") == "text/html; charset=utf-8"
    for name in ("f:full", "f:closed", "f:missing", "f:outside"):
        assert b"<rss" in found[name].value
        assert header(found[name].headers, "ce_contentlocation") is None
    assert room.site.seen("/2") == room.site.seen("/private/3") == []
    assert len(room.site.seen("/robots.txt")) == 1
    await room.polls("/f", 2)
    assert len(room.sent) == 5


async def test_pages_are_capped_a_poll_and_the_rest_waits(room: Room):
    room.site.pages["/f"] = lambda request: Answer(
        status=304 if "if-none-match" in request.headers else 200,
        body=rss(*(item(str(n), link=room.site.url(f"/p{n}")) for n in range(5))),
        headers={"ETag": '"1"'},
    )
    for n in range(5):
        room.site.pages[f"/p{n}"] = lambda _: Answer(b"<html><p>x</p></html>", headers={"Content-Type": "text/html"})
    room.feeds.poll("f", room.site.url("/f"), fetch_pages=True, max_pages=2)
    await room.start()
    await room.until(lambda: room.state("f"), "the first poll")
    assert len(room.sent) == 2
    await room.until(lambda: len(room.sent) == 5, "the rest")
    assert len(room.site.seen("/f")) == 3


async def test_a_page_that_cannot_be_had_just_now_is_tried_again_and_then_its_teaser_goes(room: Room):
    room.site.pages["/f"] = lambda _: Answer(rss(item("a", link=room.site.url("/1"))))
    room.site.pages["/1"] = lambda _: Answer(status=500)
    room.feeds.poll("f", room.site.url("/f"), fetch_pages=True)
    await room.start()
    await room.until(lambda: room.names() == ["f:a"], "the teaser")
    assert len(room.site.seen("/1")) == 3
    assert b"<rss" in room.sent[0].value


async def test_without_robots_no_page_is_fetched(room: Room):
    room.site.pages["/f"] = lambda _: Answer(rss(item("a", link=room.site.url("/1"))))
    room.site.pages["/robots.txt"] = lambda _: Answer(status=503, headers={"Retry-After": "0"})
    room.site.pages["/1"] = lambda _: Answer(b"<html></html>")
    room.feeds.poll("f", room.site.url("/f"), fetch_pages=True)
    await room.start()
    await room.until(lambda: room.names() == ["f:a"], "the teaser")
    assert room.site.seen("/1") == []


async def test_a_state_that_cannot_be_read_costs_a_repetition_and_no_more(room: Room):
    from shared.kafka.ports import Message

    room.broker.append(Message(FEEDS_STATE, b"f", b"{broken"))
    room.broker.append(Message(FEEDS_STATE, b"f", orjson.dumps({"v": 99})))
    room.broker.append(Message(FEEDS_STATE, b"f", None))
    room.site.pages["/f"] = lambda _: Answer(rss(item("a")))
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: room.names() == ["f:a"], "the story")


async def test_stopping_waits_for_nobody(room: Room):
    room.site.slow_s = 30
    room.site.pages["/f"] = lambda _: Answer(rss(item("a")))
    room.feeds.poll("f", room.site.url("/f"))
    replica = await room.start(poll_timeout_s=30)
    await room.until(lambda: room.site.requests, "the request")
    began = time.monotonic()
    await replica.end()
    assert time.monotonic() - began < 2
