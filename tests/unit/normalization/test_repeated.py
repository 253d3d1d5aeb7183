"""One story and the lines that its feed repeats: what may be one, what is left out, what is told."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.cleanup import Line
from services.normalization.feed_lines import (
    LINES_HEADER,
    MOST_SENT,
    FeedLines,
    header_of,
    packed,
    read_header,
)
from services.normalization.raw import raw_story
from services.normalization.repeated import (
    hash_of,
    may_be_repeated,
    shape_of,
    sighting_of,
    site_of,
    without_repeated,
)
from tests.unit.normalization.raws import NOW, RECEIPT, article, body, patient

TRAILER = "The Harbour Letter reaches its readers each morning before the first ferry."
NOTICE = "Harbour News is owned by the people who write it."
PROSE = "The harbour reopened on Tuesday after a storm that had kept every ferry in port for three days."
MORE = "Crews had worked through the night to clear the channel, the port authority told reporters."


def lines(*texts: str) -> list[Line]:
    return [Line(text, "P", place=place) for place, text in enumerate(texts)]


def hashes(*texts: str, site: str = "") -> frozenset[int]:
    return frozenset(hash_of(text, site) for text in texts)


def left(*texts: str, learned: frozenset[int], site: str = "", keep_first: bool = False) -> list[str]:
    return [line.text for line in without_repeated(lines(*texts), site, FeedLines(learned), keep_first=keep_first)]


def test_learned_lines_go_from_the_tail_the_head_and_between_prose():
    learned = hashes(TRAILER, NOTICE)
    assert left(PROSE, MORE, TRAILER, NOTICE, learned=learned) == [PROSE, MORE]
    assert left(NOTICE, PROSE, MORE, learned=learned) == [PROSE, MORE]
    assert left(PROSE, TRAILER, MORE, "More.", learned=learned) == [PROSE, MORE, "More."]
    assert left(PROSE, MORE, learned=learned) == [PROSE, MORE]
    assert left(PROSE, MORE, TRAILER, learned=frozenset()) == [PROSE, MORE, TRAILER]


def test_what_stands_in_the_story_itself_stays():
    learned = hashes(TRAILER, NOTICE)
    assert left("Short.", TRAILER, "Also short.", "End.", learned=learned) == ["Short.", TRAILER, "Also short.", "End."]
    assert left(PROSE, TRAILER, NOTICE, MORE, learned=learned) == [PROSE, TRAILER, NOTICE, MORE]


def test_a_story_of_nothing_else_stays_whole():
    assert left(TRAILER, NOTICE, learned=hashes(TRAILER, NOTICE)) == [TRAILER, NOTICE]
    assert left(TRAILER, learned=hashes(TRAILER)) == [TRAILER]


def test_the_line_that_a_dateline_was_taken_off_stays():
    learned = hashes(NOTICE)
    assert left(NOTICE, PROSE, learned=learned) == [PROSE]
    assert left(NOTICE, PROSE, learned=learned, keep_first=True) == [NOTICE, PROSE]


def test_the_same_line_of_another_site_is_another():
    assert left(PROSE, TRAILER, learned=hashes(TRAILER, site="a.example"), site="b.example") == [PROSE, TRAILER]
    assert left(PROSE, TRAILER, learned=hashes(TRAILER, site="a.example"), site="a.example") == [PROSE]


@pytest.mark.parametrize(
    "text",
    [
        "London gold fixings, in dollars per ounce:",
        "By Anna Holm",
        "Von Jürgen Weiß und Petra Groß",
        "Της Άννας Παπαδοπούλου",
        "1,234.50 1,236.75",
        "x" * 301,
        "ok",
    ],
)  # fmt: skip
def test_lines_that_may_not_be_boilerplate(text):
    assert not may_be_repeated(lines(text), 0)
    assert left(PROSE, text, learned=hashes(text)) == [PROSE, text]


def test_a_dateline_is_never_left_out():
    dateline = "ATHENS, Feb 8 (AMNA) - The daily brief"
    assert left(dateline, PROSE, MORE, learned=hashes(dateline)) == [dateline, PROSE, MORE]


def test_the_notes_of_a_table_stay():
    table = [
        PROSE,
        "Dollars per troy ounce",
        "AM 1,234.50 (1,230.00)",
        "PM 1,236.75 (1,229.50)",
        "Prices do not include tax.",
        NOTICE,
    ]
    may_be = {line.text for place, line in enumerate(lines(*table)) if may_be_repeated(lines(*table), place)}
    assert may_be == {PROSE, NOTICE}
    # Learned elsewhere, they stay here; the site's own notice goes.
    assert left(*table, learned=hashes("Dollars per troy ounce", "Prices do not include tax.", NOTICE)) == table[:-1]


def test_a_headlines_shape_is_that_of_its_form():
    assert shape_of("London gold fixing, Monday 3 March") == shape_of("London Gold Fixing - Tue 4 Apr")
    assert shape_of("Οι τιμές της Δευτέρας 3") != shape_of("Ferry returns")
    assert shape_of("Gold rises") != shape_of("Gold falls")


def test_the_site_is_the_host():
    assert site_of("https://www.Example.org/a/b?c") == "example.org"
    assert [site_of(url) for url in (None, "", "no address")] == ["", "", ""]


def test_a_sighting_tells_hashes_and_the_beginning_of_what_was_left_out():
    story = lines(PROSE, MORE, TRAILER)
    kept = without_repeated(story, "", FeedLines(hashes(TRAILER)), keep_first=False)
    seen = sighting_of(story, kept, site="", article=b"1", title="Harbour reopens", day=1)
    assert seen.samples == (*((one, TRAILER) for one in hashes(TRAILER)),)
    assert set(seen.lines) == hashes(PROSE, MORE, TRAILER)
    assert seen.lead in hashes(PROSE)
    assert sighting_of(story, story, site="", article=b"1", title="Harbour reopens", day=1).samples == ()


def test_the_header_carries_what_was_learned():
    learned = frozenset({1, 2**64 - 1, 77})
    assert read_header(header_of(packed(learned), wanted=True)) == FeedLines(learned, True)
    assert read_header(header_of(b"", wanted=False)) == FeedLines(frozenset(), False)
    assert len(packed(range(10 * MOST_SENT))) == 8 * MOST_SENT


def _headers(**more: bytes) -> tuple[tuple[str, bytes], ...]:
    given = {
        "ce_specversion": b"1.0", "ce_type": b"newswire.story.received.v1", "ce_id": b"x", "ce_feed": b"local",
        "ce_receipt": str(RECEIPT).encode(), "ce_time": NOW.isoformat().encode(),
    }  # fmt: skip
    return (*given.items(), *more.items())


def test_a_feed_that_wants_no_learning_gets_none():
    told = {LINES_HEADER: header_of(packed({5}), wanted=True)}
    assert raw_story(_headers(**told), b"x").lines == FeedLines(frozenset({5}), True)
    assert raw_story(_headers(**told, ce_learnlines=b"false"), b"x").lines is None
    assert raw_story(_headers(), b"x").lines is None


def story(**more):
    given = {
        "id": "a",
        "title": "Harbour reopens",
        "body": "\n\n".join([PROSE, MORE, TRAILER]),
        "url": "https://www.harbour.example/1",
    }
    return given | more


def known(wanted: bool = True, *texts: str) -> FeedLines:
    return FeedLines(hashes(*texts, site="harbour.example"), wanted)


def test_an_article_comes_without_them_under_the_same_fingerprint():
    plain = article(story())
    one = article(story(), lines=known(True, TRAILER))
    assert body(plain) == [PROSE, MORE, TRAILER]
    assert body(one) == [PROSE, MORE]
    assert one.notes == [*plain.notes, "1 line that the feed repeats left out"]
    assert one.word_count == plain.word_count - len(TRAILER.split())
    assert (one.source_hash, one.ext_version, one.article_id) == (
        plain.source_hash,
        plain.ext_version,
        plain.article_id,
    )


def test_nothing_is_learned_from_what_may_not_be_read():
    def seen(**more):
        lines_ = known(True, TRAILER)
        made = article(story(**more), lines=lines_)
        return len(lines_.sightings), made.body and TRAILER in made.body

    later = (NOW + timedelta(hours=1)).isoformat()
    earlier = (NOW - timedelta(hours=1)).isoformat()
    assert seen() == (1, False)
    assert seen(embargoed_until=earlier) == (1, False)
    assert seen(embargoed_until=later) == (0, False)
    assert seen(status="withheld") == (0, False)
    assert seen(status="canceled") == (0, None)
    quiet = known(False, TRAILER)
    assert body(article(story(), lines=quiet)) == [PROSE, MORE]
    assert quiet.sightings == []


TEXTS = st.lists(st.one_of(st.sampled_from([TRAILER, NOTICE, PROSE, MORE, "AM 1,234.50"]), st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=200)), min_size=1, max_size=30)  # fmt: skip


@patient
@given(TEXTS, st.sets(st.integers(0, 29)), st.booleans())
def test_whatever_is_learned_something_is_left_in_order(texts, learned, keep_first):
    every = lines(*texts)
    known_hashes = frozenset(hash_of(text, "") for place, text in enumerate(texts) if place in learned)
    found = without_repeated(every, "", FeedLines(known_hashes), keep_first=keep_first)
    assert found
    places = [line.place for line in found]
    assert all(a < b for a, b in pairwise(places))
    assert all(hash_of(line.text, "") in known_hashes for line in every if line not in found)
    assert without_repeated(every, "", FeedLines(), keep_first=keep_first) == every
    told = sighting_of(every, found, site="", article=b"1", title="t", day=1)
    assert len(told.lines) + len(told.others) <= 16


def test_the_html_of_a_page_comes_without_them_too():
    paragraphs = "".join(
        f"<p>{text} {word}</p>" for word in ("again.", "once more.", "for good.") for text in (PROSE, MORE)
    )
    page = f"<html><head><title>Harbour reopens</title></head><body><article><h1>Harbour reopens</h1>{paragraphs}<p>{TRAILER}</p></article></body></html>"  # fmt: skip
    known_lines = FeedLines(hashes(TRAILER), True)
    plain, one = (article(page.encode(), "text/html", lines=lines_) for lines_ in (FeedLines(), known_lines))
    for text in (plain.body_html or "", plain.body or ""):
        assert TRAILER in text
    for text in (one.body_html or "", one.body or ""):
        assert MORE in text
        assert TRAILER not in text
    assert one.body_html.count("<p>") == plain.body_html.count("<p>") - 1
    assert one.source_hash == plain.source_hash
