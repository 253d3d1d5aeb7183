"""What may be done with an article, and what its history is told of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indexing import holding
from services.indexing.plan import fold
from services.indexing.standing import FREE, Standing, is_looser, retold, standing_of, stricter, told
from shared.events import Status
from tests.unit.indexing.samples import article, version

EARLY, LATE = "2026-03-06T00:00:00Z", "2090-01-01T00:00:00+02:00"
STANDINGS = st.sampled_from([FREE, Standing(held=True), Standing(until=EARLY), Standing(until=LATE)])


@pytest.mark.parametrize(
    ("status", "source", "standing"),
    [
        ("usable", {}, FREE),
        ("usable", {"embargo_open": False, "embargoed_until": None}, FREE),
        ("usable", {"embargoed_until": LATE}, Standing(until=LATE)),
        ("usable", {"embargo_open": True, "embargoed_until": EARLY}, Standing(held=True)),
        ("usable", {"embargoed_until": "Next Monday"}, Standing(held=True)),
        ("usable", {"embargoed_until": "2026-03-06T00:00:00"}, Standing(held=True)),
        ("withheld", {}, Standing(held=True)),
        ("killed", {"embargoed_until": EARLY}, Standing(held=True)),
        ("a word of a later release", {}, Standing(held=True)),
    ],
)
def test_standing_of_an_article(status, source, standing):
    assert standing_of(status, source) == standing


def test_the_later_embargo_is_the_stricter():
    assert stricter(Standing(until=EARLY), Standing(until=LATE)) == Standing(until=LATE)
    assert is_looser(Standing(until=EARLY), Standing(until=LATE))
    assert not is_looser(Standing(until=LATE), Standing(until=EARLY))


@given(STANDINGS, STANDINGS, STANDINGS)
def test_stricter_is_a_meeting_of_both(one, other, third):
    both = stricter(one, other)
    assert both == stricter(other, one)
    assert stricter(both, third) == stricter(one, stricter(other, third))
    assert stricter(one, one) == one
    assert not is_looser(both, one)
    assert not is_looser(both, other)


def test_a_row_says_one_standing():
    row = {"id": "a", "held": True, "held_until": LATE}
    assert retold(row, FREE) == {"id": "a"}
    assert retold(row, Standing(until=EARLY)) == {"id": "a", "held_until": EARLY}
    assert retold({"id": "a"}, Standing(held=True)) == {"id": "a", "held": True}
    assert told(FREE) == {}


def plan(*made):
    return fold(None, [version(one) for one in made], lambda _: "articles-2026.03", "2026-03-05T12:00:10Z")


def then(before, *made):
    return fold(before.after, [version(one) for one in made], lambda _: "articles-2026.03", "2026-03-05T12:00:20Z")


def test_what_closes_goes_first_and_what_opens_comes_after():
    first = plan(article(version=1))
    killed = then(first, article(version=2, status=Status.KILLED))
    assert [one.standing for one in holding.closing([killed])] == [Standing(held=True)]
    assert holding.opening([killed]) == []
    embargoed = then(first, article(version=2, embargoed_until=LATE))
    assert len(holding.closing([embargoed])) == 1
    released = then(embargoed, article(version=3))
    assert holding.closing([released]) == []
    assert [one.standing for one in holding.opening([released])] == [FREE]
    assert holding.during(released).until is not None, "until the last write both ends must allow it"


def test_an_article_that_stands_as_it_stood_costs_nothing():
    first = plan(article(version=1))
    second = then(first, article(version=2))
    plans = [first, second, then(first, article(version=1))]
    assert holding.closing(plans) == []
    assert holding.opening(plans) == []


def test_a_live_version_that_comes_again_has_its_history_looked_over():
    second = then(plan(article(version=1)), article(version=2))
    again = then(second, article(version=2))
    assert [one.article_id for one in holding.opening([again])] == [again.article_id]


def test_an_embargo_that_only_moves():
    first = plan(article(version=1, embargoed_until=EARLY))
    moved = then(first, article(version=2, embargoed_until=LATE))
    assert len(holding.closing([moved])) == 1
    back = then(moved, article(version=3, embargoed_until=EARLY))
    assert holding.closing([back]) == []
    assert len(holding.opening([back])) == 1


def test_a_tombstone_keeps_the_place_of_its_first_record():
    killed = plan(article(version=2, status=Status.KILLED))
    assert killed.after.killed_at == (0, 0)
    kill = article(version=2, status=Status.KILLED)
    again = fold(killed.after, [version(kill, offset=7)], lambda _: "", "2026-03-05T12:00:20Z")
    assert again.after.killed_at == (0, 0)
    anew = fold(
        killed.after,
        [version(article(version=3, status=Status.KILLED), offset=9)],
        lambda _: "",
        "2026-03-05T12:00:20Z",
    )
    assert anew.after.killed_at == (0, 9)
    assert plan(article(version=2)).after.killed_at is None
