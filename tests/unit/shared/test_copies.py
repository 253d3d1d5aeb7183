"""Copies and versions are told from forms that were filled in again: by the facts, and by the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.sketch import sketch_of
from shared.copies import SHORT, says_the_same
from shared.sketch import Sketch, decode, unpack

STORY = (
    "The state railway of Varnia said on Monday it had agreed with Brixen Wagons to buy 48 locomotives for 310 million crowns, "
    "its largest order in 20 years. The first six are to be delivered in March, Railway Minister Oskar Lind said. Unions "
    "welcomed the order but said that 2,400 jobs at the Kerel works were still in danger. Brixen, which lost 12 million "
    "crowns last year, said it would hire 150 people. The railway will pay from a loan of the Nordic Investment Fund that "
    "was granted in October, and will take its oldest engines, built in 1961, out of service by the end of next year."
)
TITLE = "Varnia's railway buys 48 locomotives from Brixen"
FORM = (
    "The Bank of {0} said it had given the money market help of {1} million crowns in the morning, against a shortage that "
    "it now puts at {2} million. It bought bills outright, of which {3} million of band one at {4} percent and {5} million "
    "of band two at {6} percent. Bills falling due drain some {7} million and a rise in notes {8} million, it said."
)
"""Filled in by other facts it is the same sentences of another day or another bank."""


def sketch(text: str, title: str = TITLE) -> Sketch:
    found = sketch_of(title, text)
    assert found is not None
    return decode(unpack(found.sketch))


def same(one: Sketch, other: Sketch, hours: float = 1.0) -> bool:
    found = says_the_same(one, other, hours, 0.5)
    assert says_the_same(other, one, hours, 0.5) is found
    return found


@pytest.mark.parametrize("hours", [0, 3, 30, 80])
def test_the_same_text_again_is_a_copy_for_days(hours):
    assert same(sketch(STORY), sketch(STORY), hours)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (TITLE.upper(), STORY),
        ("CORRECTED - " + TITLE, STORY.replace("310 million", "301 million")),
        ("Brixen wins Varnian order", STORY.rpartition(" The railway will pay")[0]),
        (TITLE, STORY + " Shares of Brixen rose 7 percent in Kerel, where trading had been halted for an hour."),
        (TITLE, "(Adds reaction) " + STORY.replace("said on Monday it had agreed", "has agreed")),
        (
            "New engines for Varnia",
            STORY.replace("Unions welcomed the order but said that", "Union leaders said that some"),
        ),
    ],
)
def test_versions_cuts_and_corrections_are_the_same_story(title, text):
    assert same(sketch(STORY), sketch(text, title))


@pytest.mark.parametrize("hours", [0, 2, 24, 72])
def test_a_form_with_other_facts_is_another_event(hours):
    one = FORM.format("Varnia", 120, 350, 80, "9 7/8", 40, "9 3/4", 610, 95)
    later = FORM.format("Varnia", 64, 180, 44, "9 11/16", 20, "9 5/8", 270, 30)
    other = FORM.format("Nordland", 75, 220, 51, "6 1/8", 24, "6 1/4", 330, 48)
    title = "Bank gives money market {} million help"
    assert not same(sketch(one, title.format(120)), sketch(later, title.format(64)), hours)
    assert not same(sketch(one, title.format(120)), sketch(other, title.format(75)), hours)


def test_the_same_form_about_another_name_at_the_same_moment_is_another_event():
    form = "{0} of {1} received a contract of {2} million crowns for fuel. The Defence Supply Office in Kerel awards it, it said. "
    rest = (
        "The contract runs until September and was let after bids were asked of nine companies, of which five answered."
    )
    one = sketch(form.format("Brixen Refining", "Abelia", "75.0") + rest, "Brixen Refining gets 75 mln contract")
    two = sketch(form.format("Caribe Oil", "Bayona", "19.9") + rest, "Caribe Oil gets jet fuel contract")
    assert not same(one, two, 0)


def test_two_reports_of_one_event_in_other_words_are_no_copies():
    other = (
        "Brixen Wagons will build 48 engines for Varnia, the company and the country's railway announced on Monday. Worth "
        "310 million crowns, the deal saves the Kerel plant, according to analysts, after a year in which it lost 12 "
        "million. Minister Oskar Lind called it the biggest purchase in two decades; deliveries begin in the spring."
    )
    assert not same(sketch(STORY), sketch(other))


@pytest.mark.parametrize(
    ("one", "other", "hours", "expected"),
    [
        (
            "Varnia's central bank raises rate to 6.5 percent",
            "Varnia's central bank raises rate to 6.5 percent",
            1,
            True,
        ),
        (
            "Varnia's central bank raises rate to 6.5 percent",
            "VARNIA'S CENTRAL BANK RAISES RATE TO 6.5 PERCENT",
            1,
            True,
        ),
        (
            "Varnia's central bank raises rate to 6.5 percent",
            "Varnia's central bank raises rate to 6.75 percent",
            1,
            False,
        ),
        (
            "Varnia's central bank raises rate to 6.5 percent",
            "Nordland's central bank raises rate to 6.5 percent",
            1,
            False,
        ),
        (
            "Varnia's central bank raises rate to 6.5 percent",
            "Varnia's central bank raises rate to 6.5 percent",
            24,
            False,
        ),
    ],
)
def test_flashes_are_copies_only_word_for_word_and_within_the_day(one, other, hours, expected):
    first, second = (decode(unpack(sketch_of(title, None).sketch)) for title in (one, other))
    assert first.runs < SHORT
    assert same(first, second, hours) is expected


def test_a_flash_and_the_story_under_the_same_headline_are_one_story():
    flash = decode(unpack(sketch_of(TITLE, None).sketch))
    assert same(flash, sketch(STORY), 0.2)
    assert not same(flash, sketch(STORY, "Railways of the north this week"), 0.2)
    rubric = decode(unpack(sketch_of("Market report", None).sketch))
    assert not same(rubric, sketch(STORY, "Market report"), 0.2)


def test_dividends_of_two_companies_are_two():
    text = "Quarterly dividend 25 cents against 25 cents before. Pay April 10, record March 27"
    assert same(sketch(text, "Brixen Wagons sets dividend"), sketch(text, "Brixen Wagons sets dividend"), 1)
    assert not same(sketch(text, "Brixen Wagons sets dividend"), sketch(text, "Nordvik Ferries sets dividend"), 1)


def test_signatures_of_two_algorithms_are_never_alike():
    one = sketch(STORY)
    assert not same(one, one._replace(algorithm=one.algorithm + 1))


@given(st.text(max_size=400), st.text(max_size=400), st.floats(0, 200))
def test_it_is_symmetric_and_takes_anything(one, other, hours):
    found = sketch_of(one, other), sketch_of(other, one)
    if None not in found:
        first, second = (decode(unpack(each.sketch)) for each in found)
        same(first, second, hours)
