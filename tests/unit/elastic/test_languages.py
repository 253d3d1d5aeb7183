from __future__ import annotations

import pytest

from shared.elastic.languages import TEXT_FIELDS, text_field


@pytest.mark.parametrize(
    ("language", "key"),
    [
        ("en", "en"),
        ("en-GB", "en"),
        ("EN_us", "en"),
        (" el ", "el"),
        ("pt", "pt"),
        ("pt-BR", "pt_br"),
        ("pt_br", "pt_br"),
        ("pt-Latn-BR", "pt_br"),
        ("pt-PT", "pt"),
        ("zh", "cjk"),
        ("zh-Hant-TW", "cjk"),
        ("ja", "cjk"),
        ("ko", "cjk"),
        ("nb", "no"),
        ("nn-NO", "no"),
        ("ckb", "ckb"),
        ("in", "id"),
        ("sr-Latn", "sr"),
        ("is", "und"),
        ("english", "und"),
        ("cjk", "cjk"),
        ("und", "und"),
        ("mul", "und"),
        ("", "und"),
        (None, "und"),
        ("-", "und"),
    ],
)
def test_the_field_of_a_language(language, key):
    assert text_field(language) == key


def test_keys_are_safe_as_field_names():
    assert all(key.isascii() and key.replace("_", "").isalnum() and key == key.lower() for key in TEXT_FIELDS)


def test_a_key_is_its_own_field():
    assert all(text_field(key) == key for key in TEXT_FIELDS)
