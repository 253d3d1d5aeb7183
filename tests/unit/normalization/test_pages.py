from __future__ import annotations

import pytest

from tests.unit.normalization.pages import NAMES, page
from tests.unit.normalization.raws import article, body


@pytest.mark.parametrize("name", NAMES)
def test_a_page_sent_as_text_becomes_its_story_and_nothing_else(name):
    raw, expected = page(name)
    found = article(raw, "text/plain")
    assert body(found) == expected["body"]
    assert found.title == expected["title"]
    assert found.title_derived is expected["title_derived"]
    assert found.section == expected["section"]
    assert found.credit == expected["credit"]
    assert found.byline == expected["byline"]
    assert found.language == expected["language"]
    assert [one.title for one in found.related] == expected["related"]
    if "dateline" in expected:
        assert found.dateline is not None
        assert found.dateline.model_dump() == expected["dateline"]
    if "published" in expected:
        assert found.published is not None
        assert found.published.date().isoformat() == expected["published"]


CHANGES = ("no newline at the end", "crlf", "blank lines between", "as windows writes it")
WRAPPED = ("en_wire", "en_blocks")
"""Texts with line breaks inside their paragraphs: a blank line there would be the end of one."""
CASES = [
    (name, change) for name in NAMES for change in CHANGES if name not in WRAPPED or change != "blank lines between"
]


@pytest.mark.parametrize(("name", "change"), CASES)
def test_line_ends_and_blank_lines_do_not_matter(name, change):
    raw, expected = page(name)
    text = raw.decode()
    if change == "no newline at the end":
        text = text.rstrip("\n")
    elif change == "crlf":
        text = text.replace("\n", "\r\n")
    elif change == "blank lines between":
        text = text.replace("\n", "\n\n")
    else:
        text = "\ufeff" + text.replace("\n", "\r\n")
    assert body(article(text.encode(), "text/plain")) == expected["body"]
