"""Dates, date lines and urgency as XML wires write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.wire import read_dateline_field, read_urgency, read_version, read_wire_date, unique
from shared.events import Dateline


@pytest.mark.parametrize(
    ("raw", "value", "precision"),
    [
        ("20260208T101500+0200", "2026-02-08T10:15:00+02:00", "second"),
        ("20260208T101500-0330", "2026-02-08T10:15:00-03:30", "second"),
        ("20260208T101500Z", "2026-02-08T10:15:00+00:00", "second"),
        ("20260208T101500.250+00", "2026-02-08T10:15:00+00:00", "second"),
        ("20260208T101500", "2026-02-08T10:15:00", "second"),
        ("20260208T1015Z", "2026-02-08T10:15:00+00:00", "minute"),
        ("20260208", "2026-02-08T00:00:00", "day"),
        ("20260208+0300", "2026-02-08T00:00:00", "day"),
        ("20260208T240000Z", "2026-02-09T00:00:00+00:00", "second"),
        ("20260208T235960Z", "2026-02-08T23:59:59+00:00", "second"),
        ("2026-02-08 10:15:00+00:00", "2026-02-08T10:15:00+00:00", "second"),
        ("2026-02-08T10:15:00+02:00", "2026-02-08T10:15:00+02:00", "second"),
        ("Sun, 08 Feb 2026 10:15:00 +0200", "2026-02-08T10:15:00+02:00", "second"),
        ("4/3/2026", "2026-03-04T00:00:00", "day"),
        ("4/3/2026 10:15:00 +0300", "2026-03-04T10:15:00+03:00", "second"),
        ("4/3/2026 1:15:07 μμ +0300", "2026-03-04T13:15:07+03:00", "second"),
        ("4/3/2026 12:15:07 π.μ.", "2026-03-04T00:15:07", "second"),
        ("04.03.2026 10:15", "2026-03-04T10:15:00", "minute"),
        ("31/12/2026", "2026-12-31T00:00:00", "day"),
        ("12/31/2026", "2026-12-31T00:00:00", "day"),
    ],
)
def test_dates(raw, value, precision):
    read = read_wire_date(raw)
    assert (read.value.isoformat(), read.precision, read.raw) == (value, precision, raw)


@pytest.mark.parametrize(
    "raw", ["20260230", "20261301T000000", "20260208T101500+9900", "31/31/2026", "soon", "0/0/0000"]
)
def test_a_date_that_is_none_keeps_its_words(raw):
    read = read_wire_date(raw)
    assert read.value is None
    assert read.raw == raw


def test_no_date_is_no_date():
    assert read_wire_date(None) is None
    assert read_wire_date("  ") is None


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("STOCKHOLM, Aug 29, 2014 (ABC) -", ("STOCKHOLM", "Aug 29, 2014", "ABC")),
        ("Strasbourg, 10 juil 2024 (ABC)", ("Strasbourg", "10 juil 2024", "ABC")),
        ("New Town, Far Territories, May 16, 2021 (ABC) -", ("New Town, Far Territories", "May 16, 2021", "ABC")),
        ("BEIJING, July 23", ("BEIJING", "July 23", None)),
        ("January 21", (None, "January 21", None)),
        ("SYDNEY March 22 ABC -", ("SYDNEY", "March 22", "ABC")),
        ("BERLIN (abc) -", ("BERLIN", None, "abc")),
        ("MOSCOW, January 21. /ABC/.", ("MOSCOW", "January 21", "ABC")),
        ("ΑΘΗΝΑ, 4 Απριλίου 2018 (ΑΒΓ-ΔΕ) -", ("ΑΘΗΝΑ", "4 Απριλίου 2018", "ΑΒΓ-ΔΕ")),
        ("ΠΕΙΡΑΙΑΣ, 8/2/2026", ("ΠΕΙΡΑΙΑΣ", "8/2/2026", None)),
        ("2.4.2019 16:02:09 CEST", (None, "2.4.2019 16:02:09 CEST", None)),
        ("20170102T222800+0000", (None, "20170102T222800+0000", None)),
        ("GREENWICH, Conn.", ("GREENWICH, Conn.", None, None)),
        ("加州桑尼維爾", ("加州桑尼維爾", None, None)),
        ("Oslo", ("Oslo", None, None)),
    ],
)
def test_date_lines(line, parts):
    place, date, agency = parts
    assert read_dateline_field(line) == Dateline(place=place, date=date, agency=agency)


def test_no_date_line():
    assert read_dateline_field(" - ") is None
    assert read_dateline_field(None) is None
    assert len(read_dateline_field("word " * 400).place) <= 200


def test_urgency_and_version():
    notes: list[str] = []
    assert [read_urgency(given, notes) for given in ("1", " 9 ", None, "")] == [1, 9, None, None]
    assert notes == []
    assert [read_urgency(given, notes) for given in ("0", "10", "DEFAULT", "٣", "1" * 5000)] == [None] * 5
    assert notes == ["urgency unreadable"] * 5
    assert read_version("04", notes) == "04"
    assert read_version("1" * 5000, notes) is None
    assert notes[-1] == "version unreadable"


def test_unique_keeps_the_order():
    assert unique(["b", None, "a", "", "b"]) == ["b", "a"]


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    read_wire_date(text)
    read_dateline_field(text)
    read_urgency(text, [])
