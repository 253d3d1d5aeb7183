"""Names of writers, without the words before them."""

from __future__ import annotations

import pytest

from services.normalization.writers import clean_name, clean_names
from tests.unit.normalization.raws import article


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("By JANE ROE", "JANE ROE"),
        ("by Jane Roe, Associated Press", "Jane Roe, Associated Press"),
        ("BY: Jane Roe", "Jane Roe"),
        ("_By Jane Roe", "Jane Roe"),
        ("Reporting by Jane Roe", "Jane Roe"),
        ("Von Max Muster", "Max Muster"),
        ("Par Éloïse Dupont", "Éloïse Dupont"),
        ("Por Juan Pérez", "Juan Pérez"),
        ("por Juan Pérez", "Juan Pérez"),
        ("Di Marco Rossi", "Marco Rossi"),
        ("Του Γιώργου Παπαδόπουλου", "Γιώργου Παπαδόπουλου"),
        ("Της Μαρίας Νίκου", "Μαρίας Νίκου"),
        ("Από τον Νίκο Βασιλείου", "Νίκο Βασιλείου"),
        ("Ρεπορτάζ: Νίκος Βασιλείου", "Νίκος Βασιλείου"),
        ("Text: Anna Holm", "Anna Holm"),
        ("Jane Roe", "Jane Roe"),
        ("Jane Roe  -", "Jane Roe"),
        ("By", "By"),
        ("Byron Hale", "Byron Hale"),
        ("Von Miller", "Von Miller"),
        ("Di Stefano", "Di Stefano"),
        ("von der Leyen", "von der Leyen"),
        ("di Lampedusa Giuseppe", "di Lampedusa Giuseppe"),
        ("Parker Posey", "Parker Posey"),
        ("  ", ""),
    ],
)
def test_a_name_is_without_the_words_before_it(given, name):
    assert clean_name(given) == name


def test_each_name_once():
    assert clean_names(["By Jane Roe", "Jane Roe", "", "John Doe"]) == ["Jane Roe", "John Doe"]


def test_every_article_has_names_alone():
    assert article({"title": "Ferry", "body": "It runs.", "byline": "By JANE ROE"}).byline == ["JANE ROE"]
