from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.media import Family, family_of
from services.ingestion.sniff import FORMATS, looks_like_json, sniff, sniff_json
from shared.problems import Problem


@pytest.mark.parametrize(
    ("content_type", "family"),
    [
        (None, Family.BY_CONTENT),
        ("", Family.BY_CONTENT),
        ("application/octet-stream", Family.BY_CONTENT),
        ("application/json", Family.JSON),
        (" Application/JSON ; charset=\"utf-8\"", Family.JSON),
        ("application/ninjs+json", Family.JSON),
        ("application/x-ndjson", Family.NDJSON),
        ("application/xml", Family.XML),
        ("text/xml; charset=ISO-8859-1", Family.XML),
        ("application/vnd.iptc.g2.newsitem+xml", Family.XML),
        ("application/xhtml+xml", Family.HTML),
        ("text/html;charset=windows-1253", Family.HTML),
        ("text/plain; charset=gb18030; format=flowed", Family.TEXT),
        ("text/vnd.IPTC.ANPA", Family.TEXT),
    ],
)  # fmt: skip
def test_a_type_says_how_to_look(content_type: str | None, family: Family) -> None:
    assert family_of(content_type) is family


@pytest.mark.parametrize(
    "charset", ["utf-7", "base64", "hex", "rot13", "zip", "bz2", "idna", "punycode", "unicode-escape", "x" * 5000]
)
def test_what_is_no_charset_of_text_is_refused(charset: str) -> None:
    with pytest.raises(Problem, match="415 unsupported-charset"):
        family_of(f"text/plain; charset={charset}")


@pytest.mark.parametrize(
    "content_type",
    ["image/png", "application/pdf", "image/svg+xml", "text", "/", "a b/c", "multipart/form-data; boundary=x"],
)
def test_other_types_are_refused(content_type: str) -> None:
    with pytest.raises(Problem, match="415 unsupported-media-type"):
        family_of(content_type)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"<newsItem>", "newsml-g2"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<newsMessage xmlns="x">', "newsml-g2"),
        (b"<nar:packageItem>", "newsml-g2"),
        (b"<!-- <rss> --><NewsML>", "newsml-1.2"),
        (b'<!DOCTYPE nitf SYSTEM "nitf-3-2.dtd"><nitf>', "nitf"),
        (b"<!DOCTYPE nitf [<!ENTITY a 'b>c'>]>\n<nitf>", "nitf"),
        (b"<!-- " + b"licence " * 2000 + b"-->\n<nitf>", "nitf"),
        (b"<Publish><!-- " + b"licence " * 2000 + b"--><ContentItem>", "cp-jimi"),
        (b"<story><!-- " + b"licence " * 20_000 + b"--></story>", "xml"),
        (b"<rss version='2.0'>", "rss"),
        (b"<rdf:RDF>", "rss"),
        (b"<feed>", "atom"),
        (b"<urlset>", "sitemap"),
        ("<?xml version='1.0' encoding='UTF-16'?><rss>".encode("utf-16"), "rss"),
        ("<rss>".encode("utf-16-le"), "rss"),
        (b"<!doctype HTML><html>", "html"),
        (b"<!-- x -->\n<html lang=en>", "html"),
        (b"<article>", "html"),
        (b"<story>", "xml"),
        (b"\x01PGL", "iptc-7901"),
        (b"\r\n\x01PGL", "iptc-7901"),
        (b"\x7f\x7f\r\n\x7f\x01bsf025 3 ec 121", "iptc-7901"),
        (b"\x16\x16\x01a0123", "anpa-1312"),
        (b"\x01a0105KYODO\x1fkoko-\r\nu s\x14\x12 BC-Soccer", "anpa-1312"),
        (b"KIEV, Feb 8 - <b>x</b>", "text"),
        ("Ελλάδα".encode("utf-16"), "text"),
        ("Plain words in UTF-16".encode("utf-16-be"), "text"),
        (b"ab\x00cd", "binary"),
        (b"%PDF-1.7", "binary"),
        (b"\x1f\x8b\x08", "binary"),
    ],
)
def test_a_format_is_found_by_its_content(raw: bytes, found: str) -> None:
    assert sniff(raw, Family.BY_CONTENT) == found


def test_a_type_that_says_more_is_believed() -> None:
    assert sniff(b"<article>", Family.XML) == "xml"
    assert sniff(b"<article>", Family.TEXT) == "text"
    assert sniff(b"no markup", Family.XML) == "xml"
    assert sniff(b"<rss>", Family.HTML) == "html"
    assert sniff(b"<rss>", Family.TEXT) == "rss"
    assert sniff(b"ab\x00cd", Family.TEXT) == "text"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b'<?xml version="1.0"?><invoice><total>4</total></invoice>', "xml"),
        (b"<invoice><total>4</total></invoice>", "xml"),
        (b'<invoice number="1">', "xml"),
        (b"\xef\xbb\xbf<invoice>\n<total>4</total>", "xml"),
        ("<?xml version='1.0'?><invoice/>".encode("utf-16"), "xml"),
        (b"<p>A ferry ran.</p><p>Again.</p>", "html"),
        (b'<div class="story">A ferry ran.', "html"),
        (b"<GLD> rose on Monday", "text"),
        (b"<GLD> and <SLV> rose on Monday", "text"),
        (b"<- see below", "text"),
        (b"A ferry <b>ran</b>.", "text"),
        (b"<Publish><ContentItem/></Publish>", "cp-jimi"),
        (b"<release id='1'><longurl/></release>", "solita"),
        (b"<RBNews/>", "ritzau"),
    ],
)
def test_markup_sent_as_text_is_seen(raw: bytes, found: str) -> None:
    assert sniff(raw, Family.TEXT) == found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"title": "x"}, "plain"),
        ({"title": "x", "uri": "y"}, "plain"),
        ({}, "plain"),
        ([], "plain"),
        ({"uri": "x", "headline": "y"}, "ninjs"),
        ({"guid": "x", "pubstatus": "usable", "body_text": "y", "title": "t"}, "ninjs"),
        ({"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": []}, "json-feed"),
        ({"version": 1, "title": "x", "items": []}, "plain"),
    ],
)
def test_json_is_told_apart_by_its_names(data: object, found: str) -> None:
    assert sniff_json(data) == found


@pytest.mark.parametrize("raw", [b' {"', b"[ {", b"[[", b'["', b"[]", '{"'.encode("utf-16")])
def test_json_without_a_type_is_seen(raw: bytes) -> None:
    assert looks_like_json(raw)


@pytest.mark.parametrize("raw", [b"", b"[Reuters] x", b"[1] a note", b"x {", b"<a>"])
def test_text_with_brackets_is_no_json(raw: bytes) -> None:
    assert not looks_like_json(raw)


@given(
    st.binary(max_size=100) | st.text(alphabet="<!-?[]>doctypehml \n&;", max_size=60).map(str.encode),
    st.sampled_from(list(Family)),
)
def test_everything_is_some_format(raw: bytes, family: Family) -> None:
    assert sniff(raw, family) in FORMATS


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "raw",
    [
        b"<!--" * 3000,
        b"<?" * 4000,
        b"<!doctype " * 900,
        b"<!doctype a [" * 700,
        b" " * 9000,
        b"<!-- -->" * 1100,
        b"<!doctype x>" * 800,
    ],
)
def test_nothing_takes_long_to_look_at(raw: bytes) -> None:
    for family in Family:
        sniff(raw, family)
