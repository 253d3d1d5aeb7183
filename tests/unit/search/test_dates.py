from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.dates import EARLIEST, LATEST, DateError, Span, parse_span, parse_zone, rfc3339_ms, zone_id

NOW = datetime(2024, 3, 31, 12, 30, tzinfo=UTC)
ATHENS = parse_zone("Europe/Athens")


def span(text, zone=UTC):
    found = parse_span(text, zone, NOW)
    return rfc3339_ms(found.start), rfc3339_ms(found.end)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2022", "2022-01-01T00:00:00.000Z", "2023-01-01T00:00:00.000Z"),
        ("2022-12", "2022-12-01T00:00:00.000Z", "2023-01-01T00:00:00.000Z"),
        ("2022-02", "2022-02-01T00:00:00.000Z", "2022-03-01T00:00:00.000Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000Z", "2024-03-01T00:00:00.000Z"),
        ("0001", "0001-01-01T00:00:00.000Z", "0002-01-01T00:00:00.000Z"),
        ("9999", "9999-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"),
        ("9999-12-31", "9999-12-31T00:00:00.000Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_part_of_a_date_is_its_whole_period(text, start, end):
    assert span(text) == (start, end)


def test_a_period_is_the_readers_own_day_also_when_the_clocks_change():
    assert span("2024-03-31", ATHENS) == ("2024-03-30T22:00:00.000Z", "2024-03-31T21:00:00.000Z")
    assert span("2022-02-08", parse_zone("-05:00")) == ("2022-02-08T05:00:00.000Z", "2022-02-09T05:00:00.000Z")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2022-02-08T14:30:15Z", "2022-02-08T14:30:15.000Z"),
        ("2022-02-08T14:30:15.123456Z", "2022-02-08T14:30:15.123Z"),
        ("2022-02-08T14:30", "2022-02-08T14:30:00.000Z"),
        ("2022-02-08T14", "2022-02-08T14:00:00.000Z"),
        ("2022-02-08 14:30", "2022-02-08T14:30:00.000Z"),
        ("1987-02-26T00:00:00-05:00", "1987-02-26T05:00:00.000Z"),
        ("2022-02-08T14:30:00+0200", "2022-02-08T12:30:00.000Z"),
        ("2022-02-08T14:30:00+02", "2022-02-08T12:30:00.000Z"),
        ("2022-02-08T14:30:00 02:00", "2022-02-08T12:30:00.000Z"),  # a '+' that was not written %2B
        ("now", "2024-03-31T12:30:00.000Z"),
        ("now-7d", "2024-03-24T12:30:00.000Z"),
        ("now-2h", "2024-03-31T10:30:00.000Z"),
        ("now+1w", "2024-04-07T12:30:00.000Z"),
        ("now-1M", "2024-02-29T12:30:00.000Z"),
        ("now+13M", "2025-04-30T12:30:00.000Z"),
        ("now-1y", "2023-03-31T12:30:00.000Z"),
        ("now-999999y", "0001-01-01T00:00:00.000Z"),
        ("now+999999w", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_date_with_a_time_is_an_instant(text, moment):
    assert span(text) == (moment, moment)


def test_a_time_without_a_zone_is_read_in_the_readers():
    assert span("2022-02-08T14:30", ATHENS)[0] == "2022-02-08T12:30:00.000Z"
    assert span("2022-02-08T14:30Z", ATHENS)[0] == "2022-02-08T14:30:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "yesterday-ish", "", "22", "2022-13", "2022-02-30", "0000", "2022-2-8", "2022-02-08T25:00", "2022-02-08T10:61",
        "2022-02-08T10:00+99:00", "2022-02-08T10:00+02:99", "now-7", "now-7q", "now-9999999d", "now-", "٢٠٢٢",
        "2022-02-08T10:00:00[Europe/Athens]", "2022-02-08T24:00",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(DateError):
        parse_span(text, UTC, NOW)


@pytest.mark.parametrize(
    "text", ["Nowhere/City", "Europe", "../../etc/passwd", "", "localtime", "+18:01", "+2", "x" * 300, "EEST5"]
)
def test_what_is_no_zone_is_refused(text):
    with pytest.raises(DateError):
        parse_zone(text)


@pytest.mark.parametrize(("text", "hours"), [("+02:00", 2), (" 02:00", 2), ("-0330", -3.5), ("Z", 0), ("UTC", 0)])
def test_zones_by_name_and_offset(text, hours):
    assert datetime(2024, 1, 1, tzinfo=parse_zone(text)).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "told"),
    [("Europe/Athens", "Europe/Athens"), ("+02:00", "+02:00"), ("-0330", "-03:30"), ("Z", "+00:00"), ("EST", "-05:00")],
)
def test_zones_as_elasticsearch_is_told_them(text, told):
    assert zone_id(parse_zone(text)) == told


@given(
    st.one_of(st.text(max_size=30), st.from_regex(r"\d{4}(-\d{2}(-\d{2}([T ]\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})?)?)?)?")),
    st.sampled_from([UTC, ATHENS, parse_zone("-18:00"), parse_zone("+18:00")]),
)
def test_any_text_is_a_span_in_order_or_a_refusal(text, zone):
    try:
        found = parse_span(text, zone, NOW)
    except DateError:
        return
    assert EARLIEST <= found.start <= found.end <= LATEST
    assert rfc3339_ms(found.start).endswith("Z")


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_written_out_reads_back(moment):
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert parse_span(rfc3339_ms(moment), ATHENS, NOW) == Span(cut, cut)
