"""Blocks written as HTML are what the sanitiser would leave of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.normalization.html import render, sanitise
from services.normalization.parts import Block
from tests.unit.normalization.raws import patient

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    st.sampled_from(
        ["<script>alert(1)</script>", "a & b", "&nbsp;", "x\xa0y", "</p><img src=x onerror=y>", "\x00a", "<!-- -->"]
    ),
)
BLOCKS = st.lists(st.builds(Block, st.sampled_from(["p", "h2", "h3", "li", "blockquote"]), TEXTS), max_size=6)


@patient
@given(BLOCKS)
def test_the_sanitiser_finds_nothing_to_change(blocks):
    written = render(blocks)
    assert (sanitise(written) if written else None) == written


def test_no_text_becomes_a_tag():
    assert render([Block("p", "<b onclick=x>&amp;")]) == "<p>&lt;b onclick=x&gt;&amp;amp;</p>"
    assert render([]) is None
