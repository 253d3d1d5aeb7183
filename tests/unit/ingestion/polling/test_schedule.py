"""When a feed is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.schedule import (
    GONE_S,
    WISH_CAP_S,
    Bounds,
    Outcome,
    Pace,
    after,
    first_pace,
    fresh_s,
    outcome_of_status,
    retry_after_s,
)

BOUNDS = Bounds(60, 3600)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run(outcome: Outcome, times: int, pace: Pace | None = None) -> tuple[Pace, list[float]]:
    pace, waits = pace or first_pace(BOUNDS), []
    for _ in range(times):
        pace, wait = after(pace, outcome, BOUNDS)
        waits.append(wait)
    return pace, waits


def test_a_busy_feed_comes_to_its_least_interval_and_a_quiet_one_to_its_greatest():
    assert run(Outcome.NEW, 2)[1][-1] == 60
    assert run(Outcome.NOTHING_NEW, 5)[1] == sorted(run(Outcome.NOTHING_NEW, 5)[1])
    assert run(Outcome.NOT_MODIFIED, 40)[1][-1] == 3600


def test_a_quiet_feed_that_wakes_up_is_followed_soon():
    quiet, _ = run(Outcome.NOTHING_NEW, 40)
    _, waits = run(Outcome.NEW, 6, quiet)
    assert waits[-1] == 60


def test_failures_back_off_doubling_and_one_success_ends_it():
    pace, waits = run(Outcome.FAILED, 4, Pace(60))
    assert waits == [120, 240, 480, 960]
    pace, wait = after(pace, Outcome.NOTHING_NEW, BOUNDS)
    assert (pace.failures, wait) == (0, 75)
    assert run(Outcome.FAILED, 1000, Pace(60))[1][-1] == 6 * 3600


def test_a_hiccup_of_a_quiet_feeds_server_does_not_cost_hours():
    assert after(Pace(3600), Outcome.FAILED, BOUNDS)[1] == 480


def test_a_feed_that_is_gone_is_looked_at_once_a_day():
    assert run(Outcome.GONE, 1)[1] == [GONE_S]


def test_wishes_are_heard_within_reason():
    assert after(Pace(60), Outcome.FAILED, BOUNDS, wish_s=1000)[1] == 1000
    assert after(Pace(60), Outcome.FAILED, BOUNDS, wish_s=10**9)[1] == WISH_CAP_S
    assert after(Pace(60), Outcome.FAILED, BOUNDS, wish_s=1)[1] == 120, "a wish never hurries"
    assert after(Pace(60), Outcome.NEW, BOUNDS, wish_s=600)[1] == 600
    assert after(Pace(60), Outcome.NEW, BOUNDS, wish_s=86_400)[1] == 3600, "freshness never outgrows the feed's bounds"


@given(
    st.lists(st.tuples(st.sampled_from(Outcome), st.none() | st.floats(0, 1e12), st.floats(0, 1)), max_size=60),
    st.floats(1, 86_400),
    st.floats(1, 7 * 86_400),
)
def test_the_wait_is_always_within_bounds(steps, one, other):
    bounds = Bounds(min(one, other), max(one, other))
    pace = first_pace(bounds)
    for outcome, wish, chance in steps:
        pace, wait = after(pace, outcome, bounds, wish_s=wish, chance=chance)
        assert bounds.least_s <= pace.interval_s <= bounds.greatest_s
        assert bounds.least_s <= wait <= max(1.1 * bounds.greatest_s, 1.1 * GONE_S)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, None), (304, Outcome.NOT_MODIFIED), (410, Outcome.GONE), (404, Outcome.FAILED), (403, Outcome.FAILED),
     (429, Outcome.FAILED), (503, Outcome.FAILED), (302, Outcome.FAILED)],
)  # fmt: skip
def test_what_a_status_says(status, outcome):
    assert outcome_of_status(status) is outcome


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), (" 0 ", 0), ("Fri, 02 Jan 2026 03:05:05 GMT", 60), ("Thu, 01 Jan 2026 00:00:00 GMT", 0), ("soon", None),
     ("", None), (None, None), ("-5", None), ("9" * 500, 999_999_999), ("Fri, 99 Jan 2026 03:05:05 GMT", None), ("٣", None)],
)  # fmt: skip
def test_retry_after(text, seconds):
    assert retry_after_s(text, NOW) == seconds


@given(st.text())
def test_any_retry_after_gets_an_answer(text):
    found = retry_after_s(text, NOW)
    assert found is None or found >= 0


def test_freshness():
    assert fresh_s("public, max-age=300") == 300
    assert fresh_s("max-age=60, s-maxage=900") == 900
    assert fresh_s("no-store") is None
    assert fresh_s(None) is None
    assert timedelta(seconds=fresh_s("max-age=" + "9" * 50) or 0) >= timedelta(0)
