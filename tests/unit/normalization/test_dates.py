from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.dates import believable, honest, read_date, zone_named
from services.normalization.moments import is_moment, read_moment
from tests.unit.normalization.raws import patient

ATHENS = ZoneInfo("Europe/Athens")


@pytest.mark.parametrize(
    ("raw", "value", "precision", "zone"),
    [
        ("2022-02-08T14:30:00+02:00", "2022-02-08T12:30:00+00:00", "second", "given"),
        ("2022-02-08T14:30:00Z", "2022-02-08T14:30:00+00:00", "second", "given"),
        ("2022-02-08T14:30:00", "2022-02-08T12:30:00+00:00", "second", "feed"),
        ("2022-07-08 14:30", "2022-07-08T11:30:00+00:00", "minute", "feed"),
        ("2022-02-08", "2022-02-07T22:00:00+00:00", "day", "feed"),
        ("2022-02", "2022-01-31T22:00:00+00:00", "month", "feed"),
        ("2022", "2021-12-31T22:00:00+00:00", "year", "feed"),
        ("2022-02-08T24:00:00Z", "2022-02-09T00:00:00+00:00", "second", "given"),
        ("2022-02-08 14:30:00 UTC", "2022-02-08T14:30:00+00:00", "second", "given"),
        ("Tue, 08 Feb 2022 14:30:00 +0200", "2022-02-08T12:30:00+00:00", "second", "given"),
        ("Tue, 08 Feb 2022 14:30 -0000", "2022-02-08T12:30:00+00:00", "minute", "feed"),
    ],
)
def test_value_precision_and_where_the_zone_came_from(raw, value, precision, zone):
    date = honest(read_date(raw), ATHENS)
    assert date is not None
    assert date.value == datetime.fromisoformat(value)
    assert (date.precision, date.zone, date.raw) == (precision, zone, raw)


def test_a_day_without_a_zone_is_never_silently_midnight_utc():
    date = honest(read_date("2022-02-08"), None)
    assert date is not None
    assert (date.precision, date.zone) == ("day", "assumed")


@pytest.mark.parametrize("raw", ["Next Monday", "2022-02-30", "2022-13-01", "20:15", "0000-01-01", "now", "1644330600"])
def test_unreadable_dates_have_no_value(raw):
    given_date = read_date(raw)
    assert given_date is not None
    assert given_date.value is None
    assert honest(given_date, ATHENS) is None


def test_no_date_at_all():
    assert read_date(None) is None
    assert read_date("  ") is None


def test_the_future_is_not_believed():
    now = datetime(2022, 2, 8, tzinfo=UTC)
    near, far = read_date("2022-02-09"), read_date("2022-02-12")
    assert believable(honest(near, None), now)
    assert not believable(honest(far, None), now)
    assert not believable(honest(read_date("1399-12-31"), None), now)


def test_zones():
    assert zone_named("Europe/Athens") == ATHENS
    for name in (None, "", "Nowhere/Land", "../../etc/passwd", "\x00"):
        assert zone_named(name) is None


@pytest.mark.parametrize(
    ("line", "value", "precision"),
    [
        ("8 February 2022", "2022-02-08T00:00:00", "day"),
        ("Updated: February 8, 2022, 2:05 pm", "2022-02-08T14:05:00", "minute"),
        ("Τρίτη, 8 Φεβρουαρίου 2022, 14:05", "2022-02-08T14:05:00", "minute"),
        ("Veröffentlicht am 8. März 2022 um 14:05 Uhr", "2022-03-08T14:05:00", "minute"),
        ("Publié le 8 août 2022 à 14:05", "2022-08-08T14:05:00", "minute"),
        ("8 de julio de 2022", "2022-07-08T00:00:00", "day"),
        ("8 giugno 2022", "2022-06-08T00:00:00", "day"),
        ("8 de outubro de 2022", "2022-10-08T00:00:00", "day"),
        ("08.02.2022 14:05", "2022-02-08T14:05:00", "minute"),
        ("23/02/2022", "2022-02-23T00:00:00", "day"),
        ("02/23/2022", "2022-02-23T00:00:00", "day"),
    ],
)
def test_date_lines(line, value, precision):
    assert is_moment(line)
    date = read_moment(line)
    assert date is not None
    assert date.value == datetime.fromisoformat(value)
    assert date.precision == precision


@pytest.mark.parametrize("line", ["03/04/2022", "31 February 2022"])
def test_date_lines_that_say_no_certain_day(line):
    date = read_moment(line)
    assert date is not None
    assert date.value is None


@pytest.mark.parametrize(
    "line", ["In 2022 the bridge was closed", "Room 101", "NATO", "1984", "Article 5", "March 2022 was cold, he said"]
)
def test_lines_that_are_no_date(line):
    assert not is_moment(line) or line == "1984"


@patient
@given(st.text(max_size=60), st.sampled_from([None, ATHENS, UTC]))
def test_any_text_is_a_date_or_none(text, zone):
    date = honest(read_date(text), zone)
    assert date is None or date.value.utcoffset() == timedelta(0)
    read_moment(text)
