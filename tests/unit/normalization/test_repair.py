"""Damage that can be undone is; healthy text stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.repair import ENTITIES, MOJIBAKE, repaired
from tests.unit.normalization.raws import article, patient

STORIES = {
    "el": "Η εταιρεία ανακοίνωσε σήμερα ότι θα δρομολογήσει «δύο νέα πλοία» προς τα μικρά νησιά.",
    "fr": "Fermé depuis dix ans, le phare accueillera à nouveau des visiteurs dès l’été prochain.",
    "de": "Die Werft in Nordhafen will bis zum Herbst achtzig Schweißer und Köche einstellen – für Löhne über 20 €.",
    "es": "Los regantes de la vega acordaron ayer cómo repartir el agua: «mañana será tarde», dijo el señor Núñez.",
    "pt": "As salinas não voltam a produzir: a população já não tem paciência, disse João.",
    "ru": "Президент заявил вчера, что переговоры продолжатся в понедельник утром.",
    "en": "“We saw it coming,” he said — it cost £3m, and the café won’t reopen.",
}


def misread(text: str, charset: str) -> str:
    """UTF-8 as a program shows it that takes it for `charset`; bytes without a place in it become control characters."""
    return "".join(bytes([byte]).decode(charset, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("charset", ["cp1252", "latin-1"])
@pytest.mark.parametrize("language", STORIES)
def test_utf_8_taken_for_another_charset(language, charset):
    notes: list[str] = []
    assert repaired(misread(STORIES[language], charset), notes) == STORIES[language]
    assert notes == [MOJIBAKE]


def test_greek_taken_for_windows_greek():
    notes: list[str] = []
    assert repaired(misread(STORIES["el"], "cp1253"), notes) == STORIES["el"]


@pytest.mark.parametrize("text", STORIES.values())
def test_healthy_text_stays(text):
    notes: list[str] = []
    assert repaired(text, notes) == text
    assert repaired(text.upper(), notes) == text.upper()
    assert notes == []


@pytest.mark.parametrize(
    "text",
    [
        "AT&T and S&P; both fell",
        "Â and Ã are letters",
        "L’ÎLE DE RÉ, À L’OUEST",
        "ΟΞΕΙΑ ΚΡΙΣΗ, ΞΑΝΑ",
        "R&D; spending",
        "PÃO DE AÇÚCAR",
        "<GLD> rose & <SLV> fell;",
        "РСФСР и СССР",
        "Ñandú, Ñuñoa",
    ],
)
def test_what_only_looks_damaged_stays(text):
    notes: list[str] = []
    assert repaired(text, notes) == text
    assert notes == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Standard &amp; Poor&#8217;s", "Standard & Poor’s"),
        ("he said &amp;quot;no&amp;quot;", 'he said "no"'),
        ("&amp;amp;lt;GLD&amp;amp;gt;", "<GLD>"),
        ("caf&eacute; &ndash; bar", "café – bar"),
        ("AT&amp;T", "AT&T"),
    ],
)
def test_entities_in_plain_text(text, plain):
    notes: list[str] = []
    assert repaired(text, notes) == plain
    assert notes == [ENTITIES]


def test_a_repair_is_told_in_the_article_once():
    one = article({"title": misread("Fermé depuis l’été", "cp1252"), "body": misread(STORIES["fr"], "cp1252")})
    assert one.title == "Fermé depuis l’été"
    assert one.body == STORIES["fr"]
    assert one.notes.count(MOJIBAKE) == 1
    assert one.language == "fr"


@patient
@given(st.text(max_size=300))
def test_any_text(text):
    notes: list[str] = []
    assert (repaired(text, notes) == text) is (notes == [])
