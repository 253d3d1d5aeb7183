"""Polling further: sitemap indexes, packed sitemaps, deleted entries, and what a feed says of its rhythm; and the rest of bad feeds."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.normalization.normalize import normalize
from services.normalization.raw import raw_story
from shared.events import Status, header
from tests.integration.site import Answer, item, rss, site
from tests.integration.test_polling import Room

NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with site() as server:
        made = Room(server)
        try:
            yield made
        finally:
            for replica in made.replicas:
                with contextlib.suppress(Exception):
                    await replica.end()


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
    await room.polls("/f", 1)
    await room.until(
        lambda: (state := room.state("f")) and (state.next - state.polled).total_seconds() > 60, "the hint"
    )
    state = room.state("f")
    assert 3200 < (state.next - state.polled).total_seconds() < 4000
    assert room.names() == ["f:a"]
    await asyncio.sleep(0)
    assert orjson.loads(state.dump())["hints"]["interval_s"] == 3600
