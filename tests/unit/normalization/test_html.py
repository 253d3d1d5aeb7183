from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.html import Page, render, sanitise
from services.normalization.jsonld import Graph
from services.normalization.normalize import normalize
from services.normalization.parts import Block
from shared.errors import Refused
from tests.unit.normalization.raws import article, body, patient, raw

STORY = [
    "The navy has taken over the old harbour at Grayport and will use it as a base for its new patrol boats, the ministry said on Sunday.",
    "Work on the quays is to begin in April and will cost about 40 million crowns, most of which the town had asked for since 2019.",
    "Fishermen fear for their berths. “Nobody has told us where we are supposed to go,” said one of them, who has landed cod here.",
]
LD = """{"@context": "https://schema.org", "@graph": [
  {"@type": "WebPage", "@id": "https://example.org/navy", "name": "Site"},
  {"@type": ["NewsArticle"], "headline": "Navy takes over the old harbour", "datePublished": "2024-03-03T14:05:00+01:00",
   "dateModified": "2024-03-04T09:00:00Z", "articleSection": "Defence", "keywords": ["navy", "harbour"],
   "author": [{"@id": "#anna"}, {"@type": "Organization", "name": "Grayport Press"}], "image": {"url": "/boat.jpg"},
   "publisher": {"@type": "Organization", "name": "Grayport Times"}},
  {"@type": "Person", "@id": "#anna", "name": "Anna Lindqvist"},]}"""


def page(ld=LD, head="", extra="", story=STORY):
    paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in story)
    script = f'<script type="application/ld+json">{ld}</script>' if ld else ""
    return (
        f"<!DOCTYPE html><html lang='en-GB'><head><meta charset='utf-8'><title>Navy | Grayport Times</title>{script}{head}</head>"
        f"<body><nav><a href='/'>Home</a><a href='/news'>News</a></nav><article><h1>Navy takes over</h1>{paragraphs}{extra}</article>"
        "<footer><p>Imprint</p></footer></body></html>"
    ).encode()


def test_a_page_with_json_ld():
    one = article(page(), "text/html", content_location="https://www.example.org/navy?utm_source=x")
    assert (one.title, one.title_derived) == ("Navy takes over the old harbour", False)
    assert body(one) == STORY
    assert one.byline == ["Anna Lindqvist", "Grayport Press"]
    assert one.published == datetime(2024, 3, 3, 13, 5, tzinfo=UTC)
    assert one.updated == datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
    assert (one.section, one.source, one.language, one.format) == ("Defence", "Grayport Times", "en", "html")
    assert one.keywords == ["navy", "harbour"]
    assert one.url == "https://www.example.org/navy"
    assert [image.url for image in one.images] == ["https://www.example.org/boat.jpg"]
    assert one.body_html is not None
    assert one.body_html.count("<p>") == 3


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("José Ortega y Gasset, Ana Gómez", ["José Ortega y Gasset", "Ana Gómez"]),
        ("Santiago Ramón y Cajal y Juan Pérez", ["Santiago Ramón y Cajal", "Juan Pérez"]),
        ("Por Juan Pérez y María López, Madrid", ["Juan Pérez", "María López", "Madrid"]),
        ("Juan Pérez Rodríguez Martínez y EFE", ["Juan Pérez Rodríguez Martínez", "EFE"]),
        ("José Maria de Eça de Queiroz e Silva", ["José Maria de Eça de Queiroz e Silva"]),
        ("Jean Dupont et Marie Curie, avec AFP", ["Jean Dupont", "Marie Curie", "avec AFP"]),
        ("Anna Lindqvist and Tom Reyes, Reuters", ["Anna Lindqvist", "Tom Reyes", "Reuters"]),
    ],
)
def test_names_with_an_and_in_them_stay_whole(given, names):
    head = f"<meta name='author' content='{given}'><meta property='og:title' content='Navy'>"
    assert article(page(ld="", head=head), "text/html").byline == names


def test_a_page_with_meta_alone():
    head = (
        "<meta property='og:title' content='Navy &amp; harbour'><meta name='author' content='By Anna Lindqvist and Tom Reyes'>"
        "<meta property='article:published_time' content='2024-03-03'><link rel='canonical' href='/navy'>"
    )
    one = article(page(ld="", head=head), "text/html", content_location="https://example.org/x", zone="Europe/Athens")
    assert one.title == "Navy & harbour"
    assert one.byline == ["Anna Lindqvist", "Tom Reyes"]
    assert (one.dates["published"].precision, one.dates["published"].zone) == ("day", "feed")


def test_the_address_of_a_pushed_page_names_it_and_else_what_the_page_says():
    head = "<link rel='canonical' href='https://example.org/navy#top'>"
    assert article(page(head=head), "text/html").url == "https://example.org/navy"
    one = article(page(head=head), "text/html", content_location="https://example.org/other")
    assert one.url == "https://example.org/other"


def test_set_phrases_leave_text_and_markup_alike():
    extra = "<p>Read more: Shipyard wins order for six patrol boats</p><p>Source: Grayport Press Agency</p>"
    one = article(page(extra=extra), "text/html")
    assert body(one) == STORY
    assert one.credit == "Grayport Press Agency"
    assert [story.title for story in one.related] == ["Shipyard wins order for six patrol boats"]
    assert one.body_html is not None
    assert "Shipyard" not in one.body_html
    assert "Press Agency" not in one.body_html


def test_subheads_quotes_and_lists_keep_their_kind():
    extra = f"<h2>What comes next</h2><ul><li>First, the northern pier is mended.</li><li>Then the boats come in.</li></ul><blockquote><p>{STORY[2]} Again.</p></blockquote>"
    one = article(page(extra=extra), "text/html")
    assert one.body_html is not None
    assert "<h2>What comes next</h2>" in one.body_html
    assert (
        "<ul>\n<li>First, the northern pier is mended.</li>\n<li>Then the boats come in.</li>\n</ul>" in one.body_html
    )
    assert "<blockquote>" in one.body_html
    assert "First, the northern pier is mended." in body(one)


@pytest.mark.parametrize(
    "value",
    [b"<html></html>", b"<!DOCTYPE html><html><head><title>x</title></head><body></body></html>", b"<html>", b"<"],
)
def test_a_page_without_text_is_refused(value):
    with pytest.raises(Refused) as refused:
        article(value, "text/html")
    assert refused.value.code == "no-text"


def test_nothing_that_runs_gets_through():
    dirty = "<p onclick=x>a<script>alert(1)</script><a href='javascript:x'>b</a><img src=x onerror=y></p><svg><script>z</script></svg>"
    assert sanitise(dirty) == "<p>ab</p>"
    assert (
        render([Block("p", "<script>alert(1)</script> & co")])
        == "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; co</p>"
    )


def test_charset_of_a_page():
    greek = page(
        ld="",
        story=["Η εταιρεία ανακοίνωσε σήμερα ότι θα δρομολογήσει δύο νέα πλοία προς τα μικρά νησιά της περιοχής."] * 1,
    )
    value = greek.decode().replace("charset='utf-8'", "charset='windows-1253'").encode("cp1253", "replace")
    one = article(value, "text/html")
    assert one.language == "el"
    assert body(one)[0].startswith("Η εταιρεία ανακοίνωσε")
    assert any("cp1253" in note for note in one.notes)


@pytest.mark.parametrize(
    "script",
    [
        '{"@type": "NewsArticle", "headline": "x",}',
        '{"@type": "NewsArticle", "headline": "x\n"}',
        '<!-- {"@type": "NewsArticle", "headline": "x"} -->',
        '//<![CDATA[\n{"@type": "NewsArticle", "headline": "x"}\n//]]>',
        '[[{"@type": "https://schema.org/NewsArticle", "headline": "x"}]];',
        '{"@type": "WebPage", "mainEntity": {"@type": "Article", "headline": "x"}}',
    ],
)
def test_json_ld_as_it_is_found(script):
    assert (Graph([script]).text("headline") or "").strip() == "x"


@pytest.mark.parametrize(
    "script",
    [
        "",
        "{",
        "null",
        "[[[[[[[[[[[[{}]]]]]]]]]]]]",
        '{"@type": 7}',
        "[" * 100_000,
        '{"@type":"Article","author":{"@id":"a"}}',
    ],
)
def test_json_ld_that_says_nothing(script):
    graph = Graph([script])
    assert graph.text("headline") is None
    assert graph.texts(graph.article.get("author"), "name") == []


@patient
@given(st.text(alphabet=st.sampled_from(list("<>/=\"' abpdivhtmlscript&;{}[]@:,é\n")), max_size=300))
def test_any_markup_is_a_story_or_refused(markup):
    with contextlib.suppress(Refused):
        normalize(raw(b"<html>" + markup.encode(), "text/html"), datetime(2026, 2, 8, tzinfo=UTC))
    Page(markup, None).title()
