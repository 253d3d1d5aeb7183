"""How often a feed says that it changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.entries import split
from services.ingestion.polling.hints import MAX_HINT_S, Hints, hints_of, load_hints
from services.ingestion.polling.schedule import Bounds, Outcome, Pace, after

SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
HINTS = st.builds(
    Hints,
    st.none() | st.floats(1, MAX_HINT_S),
    st.frozensets(st.integers(0, 23)),
    st.frozensets(st.integers(0, 6)),
)


def hints(channel: str, more: str = "") -> Hints:
    return split(f'<rss version="2.0" {more}><channel>{channel}</channel></rss>'.encode(), None).hints


@pytest.mark.parametrize(
    ("channel", "seconds"),
    [
        ("<ttl>60</ttl>", 3600),
        ("<ttl> 5 </ttl>", 300),
        ("<ttl>0</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>99999999999999999999</ttl>", None),
        ("<ttl>9999999</ttl>", MAX_HINT_S),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", 3600),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 21_600),
        ("<sy:updatePeriod>\n\thourly\t</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3600),
        ("<sy:updatePeriod>often</sy:updatePeriod>", None),
        ("<ttl>10</ttl><sy:updatePeriod>daily</sy:updatePeriod>", 600),
        ("<item><ttl>5</ttl></item>", None),
        ("", None),
    ],
)
def test_the_interval_it_names(channel: str, seconds: float | None):
    assert hints(channel, SY).interval_s == seconds


def test_hours_and_days():
    found = hints(
        "<skipHours><hour>0</hour><hour>24</hour><hour>7</hour><hour>x</hour><hour>99</hour></skipHours>"
        "<skipDays><day>Sunday</day><day>monday</day><day>Someday</day></skipDays>"
    )
    assert (found.hours, found.days) == ({0, 7}, {6, 0})


def test_a_quiet_feed_comes_to_its_own_interval_faster_and_a_busy_one_is_followed():
    bounds = Bounds(60, 86_400)
    assert after(Pace(240), Outcome.NOTHING_NEW, bounds, hint_s=3600)[0].interval_s == 480
    assert after(Pace(2400), Outcome.NOT_MODIFIED, bounds, hint_s=3600)[0].interval_s == 3600
    assert after(Pace(3600), Outcome.NOTHING_NEW, bounds, hint_s=3600)[0].interval_s == 4500
    assert after(Pace(240), Outcome.NOT_MODIFIED, bounds, hint_s=60)[0].interval_s == 300
    assert after(Pace(240), Outcome.NEW, bounds, hint_s=3600)[0].interval_s == 120
    assert after(Pace(400), Outcome.NOTHING_NEW, Bounds(60, 600), hint_s=3600)[0].interval_s == 600


@given(HINTS, MOMENTS, st.floats(0, 86_400), st.floats(1, 7 * 86_400))
def test_a_wait_is_never_shortened_never_beyond_the_bound_and_ends_where_it_may(hint, now, wait, greatest):
    found = hint.wait_s(now, wait, greatest)
    assert found >= min(wait, greatest) - 1e-5  # datetimes have microseconds
    assert found <= max(wait, greatest)
    if found < greatest and len(hint.hours) < 24 and len(hint.days) < 7:
        assert not hint.skips(now + timedelta(seconds=found)) or wait >= greatest


@given(HINTS)
def test_hints_survive_the_state(hint):
    assert load_hints(orjson.loads(orjson.dumps(hint.dump()))) == hint


@given(st.lists(st.tuples(st.text(), st.text())), st.lists(st.tuples(st.sampled_from(["hour", "day"]), st.text())))
def test_nothing_in_a_feed_raises(said, skipped):
    hints_of(said, skipped)
