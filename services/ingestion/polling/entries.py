"""A feed split into its entries, each a small document of its own in the feed's format, so that a replay needs no feed. Pure.

An entry's document is the feed with that one entry in it: root element, namespaces, `xml:base` and language, the channel's
title, link, language, authors and rights, and the entry as it stood. RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed, and
sitemaps.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from lxml import etree

from services.ingestion.polling.discovery import Links, links_of
from services.ingestion.polling.hints import Hints, hints_of
from services.ingestion.polling.seen import Pair, pair_of
from services.ingestion.polling.text import decoded, has_too_many_attributes, mended
from shared.errors import Refused

MAX_ENTRIES: Final = 10_000
"""Entries looked at in one feed document: the first and the last half of so many, for either end may be the new one."""
TEASER_CHARS: Final = 1_000
"""An entry with less text than this is a teaser."""
MAX_NAME: Final = 512
MAX_FRAME: Final = 8 * 1024
"""Bytes of the feed's own that go with each entry: what would make it longer stays out."""

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
_ABOUT: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_BASE: Final = "{http://www.w3.org/XML/1998/namespace}base"
_TAGS = re.compile(r"<[^<>]*>")
_SAID_OF_RHYTHM: Final = frozenset({"ttl", "skiphours", "skipdays", "updateperiod", "updatefrequency"})
_HUB_TYPES: Final = frozenset({"websub", "pubsubhubbub"})
_JSON_KEPT: Final = (
    "version",
    "title",
    "home_page_url",
    "feed_url",
    "description",
    "language",
    "authors",
    "author",
    "icon",
)

_Element = Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: who it is, what it says, and its own document.

    `name` is the provider's id of the story (guid, Atom id, else its link), None if it has none.
    """

    name: str | None
    link: str | None
    pair: Pair
    document: bytes
    content_type: str
    teaser: bool


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed document: format (`rss`, `atom`, `json-feed`, `sitemap`), entries in its order, how many were passed over,
    whether it breaks off (then its last entry is left for the next time), and what it says of its hubs and its rhythm.
    """

    format: str
    entries: list[Entry]
    passed_over: int = 0
    broken_off: bool = False
    links: Links = field(default_factory=Links)
    hints: Hints = field(default_factory=Hints)


def split(raw: bytes, content_type: str | None, address: str | None = None) -> FeedDocument:
    """The entries of a feed; `address` is where it was fetched, what relative links begin at if it says nothing else.

    Raises:
        Refused: `not-a-feed`.
    """
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _json_feed(raw, address)
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
    items, passed_over = _either_end(items)
    if shape.format == "sitemap":
        items = [item for item in items if item.find(_NEWS) is not None] or items
    frame = _Frame(root, channel, address if shape.format != "sitemap" else None)
    entries = [_xml_entry(item, frame, shape) for item in items]
    links = links_of(_relations(root, channel), address)
    return FeedDocument(shape.format, entries, passed_over, broken_off, links, _hints(channel))


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
        name=_bounded(name),
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
    return all(_chars(text) < TEASER_CHARS for text in texts)


def _json_feed(raw: bytes, address: str | None) -> FeedDocument:
    try:
        data = orjson.loads(raw.lstrip(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise Refused("not-a-feed", "no well-formed JSON") from None
    version, items = data.get("version"), data.get("items")
    if not isinstance(version, str) or "jsonfeed.org/" not in version or not isinstance(items, list):
        raise Refused("not-a-feed", "JSON, but no JSON Feed")
    frame: dict[str, Any] = {}
    for name in _JSON_KEPT:
        if name in data and len(orjson.dumps({**frame, name: data[name]})) <= MAX_FRAME:
            frame[name] = data[name]
    if address:
        frame.setdefault("feed_url", address)
    kept, passed_over = _either_end(items)
    entries = [_json_entry(item, frame) for item in kept if isinstance(item, dict)]
    return FeedDocument("json-feed", entries, passed_over, links=links_of(_json_relations(data), address))


def _json_relations(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The hubs (JSON Feed 1.1: of several kinds, of which WebSub is one) and `feed_url`."""
    hubs = data.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and str(hub.get("type", "")).lower() in _HUB_TYPES and isinstance(hub.get("url"), str):
            yield "hub", hub["url"]
    if isinstance(data.get("feed_url"), str):
        yield "self", data["feed_url"]


def _json_entry(item: dict[str, Any], frame: dict[str, Any]) -> Entry:
    given = item.get("id")
    name = str(given).strip() if isinstance(given, str | int | float) else ""
    url = item.get("url")
    link = url.strip() if isinstance(url, str) and url.strip() else None
    content = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    texts = (item.get(part) for part in ("content_html", "content_text"))
    known = name or link
    return Entry(
        name=_bounded(known),
        link=link,
        pair=pair_of(known, content) if known else pair_of(content.decode(), b""),
        document=orjson.dumps({**frame, "items": [item]}),
        content_type="application/feed+json",
        teaser=all(_chars(text) < TEASER_CHARS for text in texts if isinstance(text, str)),
    )


def _either_end(items: Sequence[Any]) -> tuple[list[Any], int]:
    surplus = len(items) - MAX_ENTRIES
    if surplus <= 0:
        return list(items), 0
    half = MAX_ENTRIES // 2
    return [*items[:half], *items[-half:]], surplus


def _bounded(name: str | None) -> str | None:
    """A name short enough for a key; a longer one is told apart by its end no more, so it is given up."""
    return name if name and len(name) <= MAX_NAME else None


def _chars(text: str) -> int:
    return len(_TAGS.sub("", text))


def _local(element: _Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def oldest_first(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Feeds have the newest on top; stories are sent in the order in which they were written."""
    return reversed(entries)
