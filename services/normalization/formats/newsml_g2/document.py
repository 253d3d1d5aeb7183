"""A NewsML-G2 document to its stories: an item alone, or the items of a message. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from services.normalization.formats.newsml_g2.item import NAME, read_item
from services.normalization.formats.newsml_g2.references import share_pictures
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from services.normalization.xml import Element, local, parse_xml, root_name
from shared.errors import Refused

__all__ = ["NAME", "read", "read_all", "sniff"]

MAX_ITEMS = 1000
"""Items in a message."""

_ITEMS = frozenset({"newsItem", "packageItem", "conceptItem", "knowledgeItem", "planningItem", "catalogItem"})
_PARTS = {"contentSet": "newsItem", "groupSet": "packageItem"}
"""Parts of an item that are sometimes sent alone → the item that would hold them."""
_ROOTS = frozenset(name.lower() for name in (*_ITEMS, *_PARTS, "newsMessage"))
_TYPES = "application/vnd.iptc.g2."


def sniff(head: bytes, content_type: str | None) -> float:
    """The root element tells; the registered types (`application/vnd.iptc.g2.newsitem+xml`) are a strong hint."""
    name = root_name(head)
    if name is not None and name.lower() in _ROOTS:
        return 1.0
    return 0.85 if content_type is not None and content_type.startswith(_TYPES) else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it.

    Raises:
        Refused: `not-news` for a document of items that are none; `no-text` for news items without a word; else as
            `parse_xml`.
    """
    items = read_all(raw)
    stories = [one for one in items if one.kind != "not-news"]
    told = [one for one in stories if one.title or one.body or _taken_back(one)]
    if told:
        return told
    if stories:
        raise Refused("no-text", f"{len(stories)} news items without headline and text")
    raise Refused("not-news", _of_what(items))


def read_all(raw: RawStory) -> list[StoryParts]:
    """Every item in it, those too that are no news (`kind`).

    Raises:
        Refused: as `parse_xml`; `not-news` for a document without items; `too-many-items`.
    """
    root, note = parse_xml(raw.value, raw.content_type)
    if around := _PARTS.get(local(root)):
        item = etree.Element(around)
        item.append(root)
        root = item
    found = list(_items(root))
    if not found:
        raise Refused("not-news", "a NewsML-G2 document without items")
    if len(found) > MAX_ITEMS:
        raise Refused("too-many-items", f"{len(found)} items in a message, and {MAX_ITEMS} are allowed")
    items = [read_item(one) for one in found]
    for one in items:
        if note:
            one.notes.insert(0, note)
    if len(items) > 1:
        share_pictures(items)
    return items


def _items(element: Element) -> Iterator[Element]:
    """The items in a message, and in whatever else holds some; an item inside another's content is content."""
    if local(element) in _ITEMS:
        yield element
        if local(element) == "newsItem":
            return
    for one in element:
        if local(one) in _ITEMS or len(one):
            yield from _items(one)


def _taken_back(parts: StoryParts) -> bool:
    return (parts.status or "").lower() not in ("", "stat:usable", "usable")


def _of_what(items: list[StoryParts]) -> str:
    kinds = dict.fromkeys(_word(one) for one in items)
    return f"a document of {', '.join(kinds)} and no text"


def _word(parts: StoryParts) -> str:
    """The item's element and class: names of the format, not words of the provider's, unless the class is its own."""
    name = parts.given.get("item", ["item"])[0]
    said = parts.given.get("class", [""])[0].rpartition(":")[2].lower()
    return f"{name} ({said})" if said in ("picture", "graphic", "video", "audio", "composite", "animation") else name
