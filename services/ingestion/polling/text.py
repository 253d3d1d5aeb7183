"""A feed's bytes as text that an XML parser can take: encoding found, entities of HTML and missing namespaces made good. Pure.

A third of real feeds break a rule of XML somewhere. What is mended here is what loses text otherwise; all else is left to the
parser's own recovery.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from html.entities import html5
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SHAPES: Final = ((b"<\x00?\x00", "utf-16-le"), (b"\x00<\x00?", "utf-16-be"), (b"<\x00\x00\x00", "utf-32-le"))
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})", re.ASCII)
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9._:-]{1,40})", re.ASCII | re.IGNORECASE)
_NO_TEXT: Final = frozenset({"utf-7", "utf_7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,500}\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]{0,2000}(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_START_OF_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});", re.ASCII)
_OWN: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})
_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]{0,60}):[A-Za-z_]", re.ASCII)
_PREFIXED_ATTRIBUTE = re.compile(r"\s([A-Za-z_][\w.-]{0,60}):[A-Za-z_][\w.-]*\s*=\s*[\"']", re.ASCII)
_DECLARED_PREFIX = re.compile(r"xmlns:([A-Za-z_][\w.-]{0,60})\s{0,20}=", re.ASCII)
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*", re.ASCII)

_ATTRIBUTE = re.compile(r"=\s{0,50}[\"']")
MAX_ATTRIBUTES: Final = 5_000
"""Of one tag; the most that were seen in a feed are a dozen."""

_USUAL: Final = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "georss": "http://www.georss.org/georss",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "news": "http://www.google.com/schemas/sitemap-news/0.9",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "xhtml": "http://www.w3.org/1999/xhtml",
    "xlink": "http://www.w3.org/1999/xlink",
}


def decoded(raw: bytes, content_type: str | None) -> str:
    """The text: by BOM, else the header's charset, else the declaration, else UTF-8, each only if the bytes bear it out.

    Windows-1252 takes what is left, so nothing is ever lost.
    """
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return raw[len(bom) :].decode(encoding, errors="replace")
    for encoding in _candidates(raw, content_type):
        try:
            if encoding.lower() not in _NO_TEXT:
                return str(raw.decode(encoding))
        except (LookupError, UnicodeError, ValueError):  # no such encoding, none of text, or not that of these bytes
            continue
    return raw.decode("windows-1252", errors="replace")


def _candidates(raw: bytes, content_type: str | None) -> Iterator[str]:
    yield from (encoding for shape, encoding in _SHAPES if raw.startswith(shape))
    given = _CHARSET.search(content_type or "")
    if given:
        yield given[1]
    declared = _DECLARED.match(raw[:500])
    if declared:
        yield declared[1].decode("ascii")
    yield "utf-8"


def mended(text: str) -> str:
    """XML without declaration and document type (so without any entity but characters), its prefixes all declared."""
    text = _DECLARATION.sub("", text, count=1)
    start = _START_OF_DOCTYPE.search(text)
    doctype = (
        _DOCTYPE.match(text, start.start()) if start else None
    )  # at the first alone, or hostile texts take for ever
    if doctype:
        text = text[: doctype.start()] + text[doctype.end() :]
    text = _NO_XML.sub("", text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    return _with_namespaces(text)


def has_too_many_attributes(text: str) -> bool:
    """Whether some tag may have so many attributes that the parser, which compares each with all others, would take minutes."""
    start = 0
    while start >= 0:
        end = text.find("<", start + 1)
        if (end if end >= 0 else len(text)) - start > 4 * MAX_ATTRIBUTES:
            piece = text[start : end if end >= 0 else len(text)]
            if sum(1 for _ in _ATTRIBUTE.finditer(piece)) > MAX_ATTRIBUTES:
                return True
        start = end
    return False


def _character(match: re.Match[str]) -> str:
    """An entity of HTML as the character that it means; inside CDATA, where it is HTML's own, that is as right."""
    name = match[1]
    return match[0] if name in _OWN else html5.get(f"{name};", match[0])


def _with_namespaces(text: str) -> str:
    used = {*_PREFIX.findall(text), *_PREFIXED_ATTRIBUTE.findall(text)}
    missing = sorted(used - set(_DECLARED_PREFIX.findall(text)) - {"xml", "xmlns"})
    root = _ROOT.search(text)
    if not missing or root is None:
        return text
    declared = "".join(f' xmlns:{name}="{_USUAL.get(name, f"urn:undeclared:{name}")}"' for name in missing[:50])
    return text[: root.end()] + declared + text[root.end() :]
