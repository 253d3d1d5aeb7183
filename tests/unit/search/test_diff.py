"""The difference of two texts: exact, readable, and bounded."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.diff import Budget, Piece, fact_diff, list_diff, text_diff

ALPHABET = st.sampled_from(["a", "b", "the", " ", "\n\n", ".", ",", "東京", "京都", "Ελλάδα", "\n \n", "\t", "é", "👍"])
TEXTS = st.lists(ALPHABET, max_size=40).map("".join) | st.text(max_size=60)


def applied(pieces):
    return "".join(text for op, text in pieces if op != "delete"), "".join(
        text for op, text in pieces if op != "insert"
    )


@given(TEXTS, TEXTS, st.sampled_from([0, 5, 40, 200_000]))
def test_applying_it_gives_the_later_text_and_taking_it_back_the_earlier(before, after, steps):
    pieces = text_diff(before, after, Budget(steps))
    assert applied(pieces) == (after, before)
    assert all(piece.text for piece in pieces)
    kinds = [piece.op for piece in pieces]
    assert all(one != other for one, other in pairwise(kinds))


@given(st.lists(TEXTS, max_size=6), st.lists(TEXTS, max_size=6))
def test_of_lists(before, after):
    pieces = list_diff(before, after, Budget())
    assert [text for op, text in pieces if op != "insert"] == before
    assert [text for op, text in pieces if op != "delete"] == after


@given(TEXTS)
def test_the_same_text_is_one_piece(text):
    assert text_diff(text, text, Budget(0)) == ([Piece("equal", text)] if text else [])


def test_one_word_of_a_paragraph():
    before = "KIEV - Talks begin on Monday.\n\nMr Smith said no.\n\nThe end."
    after = "KIEV - Talks begin on Tuesday.\n\nMr Smith said no.\n\nThe end."
    assert text_diff(before, after, Budget()) == [
        ("equal", "KIEV - Talks begin on "),
        ("delete", "Monday"),
        ("insert", "Tuesday"),
        ("equal", ".\n\nMr Smith said no.\n\nThe end."),
    ]


def test_a_paragraph_that_is_new_is_new_as_a_whole():
    before, new = "First of all.\n\nLast of all.", "Quite another thing altogether happened.\n\n"
    after = before.replace("Last", new + "Last")
    assert text_diff(before, after, Budget()) == [
        ("equal", "First of all.\n\n"),
        ("insert", new),
        ("equal", "Last of all."),
    ]


def test_words_changed_side_by_side_are_read_together():
    pieces = text_diff("He saw two red cars in the old town.", "He saw nine blue cars in the old town.", Budget())
    assert pieces[1:3] == [("delete", "two red"), ("insert", "nine blue")]


def test_a_wholly_other_paragraph_is_no_patchwork():
    before = "The minister of the interior resigned in the morning."
    after = "Rain is expected across the north of the country, say forecasters."
    assert [op for op, _ in text_diff(before, after, Budget())] == ["delete", "insert"]


def test_scripts_without_spaces_are_compared_by_the_character():
    assert text_diff("首相は東京で記者会見した。", "首相は大阪で記者会見した。", Budget()) == [
        ("equal", "首相は"),
        ("delete", "東京"),
        ("insert", "大阪"),
        ("equal", "で記者会見した。"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("x", "x", [("equal", "x")]),
        ("x", "y", [("delete", "x"), ("insert", "y")]),
        (None, "y", [("insert", "y")]),
        ("x", None, [("delete", "x")]),
        (None, None, []),
    ],
)
def test_of_facts(before, after, pieces):
    assert fact_diff(before, after) == pieces


@pytest.mark.parametrize("shape", ["words", "paragraphs", "one word", "blank"])
def test_cost_is_bounded_whatever_the_texts(shape):
    chance = random.Random(7)
    unit = {"words": " ", "paragraphs": "\n\n", "one word": "", "blank": " \n"}[shape]
    texts = [unit.join(str(chance.randrange(1000)) for _ in range(120_000))[:500_000] for _ in range(2)]
    budget = Budget()
    begun = time.process_time()
    pieces = text_diff(*texts, budget)
    assert time.process_time() - begun < 2
    assert applied(pieces) == (texts[1], texts[0])
    if shape in ("words", "paragraphs"):
        assert budget.spent
