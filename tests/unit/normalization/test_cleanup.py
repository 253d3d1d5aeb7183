"""Rules one by one, on the cases where a rule could take too much or too little."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.cleanup import clean, coded, shape
from services.normalization.layout import paragraphs
from services.normalization.phrases import Kind, kind_of, stands_alone
from tests.unit.normalization.raws import patient

PROSE = "The council met on Monday and agreed to repair the old bridge before winter comes."
MORE = "Work is to begin in May, the mayor said, and the road will be closed for six weeks."


def cleaned(text):
    return clean(coded(paragraphs(text, stands_alone)))


def kept(text):
    return [line.text for line in cleaned(text).lines]


@pytest.mark.parametrize(
    ("line", "kind", "rest"),
    [
        ("Source: AMNA", Kind.CREDIT, "AMNA"),
        ("Quelle: dpa", Kind.CREDIT, "dpa"),
        ("ΠΗΓΗ: ΑΠΕ-ΜΠΕ", Kind.CREDIT, "ΑΠΕ-ΜΠΕ"),
        ("Πηγή: Reuters", Kind.CREDIT, "Reuters"),
        ("Fonte: ANSA", Kind.CREDIT, "ANSA"),
        ("© 2024 Harbour News. All rights reserved.", Kind.CREDIT, "Harbour News"),
        ("(c) AFP", Kind.CREDIT, "AFP"),
        ("Also read: Bridge to be closed", Kind.RELATED, "Bridge to be closed"),
        ("READ ALSO | Bridge to be closed", Kind.RELATED, "Bridge to be closed"),
        ("» Διαβάστε ακόμα: Κλειστή η γέφυρα", Kind.RELATED, "Κλειστή η γέφυρα"),
        ("Lire aussi Le pont sera fermé", Kind.RELATED, "Le pont sera fermé"),
        ("Leia também", Kind.RELATED, ""),
        ("NEWSLETTER SUBSCRIPTION", Kind.NEWSLETTER, ""),
        ("Subscribe to our newsletter", Kind.NEWSLETTER, ""),
        ("Suscríbete a nuestro boletín y recibe las noticias", Kind.NEWSLETTER, ""),
        ("Share this article", Kind.NOISE, ""),
        ("Facebook Twitter WhatsApp", Kind.NOISE, ""),
        ("Χρησιμοποιούμε cookies για να βελτιώσουμε την εμπειρία σας.", Kind.NOISE, ""),
        ("Most read", Kind.LIST, ""),
        ("Σχετικά άρθρα", Kind.LIST, ""),
        ("Reuter", Kind.TRAILER, "Reuters"),
        ("-30-", Kind.TRAILER, ""),
    ],
)
def test_set_phrases(line, kind, rest):
    match = kind_of(line)
    assert match is not None
    assert (match.kind, match.rest) == (kind, rest)


@pytest.mark.parametrize(
    "line",
    [
        "Sources close to the talks said an agreement was near.",
        "Source: the minister told parliament yesterday that he had seen the letter himself.",
        "Share prices rose by three per cent in Frankfurt.",
        "Shares",
        "Related parties own a third of the company.",
        "Read more slowly, the teacher used to say.",
        "End of the line for the night train",
        "Fine particles are the problem, doctors say.",
        "Copyright law is to be changed this year, the ministry said.",
        "Con información insuficiente, el juez decidió esperar.",
        "Avec le président, la ministre a visité le port.",
        "Photo albums were found in the cellar.",
        "Home sales fell again in March.",
        "Cookies are baked here since 1911.",
        "Video games sell better than films.",
        "Via Roma remains closed to traffic.",
        "Anzeige erstattet hat die Stadt bisher nicht.",
        "Latest news from the front is scarce, the general said.",
        "Comments by the minister caused anger.",
        "Subscribe to the theory or not, the facts remain.",
    ],
)
def test_sentences_that_only_begin_like_a_set_phrase_stay(line):
    assert kind_of(line) is None
    assert kept(f"{PROSE}\n{line}\n{MORE}") == [PROSE, line, MORE]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PROSE, "P"),
        ("“We saw it coming,” he said. “We all did.”", "P"),
        ("“If only we had known…”", "P"),
        ("The summer ferry will run again from the first of May after…", "T"),
        ("The summer ferry will run again from the first of May after [...]", "T"),
        ("The summer ferry will run again after... Read more", "T"),
        ("NATO", "H"),
        ("Ferry returns", "H"),
        ("Will the ferry return?", "H"),
        ("He gave three reasons:", "P"),
        ("x" * 151, "P"),
    ],
)
def test_shapes(text, code):
    assert shape(text) == code


def test_a_story_that_goes_on_behind_a_newsletter_box_is_whole():
    text = f"{PROSE}\nSign up for our newsletter\n{MORE}\nWhat comes next\n{PROSE[:-1]} as planned."
    assert kept(text) == [PROSE, MORE, "What comes next", f"{PROSE[:-1]} as planned."]


def test_a_story_that_goes_on_behind_teasers_is_whole():
    teasers = "Ferry returns in May\nThe summer ferry will run again from…\nSchool closes in June\nThe old school will close its…"
    found = cleaned(f"{PROSE}\n{teasers}\n{MORE}\n{PROSE[:-1]}, too.")
    assert [line.text for line in found.lines] == [PROSE, MORE, f"{PROSE[:-1]}, too."]
    assert [story.title for story in found.related] == ["Ferry returns in May", "School closes in June"]


def test_one_cut_off_line_under_a_subhead_is_no_teaser():
    text = f"{PROSE}\nThe mayor's view\n“I do not know what will happen if the rain…\n{MORE}"
    assert len(kept(text)) == 4


def test_a_credit_above_the_story_is_no_end():
    found = cleaned(f"Source: Harbour News\n{PROSE}\nWhat comes next\n{MORE}")
    assert found.credit == "Harbour News"
    assert [line.text for line in found.lines] == [PROSE, "What comes next", MORE]


def test_pictures_credit_is_not_the_storys():
    found = cleaned(f"{PROSE}\nPhoto: Anna Holm\n{MORE}\nSource: Harbour News")
    assert found.credit == "Harbour News"
    assert [line.text for line in found.lines] == [PROSE, MORE]


def test_prose_said_twice_is_kept_once():
    assert kept(f"{PROSE}\n{MORE}\n{PROSE}") == [PROSE, MORE]


def test_sign_off_counts_only_at_the_end():
    assert kept(f"{PROSE}\nEnd\n{MORE}\nEnds") == [PROSE, "End", MORE]


def test_an_address_in_a_pointer_is_told_apart():
    found = cleaned(f"{PROSE}\nRead more: Bridge to be closed https://example.org/bridge\n{MORE}")
    assert [(story.title, story.url) for story in found.related] == [
        ("Bridge to be closed", "https://example.org/bridge")
    ]


LINES = st.sampled_from(
    [
        PROSE, MORE, "Source: Harbour News", "Also read: Bridge to be closed", "Read also", "Most read", "NATO",
        "Ferry returns in May", "The summer ferry will run again from…", "Sign up for our newsletter", "Share this article",
        "Reuter", "(Reporting by Jane Holm; editing by Paul Dane)", "Comments (3)", "Will it rain on Sunday?", "-30-",
        "“If only we had known…”", "12 May 2023", "Photo: Anna Holm", "Follow us on Twitter",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.lists(LINES, max_size=25).map("\n".join), st.text(max_size=400))


@patient
@given(TEXTS)
def test_cleaning_twice_changes_nothing_more(text):
    once = kept(text)
    assert kept("\n\n".join(once)) == once


@patient
@given(TEXTS)
def test_what_is_kept_stood_there_in_that_order(text):
    before = [paragraph.text for paragraph in paragraphs(text, stands_alone)]
    places = [line.place for line in cleaned(text).lines]
    assert places == sorted(set(places))
    assert [before[place] for place in places] == kept(text)


@patient
@given(st.lists(st.sampled_from([PROSE, MORE, f"{PROSE[:-1]} again."]), min_size=1, max_size=8, unique=True), st.data())
def test_prose_before_the_first_set_phrase_is_never_lost(story, data):
    tail = data.draw(st.lists(LINES, max_size=12))
    assert kept("\n".join(story + tail))[: len(story)] == story
