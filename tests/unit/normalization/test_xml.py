"""XML that means harm, lies or is damaged; and the helpers that all XML formats read with."""

from __future__ import annotations

import codecs
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from services.normalization import xml
from services.normalization.xml import (
    Fields,
    attribute,
    child,
    children,
    descendants,
    language_of,
    local,
    namespace,
    parse_xml,
    root_name,
    text_at,
    text_of,
)
from shared.errors import Refused, TooLarge
from tests.unit.normalization.raws import patient


def refusal(value: bytes, content_type: str | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        parse_xml(value, content_type)
    return caught.value


def outcome(value: bytes) -> str:
    """All that comes out, in one string; any other error than a refusal fails the test."""
    try:
        root, note = parse_xml(value)
    except Refused as refused:
        return f"{refused.code}: {refused.reason}"
    return f"{etree.tostring(root, encoding='unicode')} {note}"


def text(value: bytes, content_type: str | None = None) -> str | None:
    return text_of(parse_xml(value, content_type).root)


LAUGHS = b"<!DOCTYPE l [<!ENTITY a '0123456789'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)


@pytest.mark.parametrize(
    "value",
    [
        LAUGHS + b"]><l>&j;</l>",
        LAUGHS + b"]><l a='&j;'/>",
        b"<!DOCTYPE l [<!ENTITY a '" + b"x" * 100_000 + b"'>]><l>" + b"&a;" * 10_000 + b"</l>",
        b"<!DOCTYPE l [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/x.dtd'><!ENTITY a '&#37;p;'> %p; ]><l/>",
        b"<!DOCTYPE l [<!entity a 'b'>]><l/>",
        b"<!DOCTYPE l [<!-- ]> --><?x ]> ?><!ATTLIST l b CDATA \"]>\"><!ENTITY a 'b'>]><l/>",
        "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE l [<!ENTITY a 'b'>]><l/>".encode("utf-16"),
    ],
    ids=["laughs", "in an attribute", "quadratic", "parameter", "lower case", "hidden", "UTF-16"],
)
def test_an_entity_declaration_is_refused_before_anything_is_expanded(value: bytes) -> None:
    started = time.process_time()
    assert refusal(value).code == "xml-entities"
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE l [<!ENTITY x SYSTEM '{path}'>]><l>&x;</l>",
        "<!DOCTYPE l SYSTEM '{path}'><l>&x;</l>",
        "<!DOCTYPE l [<!ENTITY % x SYSTEM '{path}'>%x;]><l>&y;</l>",
        "<l xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='{path}' parse='text'/></l>",
        "<?xml-stylesheet type='text/xsl' href='{path}'?><l/>",
    ],
)
def test_no_file_is_read(tmp_path, document: str) -> None:
    canary = tmp_path / "canary"
    canary.write_text("CANARY<!ENTITY y 'CANARY'>")
    assert "CANARY" not in outcome(document.format(path=canary.as_uri()).encode())


@pytest.mark.parametrize("depth", [101, 300, 100_000])
def test_depth_is_capped(depth: int) -> None:
    assert refusal(b"<a>" * depth + b"</a>" * depth).code == "too-deep"


def test_a_hundred_levels_are_read() -> None:
    assert text(b"<a>" * 100 + b"x" + b"</a>" * 100) == "x"


def test_size_and_number_of_tags_are_capped() -> None:
    with pytest.raises(TooLarge):
        parse_xml(b"<a>" + b" " * xml.MAX_BYTES + b"</a>")
    with pytest.raises(TooLarge):
        parse_xml(b"<a>" + b"<b/>" * xml.MAX_TAGS + b"</a>")


@pytest.mark.parametrize(
    "value",
    [
        b"<a>" + b"&" * 4_000_000,
        b"<a>" + b"<![CDATA[" * 390_000,
        b"<!DOCTYPE a [" + b"<!--" * 390_000,
        b"<!DOCTYPE a [" + b"<?" * 390_000,
        b"<!DOCTYPE a " + b"'" * 4_000_001,
        b"<a>" + b"\x01" * 4_000_000,
        b"<?xml " + b" " * 4_000_000,
    ],
    ids=["ampersands", "cdata", "comments", "instructions", "quotes", "controls", "blanks"],
)
def test_what_never_ends_is_given_up_in_linear_time(value: bytes) -> None:
    started = time.process_time()
    refusal(value)
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("value", "content_type", "expected", "note"),
    [
        ("<a>é</a>".encode(), None, "é", None),
        (b"<?xml version='1.0' encoding='utf8'?><a>x</a>", None, "x", None),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a>Θεσσαλονίκη</a>".encode(), None, "Θεσσαλονίκη", "although it declares ISO-8859-1"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a>Malmö</a>".encode("latin-1"), None, "Malmö", "cp1252 (declared)"),
        ("<?xml version='1.0' encoding='UTF-8'?><a>Malmö</a>".encode("latin-1"), None, "Malmö", "detected"),
        ("<?xml version='1.0' encoding='windows-1253'?><a>Αθήνα</a>".encode("cp1253"), None, "Αθήνα", "cp1253 (declared)"),
        ("<a>Αθήνα</a>".encode("iso8859-7"), "text/xml; charset=ISO-8859-7", "Αθήνα", "iso8859-7 (declared)"),
        ("<?xml version='1.0' encoding='x-unheard-of'?><a>é</a>".encode(), None, "é", None),
        (codecs.BOM_UTF8 + b"<?xml version='1.0' encoding='utf-16'?><a>x</a>", None, "x", "utf-8 (bom)"),
        ("<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16"), None, "é", "bom"),
        ("<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16-be"), None, "é", "utf-16-be"),
        ("<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16-le"), "text/xml; charset=utf-16", "é", "utf-16-le"),
        ("<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode(), None, "é", "although it declares UTF-16"),
        (b"\r\n  <?xml version='1.1'?>\n<a>x</a>\n\x00\x1a", None, "x", "repaired"),
    ],
)  # fmt: skip
def test_bytes_are_read_by_what_they_are(
    value: bytes, content_type: str | None, expected: str, note: str | None
) -> None:
    root, told = parse_xml(value, content_type)
    assert text_of(root) == expected
    assert note in told if note else told is None


@pytest.mark.parametrize(
    ("value", "expected", "repairs"),
    [
        (b"<a>x&nbsp;&eacute;&hellip;</a>", "x é…", 3),
        (b"<a b='R&D'>AT&T & co</a>", "AT&T & co", 3),
        (b"<a>x&unheard;y</a>", "x&unheard;y", 1),
        (b"<a>&lt;b&gt; &amp;amp; \x02x&#0;&#x1F;&#65;</a>", "<b> &amp; xA", 3),
        (b"<a>\x0b<![CDATA[&nbsp; & \x03 <b>]]></a>", "&nbsp; & <b>", 2),
    ],
)
def test_what_everybody_understands_is_repaired_and_told(value: bytes, expected: str, repairs: int) -> None:
    root, note = parse_xml(value)
    assert text_of(root) == expected
    assert note == f"{repairs} characters or entities repaired that XML forbids"


def test_a_document_of_nothing_but_repairs_is_given_up() -> None:
    _, note = parse_xml(b"<a>" + b"&nbsp;" * xml.MAX_REPAIRS + b"</a>")
    assert note == f"{xml.MAX_REPAIRS} characters or entities repaired that XML forbids"
    assert refusal(b"<a>" + b"&nbsp;" * (xml.MAX_REPAIRS + 1) + b"</a>").code == "malformed-xml"
    assert refusal(b"<a>" + b"\x01" * (xml.MAX_REPAIRS + 1) + b"</a>").code == "malformed-xml"


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (b"<?xml version='1.0'?>\n<!DOCTYPE a\n SYSTEM 'x'>\n<a>\n  <SECRET></b>\n</a>", "line 5, column"),
        (b"<a>\n<SECRET>", "line 2, column"),
        (b"<a/>\nSECRET", "line 2, column 1"),
        (b"SECRET", "line 1, column 1"),
        (b"<!-- SECRET", "line 1, column 1"),
        (b"", "line 1, column 1"),
    ],
)
def test_a_damaged_document_is_refused_with_the_place_and_without_its_text(value: bytes, place: str) -> None:
    refused = refusal(value)
    assert refused.code == "malformed-xml"
    assert place in refused.reason
    assert "SECRET" not in refused.reason


@patient
@given(st.binary(max_size=300) | st.text(alphabet="<>&!?-[]'\"/=abxmlDOCTYPEnti \n", max_size=300).map(str.encode))
def test_nothing_but_a_refusal_comes_out(value: bytes) -> None:
    root_name(value)
    assert outcome(value)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<?xml version='1.0'?>\n<!-- c --><newsItem guid='1'>", "newsItem"),
        (b"\xef\xbb\xbf  <?xml?><?x y?><!DOCTYPE n [<!ELEMENT n ANY>]><ns0:newsMessage", "newsMessage"),
        ("<?xml version='1.0'?><nitf>".encode("utf-16"), "nitf"),
        (b"<body.content>", "body.content"),
        (b"<!-- never ends <newsItem>", None),
        (b"text <newsItem>", None),
        (b'{"a": 1}', None),
        (b"", None),
    ],
)
def test_the_root_is_named_by_the_first_bytes(head: bytes, name: str | None) -> None:
    assert root_name(head) == name


def test_helpers_go_by_local_names() -> None:
    root = parse_xml(
        b"<n:a xmlns:n='urn:n' xmlns:x='urn:x' xml:lang='el'><!-- c --><b>  one\n two </b><n:b q=' 1 ' x:href='h'>3<i>4</i> 5"
        b"</n:b><c q=''><?pi?><n:b>6</n:b></c></n:a>"
    ).root
    assert (local(root), namespace(root)) == ("a", "urn:n")
    assert [text_of(one) for one in children(root, "b")] == ["one two", "34 5"]
    assert [local(one) for one in children(root)] == ["b", "b", "c"]
    assert [text_of(one) for one in descendants(root, "b")] == ["one two", "34 5", "6"]
    assert text_at(root, "c", "b") == "6"
    assert text_at(root, "c", "z", "b") is None
    assert child(root, "z") is None
    assert namespace(next(children(root, "c"))) is None
    second = list(children(root, "b"))[1]
    assert (attribute(second, "q"), attribute(second, "href"), attribute(second, "z")) == ("1", "h", None)
    assert attribute(child(root, "c"), "q") is None
    assert language_of(second) == "el"
    assert language_of(None) is None


def test_fields_tell_what_the_helpers_tell() -> None:
    """Those of a tree that was built with comments and instructions in it, too."""
    root = etree.fromstring(
        b"<a xmlns:n='urn:n'><!-- c --><b>1</b><?b pi?><n:b>2</n:b><c.d> x\n y </c.d><n:e><b>3</b></n:e><f/></a>"
    )
    fields = Fields(root)
    assert fields.element is root
    for name in ("b", "c.d", "e", "f", "z", "", "*"):
        if name not in ("", "*"):
            assert fields.children(name) == list(children(root, name))
            assert fields.child(name) is child(root, name)
            assert fields.text_at(name) == text_at(root, name)
        else:
            assert (fields.child(name), fields.children(name), fields.text_at(name)) == (None, [], None)
    assert [text_of(one) for one in fields.children("b")] == ["1", "2"]
    nothing = Fields(None)
    assert (nothing.element, nothing.child("b"), nothing.children("b"), nothing.text_at("b")) == (None, None, [], None)
