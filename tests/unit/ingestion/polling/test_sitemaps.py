"""Which sitemaps of an index are worth a look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.entries import split
from services.ingestion.polling.seen import Pair, Seen
from services.ingestion.polling.sitemaps import MAX_NAMED, Child, worth_a_look
from shared.errors import Refused

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def never(_: Pair) -> bool:
    return True


def index(*children: tuple[str, str | None]) -> bytes:
    named = "".join(
        f"<sitemap><loc> {address} </loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}</sitemap>"
        for address, lastmod in children
    )
    return f'<?xml version="1.0"?><sitemapindex {SPACE}>{named}</sitemapindex>'.encode()


def test_an_index_names_its_sitemaps_and_has_no_entries():
    document = split(index(("https://e.org/a.xml", "2026-03-04"), ("ftp://e.org/b.xml", None), ("", None)), None)
    assert document.format == "sitemap-index"
    assert document.children == [Child("https://e.org/a.xml", "2026-03-04")]
    assert document.entries == []
    with pytest.raises(Refused, match="not-a-feed"):
        split(index(), None)
    with pytest.raises(Refused, match="not-a-feed"):
        split(b"<sitemapindex><sitemap/></sitemapindex>", None)


def test_very_many_are_bounded_and_both_ends_are_kept():
    document = split(index(*((f"https://e.org/{n}", None) for n in range(MAX_NAMED + 500))), None)
    assert len(document.children) == MAX_NAMED
    assert document.passed_over == 500
    assert document.children[0].address.endswith("/0")
    assert document.children[-1].address.endswith(f"/{MAX_NAMED + 499}")


def test_the_likeliest_first_and_archives_never():
    children = [
        Child("https://e.org/old.xml", "2019-01-01"),
        Child("https://e.org/today.xml", "2026-03-04"),
        Child("https://e.org/yesterday.xml", "2026-03-03T10:00:00+02:00"),
        Child("https://e.org/News-1.xml", "2026-03-01T00:00:00Z"),
        Child("https://e.org/says-nothing.xml"),
        Child("https://e.org/last-week.xml", (NOW - timedelta(days=7, minutes=1)).isoformat()),
        Child("https://e.org/today.xml", "2026-03-04"),
    ]
    names = [one.address.rpartition("/")[2] for one in worth_a_look(children, never, NOW)]
    assert names[0] == "News-1.xml"
    assert set(names[1:3]) == {"today.xml", "says-nothing.xml"}
    assert names[3:] == ["yesterday.xml"]


def test_one_that_was_read_is_looked_at_again_only_when_it_changes():
    seen = Seen()
    child = Child("https://e.org/a", "2026-03-04T10:00:00Z")
    seen.hold([child.pair], 1)
    assert worth_a_look([child], seen.is_news, NOW) == []
    changed = Child("https://e.org/a", "2026-03-04T11:00:00Z")
    assert worth_a_look([changed], seen.is_news, NOW) == [changed]


def test_one_without_lastmod_is_always_looked_at_unless_it_holds_no_news_and_then_in_a_week():
    seen = Seen()
    child = Child("https://e.org/a")
    seen.hold([child.pair], 1)
    assert worth_a_look([child], seen.is_news, NOW) == [child]
    seen.hold([child.no_news(NOW)], 1)
    assert worth_a_look([child], seen.is_news, NOW) == []
    assert worth_a_look([child], seen.is_news, NOW + timedelta(days=8)) == [child]


@given(st.lists(st.builds(Child, st.text(), st.text() | st.dates().map(str) | st.datetimes().map(str))))
def test_whatever_an_index_says(children):
    found = worth_a_look(children, never, NOW)
    assert len({one.address for one in found}) == len(found)
