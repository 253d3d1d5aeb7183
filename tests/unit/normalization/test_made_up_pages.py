from __future__ import annotations

import pytest

from tests.unit.normalization.made_up import NAMES, expected, facts_of, read


def test_there_are_ten_in_seven_languages():
    assert len(NAMES) >= 10
    assert {expected(name)["language"] for name in NAMES} == {"en", "el", "de", "fr", "es", "it", "pt"}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_becomes_its_story_and_nothing_else(name):
    wanted = expected(name)
    found = facts_of(read(name)) | {"address": wanted["address"]}
    for fact, value in wanted.items():
        assert found[fact] == value, fact
    assert found == wanted


@pytest.mark.parametrize("name", NAMES)
def test_its_markup_says_the_same(name):
    article = read(name)
    assert article.body_html is not None
    for paragraph in (article.body or "").split("\n\n"):
        assert paragraph.replace("&", "&amp;") in article.body_html
    assert "<a" not in article.body_html
