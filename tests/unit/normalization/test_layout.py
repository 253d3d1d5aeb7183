from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.normalization.layout import paragraphs, strip_invisible
from services.normalization.phrases import stands_alone
from tests.unit.normalization.raws import patient


def texts(text):
    return [paragraph.text for paragraph in paragraphs(text, stands_alone)]


def test_wrapped_lines_are_joined_and_indents_start_paragraphs():
    wire = (
        "Standard Oil and its partner\nsaid they plan to form a venture to manage the money\nmarket activities of both.\n"
        "    The partner also owns a part of\nthe company.\n\n Reuter\n"
    )
    assert texts(wire) == [
        "Standard Oil and its partner said they plan to form a venture to manage the money market activities of both.",
        "The partner also owns a part of the company.",
        "Reuter",
    ]


def test_a_line_a_paragraph_stays_so():
    lines = ["First sentence of a story.", "Second sentence, which is longer.", "NATO", "third line in lower case."]
    assert texts("\n".join(lines)) == lines


def test_tables_in_wrapped_text_keep_their_lines():
    wire = (
        "The company gave these figures for the quarter, which\nended in March, and said that they were better than\n"
        "expected by most of those who follow it closely.\n    Net profit     1,204    987\n    Sales          9,900    8,100\n"
    )
    assert texts(wire)[1:] == ["Net profit 1,204 987", "Sales 9,900 8,100"]


def test_set_phrases_in_wrapped_text_are_not_joined():
    wire = (
        "The company said on Monday that the figures for the\nquarter were better than expected by most of those who\n"
        "follow it closely.\nSource: Harbour News\n"
    )
    assert texts(wire)[-1] == "Source: Harbour News"


def test_hyphens_at_line_ends():
    wire = "He spoke of a one-billion-\ndollar plan for the harbour and of short-\nand long-term loans that would\npay for it.\n"
    assert texts(wire) == [
        "He spoke of a one-billion-dollar plan for the harbour and of short- and long-term loans that would pay for it."
    ]


def test_invisible_characters_go_and_breaks_are_line_feeds():
    assert strip_invisible("a\x03b\u200bc\r\nd\u2028e\x0cf\rg\th") == ("abc\nd\ne\nf\ng\th", 2)
    assert strip_invisible("plain\ntext") == ("plain\ntext", 0)


@patient
@given(st.text(max_size=600))
def test_no_word_is_lost_or_made_up(text):
    clean, _ = strip_invisible(text)
    assert "".join("".join(texts(clean)).split()) == "".join(clean.split())
