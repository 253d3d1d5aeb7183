"""Which format a body is, from its first bytes or its field names, and whether the door lets it through. Pure.

`FORMATS` is the table to extend: a format is let through once normalization reads it. Until then its sender is told at
once (422 `format-not-supported`), rather than finding a dead letter later.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any, Final

from services.ingestion.media import Family
from shared import ninjs
from shared.markup import HTML_PARTS, kind_of
from shared.stories import FIELDS

FORMATS: Final[Mapping[str, bool]] = {
    "plain": True,
    "html": True,
    "text": True,
    "ninjs": True,
    "json-feed": True,
    "newsml-g2": True,
    "newsml-1.2": True,
    "nitf": True,
    "rss": True,
    "atom": True,
    "sitemap": True,
    "iptc-7901": True,
    "anpa-1312": True,
    "ritzau": True,
    "cp-jimi": True,
    "solita": True,
    "xml": False,
    "binary": False,
}
"""Every format that is told apart, with whether normalization reads it now. `xml` and `binary` are all others."""

HEAD: Final = 8192
"""Bytes that are looked at."""
LONG_HEAD: Final = 64 * 1024
"""The same of markup in which these say nothing, for a comment may stand before what tells its format."""

_ROOTS: Final = {
    "newsitem": "newsml-g2",
    "newsmessage": "newsml-g2",
    "packageitem": "newsml-g2",
    "conceptitem": "newsml-g2",
    "knowledgeitem": "newsml-g2",
    "planningitem": "newsml-g2",
    "catalogitem": "newsml-g2",
    "contentset": "newsml-g2",
    "groupset": "newsml-g2",
    "newsml": "newsml-1.2",
    "nitf": "nitf",
    "rss": "rss",
    "rdf": "rss",
    "channel": "rss",
    "feed": "atom",
    "entry": "atom",
    "urlset": "sitemap",
    "sitemapindex": "sitemap",
    "html": "html",
    "rbnews": "ritzau",
    "listofrbnews": "ritzau",
    "arrayofrbnews": "ritzau",
    "xmlnewsqueuedresponse": "ritzau",
    "xmlnewsqueuedresult": "ritzau",
}
_JIMI = re.compile(r"<ContentItem\b")
_SOLITA = re.compile(
    r"<(?:longurl|leadtext|publicationDate|contactsAsText|boilerplate|distributionChannels|videoembedcode)\b"
)
_MARKED: Final = {
    "publish": ("cp-jimi", _JIMI),
    "contentitem": ("cp-jimi", _JIMI),
    "release": ("solita", _SOLITA),
    "releases": ("solita", _SOLITA),
}
"""Root elements of common names: they are a format's where an element stands in them that it alone has."""

# What may stand before the root: processing instructions, comments, a document type. Atomic, or it takes exponential time.
_BEFORE = r"\s+|<\?.*?\?>|<!--.*?-->"
_PROLOG = re.compile(rf"(?>{_BEFORE}|<!doctype\b[^\[>]*+(?:\[.*?\]\s*+)?>)*+", re.DOTALL | re.IGNORECASE)
_DOCTYPE_HTML = re.compile(rf"(?>{_BEFORE})*+<!doctype\s+html\b", re.DOTALL | re.IGNORECASE)
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_JSON = re.compile(rb'\s*(?:\{|\[\s*[\[{"\]])')
_MAGIC: Final = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"\x7fELF",
)
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def sniff_json(data: Any) -> str:
    """The format of parsed JSON: what is no other known format is held to be a plain story."""
    if type(data) is dict:
        if data.keys() <= FIELDS:
            return "plain"
        version = data.get("version")
        if isinstance(version, str) and version.startswith(("https://jsonfeed.org/", "http://jsonfeed.org/")):
            return "json-feed"
    return "ninjs" if next(ninjs.items(data), None) is not None else "plain"


def looks_like_json(raw: bytes) -> bool:
    """Whether a body without a type begins as a JSON object or array does, in UTF-8 or (to be refused) in UTF-16.

    Text may begin with a bracket ('[Reuters] …'), so an array must go on as one.
    """
    return _JSON.match(raw[:HEAD].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\x00", b"")) is not None


def sniff(raw: bytes, family: Family) -> str:
    """The format of a body that is not JSON."""
    head = raw[:HEAD]
    if family in {Family.TEXT, Family.BY_CONTENT}:
        wire = _wire(head)
        if wire:
            return wire
    if family is Family.BY_CONTENT and _is_binary(head):
        return "binary"
    if family is Family.HTML:
        return "html"
    found = _markup(_readable(head), family)
    return _markup(_readable(raw[:LONG_HEAD]), family) if found == "xml" and len(raw) > HEAD else found


def _wire(head: bytes) -> str | None:
    """IPTC 7901 begins with SOH, ANPA 1312 with SYN SYN SOH; some senders leave out SYN, but US stands in the first line."""
    start = head.lstrip(b"\r\n \x00\x7f")[:40]
    if start[:1] == b"\x16":
        return "anpa-1312"
    if start[:1] != b"\x01":
        return None
    return "anpa-1312" if b"\x1f" in start.partition(b"\n")[0] else "iptc-7901"


def _is_binary(head: bytes) -> bool:
    if head.startswith(_MAGIC):
        return True
    return b"\x00" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not _is_utf16(head)


def _is_utf16(head: bytes) -> bool:
    """UTF-16 without a mark, of a script that is mostly Latin: every other byte is zero."""
    return len(head) >= 4 and (head[1::2].count(0) > len(head) // 2 * 0.8 or head[0::2].count(0) > len(head) // 2 * 0.8)


def _readable(head: bytes) -> str:
    """The first bytes as text, exact for ASCII, which is all that markup needs."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return head[len(bom) :].decode(encoding, errors="replace")
    return head.replace(b"\x00", b"").decode("latin-1")


def _markup(text: str, family: Family) -> str:
    plain = "xml" if family is Family.XML else "text"
    if not text.lstrip().startswith("<"):
        return plain
    if _DOCTYPE_HTML.match(text):
        return "html"
    prolog = _PROLOG.match(text)
    element = _ELEMENT.match(text, prolog.end() if prolog else 0)
    name = element[1].lower() if element else ""
    if name in _ROOTS:
        return _ROOTS[name]
    if name in _MARKED and _MARKED[name][1].search(text):
        return _MARKED[name][0]
    if family is Family.BY_CONTENT:
        return "html" if name in HTML_PARTS else "xml"
    return kind_of(text) or "text" if family is Family.TEXT else plain
