"""News sitemaps."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given

from services.ingestion.items import check_item
from services.ingestion.media import Family
from services.normalization.formats import news_sitemap, registry
from services.normalization.formats.news_sitemap import read
from shared.errors import Refused
from shared.events import Image
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import article, patient, raw

SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made now -->
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
 <url><loc>https://quay.example/about</loc></url>
 <url><loc> https://quay.example/cranes </loc><lastmod>2026-02-08T12:30:00+02:00</lastmod>
  <news:news><news:publication><news:name>Quay Notes</news:name><news:language>el</news:language></news:publication>
   <news:publication_date>2026-02-08T10:00:00+02:00</news:publication_date><news:title>Γερανοί &amp; πλοία</news:title>
   <news:keywords>port, cranes, port</news:keywords></news:news>
  <image:image><image:loc>https://quay.example/c.jpg</image:loc><image:caption>A crane</image:caption></image:image></url>
 <url><loc>https://quay.example/tides</loc>
  <news:news><news:publication_date>yesterday</news:publication_date><news:title>Tides</news:title></news:news></url>
</urlset>""".encode()


def test_an_address_says_all_that_it_can_say() -> None:
    one, other = read(raw(SITEMAP, "application/xml"))
    assert (one.url, one.title, one.source, one.language) == (
        "https://quay.example/cranes", "Γερανοί & πλοία", "Quay Notes", "el",
    )  # fmt: skip
    assert one.published
    assert one.published.raw == "2026-02-08T10:00:00+02:00"
    assert one.version_time == one.updated
    assert one.updated
    assert one.updated.raw == "2026-02-08T12:30:00+02:00"
    assert one.keywords == ["port", "cranes"]
    assert one.images == [Image(url="https://quay.example/c.jpg", caption="A crane")]
    assert (other.title, other.published, other.notes) == ("Tides", None, ["publication_date unreadable"])


def test_it_is_let_through_the_door_and_found() -> None:
    check_item(SITEMAP, Family.XML, 100_000)
    assert registry.detect(raw(SITEMAP, "text/xml")) is news_sitemap
    assert registry.detect(raw(SITEMAP, None)) is news_sitemap


def test_the_address_names_the_story() -> None:
    single = SITEMAP[: SITEMAP.index(b" <url><loc>https://quay.example/tides")] + b"</urlset>"
    first = article(single, "application/xml")
    again = article(single.replace("πλοία".encode(), "λιμάνια".encode()).replace(b"12:30", b"13:30"), "application/xml")
    assert first.article_id == again.article_id
    assert again.ext_version > first.ext_version
    assert (first.versioned_by, first.body) == ("version-time", None)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"<urlset><url><loc>https://quay.example/</loc></url></urlset>", "not-news"),
        (b"<urlset/>", "not-news"),
        (b"<sitemapindex><sitemap/></sitemapindex>", "not-news"),
        (b"<other><urlset/></other>", "malformed-xml"),
    ],
)
def test_a_sitemap_without_news_is_told(value: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read(raw(value, "application/xml"))
    assert refused.value.code == code


@patient
@given(damaged([SITEMAP]))
def test_a_damaged_one_is_read_or_refused(value: bytes) -> None:
    with suppress(Refused):
        assert read(raw(value, "application/xml"))
