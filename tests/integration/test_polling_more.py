"""Polling further: sitemap indexes, packed sitemaps, deleted entries, and what a feed says of its rhythm; and the rest of bad feeds."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.normalization.normalize import normalize
from services.normalization.raw import raw_story
from shared.events import Status, header
from tests.integration.site import Answer, item, rss
from tests.integration.test_polling import Room, opened

NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with opened(Room) as made:
        yield made


def sitemap(*names: str, news: bool = True) -> bytes:
    urls = "".join(
        f"<url><loc>https://e.org/{name}</loc>"
        + (
            f"<n:news><n:publication_date>2026-03-04</n:publication_date><n:title>{name}</n:title></n:news>"
            if news
            else ""
        )
        + "</url>"
        for name in names
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="{NEWS}">{urls}</urlset>'.encode()


class Index:
    """An index that a test changes: path to lastmod."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.children: dict[str, str] = {}
        room.site.pages["/index"] = lambda _: Answer(self.text())

    def text(self) -> bytes:
        named = "".join(
            f"<sitemap><loc>{self.room.site.url(path)}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</sitemap>"
            for path, at in self.children.items()
        )
        return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{named}</sitemapindex>'.encode()


def just_now(seconds: int = 0) -> str:
    return (datetime.now(UTC) - timedelta(minutes=5) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


async def test_a_sitemap_index_leads_to_the_news_in_the_sitemaps_that_changed(room: Room):
    index = Index(room)
    today = [sitemap("a", "b")]
    room.site.pages["/news.xml.gz"] = lambda _: Answer(
        gzip.compress(today[0]), headers={"Content-Type": "application/gzip"}
    )
    room.site.pages["/pages.xml"] = lambda _: Answer(sitemap("about", news=False))
    room.site.pages["/2019.xml"] = lambda _: Answer(sitemap("old"))
    index.children = {"/2019.xml": "2019-05-01", "/pages.xml": "", "/news.xml.gz": just_now()}
    room.feeds.poll("f", room.site.url("/index"))
    await room.start()
    await room.until(lambda: len(room.sent) == 2, "the news")
    assert sorted(room.names()) == ["f:https://e.org/a", "f:https://e.org/b"]
    await room.polls("/index", 3)
    assert len(room.site.seen("/news.xml.gz")) == 1, "it has not changed"
    assert len(room.site.seen("/pages.xml")) == 1, "it holds no news"
    assert room.site.seen("/2019.xml") == []
    today[0] = sitemap("a", "b", "c")
    index.children["/news.xml.gz"] = just_now(60)
    await room.until(lambda: len(room.sent) == 3, "what is new")
    await room.polls("/index", 2)
    assert len(room.sent) == 3
    assert len(room.site.seen("/news.xml.gz")) == 2
    assert header(room.sent[0].headers, "content-type") == "application/xml; charset=utf-8"


async def test_a_sitemap_that_does_not_say_when_it_changed_is_read_each_time(room: Room):
    index = Index(room)
    names = ["a"]
    room.site.pages["/news"] = lambda _: Answer(sitemap(*names))
    room.site.pages["/index"] = lambda request: Answer(
        index.text(), 304 if "if-none-match" in request.headers else 200, {"ETag": '"1"'}
    )
    index.children = {"/news": ""}
    room.feeds.poll("f", room.site.url("/index"))
    await room.start()
    await room.until(lambda: len(room.sent) == 1, "the first")
    names.append("b")
    await room.until(lambda: len(room.sent) == 2, "the second, though the index has not changed")


async def test_an_index_is_bounded_and_its_bad_sitemaps_cost_no_good_one(room: Room):
    index = Index(room)
    for n in range(30):
        room.site.pages[f"/{n}"] = lambda _, n=n: Answer(sitemap(f"s{n}"))
    room.site.pages["/3"] = lambda _: Answer(status=500)
    room.site.pages["/4"] = lambda _: Answer(b"<html/>")
    room.site.pages["/5"] = lambda _: Answer(gzip.compress(b"0" * 60_000_000))
    room.site.pages["/6"] = lambda _: Answer(index.text())
    index.children = {f"/{n}": just_now() for n in range(30)}
    room.feeds.poll("f", room.site.url("/index"))
    await room.start()
    await room.until(lambda: room.state("f"), "the first poll")
    assert len({request.path for request in room.site.requests} - {"/index"}) == 20, "the rest waits"
    await room.until(lambda: len(room.sent) == 26, "all that can be had")
    await room.polls("/index", 2)
    assert len(room.sent) == 26
    assert room.state("f").pace.failures == 0


async def test_an_index_of_which_nothing_can_be_had_is_a_failing_feed(room: Room):
    index = Index(room)
    index.children = {"/gone": just_now()}
    room.feeds.poll("f", room.site.url("/index"))
    await room.start()
    await room.until(lambda: room.state("f"), "the state")
    assert (room.state("f").why, room.state("f").pace.failures) == ("http-404", 1)


async def test_an_index_that_leads_inside_is_not_followed(room: Room):
    room.site.pages["/index"] = lambda _: Answer(
        b"<sitemapindex><sitemap><loc>http://169.254.169.254/news</loc></sitemap></sitemapindex>"
    )
    room.feeds.poll("f", room.site.url("/index"))
    await room.start()
    await room.until(lambda: room.state("f"), "the state")
    assert room.state("f").why in {"bad-url", "blocked-address"}


async def test_a_sitemap_packed_as_a_file(room: Room):
    room.site.pages["/s.xml.gz"] = lambda _: Answer(gzip.compress(sitemap("a")))
    room.site.pages["/bomb.xml.gz"] = lambda _: Answer(gzip.compress(sitemap("b") + b" " * 60_000_000))
    room.site.pages["/cut.xml.gz"] = lambda _: Answer(gzip.compress(sitemap("c"))[:-9])
    for name in ("s", "bomb", "cut"):
        room.feeds.poll(name, room.site.url(f"/{name}.xml.gz"))
    await room.start()
    await room.until(lambda: all(room.state(name) for name in ("s", "bomb", "cut")), "all polled")
    assert room.names() == ["s:https://e.org/a"]
    assert room.state("bomb").why == room.state("cut").why == "not-a-feed"


def atom(*entries: str) -> bytes:
    spaces = 'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"'
    return f"<feed {spaces}><id>f</id><title>T</title>{''.join(entries)}</feed>".encode()


ENTRY = (
    "<entry><id>tag:e.org,1</id><title>T</title><updated>2026-03-04T10:00:00Z</updated><content>Body</content></entry>"
)
GONE = '<at:deleted-entry ref="tag:e.org,1" when="2026-03-04T11:00:00Z"/>'


@pytest.mark.parametrize(
    ("meaning", "status"), [("kill", Status.KILLED), ("withhold", Status.WITHHELD), ("ignore", None)]
)
async def test_a_deleted_entry_takes_its_story_back_if_the_feeds_rule_says_so(room: Room, meaning: str, status):
    entries = [ENTRY]
    room.site.pages["/f"] = lambda _: Answer(atom(*entries))
    words = {"canceled": "usable", "withheld": "usable"}
    room.feeds.poll("f", room.site.url("/f"), deleted_entries=meaning, status_map=words)
    await room.start()
    await room.until(lambda: len(room.sent) == 1, "the story")
    entries[:] = [GONE]
    await room.polls("/f", 3)
    if status is None:
        assert len(room.sent) == 1
        return
    assert room.names() == ["f:tag:e.org,1"] * 2, "one order, under the story's key: behind it in its partition"
    story, order = (_article(record) for record in room.sent)
    assert order.article_id == story.article_id
    assert (story.status, order.status) == (Status.USABLE, status)
    assert order.ext_version > story.ext_version
    entries[:] = [ENTRY, GONE]
    await room.polls("/f", 2)
    assert len(room.sent) == 2


def _article(record):
    [article] = normalize(raw_story(record.headers, record.value), datetime.now(UTC))
    return article


async def test_a_feeds_own_rhythm_is_heard_when_it_is_quiet(room: Room):
    room.site.pages["/f"] = lambda _: Answer(rss(item("a"), extra="<ttl>60</ttl>"))
    room.feeds.poll("f", room.site.url("/f"), least=1, greatest=86_400)
    await room.start()
    for pace in (2.0, 4.0, 8.0):  # after the news, and after each poll without any
        await room.until(lambda pace=pace: (state := room.state("f")) and state.pace.interval_s == pace, f"pace {pace}")
    assert room.names() == ["f:a"]
    assert orjson.loads(room.state("f").dump())["hints"]["interval_s"] == 3600


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss><channel>")
    while True:
        writer.write(item("x").encode() * 1000)
        await writer.drain()


async def never_done(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<rss>")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(("play", "why"), [(endless, "too-large"), (never_done, "timeout")])
async def test_a_feed_without_an_end_is_cut_off_and_backs_off_and_others_go_on(room: Room, play, why: str):
    room.site.pages["/f"] = lambda _: Answer(raw=play)
    room.site.pages["/good"] = lambda _: Answer(rss(item("a")))
    room.feeds.poll("f", room.site.url("/f"), greatest=3600)
    room.feeds.poll("good", room.site.url("/good"))
    await room.start(poll_max_bytes=500_000, poll_timeout_s=1)
    await room.until(lambda: room.state("f"), "the state")
    assert (room.state("f").why, room.state("f").pace.failures) == (why, 1)
    assert (room.state("f").next - room.state("f").polled).total_seconds() > 5
    await room.until(lambda: room.names() == ["good:a"], "the other feed")


async def test_a_304_that_lies_is_found_out_by_the_days_whole_look(room: Room):
    """The server says 'not modified' for ever, with an ETag that it never changes."""
    items = [item("a")]
    room.site.pages["/f"] = lambda request: Answer(
        rss(*items), 304 if "if-none-match" in request.headers else 200, {"ETag": '"same"'}
    )
    room.feeds.poll("f", room.site.url("/f"))
    replica = await room.start()
    await room.until(lambda: room.names() == ["f:a"], "the first")
    items.append(item("b"))
    await room.polls("/f", 2)
    assert room.names() == ["f:a"]
    [part] = [part for part in replica.poller._share.ready() if "f" in part.states]
    part.states["f"].whole -= timedelta(days=1)
    await room.until(lambda: "f:b" in room.names(), "what the 304 hid")
    await room.polls("/f", 2)
    assert len(room.sent) == 2


async def test_a_304_without_a_condition_is_a_failure_and_takes_nothing_from_the_memory(room: Room):
    answers = [Answer(rss(item("a"))), Answer(status=304), Answer(rss(item("a")))]
    room.site.pages["/f"] = lambda _: answers.pop(0) if len(answers) > 1 else answers[0]
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: (state := room.state("f")) and state.why == "http-304", "the failure")
    await room.until(lambda: room.state("f").why is None, "the success")
    assert room.names() == ["f:a"]


FUTURE, PAST = "Fri, 01 Jan 2099 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"


async def test_a_server_whose_clock_is_wrong_is_polled_as_any_other_and_its_dates_are_not_believed(room: Room):
    dated = [item(name).replace("</item>", f"<pubDate>{date}</pubDate></item>") for name, date in
             (("future", FUTURE), ("past", PAST), ("none", "yesterday"), ("thirteenth", "Mon, 45 Foo 2026 99:99:99 GMT"))]  # fmt: skip
    room.site.pages["/f"] = lambda _: Answer(
        rss(*dated), headers={"Date": FUTURE, "Last-Modified": FUTURE, "Expires": PAST, "Age": "-5"}
    )
    room.feeds.poll("f", room.site.url("/f"))
    await room.start()
    await room.until(lambda: len(room.sent) == 4, "all")
    await room.polls("/f", 2)
    assert len(room.sent) == 4
    assert room.state("f").pace.failures == 0
    assert room.site.seen("/f")[-1].headers["if-modified-since"] == FUTURE, "as it came: the server compares"
    for record in room.sent:
        article, taken = _article(record), datetime.fromisoformat(header(record.headers, "ce_time") or "")
        assert article.published is None or article.published <= taken + timedelta(days=2), record.key
        assert article.ext_version < 4_000_000_000_000_000 * 1000, "no version of a time that has not come"


@pytest.mark.parametrize(
    ("wish", "least", "most"),
    [(PAST, 5, 300), (FUTURE, 86_000, 87_000), ("-5", 5, 300), ("soon", 5, 300), ("9" * 30, 86_000, 87_000)],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_from_a_wrong_clock_silences_no_feed_for_ever(room: Room, status, wish, least, most):
    room.site.pages["/f"] = lambda _: Answer(status=status, headers={"Retry-After": wish})
    room.feeds.poll("f", room.site.url("/f"), least=5, greatest=3600)
    await room.start()
    await room.until(lambda: room.state("f"), "the state")
    state = room.state("f")
    assert least <= (state.next - state.polled).total_seconds() <= most


@pytest.mark.timeout(120)
async def test_a_hundred_thousand_entries_are_bounded_and_come_once(room: Room):
    feed = rss(*(f"<item><guid>{n}</guid><title>t</title></item>" for n in range(100_000)))
    room.site.pages["/f"] = lambda _: Answer(feed)
    room.site.pages["/good"] = lambda _: Answer(rss(item("a")))
    room.feeds.poll("f", room.site.url("/f"))
    room.feeds.poll("good", room.site.url("/good"))
    await room.start(poll_timeout_s=30)
    await room.until(lambda: room.state("f"), "the first poll", 60)
    numbers = sorted(int(name.partition(":")[2]) for name in room.names() if name.startswith("f:"))
    assert numbers == [*range(5_000), *range(95_000, 100_000)]
    await room.polls("/f", 2)
    await room.until(lambda: not room.replicas[0].poller._running, "quiet", 30)
    assert len(set(room.names())) == len(room.sent) == 10_001, "the other feed went on, and nothing came twice"
