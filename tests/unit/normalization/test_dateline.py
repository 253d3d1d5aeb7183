"""Datelines as agencies write them, what only looks like one, and which day a dateline means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.dateline import day_of, is_agency, read_dateline, read_opening
from shared.events import Dateline
from tests.unit.normalization.raws import article, body, patient

WRITTEN = [
    ("KIEV, Feb 8 (AMNA) - ", "KIEV", "Feb 8", "AMNA"),
    ("LONDON, April 3 - ", "LONDON", "April 3", None),
    ("ATHENS (Reuters) - ", "ATHENS", None, "Reuters"),
    ("(Reuters) - ", None, None, "Reuters"),
    ("BERLIN (dpa) - ", "BERLIN", None, "dpa"),
    ("Berlin (dpa/tmn) - ", "Berlin", None, "dpa/tmn"),
    ("St. Gallen, 8. Februar (sda) - ", "St. Gallen", "8. Februar", "sda"),
    ("PARIS, 22 mars 2025 (AFP) - ", "PARIS", "22 mars 2025", "AFP"),
    ("Paris, le 22 mars 2025 (AFP) – ", "Paris", "22 mars 2025", "AFP"),
    ("ΑΘΗΝΑ, 8 Φεβ. (ΑΠΕ-ΜΠΕ) - ", "ΑΘΗΝΑ", "8 Φεβ.", "ΑΠΕ-ΜΠΕ"),
    ("ΑΘΗΝΑ, 08/02/2025 (ΑΠΕ-ΜΠΕ) -- ", "ΑΘΗΝΑ", "08/02/2025", "ΑΠΕ-ΜΠΕ"),
    ("Madrid, 8 feb (EFE).- ", "Madrid", "8 feb", "EFE"),
    ("Atenas, 8 de febrero de 2025 (EFE).- ", "Atenas", "8 de febrero de 2025", "EFE"),
    ("MADRID, 8 Feb. (EUROPA PRESS) - ", "MADRID", "8 Feb.", "EUROPA PRESS"),
    ("Lisboa, 08 fev 2025 (Lusa) – ", "Lisboa", "08 fev 2025", "Lusa"),
    ("(ANSA) - ROMA, 08 FEB - ", "ROMA", "08 FEB", "ANSA"),
    ("(ANSA) - ROMA, 08 FEB. ", "ROMA", "08 FEB", "ANSA"),
    ("MOSCOW, January 21. /TASS/. ", "MOSCOW", "January 21", "TASS"),
    ("MOSCOW. Jan 21 (Interfax) - ", "MOSCOW", "Jan 21", "Interfax"),
    ("BEIJING, July 23 (Xinhua) -- ", "BEIJING", "July 23", "Xinhua"),
    ("WASHINGTON (AP) _ ", "WASHINGTON", None, "AP"),
    ("New Delhi, Feb 8 (PTI) ", "New Delhi", "Feb 8", "PTI"),
    ("NEW YORK, March 3, Reuter - ", "NEW YORK", "March 3", "Reuter"),
    ("LONDON/PARIS, March 3 - ", "LONDON/PARIS", "March 3", None),
    ("LONDON and PARIS, March 3 (Reuters) - ", "LONDON and PARIS", "March 3", "Reuters"),
    ("CHICAGO, Ill., March 3 - ", "CHICAGO, Ill.", "March 3", None),
    ("CHICAGO, Ill. (AP) — ", "CHICAGO, Ill.", None, "AP"),
    ("PORT-AU-PRINCE, Haiti, Feb. 8 (UPI) -- ", "PORT-AU-PRINCE, Haiti", "Feb. 8", "UPI"),
    ("COEUR d'ALENE, Idaho, March 3 -", "COEUR d'ALENE, Idaho", "March 3", None),
    ("WASHINGTON, Tuesday, March 3 - ", "WASHINGTON", "Tuesday, March 3", None),
    ("OTTAWA, 3 March - ", "OTTAWA", "3 March", None),
    ("GENEVA,March 3 - ", "GENEVA", "March 3", None),
    ("****SÃO PAULO, 8 fev -", "SÃO PAULO", "8 fev", None),
]


@pytest.mark.parametrize(("words", "place", "date", "agency"), WRITTEN)
def test_written_forms(words, place, date, agency):
    found = read_opening(f"{words}The ferry returns.")
    assert found is not None
    assert found.dateline == Dateline(place=place, date=date, agency=agency)
    assert found.sure
    assert f"{words}The ferry returns."[found.end :] == "The ferry returns."


@pytest.mark.parametrize("words", ["ATHENS — ", "TOKYO - ", "BAGUIO, Philippines - "])
def test_a_place_alone_is_told_but_stays_in_the_text(words):
    found = read_opening(f"{words}The ferry returns.")
    assert found is not None
    assert not found.sure


@pytest.mark.parametrize(
    "text",
    [
        "Apple (AAPL) - The firm said it would close two shops.",
        "Tuesday, March 3 - Meeting of the harbour board.",
        "NOTE - This is the last of three.",
        "CORRECTION - In the item of Monday please read four.",
        "President Bush said (in March) - the first time - no.",
        "The company said on March 3 - a Tuesday - that it would.",
        "U.S. - Soviet talks go on.",
        "MARCH 3 - A day of rain.",
        "Source: AMNA - The agency said so.",
        "BBC (London) - The station goes on.",
        "Microsoft Corp, March 3 (NASDAQ) - The firm grew.",
        "The dollar (USD) - which rose - fell again.",
        "Mr Smith, 43 (Labour) - who won - was glad.",
        "— no dash opens a story",
        "",
    ],
)
def test_what_only_looks_like_one(text):
    assert read_dateline(text) is None


def test_a_digest_has_no_dateline_of_its_own():
    one = article(
        {"title": "News at noon", "body": "TOKYO - The yen fell.\n\nPARIS - The franc rose.\n\nBONN - The mark stood."}
    )
    assert one.dateline is None
    assert body(one)[0] == "TOKYO - The yen fell."


def test_it_leaves_the_text_and_the_summary_keeps_it():
    one = article({"title": "Ferry", "body": "By Ann Holm, Reuters\n\nKIEV, Feb 8 - The ferry returns.\n\nIt is blue."})
    assert body(one) == ["The ferry returns.", "It is blue."]
    assert one.summary == "KIEV, Feb 8 - The ferry returns."
    assert (one.byline, one.credit) == (["Ann Holm"], "Reuters")
    assert one.word_count == 6


def test_a_dateline_with_nothing_behind_it_is_no_paragraph():
    one = article(
        {
            "title": "Year",
            "body": "RENO, Nev., Feb 8 -\n    Shr 78 cts vs one dlr\n    Net 1,413,000 vs 1,776,000\n Reuter\n",
        }
    )
    assert one.dateline == Dateline(place="RENO, Nev.", date="Feb 8")
    assert body(one) == ["Shr 78 cts vs one dlr", "Net 1,413,000 vs 1,776,000"]


def test_byline_before_the_place():
    found = read_opening("By Jane Doe / PARIS, 22 mars - Le port")
    assert found is not None
    assert (found.byline, found.dateline.place) == ("Jane Doe", "PARIS")


@pytest.mark.parametrize(
    ("date", "near", "day"),
    [
        ("Feb 8", "2022-02-08", "2022-02-08"),
        ("Dec. 31", "2022-01-01", "2021-12-31"),
        ("1 Jan", "2021-12-31", "2022-01-01"),
        ("22 mars 2025", "2022-01-01", "2025-03-22"),
        ("08/02/2025", "2022-01-01", "2025-02-08"),
        ("8 Φεβ.", "2022-01-01", "2022-02-08"),
        ("Tuesday, March 3", "1987-03-03", "1987-03-03"),
        ("1er août", "2022-07-01", "2022-08-01"),
        ("Feb 29", "2023-03-01", "2024-02-29"),
        ("30. März", "2022-07-01", "2022-03-30"),
    ],
)
def test_the_day_it_means(date, near, day):
    given_day = day_of(Dateline(place="KIEV", date=date), datetime.fromisoformat(near).replace(tzinfo=UTC))
    assert given_day is not None
    assert given_day.value is not None
    assert given_day.value.date().isoformat() == day
    assert (given_day.precision, given_day.raw) == ("day", date)


def test_the_day_is_told_among_the_dates_and_dates_a_story_only_with_its_year():
    one = article(
        {"title": "Ferry", "body": "KIEV, Feb 8 (AMNA) - The ferry returns.", "published": "2022-02-09T01:00:00Z"}
    )
    assert one.dates["dateline"].value == datetime(2022, 2, 8, tzinfo=UTC)
    assert one.published == datetime(2022, 2, 9, 1, tzinfo=UTC)
    assert article({"title": "Ferry", "body": "KIEV, Feb 8 (AMNA) - The ferry returns."}).published is None
    told = article({"title": "Ferry", "body": "KIEV, Feb 8, 2022 (AMNA) - The ferry returns."})
    assert told.published == datetime(2022, 2, 8, tzinfo=UTC)
    assert told.dates["published"].precision == "day"


def test_agencies():
    assert all(map(is_agency, ("Reuters", "dpa/tmn", "ΑΠΕ-ΜΠΕ", "EUROPA PRESS", "afp")))
    assert not any(map(is_agency, ("Labour", "London", "")))


@patient
@given(st.text(max_size=200))
def test_any_text(text):
    found = read_opening(text)
    assert found is None or 0 < found.end <= len(text)
