"""Where a feed says its hub is."""

from __future__ import annotations

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.discovery import Links, header_links
from services.ingestion.polling.entries import split

HERE = "https://example.org/news/feed"
HUB = "https://hub.example.org/"
ATOM = 'xmlns:a="http://www.w3.org/2005/Atom"'


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (f'<{HUB}>; rel="hub", <{HERE}>; rel="self"', Links((HUB,), HERE)),
        (f"<{HUB}>;rel=hub,</own>;rel=self", Links((HUB,), "https://example.org/own")),
        (f'<{HUB}?a=1,2>; title="x, y"; rel="alternate HUB"', Links((HUB + "?a=1,2",))),
        (f'<{HUB}>; rel="hub", <{HUB}>; rel="hub", <https://b.example/>; rel=hub', Links((HUB, "https://b.example/"))),
        ("<mailto:x@example.org>; rel=hub", Links()),
        (f"<{HUB}>; rel=next; hub", Links()),
        (f'<{HUB}>; rel="', Links()),
        ("", Links()),
        (None, Links()),
    ],
)
def test_link_headers(text, links):
    assert header_links(text, HERE) == links


def test_a_feeds_own_links_of_every_format():
    own = f'<a:link rel="self" href="{HERE}"/><a:link rel="hub" href="{HUB}"/>'
    entry = "<item><a:link rel='hub' href='https://evil.example/'/><title>t</title></item>"
    rss = f'<rss version="2.0" {ATOM}><channel>{own}{entry}</channel></rss>'
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom">{own.replace("a:", "")}<entry><link rel="hub" href="x"/></entry></feed>'
    rdf = f'<rdf:RDF {ATOM} xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel>{own}</channel></rdf:RDF>'
    json = orjson.dumps({
        "version": "https://jsonfeed.org/version/1.1", "items": [], "feed_url": HERE,
        "hubs": [{"type": "rssCloud", "url": "https://cloud.example/"}, {"type": "WebSub", "url": HUB}, 5, {"type": "WebSub"}],
    })  # fmt: skip
    for raw in (rss.encode(), atom.encode(), rdf.encode(), json):
        assert split(raw, None, "https://example.org/polled").links == Links((HUB,), HERE)


def test_headers_come_before_the_feeds_own():
    assert Links((HUB,), HERE).under(Links(("https://first.example/",))) == Links(("https://first.example/",), HERE)


@given(st.text(max_size=500), st.text(max_size=50))
def test_nothing_raises(text, address):
    header_links(text, address)


def test_a_hostile_header_takes_no_more_than_its_length():
    began = time.perf_counter()
    for hostile in (
        "<" * 100_000,
        "<a>" * 30_000,
        "<a>;" + " " * 100_000,
        "<a>; rel=" * 10_000,
        '<a>;rel="' + "x" * 100_000,
    ):
        header_links(hostile, HERE)
    assert time.perf_counter() - began < 2
