from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.language import base_tag, detect
from tests.unit.normalization.raws import patient

EN = "The dock workers called off a strike planned for Monday after talks that went on through the night."
EL = "Η εταιρεία ανακοίνωσε σήμερα ότι θα δρομολογήσει δύο νέα πλοία προς τα μικρά νησιά."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (EN, "en"),
        (EL, "el"),
        ("Die Werft in Nordhafen will bis zum Herbst achtzig Leute einstellen, vor allem Schweißer.", "de"),
        ("Fermé depuis dix ans, le phare accueillera de nouveau des visiteurs à partir de samedi.", "fr"),
        ("Los regantes de la vega alta han acordado repartir el agua por turnos durante el verano.", "es"),
        ("È stato riaperto al traffico, dopo otto mesi di lavori, il ponte vecchio della città.", "it"),
        ("As salinas voltaram a produzir esta semana, vinte anos depois de terem sido abandonadas.", "pt"),
        ("Президент заявил вчера, что переговоры продолжатся в понедельник утром.", "ru"),
    ],
)
def test_by_the_text(text, code):
    assert detect(None, text) == (code, None)
    assert detect(text, None) == (code, None)


def test_the_text_outweighs_a_wrong_tag_and_says_so():
    code, note = detect("Νέα πλοία για τα νησιά", EL, "en-US")
    assert code == "el"
    assert note is not None
    assert "en" in note


def test_the_tag_stands_where_the_text_is_too_short():
    assert detect("Hotel", None, "de") == ("de", None)
    assert detect("Hotel", None) == (None, None)
    assert detect("ΝΑΤΟ: όχι", None) == ("el", None)


def test_tags():
    assert base_tag("el-GR") == "el"
    assert base_tag("ELL") == "el"
    assert base_tag("pt_BR") == "pt"
    for nothing in (None, "", "und", "x", "not a tag"):
        assert base_tag(nothing) is None


def test_norwegian_follows_its_tag():
    text = "Regjeringen la i går frem et nytt forslag om fiskekvoter, og næringen er ikke fornøyd med det."
    assert detect(None, text, "nb") == ("nb", None)


def test_capitals_are_no_other_language():
    assert detect(EN.upper(), None)[0] == "en"


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("HARBOUR BANK <HBK> TO BUY FERRY LINE FOR 12.5 MLN DLRS", "en"),
        ("NORDHAFEN CORP <NHC> 3RD QTR NET", "en"),
        ("Hafenarbeiter sagen Streik ab", "de"),
        ("Comment des pêcheurs ont sauvé le phare", "fr"),
        ("El puerto reabre tras la huelga", "es"),
        ("Riaperto il ponte vecchio della città", "it"),
        ("Salinas voltam a produzir após vinte anos", "pt"),
        ("Νέα πλοία για τα νησιά", "el"),
        ("ΝΕΑ ΠΛΟΙΑ ΓΙΑ ΤΑ ΝΗΣΙΑ", "el"),
    ],
)
def test_headlines_alone(title, code):
    assert detect(title, None)[0] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "Perezida wa Repubulika yavuze ko igihugu kizakomeza guteza imbere ubukungu, cyane cyane ibikorwa by'ubuhinzi n'ubworozi.",
            "rw",
        ),
        (
            "Umukuru w'igihugu c'u Burundi yavuze ko reta izofasha abarimyi mu vy'uburimyi, kandi ko ico gikorwa kizotangura vuba.",
            "rn",
        ),
        ("Dem don arrest di man wey dey sell fake ticket for di stadium, na so police tok.", "pcm"),
        ("The dam will be repaired, the minister said; it is fit for use until May.", "en"),
    ],
)
def test_near_languages_by_their_spelling(text, code):
    assert detect(None, text) == (code, None)


def test_a_guess_from_a_few_words_gives_way_to_the_tag():
    assert detect("NORDHAFEN 3RD QTR NET", None, "de")[0] == "de"


@patient
@given(st.text(max_size=200), st.text(max_size=200), st.one_of(st.none(), st.text(max_size=10)))
def test_any_text(title, body, tag):
    code, _ = detect(title, body, tag)
    assert code is None or 2 <= len(code) <= 3
