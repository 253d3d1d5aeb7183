"""A feed split into its entries, each a small document of its own in the feed's format, so that a replay needs no feed. Pure.

An entry's document is the feed with that one entry in it: root element, namespaces, `xml:base` and language, the channel's
title, link, language, authors and rights, and the entry as it stood. RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed, and
sitemaps.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from services.ingestion.polling.discovery import links_of
from services.ingestion.polling.document import (
    MAX_ENTRIES,
    MAX_FRAME,
    TEASER_CHARS,
    Deleted,
    Entry,
    FeedDocument,
    bounded,
    chars,
    oldest_first,
)
from services.ingestion.polling.document import either_end as first_and_last
from services.ingestion.polling.hints import Hints, hints_of
from services.ingestion.polling.json_entries import split_json
from services.ingestion.polling.seen import pair_of
from services.ingestion.polling.sitemaps import Child, either_end
from services.ingestion.polling.text import decoded, has_too_many_attributes, mended
from shared.errors import Refused

__all__ = ["MAX_ENTRIES", "MAX_FRAME", "Entry", "FeedDocument", "oldest_first", "split"]

_KEPT: Final = frozenset({
    "title", "link", "language", "description", "copyright", "rights", "managingeditor", "author", "creator", "publisher",
    "id", "subtitle", "tagline", "image", "logo",
})  # fmt: skip
"""Children of the channel that an entry may lean on."""
_COUNTERS: Final = frozenset({
    "{http://purl.org/rss/1.0/modules/slash/}comments", "{http://purl.org/rss/1.0/modules/slash/}hit_parade",
    "{http://purl.org/syndication/thread/1.0}total", "{http://search.yahoo.com/mrss/}community",
})  # fmt: skip
"""Elements that count readers; a new number is no news."""
_THREAD: Final = "{http://purl.org/syndication/thread/1.0}"
_BODIES: Final = frozenset({"encoded", "content", "description", "summary", "fulltext", "body"})
_NEWS: Final = "{http://www.google.com/schemas/sitemap-news/0.9}news"
_DELETED: Final = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
_ABOUT: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_BASE: Final = "{http://www.w3.org/XML/1998/namespace}base"
_SAID_OF_RHYTHM: Final = frozenset({"ttl", "skiphours", "skipdays", "updateperiod", "updatefrequency"})
_Element = Any


def split(raw: bytes, content_type: str | None, address: str | None = None) -> FeedDocument:
    """The entries of a feed; `address` is where it was fetched, what relative links begin at if it says nothing else.

    Raises:
        Refused: `not-a-feed`.
    """
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return split_json(raw, address)
    text = mended(decoded(raw, content_type))
    if has_too_many_attributes(text):
        raise Refused("not-a-feed", "a tag with thousands of attributes")
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8",
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise Refused("not-a-feed", "no XML and no JSON")
    return _xml_feed(root, text, address)


def _xml_feed(root: _Element, text: str, address: str | None) -> FeedDocument:
    name = _local(root)
    if name == "sitemapindex":
        return _index(root)
    shape = _SHAPES.get(name)
    if shape is None:
        raise Refused("not-a-feed", f"the root element is {name[:40]!r}, which is no feed's")
    channel = root
    if shape.format == "rss":
        channel = next((child for child in root if _local(child) == "channel"), root)
    items = [child for child in channel if _local(child) == shape.entry]
    if channel is not root:
        items += [child for child in root if _local(child) == shape.entry]
    # The end of the channel is as good as that of the root: some feeds never had the latter.
    broken_off = not re.search(rf"</(?:[\w.-]+:)?(?:{name}|channel)\b", text[-4000:], re.IGNORECASE)
    if broken_off and items:
        items.pop()
    items, passed_over = first_and_last(items)
    marked = items
    if shape.format == "sitemap":
        marked = [item for item in items if item.find(_NEWS) is not None]
        items = marked or items
    frame = _Frame(root, channel, address if shape.format != "sitemap" else None)
    entries = [_xml_entry(item, frame, shape) for item in items]
    links = links_of(_relations(root, channel), address)
    return FeedDocument(
        shape.format,
        entries,
        passed_over,
        broken_off,
        links,
        _hints(channel),
        has_news=bool(marked) or not items,
        deleted=[
            Deleted(one.get("ref", "").strip(), one.get("when", "").strip()) for one in root.iterchildren(_DELETED)
        ],
    )


def _index(root: _Element) -> FeedDocument:
    children: list[Child] = []
    for one in root:
        said = {_local(part): "".join(part.itertext()).strip() for part in one} if _local(one) == "sitemap" else {}
        address = said.get("loc", "")
        if address.startswith(("http://", "https://")):
            children.append(Child(address, said.get("lastmod", "")[:40]))
    kept = either_end(children)
    if not kept:
        raise Refused("not-a-feed", "a list of sitemaps that names none")
    return FeedDocument("sitemap-index", [], len(children) - len(kept), children=kept)


def _relations(root: _Element, channel: _Element) -> Iterator[tuple[str, str]]:
    """Relation and address of the feed's own links, entries' left out."""
    for child in (*channel, *(root if channel is not root else ())):
        if _local(child) == "link" and child.get("href"):
            yield from ((rel, child.get("href")) for rel in child.get("rel", "alternate").lower().split())


def _hints(channel: _Element) -> Hints:
    said = [child for child in channel if _local(child).lower() in _SAID_OF_RHYTHM]
    skipped = [part for child in said if _local(child).lower() in {"skiphours", "skipdays"} for part in child]
    texts = ((_local(part), part.text or "") for part in said)
    return hints_of(texts, ((_local(part), part.text or "") for part in skipped[:64]))


@dataclass(frozen=True, slots=True)
class _Shape:
    format: str
    entry: str
    content_type: str


_SHAPES: Final = {
    "rss": _Shape("rss", "item", "application/rss+xml"),
    "RDF": _Shape("rss", "item", "application/rss+xml"),
    "feed": _Shape("atom", "entry", "application/atom+xml"),
    "urlset": _Shape("sitemap", "url", "application/xml"),
}


class _Frame:
    """What all entries' documents of a feed share: root and channel without entries."""

    def __init__(self, root: _Element, channel: _Element, address: str | None) -> None:
        self._root = _bare(root)
        if address and not root.get(_BASE) and not channel.get(_BASE):
            self._root.set(_BASE, address)
        self._inner = self._root
        if channel is not root:
            self._inner = _bare(channel)
            self._root.append(self._inner)
        room = MAX_FRAME - len(etree.tostring(self._root))
        if room < 0:
            raise Refused("not-a-feed", f"a feed's root element of more than {MAX_FRAME} bytes")
        for child in channel:
            if _local(child).lower() in _KEPT and (size := len(etree.tostring(child, with_tail=False))) <= room:
                room -= size
                kept = copy.deepcopy(child)
                kept.tail = None
                self._inner.append(kept)
        # RSS 1.0 has its items beside the channel, all others inside.
        self._place = self._root if _local(root) == "RDF" else self._inner

    def around(self, item: _Element) -> bytes:
        """The document of one entry; the entry moves into it."""
        item.tail = None
        self._place.append(item)
        document: bytes = etree.tostring(self._root, encoding="utf-8", xml_declaration=True)
        self._place.remove(item)
        return document


def _bare(element: _Element) -> _Element:
    return etree.Element(element.tag, dict(element.attrib), element.nsmap)


def _xml_entry(item: _Element, frame: _Frame, shape: _Shape) -> Entry:
    link = _link(item)
    name = _name(item) or link
    content = _content(item)
    return Entry(
        name=bounded(name),
        link=link,
        pair=pair_of(name or "", content) if name else pair_of(content.decode("utf-8", "replace"), b""),
        teaser=_is_teaser(item),
        document=frame.around(item),
        content_type=f"{shape.content_type}; charset=utf-8",
    )


def _name(item: _Element) -> str | None:
    for child in item:
        if _local(child) in {"guid", "id"} and (text := "".join(child.itertext()).strip()):
            return text
    about = str(item.get(_ABOUT) or "").strip()
    return about or None


def _link(item: _Element) -> str | None:
    """The address of the story: RSS `link` (or a guid that is one), Atom's `alternate` link, a sitemap's `loc`."""
    links = [child for child in item if _local(child) == "link"]
    for child in links:
        address = (child.get("href") or "".join(child.itertext())).strip()
        if address and child.get("rel", "alternate") == "alternate":
            return str(address)
    for child in item:
        local = _local(child)
        is_address = local == "loc" or (local == "guid" and child.get("isPermaLink", "true").lower() != "false")
        if is_address and (text := "".join(child.itertext()).strip()).startswith(("http://", "https://")):
            return text
    return None


def _content(item: _Element) -> bytes:
    """What a change is told by: the entry in canonical form, without what counts readers."""
    counters = [child for child in item if child.tag in _COUNTERS]
    threads = [child for child in item if any(name.startswith(_THREAD) for name in child.attrib)]
    if counters or threads:
        item = copy.deepcopy(item)
        for child in list(item):
            if child.tag in _COUNTERS:
                item.remove(child)
            for name in [name for name in child.attrib if name.startswith(_THREAD)]:
                del child.attrib[name]
    try:
        return bytes(etree.tostring(item, method="c14n", exclusive=True, with_tail=False))
    except (etree.LxmlError, ValueError):  # canonical form refuses relative namespaces, which feeds do have
        return bytes(etree.tostring(item, with_tail=False))


def _is_teaser(item: _Element) -> bool:
    texts = ("".join(child.itertext()) for child in item if _local(child) in _BODIES)
    return all(chars(text) < TEASER_CHARS for text in texts)


def _local(element: _Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""
