"""What of a text its near copies are found by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.sketch import LONGEST, LONGEST_UNPARTED, sketch_of
from shared.copies import says_the_same
from shared.sketch import decode, keys, unpack

STORY = (
    "Engineers of the harbour authority in Nordvik closed the suspension bridge on Tuesday after 14 of its 62 cables were "
    "found to be worn. Ferries will run every 20 minutes until the work is done, which may take until 9 August, the "
    "authority said. Mayor Ingrid Aune told reporters that the town could not do without the bridge for long."
)
TITLE = "Nordvik closes its bridge after cables are found worn"


def sketched(title, body):
    found = sketch_of(title, body)
    assert found is not None
    return decode(unpack(found.sketch))


@pytest.mark.parametrize(
    "other",
    [
        STORY.replace(". ", ".\n\n"),
        STORY.replace("62 cables", "62  cables").replace("Mayor", "“Mayor").replace("Aune", "Aune”"),
        STORY.upper().capitalize(),
        STORY.replace(",", "").replace("9 August", "<9> August"),
    ],
)
def test_line_breaks_punctuation_and_case_make_no_difference_to_the_runs(other):
    one, two = sketched(TITLE, STORY), sketched(TITLE.upper(), other)
    assert (one.minima, one.runs, one.numbers, one.title) == (two.minima, two.runs, two.numbers, two.title)


def test_bands_are_shared_with_a_changed_copy_and_not_with_another_story():
    one = set(sketch_of(TITLE, STORY).bands)
    assert len(one) == 7
    copy = set(sketch_of("Bridge closed", STORY + " It was built in 1931 and carries 11,000 cars a day.").bands)
    assert one & copy
    assert not one & set(sketch_of("Wheat exports rise", STORY[::-1]).bands)
    assert one & set(sketch_of(TITLE, STORY[::-1]).bands)


@pytest.mark.parametrize(("title", "body"), [(None, None), ("", ""), ("...", "—!"), (None, "   ")])
def test_a_text_without_words_has_no_sketch(title, body):
    assert sketch_of(title, body) is None


def test_scripts_without_spaces_are_compared_by_characters():
    text = "東京都は火曜日、港湾局の技術者が吊り橋の62本のケーブルのうち14本が摩耗していることを発見したため、橋を閉鎖したと発表した。フェリーは20分ごとに運航される。"
    other = "大阪府は水曜日、教育委員会が来年度から小学校の給食費を無償化する方針を固めたと明らかにした。予算は約30億円を見込んでいる。"
    one, copy, two = sketched("橋を閉鎖", text), sketched("橋を閉鎖", text + "以上。"), sketched("給食費", other)
    assert one.runs > 60
    assert says_the_same(one, copy, 1, 0.5)
    assert not says_the_same(one, two, 1, 0.5)


GREEK = (
    "Οι μηχανικοί του λιμένα έκλεισαν την Τρίτη τη γέφυρα του Ναυπλίου, αφού 14 από τα 62 συρματόσχοινα βρέθηκαν φθαρμένα. "
    "Τα πλοία θα εκτελούν δρομολόγια κάθε 20 λεπτά ώσπου να τελειώσουν οι εργασίες, ανακοίνωσε η αρχή του λιμένα."
)
HINDI = (
    "बंदरगाह के अभियंताओं ने मंगलवार को पुल बंद कर दिया क्योंकि उसके 62 में से 14 तार घिसे हुए पाए गए। काम पूरा होने तक हर 20 मिनट "
    "पर नौकाएँ चलेंगी, प्राधिकरण ने कहा। महापौर ने बताया कि शहर पुल के बिना अधिक दिन नहीं रह सकता और काम जल्दी होगा।"
)


@pytest.mark.parametrize("text", [GREEK, HINDI])
def test_other_scripts(text):
    one, copy = sketched("…", text), sketched("…", text.replace(" 20 ", "  20 "))
    assert says_the_same(one, copy, 1, 0.5)
    assert len(one.numbers.hashes) == 3
    other = sketched("…", text.replace("14", "31").replace("62", "80").replace("20", "45"))
    assert not one.numbers.hashes & other.numbers.hashes


def test_a_book_costs_no_more_than_its_beginning():
    long = " ".join(f"word{number}" for number in range(200_000))
    assert sketch_of(TITLE, long) == sketch_of(TITLE, long[:LONGEST])


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_has_a_sound_sketch(title, body):
    found = sketch_of(title, body)
    if found is not None:
        raw = unpack(found.sketch)
        decode(raw)
        assert len(keys(raw)) >= 5
        assert all(len(band) <= 16 for band in found.bands)
        assert found == sketch_of(title, body)


def test_of_a_script_without_spaces_the_first_characters_are_looked_at() -> None:
    long = "首相は記者会見で新しい経済対策を発表した" * 60
    assert sketch_of(TITLE, long) == sketch_of(TITLE, long[:LONGEST_UNPARTED])
    assert sketch_of(TITLE, long) != sketch_of(TITLE, long[: LONGEST_UNPARTED - 1])
