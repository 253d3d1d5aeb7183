from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search import page_model as model
from tests.unit.search.fakes import NOW


def test_a_fragment_keeps_its_marks_and_nothing_else():
    found = model.highlighted("a &lt;b&gt; <em>c</em> <script>alert(1)</script> &amp;")
    assert str(found) == "a &lt;b&gt; <em>c</em> &lt;script&gt;alert(1)&lt;/script&gt; &amp;"


@given(st.text())
def test_no_other_tag_gets_through(text):
    safe = str(model.highlighted(text)).replace("<em>", "").replace("</em>", "")
    assert "<" not in safe
    assert ">" not in safe


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/a", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("JAVASCRIPT:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.org", False),
        ("https:", False),
        ("http://[", False),
        (None, False),
        (5, False),
    ],
)
def test_only_web_addresses_are_links(url, link):
    assert model.web_address(url) == (url if link else None)


def test_a_click_puts_a_value_in_and_another_takes_it_out():
    pairs = [("q", "a"), ("section", "Sport"), ("cursor", "x")]
    assert model.toggled(pairs, "source", "AP") == [("q", "a"), ("section", "Sport"), ("source", "AP")]
    assert model.toggled(pairs, "section", "SPORT") == [("q", "a")]


def test_a_chosen_value_stays_in_sight_where_nothing_matches_it():
    (choice,) = model.choices([("language", "el")], "language", [])
    assert (choice.label, choice.count, choice.chosen, choice.href) == ("Ελληνικά", None, True, "/")


def test_addresses_leave_out_what_is_empty_and_quote_the_rest():
    assert model.address([("q", "a b&c"), ("from", "")]) == "/?q=a+b%26c"
    assert model.address([]) == "/"


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [
        ("now-1d", "", "hour"),
        ("now-7d", "", "day"),
        ("2022", "2022", "week"),
        ("", "", "month"),
        ("x", "", "month"),
        ("2000", "2010", "month"),
        ("1800", "2025", "year"),
        ("0001", "9999", "year"),
    ],
)
def test_the_chart_has_about_a_hundred_steps(start, end, step):
    assert model.interval(start, end, NOW) == step


@pytest.mark.parametrize(
    ("step", "first", "second", "low"),
    [
        ("year", "1801-01-01T00:00:00+01:35", "2022-01-01T00:00:00+01:00", "1801"),
        ("month", "2022-01-01T00:00:00Z", "2022-12-01T00:00:00Z", "2022-01"),
        ("week", "2022-01-03T00:00:00Z", "2022-01-10T00:00:00Z", "2022-01-03"),
        ("day", "2022-01-03T00:00:00Z", "2022-01-04T00:00:00Z", "2022-01-03"),
        ("hour", "2022-01-03T10:00:00Z", "2022-01-03T11:00:00Z", "2022-01-03T10%3A00%3A00Z"),
    ],
)
def test_bars_fill_the_chart_and_lead_to_their_period(step, first, second, low):
    bars = model.bars([{"from": first, "count": 2}, {"from": second, "count": 4}], step, [("q", "a"), ("from", "2000")])
    assert bars[0].x == 0
    assert bars[-1].x + bars[-1].width == pytest.approx(model.CHART_WIDTH, abs=1.1)
    assert (bars[1].height, bars[1].y) == (model.CHART_HEIGHT, 0)
    assert f"from={low}" in bars[0].href
    assert "from=2000" not in bars[0].href
    assert model.bars([], step, []) == []


def test_times_are_said_with_their_zone():
    assert model.moment("1987-02-26T15:01:01.790Z") == "26 February 1987, 15:01 UTC"
    assert model.moment("2024-01-01T01:00:00+02:00") == "31 December 2023, 23:00 UTC"
    assert model.moment("0001-01-01T00:00:00Z") == "1 January 0001, 00:00 UTC"
    assert model.moment(None) == ""
    assert model.moment("soon") == "soon"


def test_paragraphs():
    assert model.paragraphs("one\nline\n\n two \n \n\nthree") == ["one\nline", "two", "three"]
    assert model.paragraphs(None) == []


def test_the_place_of_a_mistake():
    assert model.shown_position("a (b", 2) == ("a ", "(", "b")
    assert model.shown_position("a OR", 4) == ("a OR", " ", "")
    assert model.shown_position("a", None) is None


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("between two OR there must be a word", "Between two OR there must be a word."),
        ("this is no date; write 2022-02 or now-1M", "This is no date; write 2022-02 or now-1M."),
        ("'NEAR' is taken", "'NEAR' is taken."),
        ("Done.", "Done."),
    ],
)
def test_advice_keeps_its_capitals(message, said):
    assert model.sentence(message) == said
