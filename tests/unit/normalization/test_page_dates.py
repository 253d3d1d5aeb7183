from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.dates import honest, read_date
from services.normalization.moments import is_ambiguous, is_moment, read_moment
from services.normalization.page_dates import Found, corrected_by, first_readable, zone_of
from services.normalization.zones import abbreviated, is_day_first, of_country, zone_named
from tests.unit.normalization.raws import article, patient


def at(*parts):
    return datetime(*parts)  # noqa: DTZ001 - what a line says, before it gets a zone


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "el": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου Δεκεμβρίου",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
}  # fmt: skip


@pytest.mark.parametrize("language", sorted(MONTHS))
def test_every_month_by_its_name(language):
    for number, name in enumerate(MONTHS[language].split(), 1):
        date = read_moment(f"8 {name} 2022, 14:05")
        assert date is not None, name
        assert (date.value, date.precision) == (at(2022, number, 8, 14, 5), "minute"), name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Fri Apr 28 19:20:36 CEST 2023", "2023-04-28T17:20:36+00:00"),
        ("2023-04-28 18:11 EEST", "2023-04-28T15:11:00+00:00"),
        ("2020-09-29T00:30:00PDT", "2020-09-29T07:30:00+00:00"),
        ("20200316T130000Z", "2020-03-16T13:00:00+00:00"),
        ("20200316T13:00:00+0100", "2020-03-16T12:00:00+00:00"),
        ("2020-12-05T23:15:0Z", "2020-12-05T23:15:00+00:00"),
        ("Tue Aug 25 2020 00:23:33 GMT+0200 (Central European Summer Time)", "2020-08-24T22:23:33+00:00"),
        ("Wed, 02 Oct 2002 13:00:00 GMT", "2002-10-02T13:00:00+00:00"),
    ],
)
def test_dates_as_pages_write_them(text, value):
    date = honest(read_date(text), None)
    assert date is not None
    assert (date.value, date.zone) == (datetime.fromisoformat(value), "given")


@pytest.mark.parametrize("name", ["IST", "BST", "XYZ", "cest "])
def test_an_abbreviation_of_two_zones_is_none(name):
    assert abbreviated(name) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8 Φεβρουαρίου 2022, 24:00", at(2022, 2, 9)),
        ("31/12/2022 24:00", at(2023, 1, 1)),
        ("23/02/99", at(1999, 2, 23)),
        ("23/02/22", at(2022, 2, 23)),
        ("02/23/68", at(2068, 2, 23)),
        ("8 February 2022, 12:05 am", at(2022, 2, 8, 0, 5)),
        ("8 February 2022, 12:05 pm", at(2022, 2, 8, 12, 5)),
        ("2020年2月15日 7:05", at(2020, 2, 15, 7, 5)),
        ("الأربعاء، 07 أكتوبر 2020 - 12:09 م", at(2020, 10, 7, 12, 9)),
        ("8 Φεβρουαρίου 2022, 5:05 μ.μ.", at(2022, 2, 8, 17, 5)),
    ],
)
def test_clocks_and_years_of_two_figures(text, value):
    date = read_moment(text)
    assert date is not None
    assert date.value == value


@patient
@given(st.dates(min_value=at(1970, 1, 1).date(), max_value=at(2060, 1, 1).date()), st.booleans())
def test_a_day_in_figures_is_read_the_way_that_is_said(day, day_first):
    text = f"{day.day}/{day.month}/{day.year}" if day_first else f"{day.month}/{day.day}/{day.year}"
    date = read_moment(text, day_first=day_first)
    assert date is not None
    assert (date.value, date.precision) == (at(day.year, day.month, day.day), "day")
    unsaid = read_moment(text)
    assert unsaid is not None
    assert (unsaid.value is None) == is_ambiguous(text), "where nobody knows, nobody says"


@patient
@given(st.datetimes(min_value=at(1971, 1, 1), max_value=at(2050, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_an_offset_is_never_lost(moment, quarters):
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    date = honest(read_date(aware.isoformat()), zone_named("Europe/Athens"))
    assert date is not None
    assert (date.value, date.zone, date.precision) == (aware.astimezone(UTC), "given", "second")


@patient
@given(st.text(max_size=50))
def test_a_day_alone_never_gets_a_clock(text):
    date = read_moment(text)
    if date is not None and date.value is not None and date.precision == "day":
        assert (date.value.hour, date.value.minute) == (0, 0)
    assert isinstance(is_moment(text), bool)
    zone_named(text)
    is_day_first(text, text)
    of_country(text)


@pytest.mark.parametrize(
    ("language", "host", "expected"),
    [
        ("en-US", None, False), ("en-GB", None, True), ("en", None, None), ("en", "news.example.co.uk", True), ("en", "x.gov", False),
        ("de", None, True), ("el-GR", None, True), ("fil-PH", None, False), ("es_US", None, False), (None, None, None),
        ("ja", "x.co.jp", None), (None, "x.fr", True),
    ],
)  # fmt: skip
def test_which_way_round_a_date_is(language, host, expected):
    assert is_day_first(language, host) is expected


def test_the_first_date_that_can_be_read_counts_and_an_unreadable_one_is_told():
    assert first_readable(["soon", "2022-02-08"], day_first=None, name="published").date == read_date("2022-02-08")
    assert first_readable(["soon", "later"], day_first=None, name="published").date == read_date("soon")
    assert first_readable([], day_first=None, name="published") == Found(None, [])


def test_a_date_that_could_be_either_way_round_says_how_it_was_read():
    found = first_readable(["03/04/2022"], day_first=True, name="published")
    assert found.date is not None
    assert found.date.value == at(2022, 4, 3)
    assert found.notes == ["published was read with the day first, as the page's language and country have it"]


def test_a_local_clock_that_is_called_utc_gives_way_to_the_true_moment():
    local = first_readable(["2020-04-25T07:25:06Z"], day_first=None, name="published")
    assert corrected_by("2020-04-24T21:25:06+00:00", local, "published").date == read_date("2020-04-24T21:25:06+00:00")
    for other in (
        "2020-04-24T21:25:07+00:00",
        "2020-04-24T21:10:06+00:00",
        "2020-04-23T21:25:06+00:00",
        None,
        "2020-04-25",
    ):
        assert corrected_by(other, local, "published") == local


def test_a_time_without_a_zone_is_in_that_of_the_page():
    about = read_date("2023-07-28 18:11:01")
    assert zone_of(["2023-07-29T10:00:00+03:00"], about, "x.de") == "+03:00"
    assert zone_of(["2023-01-29T10:00:00+02:00"], about, "x.de") == "Europe/Berlin", "of another half of summer time"
    assert zone_of([], about, "x.com") is None
    assert zone_of([], read_date("2023-07-28"), "x.de") is None, "a day stays that day"
    assert zone_of([], read_date("2023-07-28T18:11:01Z"), "x.de") is None


def page(*, head="", inside="", language="de"):
    story = (
        "<p>Der Rat der Stadt hat am Sonntag beschlossen, die alte Schleuse ab April für Frachtschiffe zu schließen.</p>"
        * 1
    )
    return f"<html lang='{language}'><head><title>Schleuse</title>{head}</head><body><h1>Schleuse</h1>{inside}<article>{story}</article></body></html>".encode()


@pytest.mark.parametrize(
    ("given", "feed_zone", "value", "zone"),
    [
        ("2024-07-01 12:00", None, "2024-07-01T10:00:00+00:00", "page"),
        ("2024-07-01 12:00", "Europe/Athens", "2024-07-01T09:00:00+00:00", "feed"),
        ("2024-07-01T12:00:00Z", None, "2024-07-01T12:00:00+00:00", "given"),
        ("2024-07-01", None, "2024-07-01T00:00:00+00:00", "assumed"),
    ],
)
def test_where_the_zone_of_a_pages_date_comes_from(given, feed_zone, value, zone):
    html = page(head=f"<meta property='article:published_time' content='{given}'>")
    one = article(html, "text/html", content_location="https://example.de/x", zone=feed_zone)
    assert (one.published, one.dates["published"].zone) == (datetime.fromisoformat(value), zone)


def test_a_date_beside_the_headline_is_read_and_one_in_the_future_is_not_believed():
    one = article(page(inside="<div>3.4.2024, 18:20 Uhr</div>"), "text/html", content_location="https://example.de/x")
    assert one.published == datetime(2024, 4, 3, 16, 20, tzinfo=UTC)
    late = article(page(head="<meta property='article:published_time' content='2031-01-01T00:00:00Z'>"), "text/html")
    assert late.published is None
    assert any("ahead" in note for note in late.notes)


@pytest.mark.parametrize(
    ("line", "language", "published"),
    [
        ("03/04/2024", "en-US", "2024-03-04"), ("03/04/2024", "en-GB", "2024-04-03"), ("03/04/2024", "el", "2024-04-03"),
        ("03/04/2024", None, None), ("13/04/2024", None, "2024-04-13"),
    ],
)  # fmt: skip
def test_a_page_sent_as_text_is_dated_the_way_its_language_has_it(line, language, published):
    text = f"""LOCAL

The old lock closes

{line}

The council of Greyport voted on Sunday to close the old lock to freight from April, after two centuries of barges.

The vote was eleven to four, and those in favour said that the gates had failed three times since autumn.
"""
    one = article(text.encode(), "text/plain", language=language)
    assert (one.published.date().isoformat() if one.published else None) == published
    assert any("first, as the page" in note for note in one.notes) == (published is not None and line == "03/04/2024")
    assert line not in (one.body or "")


def test_a_bare_year_counts_only_where_no_day_is_known():
    assert first_readable(["2010", "2010-10-26"], day_first=None, name="published").date.raw == "2010-10-26"
    assert first_readable(["2010"], day_first=None, name="published").date.precision == "year"
