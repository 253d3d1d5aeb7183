"""WebSub against a hub that the test plays: subscriptions asked for, verified, renewed, denied and given up; pings of all kinds."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from services.ingestion.app import create_app
from services.ingestion.polling.fetch import Fetcher, FetchPolicy
from services.ingestion.websub.callback import Callback
from services.ingestion.websub.hub import ask_hub
from services.ingestion.websub.journal import Journal
from services.ingestion.websub.keys import websub_key
from services.ingestion.websub.names import Names
from services.ingestion.websub.notes import is_note
from services.ingestion.websub.owner import Subscriber
from services.ingestion.websub.subscription import Mode, Subscription, WebSubState
from shared.events import FEEDS_STATE, now
from shared.feeds import Feed
from shared.health import Health
from shared.kafka.memory_reader import MemoryReader
from shared.metrics import REGISTRY
from shared.settings import IngestionSettings, Settings
from tests.integration.site import Answer, Request, item, rss
from tests.integration.test_polling import Replica, Room, opened
from tests.unit.ingestion.support import Answer as Told
from tests.unit.ingestion.support import call

PUBLIC = "https://door.example.org"
KEY = "a key that all replicas share"


class Hub:
    """What was asked of the hub, and how it answers."""

    def __init__(self, watch: Any) -> None:
        self.asked: list[dict[str, str]] = []
        self.status = 202
        self.watch = watch
        self.watched: list[Any] = []
        """What `watch` gave at the time of each request."""

    def play(self, request: Request) -> Answer:
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        self.asked.append({name: values[0] for name, values in parse_qs(request.body.decode()).items()})
        self.watched.append(self.watch())
        return Answer(status=self.status)

    def last(self, mode: str) -> dict[str, str] | None:
        return next((form for form in reversed(self.asked) if form["hub.mode"] == mode), None)


class HubRoom(Room):
    """A room with a hub, and a front door for it to call that is no replica of the pollers."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.hub = Hub(lambda: self.state("f"))
        server.pages["/hub"] = self.hub.play
        self.door_feeds = self.feeds
        health = Health()
        health.ready()
        settings = Settings(ingestion=IngestionSettings(public_url=PUBLIC, websub_key=KEY, poll_max_bytes=100_000))

        async def count() -> int:
            return self.broker.partitions

        @contextlib.asynccontextmanager
        async def reader() -> AsyncIterator[MemoryReader]:
            yield MemoryReader(self.broker)

        publisher = self.broker.publisher()
        hubs = Callback(
            Names(websub_key(settings)), self, Journal(reader), count, publisher.publish, settings, health
        )  # fmt: skip
        self.app = create_app(publisher, self, settings, health, hubs=hubs)

    def get(self, feed_id: str) -> Feed | None:
        """The feeds as the front door sees them."""
        return self.feeds.feeds.get(feed_id)

    async def start(self, **settings: Any) -> Replica:
        return await super().start(**{"public_url": PUBLIC, "websub_key": KEY, **settings})

    def feed(self, *items: str, greatest: float = 3600, **websub: Any) -> None:
        """A feed `f` at /f with a hub."""
        self.site.pages["/f"] = lambda _: Answer(rss(*items))
        self.feeds.poll(
            "f", self.site.url("/f"), least=1, greatest=greatest, websub={"hub": self.site.url("/hub"), **websub}
        )

    async def verify(self, form: dict[str, str], *, lease: int | None = 3600, **changed: str) -> Told:
        """The hub calls back for what it was asked."""
        query = {"hub.mode": form["hub.mode"], "hub.topic": form["hub.topic"], "hub.challenge": "c0ffee & <b>"}
        if lease is not None:
            query["hub.lease_seconds"] = str(lease)
        path = changed.pop("path", urlsplit(form["hub.callback"]).path)
        query |= {f"hub.{name}": value for name, value in changed.items()}
        return await called(self.app, "GET", path, query)

    async def subscribed(self, lease: int = 3600) -> dict[str, str]:
        """Until the hub has been asked, and has verified."""
        await self.until(lambda: self.hub.last("subscribe"), "the request to the hub")
        form = self.hub.last("subscribe")
        assert form
        answer = await self.verify(form, lease=lease)
        assert (answer.status, answer.body) == (200, b"c0ffee & <b>")
        assert answer.headers["content-type"].startswith("text/plain")
        await self.until(lambda: self.websub.current.until, "the lease in the state")
        return form

    @property
    def websub(self) -> Any:
        return self.state("f").websub

    async def ping(self, form: dict[str, str], body: bytes, method: str | None = "sha256", **changed: Any) -> Told:
        """News from the hub."""
        secret = changed.pop("secret", form.get("hub.secret", "")).encode()
        headers = [(b"content-type", b"application/rss+xml"), (b"content-length", str(len(body)).encode())]
        if method:
            digest = hmac.new(secret, body, method).hexdigest()
            headers.append((b"x-hub-signature", changed.pop("signature", f"{method}={digest}").encode()))
        return await call(self.app, "POST", changed.pop("path", urlsplit(form["hub.callback"]).path), headers, [body])


async def called(app: Any, method: str, path: str, query: dict[str, str]) -> Told:
    async def asked(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "query_string": urlencode(query).encode()}, receive, send)

    return await call(asked, method, path, [], [b""])


@pytest.fixture
async def room() -> AsyncIterator[HubRoom]:
    async with opened(HubRoom) as made:
        yield made


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("newswire_websub_total", {"outcome": outcome}) or 0.0


async def test_a_feeds_hub_is_asked_and_its_call_answered(room: HubRoom):
    room.feed(item("a"), lease_seconds=7200)
    await room.start()
    form = await room.subscribed(lease=1800)
    assert form["hub.topic"] == room.site.url("/f")
    assert form["hub.lease_seconds"] == "7200"
    assert form["hub.callback"].startswith(f"{PUBLIC}/v1/websub/f/")
    assert len(form["hub.callback"].rpartition("/")[2]) == 56
    assert 40 < len(form["hub.secret"]) < 200
    current = room.websub.current
    assert 1795 < (current.until - current.asked).total_seconds() < 1815, "the hub's lease, not ours"
    assert 1195 < (current.next - current.asked).total_seconds() < 1215, "renewed before its end"
    await asyncio.sleep(0.5)
    assert len(room.hub.asked) == 1
    written = room.hub.watched[0].websub.current
    assert written.waiting, "that it was asked is written down before: its call may come at once, and to any replica"
    assert written.token == form["hub.callback"].rpartition("/")[2]


async def test_a_hub_named_by_the_feed_itself_is_found(room: HubRoom):
    own, hub = room.site.url("/canonical"), room.site.url("/hub")
    links = f'<{hub}>; rel="hub"'
    channel = f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="{own}"/>'
    room.site.pages["/f"] = lambda _: Answer(rss(item("a"), extra=channel), headers={"Link": links})
    room.feeds.poll("f", room.site.url("/f"), least=1, greatest=3600, websub={})
    await room.start()
    form = await room.subscribed()
    assert form["hub.topic"] == own


async def test_without_a_hub_or_a_public_address_a_feed_is_only_polled(room: HubRoom):
    room.site.pages["/f"] = lambda _: Answer(rss(item("a")))
    room.feeds.poll("f", room.site.url("/f"), websub={})
    await room.start()
    await room.polls("/f", 3)
    assert room.hub.asked == []
    await room.replicas[0].end()
    room.feed(item("a"), greatest=1)
    await room.start(public_url=None)
    await room.polls("/f", 3)
    assert room.hub.asked == []


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
async def test_a_ping_brings_its_news_at_once_and_the_poll_does_not_bring_them_again(room: HubRoom, method: str):
    items = [item("a")]
    room.site.pages["/f"] = lambda _: Answer(rss(*items))
    room.feeds.poll("f", room.site.url("/f"), least=1, greatest=3600, websub={"hub": room.site.url("/hub")})
    await room.start()
    await room.until(lambda: room.names() == ["f:a"], "the first poll")
    form = await room.subscribed()
    items.append(item("b"))
    assert (await room.ping(form, rss(*items), method)).status == 202
    await room.until(lambda: room.names() == ["f:a", "f:b"] or sorted(room.names()) == ["f:a", "f:b"], "the news")
    assert (await room.ping(form, rss(item("c")), method)).status == 202, "only what is new, as PubSubHubbub does"
    items.append(item("c"))
    await room.until(lambda: len(room.sent) == 3, "the other news")
    assert (await room.ping(form, rss(*items), method)).status == 202, "again"
    room.feeds.poll("f", room.site.url("/f?2"), least=1, greatest=1, websub={"hub": room.site.url("/hub")})
    room.site.pages["/f?2"] = lambda _: Answer(rss(*items))
    await room.polls("/f?2", 2)
    assert sorted(room.names()) == ["f:a", "f:b", "f:c"]


async def test_polling_is_slow_while_a_lease_is_live_and_at_its_speed_again_when_it_is_over(room: HubRoom):
    room.feed(item("a"), greatest=3600)
    await room.start()
    await room.until(lambda: room.hub.asked, "the request")
    form = await room.subscribed(lease=60)
    await room.polls("/f", 1)
    await room.until(lambda: (room.state("f").next - room.state("f").polled).total_seconds() > 3000, "the slow pace")
    polls = len(room.site.seen("/f"))
    await asyncio.sleep(3)
    assert len(room.site.seen("/f")) == polls
    assert (await room.verify(form, lease=1)).status == 200
    await room.polls("/f", 2)


async def test_news_that_the_hub_does_not_send_brings_the_polls_back(room: HubRoom):
    items = [item("a")]
    room.site.pages["/f"] = lambda _: Answer(rss(*items))
    room.feeds.poll("f", room.site.url("/f"), least=1, greatest=5, websub={"hub": room.site.url("/hub")})
    await room.start()
    await room.subscribed()
    await room.polls("/f", 1)
    items.append(item("b"))
    await room.until(lambda: "f:b" in room.names(), "found by a poll")
    await room.until(lambda: room.state("f").websub.current.trusted is False, "no more trust")
    polls = len(room.site.seen("/f"))
    await room.polls("/f", 2)
    assert room.site.seen("/f")[-1].at - room.site.seen("/f")[polls - 1].at < 8


async def test_a_silent_hub_with_leases_shorter_than_the_polls_is_found_out_and_its_renewals_change_nothing(
    room: HubRoom,
):
    from services.ingestion.websub import subscription

    async def verifies() -> None:
        for n in range(1, 1000):
            await room.until(lambda n=n: len(room.hub.asked) > n, "a renewal")
            await room.verify(room.hub.asked[n], lease=3)

    items = [item("a")]
    room.site.pages["/f"] = lambda _: Answer(rss(*items))
    room.feeds.poll("f", room.site.url("/f"), least=1, greatest=5, websub={"hub": room.site.url("/hub")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription, "LEAST_ASK_S", 0.5)
        await room.start()
        await room.subscribed(lease=3)
        verifying = asyncio.create_task(verifies())
        try:
            await room.polls("/f", 1)
            items.append(item("b"))
            await room.until(lambda: "f:b" in room.names(), "found by a poll")
            await room.until(lambda: room.websub.current.trusted is False, "no more trust")
            before = room.websub.current.until
            await room.until(lambda: room.websub.current.until > before, "the next renewal")
            assert room.websub.current.trusted is False
        finally:
            verifying.cancel()
            await asyncio.gather(verifying, return_exceptions=True)


FORGED = [
    {"signature": "sha256=" + "0" * 64}, {"secret": "guessed"}, {"signature": "md5=" + "0" * 32}, {"signature": "sha256"},
    {"signature": "sha256=zz"}, {"signature": "v1,AAAA"}, {"signature": ""},
]  # fmt: skip


@pytest.mark.parametrize("forged", FORGED, ids=str)
async def test_a_forged_ping_is_answered_ignored_and_counted(room: HubRoom, forged: dict[str, str]):
    room.feed(item("a"))
    await room.start()
    form = await room.subscribed()
    await room.until(lambda: room.names() == ["f:a"], "the poll")
    before, records = counted("bad-signature"), len(room.broker.records(FEEDS_STATE))
    answer = await room.ping(form, rss(item("forged")), **forged)
    assert (answer.status, answer.body) == (202, b"")
    assert counted("bad-signature") == before + 1
    await asyncio.sleep(0.5)
    assert room.names() == ["f:a"]
    assert len(room.broker.records(FEEDS_STATE)) == records, "nobody was told"


async def test_a_ping_without_signature_is_not_believed(room: HubRoom):
    room.feed(item("a"))
    await room.start()
    form = await room.subscribed()
    await room.until(lambda: room.names() == ["f:a"], "the poll")
    for _ in range(6):
        assert (await room.ping(form, rss(item("forged")), None)).status == 202
    answer = await room.ping(form, rss(item("forged")), None)
    assert (answer.status, answer.code) == (429, "too-many-requests")
    await asyncio.sleep(0.5)
    assert room.names() == ["f:a"]


async def test_a_token_that_we_did_not_give_out_is_nobodys(room: HubRoom):
    room.feed(item("a"))
    await room.start()
    form = await room.subscribed()
    token = form["hub.callback"].rpartition("/")[2]
    for path in (
        f"/v1/websub/g/{token}",
        f"/v1/websub/f/{'0' * 56}",
        f"/v1/websub/f/{token[:-1]}",
        f"/v1/websub/f/{token[::-1]}",
        "/v1/websub/f/",
    ):
        assert (await room.ping(form, rss(item("x")), path=path)).status == 404
        assert (await room.verify(form, path=path)).status == 404


@pytest.mark.parametrize(
    "changed", [{"topic": "https://other.example.org/"}, {"mode": "unsubscribe"}, {"challenge": ""}, {"mode": "x"}]
)
async def test_a_call_about_what_nobody_asked_for_is_refused(room: HubRoom, changed: dict[str, str]):
    room.feed(item("a"))
    await room.start()
    await room.until(lambda: room.hub.last("subscribe"), "the request")
    form = room.hub.last("subscribe")
    assert form
    answer = await room.verify(form, **changed)
    assert (answer.status, answer.code) == (404, "not-found")
    await asyncio.sleep(0.3)
    assert room.websub.current.until is None


async def test_a_hub_that_denies_is_left_for_a_day_and_the_feed_is_polled(room: HubRoom):
    room.feed(item("a"), greatest=1)
    await room.start()
    await room.subscribed()
    form = room.hub.last("subscribe")
    assert form
    answer = await room.verify(form, mode="denied", reason="spam <script>")
    assert answer.status == 200
    await room.until(lambda: room.websub.current.why == "denied", "the state")
    current = room.websub.current
    assert not current.is_live(current.asked)
    assert (current.next - current.asked).total_seconds() > 86_000
    await room.polls("/f", 2)
    assert len(room.hub.asked) == 1
    assert (await room.verify(form)).status == 404, "nobody asks any more"


@pytest.mark.parametrize(("status", "why"), [(500, "http-500"), (404, "http-404"), (302, "http-302")])
async def test_a_hub_that_does_not_take_the_request_is_asked_again_later(room: HubRoom, status: int, why: str):
    room.hub.status = status
    room.feed(item("a"), greatest=1)
    await room.start()
    await room.until(lambda: room.hub.asked and room.websub.current.failures, "the refusal in the state")
    current = room.websub.current
    assert current.why == why
    assert 40 < (current.next - current.asked).total_seconds() < 200
    await room.polls("/f", 3)
    assert len(room.hub.asked) == 1


async def test_a_hub_that_is_down_or_inside_leaves_the_feed_to_its_polls(room: HubRoom):
    room.feed(item("a"), greatest=1, hub="http://127.0.0.1:1/")
    await room.start()
    await room.polls("/f", 3)
    assert room.websub.current is None, "a port that may not be called is never asked"
    room.feed(item("a"), greatest=1, hub="http://169.254.169.254/hub")
    await room.polls("/f", 2)
    assert room.hub.asked == []
    assert not room.websub.current


async def test_a_subscription_is_given_up_with_its_table_and_the_hub_may_verify_that(room: HubRoom):
    room.feed(item("a"))
    await room.start()
    form = await room.subscribed()
    room.feeds.poll("f", room.site.url("/f"), least=1, greatest=3600)
    await room.until(lambda: room.hub.last("unsubscribe"), "the request")
    asked = room.hub.last("unsubscribe")
    assert asked
    assert (asked["hub.callback"], asked["hub.topic"]) == (form["hub.callback"], form["hub.topic"])
    assert (await room.verify(form)).status == 404, "it is not wanted any more"
    assert (await room.ping(form, rss(item("x")))).status == 410
    assert (await room.verify(asked, lease=None)).status == 200
    await room.until(lambda: not room.state("f").websub, "nothing left in the state")


async def test_a_feed_that_is_gone_from_the_file_gives_up_its_subscription(room: HubRoom):
    room.feed(item("a"))
    room.site.pages["/g"] = lambda _: Answer(rss(item("b")))
    room.feeds.poll("g", room.site.url("/g"))
    await room.start()
    await room.subscribed()
    del room.feeds.feeds["f"]
    await room.until(lambda: room.hub.last("unsubscribe"), "the request")


async def test_a_new_owner_goes_on_where_the_last_one_was(room: HubRoom):
    room.feed(item("a"))
    first = await room.start()
    form = await room.subscribed()
    await room.until(lambda: room.names() == ["f:a"], "the poll")
    await first.die()
    assert (await room.ping(form, rss(item("a"), item("b")))).status == 202, "nobody is there, and it is safe"
    assert room.names() == ["f:a"]
    await room.start()
    await room.until(lambda: sorted(room.names()) == ["f:a", "f:b"], "the news by the next owner")
    await asyncio.sleep(0.5)
    assert len(room.hub.asked) == 1, "the lease stands"
    last = {record.key: record.value for record in room.broker.records(FEEDS_STATE) if is_note(record.key)}
    assert len(last) >= 2
    assert set(last.values()) == {None}, "what is dealt with is taken out of the topic"
    assert len(room.sent) == 2


async def test_a_ping_is_not_lost_while_kafka_is_away(room: HubRoom):
    room.feed(item("a"))
    await room.start()
    form = await room.subscribed()
    room.broker.available = False
    answer = await room.ping(form, rss(item("b")))
    assert (answer.status, answer.code) == (503, "unavailable")
    room.broker.available = True
    assert (await room.ping(form, rss(item("b")))).status == 202
    await room.until(lambda: "f:b" in room.names(), "the news", 20)


async def test_a_ping_over_the_limit_is_refused_and_one_too_large_to_pass_on_wakes_the_poll(room: HubRoom):
    import random

    room.feed(item("a"))
    await room.start()
    form = await room.subscribed()
    answer = await room.ping(form, b"x" * 100_001)
    assert (answer.status, answer.code) == (413, "too-large")
    from services.ingestion.websub import notes

    polls = len(room.site.seen("/f"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notes, "MAX_PACKED", 1000)
        noise = random.Random(1).randbytes(5000).hex()
        assert (await room.ping(form, rss(item("big", noise)))).status == 202
    await room.until(lambda: len(room.site.seen("/f")) > polls, "a poll at once")
    assert "f:big" not in room.names()


async def test_a_ping_that_is_no_feed_harms_nothing(room: HubRoom):
    room.feed(item("a"))
    await room.start()
    form = await room.subscribed()
    for body in (b"", b"hello", b"<html/>", b"{", b"\xff" * 100):
        assert (await room.ping(form, body)).status == 202
    assert (await room.ping(form, rss(item("b")))).status == 202
    await room.until(lambda: "f:b" in room.names(), "the news")
    await room.until(
        lambda: not any(part.notes for part in room.replicas[0].poller._share.ready()), "all notes dealt with"
    )


async def test_a_lease_is_renewed_before_its_end_and_asked_anew_after_a_restart_that_took_too_long(room: HubRoom):
    from services.ingestion.websub import subscription

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription, "LEAST_ASK_S", 0.5)
        room.feed(item("a"))
        replica = await room.start()
        form = await room.subscribed(lease=6)
        await room.until(lambda: len(room.hub.asked) == 2, "the renewal")
        assert room.websub.current.is_live(now()), "before the end"
        assert room.hub.asked[1] == form, "the same address and secret: a renewal and no second subscription"
        assert (await room.verify(form, lease=1)).status == 200
        await room.until(lambda: (room.websub.current.until - now()).total_seconds() <= 1, "the shorter lease")
        await replica.end()
        await asyncio.sleep(1)
        asked = len(room.hub.asked)
        await room.start()
        await room.until(lambda: len(room.hub.asked) > asked, "a request after the restart")
        assert room.hub.asked[-1] == form


async def test_news_sent_under_a_lease_that_is_over_are_left_to_the_poll(room: HubRoom):
    room.feed(item("a"))
    await room.start()
    form = await room.subscribed(lease=1)
    await asyncio.sleep(1.1)
    before = counted("ignored")
    assert (await room.ping(form, rss(item("late")))).status == 202
    await room.until(lambda: counted("ignored") > before, "the owner")
    assert "f:late" not in room.names()


async def test_a_hub_in_the_clear_is_told_no_secret_and_its_pings_only_wake_the_poll(room: HubRoom):
    """Outside of closed networks."""
    room.feed(item("a"))
    replica = await room.start()
    rounds = replica.poller._rounds
    rounds._subscriber.keeps_secrets = lambda hub: False
    form = await room.subscribed()
    assert "hub.secret" not in form
    polls = len(room.site.seen("/f"))
    assert (await room.ping(form, rss(item("forged")), None)).status == 202
    await room.until(lambda: len(room.site.seen("/f")) > polls, "a poll at once")
    await asyncio.sleep(0.3)
    assert room.names() == ["f:a"]


@pytest.mark.parametrize(
    "hub",
    ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://10.0.0.1/",
     "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://169.254.169.254/", "http://localhost/", "http://hub.internal/",
     "https://hub.example.org:22/"],
)  # fmt: skip
async def test_a_hub_or_topic_inside_the_network_is_never_asked(room: HubRoom, hub: str):
    """By its text; of names, the next test."""
    policy = FetchPolicy("t", 1000, 1.0)
    asker = Subscriber(Names(b"k"), PUBLIC, Fetcher(policy), policy)
    rules = {"id": "f", "poll": {"url": "https://example.org/f"}}
    named = Feed.model_validate({**rules, "websub": {"hub": hub}})
    assert asker.wanted(named, WebSubState()) is None
    assert asker.wanted(Feed.model_validate({**rules, "websub": {}}), WebSubState(hub=hub)) is None, "named by the feed"
    topic = Feed.model_validate({**rules, "websub": {"hub": "https://hub.example.org/", "topic": hub}})
    assert asker.wanted(topic, WebSubState()) is None
    good = Feed.model_validate({**rules, "websub": {"hub": "https://hub.example.org/"}})
    assert asker.wanted(good, WebSubState())


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::"])
async def test_a_hubs_name_that_leads_inside_is_blocked_at_the_call(room: HubRoom, address: str):
    async def resolve(host: str, port: int) -> list[str]:
        return [address]

    policy = FetchPolicy("t", 1000, 1.0, ports={80, 443, room.site.port})
    fetcher = Fetcher(policy, resolve=resolve)
    subscription = Subscription(f"http://hub.example.org:{room.site.port}/hub", "https://example.org/f", "t", now())
    why = await ask_hub(fetcher, Mode.SUBSCRIBE, subscription, callback=PUBLIC, secret=None, lease_s=60)
    await fetcher.stop()
    assert why == "blocked-address"
    assert room.hub.asked == []


async def test_a_hub_that_sends_us_on_is_judged_again_and_hears_the_same(room: HubRoom):
    room.site.pages["/moved"] = lambda _: Answer(status=307, headers={"Location": "/hub"})
    room.feed(item("a"), hub=room.site.url("/moved"))
    await room.start()
    form = await room.subscribed()
    assert form["hub.mode"] == "subscribe"
    room.site.pages["/moved"] = lambda _: Answer(status=308, headers={"Location": "http://169.254.169.254/"})
    policy = FetchPolicy("t", 1000, 1.0, ports={room.site.port}, allow_private=True)
    fetcher = Fetcher(policy)
    subscription = Subscription(room.site.url("/moved"), room.site.url("/f"), "t", now())
    why = await ask_hub(fetcher, Mode.SUBSCRIBE, subscription, callback=PUBLIC, secret=None, lease_s=60)
    await fetcher.stop()
    assert why == "blocked-address"


async def test_nothing_secret_is_logged(room: HubRoom, capsys: pytest.CaptureFixture[str]):
    room.feed(item("a"))
    await room.start()
    form = await room.subscribed()
    await room.ping(form, rss(item("b")))
    await room.ping(form, rss(item("b")), secret="x")
    await room.until(lambda: "f:b" in room.names(), "the news")
    said = capsys.readouterr()
    for text in (form["hub.secret"], form["hub.callback"].rpartition("/")[2], KEY):
        assert text not in said.out + said.err
