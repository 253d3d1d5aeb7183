from __future__ import annotations

import pytest
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


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("a one-billion-", "dollar plan", "a one-billion-dollar plan"),
        ("of short-", "and long-term loans", "of short- and long-term loans"),
        ("the Franco-", "German pact", "the Franco-German pact"),
        ("in 1986-", "87 the firm", "in 1986-87 the firm"),
        ("the inter-", "national talks", "the international talks"),
        ("the govern-", "ment and its", "the government and its"),
        ("the organi-", "zation and its", "the organization and its"),
        ("of non-", "performing loans", "of non-performing loans"),
        ("an anti-", "inflation plan", "an anti-inflation plan"),
        ("he was re-", "elected in May", "he was re-elected in May"),
        ("an investor-", "linked fund", "an investor-linked fund"),
        ("a harbour -", "the largest - was", "a harbour - the largest - was"),
    ],
)
def test_hyphens_at_line_ends(before, after, joined):
    wire = f"He spoke on Monday of the plans that were made for {before}\n{after} that would be paid\nfor by the owners of the harbour and\nothers in town.\n"
    assert joined in texts(wire)[0]


def test_what_the_text_says_elsewhere_decides():
    said = "He spoke of the trade {} on Monday and of all that it means for\nthe people of the town who know the trade-\nweighted dollar and what it does to\nthem.\n"
    assert "the trade-weighted dollar" in texts(said.format("-weighted"))[0]
    assert "the tradeweighted dollar" in texts(said.format("tradeweighted"))[0]


def test_a_language_of_long_words_breaks_them():
    wire = "Der Hafen wird im Herbst wieder für die Schiff-\nfahrt geöffnet, und die Fähren werden dann auch an den\nFeiertagen fahren, sagte der Sprecher der\nGesellschaft.\n"
    assert "die Schifffahrt geöffnet" in texts(wire)[0]
    wire = "Το λιμάνι ανοίγει πάλι για τα πλοία της γραμ-\nμής και οι επιβάτες θα μπορούν να ταξιδεύουν με τα νέα\nπλοία από τον Μάιο, είπε ο πρόεδρος της\nεταιρείας.\n"
    assert "της γραμμής και" in texts(wire)[0]


def test_soft_hyphens_join_what_they_broke():
    assert strip_invisible("the inter\u00ad\nnational talks")[0] == "the international talks"
    assert strip_invisible("the inter¬\n  national talks")[0] == "the international talks"
    assert strip_invisible("the inter\u00adnational talks")[0] == "the international talks"


def test_in_a_table_with_some_prose_every_row_is_its_own():
    wire = (
        "RESULTS OF THE YEAR\n    RENO, Nev., March 3 -\n    Shr 78 cts vs one dlr\n    Net 1,413,000 vs 1,776,000\n    Loans 260.0 mln vs 379.7 mln\n"
        "    NOTE: net includes charges from accounting changes,\nfrom one-time expenses associated with a contest, and\nfrom a loss in reserve.\n"
    )
    assert texts(wire) == [
        "RESULTS OF THE YEAR",
        "RENO, Nev., March 3 -",
        "Shr 78 cts vs one dlr",
        "Net 1,413,000 vs 1,776,000",
        "Loans 260.0 mln vs 379.7 mln",
        "NOTE: net includes charges from accounting changes, from one-time expenses associated with a contest, and from a loss in reserve.",
    ]


def test_invisible_characters_go_and_breaks_are_line_feeds():
    assert strip_invisible("a\x03b\u200bc\r\nd\u2028e\x0cf\rg\th") == ("abc\nd\ne\nf\ng\th", 2)
    assert strip_invisible("plain\ntext") == ("plain\ntext", 0)


@patient
@given(st.text(max_size=600))
def test_no_word_is_lost_or_made_up(text):
    clean, _ = strip_invisible(text)
    kept, given_ = ("".join("".join(words).split()) for words in (texts(clean), [clean]))
    assert kept.replace("-", "") == given_.replace("-", "")


def test_in_a_text_that_breaks_words_a_prefix_that_keeps_its_hyphen_keeps_it():
    wire = (
        "The har-\nbour board told the news-\npaper of its bur-\nden of non-\nperforming loans, and that the "
        "gov-\nernor of the bank will see to it in the\ncoming year.\n"
    )
    (joined,) = texts(wire)
    assert "The harbour board told the newspaper of its burden of non-performing loans, and that the governor" in joined
