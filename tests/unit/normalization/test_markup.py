"""Marked-up text as blocks: what ends a paragraph, what is no text, and what HTML in a string is worth."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.markup import blocks, html_blocks, image_references, paragraphs
from services.normalization.xml import MAX_DEPTH, parse_xml
from shared.events import Image
from tests.unit.normalization.raws import patient


def read(markup: str) -> list[tuple[str, str]]:
    return [(block.tag, block.text) for block in blocks(parse_xml(markup.encode()).root)]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<body><p> One\n  two </p>\n<p/><p>three</p></body>", [("p", "One two"), ("p", "three")]),
        ("<body>bare <b>text</b><p>p</p> tail</body>", [("p", "bare text"), ("p", "p"), ("p", "tail")]),
        ("<p>one<br/>two<hr/>three</p>", [("p", "one"), ("p", "two"), ("p", "three")]),
        ("<body><h1>A</h1><h3>B</h3><hl2>C</hl2><p><h4>D</h4></p></body>", [("h2", "A"), ("h3", "B"), ("h2", "C"), ("h3", "D")]),
        ("<ul><li>a</li><li><p>b</p><ul><li>c</li></ul></li></ul>", [("li", "a"), ("li", "b"), ("li", "c")]),
        ("<body><blockquote><p>said</p> he</blockquote></body>", [("blockquote", "said"), ("blockquote", "he")]),
        ("<table><caption>Cap</caption><thead><tr><th>A</th><th/><th>B\n C</th></tr></thead><tr><td><p>1</p><p>2</p></td></tr></table>", [("p", "Cap"), ("p", "A | B C"), ("p", "1 2")]),
        ("<body><pre>\n  NAME       1\n  OTHER      2\n\n  next\n</pre></body>", [("p", "NAME 1"), ("p", "OTHER 2"), ("p", "next")]),
        ("<body><script>x</script><style>y</style><figure><p>z</p></figure><media><p>m</p></media><p>t</p></body>", [("p", "t")]),
        ("<TEXT><LEAD>one</LEAD><CITAT>two</CITAT></TEXT>", [("p", "one"), ("p", "two")]),
        ("<p>of <Firm>Acme</Firm>, <Place>Malmo</Place></p>", [("p", "of Acme, Malmo")]),
        ("<p><person>Anna</person> <person>Holm</person></p>", [("p", "Anna Holm")]),
        ("<p>\xa0</p>", []),
    ],
)  # fmt: skip
def test_blocks(markup: str, expected: list[tuple[str, str]]) -> None:
    assert read(markup) == expected


def test_parts_may_be_left_out() -> None:
    root = parse_xml(b"<body><note><p>n</p></note><p>one</p><p>two</p></body>").root
    assert paragraphs(root, frozenset({"note"})) == "one\n\ntwo"
    assert paragraphs(root, frozenset({"note", "p"})) is None


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>Hej <b>du</b><br>där<p>mer &nbsp;&eacute; <ul><li>ett<li>två</ul>", ["Hej du", "där", "mer é", "ett", "två"]),
        ("plain & simple < 3", ["plain & simple < 3"]),
        ("<?xml version='1.0' encoding='latin-1'?><html><head><title>t</title></head><body><p>Ö</p></body></html>", ["Ö"]),
        ("<!-- -->", []),
        (" ", []),
        ("<div>" * (MAX_DEPTH + 50) + "deep", ["deep"]),
        ("<div>" * 5000 + "deeper", ["deeper"]),
    ],
    ids=["loose", "plain", "declared", "comment", "blank", "deep", "deeper"],
)  # fmt: skip
def test_html_in_a_string(markup: str, expected: list[str]) -> None:
    assert [block.text for block in html_blocks(markup)] == expected


@pytest.mark.parametrize("markup", ["<" * 390_000, "<!--" * 390_000, "<a " * 390_000, "&" * 4_000_000])
def test_html_that_never_ends_is_read_in_linear_time(markup: str) -> None:
    started = time.process_time()
    html_blocks(markup)
    assert time.process_time() - started < 5


@patient
@given(st.text(alphabet="<>/!-ptdivbr&;a =\"'\x00\ud800\n", max_size=200))
def test_html_of_any_kind_is_read(markup: str) -> None:
    assert all(block.text.strip() for block in html_blocks(markup))


def test_pictures_named_in_the_text() -> None:
    root = parse_xml(
        b"<p><img src='https://x.example/1.jpg' alt='One'/><img src='data:image/png;base64,AA'/><img/><IMG src='no'/>"
        b"<img src='https://x.example/1.jpg'/><img src='" + b"x" * 3000 + b"'/></p>"
    ).root
    assert image_references(root) == [Image(url="https://x.example/1.jpg", caption="One")]
