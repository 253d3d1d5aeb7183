"""Feeds of every kind, polled from a site, found by search; a correction is a version and no second article."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import orjson
import pytest

from deploy.local.ports import free_port
from tests.harness import Pipeline, Service
from tests.integration.site import Answer, rss, site

pytestmark = pytest.mark.servers

PAGE = "<html><head><title>{0} page</title></head><body><article><h1>{0} page</h1>{1}</article></body></html>"


@pytest.mark.timeout(180)
async def test_polled_stories_are_found(pipeline: Pipeline, tmp_path: Path):
    mark = f"w{uuid.uuid4().hex[:10]}"
    text = {"rss": f"First words of {mark}rss."}
    async with site() as server:
        url = server.url
        server.pages["/rss"] = lambda _: Answer(
            rss(
                f'<item><guid isPermaLink="false">{mark}-1</guid><title>{mark}rss</title><description>{text["rss"]}</description>'
                "<pubDate>Sun, 08 Feb 2026 10:00:00 GMT</pubDate></item>"
            )
        )
        server.pages["/atom"] = lambda _: Answer(
            f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>urn:{mark}</id><title>{mark}atom</title>'
            f'<updated>2026-02-08T10:00:00Z</updated><link href="/a"/><content>Words.</content></entry></feed>'.encode()
        )
        server.pages["/json"] = lambda _: Answer(
            orjson.dumps(
                {"version": "https://jsonfeed.org/version/1.1", "title": "J",
                 "items": [{"id": mark, "title": f"{mark}json", "content_text": "Words."}]}
            )
        )  # fmt: skip
        server.pages["/map"] = lambda _: Answer(
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">'
            f"<url><loc>https://quay.example/{mark}</loc><n:news><n:title>{mark}map</n:title></n:news></url></urlset>".encode()
        )
        server.pages["/teasers"] = lambda _: Answer(
            rss(f"<item><title>{mark}</title><link>{url('/page')}</link></item>")
        )
        words = "".join(
            f"<p>Paragraph {n} of a page that goes on about {mark}page for a while, and then some.</p>"
            for n in range(9)
        )
        server.pages["/page"] = lambda _: Answer(
            PAGE.format(mark, words).encode(), headers={"Content-Type": "text/html; charset=utf-8"}
        )
        data = tmp_path / "data"
        data.mkdir()
        rules = [
            f'[feeds.{mark}-{name}.poll]\nurl = "{url("/" + name)}"\nmin_interval_s = 1\nmax_interval_s = 1\n'
            for name in ("rss", "atom", "json", "map", "teasers")
        ]
        (data / "feeds.toml").write_text("".join(rules) + "fetch_pages = true\n")
        port = free_port()
        environment = {
            "NEWSWIRE_DATA_DIR": str(data),
            "NEWSWIRE_INGESTION__PORT": str(port),
            "NEWSWIRE_INGESTION__POLL_PORTS": f"[{server.port}]",
            "NEWSWIRE_INGESTION__POLL_HOST_GAP_S": "0",
            "NEWSWIRE_INGESTION__ALLOW_PRIVATE_ADDRESSES": "true",
        }
        # The pipeline's own replica knows none of these feeds, so this one takes part alone.
        poller = Service("ingestion", port, {**pipeline.environment, **environment}, tmp_path / "poller.log")
        poller.start()
        try:
            await asyncio.to_thread(poller.wait_ready)
            for name in ("rss", "atom", "json", "map", "page"):
                found = await asyncio.to_thread(pipeline.wait_total, 1, f"{mark}{name}")
                assert found["total"] == 1, name
            atom = (await asyncio.to_thread(pipeline.search, f"{mark}atom"))["items"][0]
            assert atom["url"] == url("/a"), "a relative link begins at the feed's address"
            text["rss"] = f"Corrected words of {mark}rss."
            await asyncio.to_thread(pipeline.wait_total, 1, f"corrected {mark}rss")
            item = (await asyncio.to_thread(pipeline.search, f"{mark}rss"))["items"]
            assert len(item) == 1
            article = (await asyncio.to_thread(pipeline.article, item[0]["id"])).json()
            assert (article["revision"], article["provider_id"]) == (2, f"{mark}-1")
            assert await asyncio.to_thread(poller.stop) == 0
        finally:
            poller.kill()
