"""A document to a feed's stories: by its tree where it is well-formed, else through feedparser. Pure."""

from __future__ import annotations

import re

from services.normalization.formats.rss_atom import strict
from services.normalization.formats.rss_atom.model import Feed
from services.normalization.formats.rss_atom.story import read_entries
from services.normalization.formats.rss_atom.tolerant import read_broken
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from services.normalization.xml import MAX_BYTES, MAX_TAGS, parse_xml, read_text, root_name
from shared.errors import Refused, TooLarge

MAX_ENTRIES = 5000
_ROOTS = {"rss": "rss", "rdf": "rss", "channel": "rss", "feed": "atom"}
_TYPES = {
    "application/rss+xml": "rss", "application/rdf+xml": "rss", "application/x-cdf": "rss", "application/atom+xml": "atom",
}  # fmt: skip
_ATOM_SPACE = (b"http://www.w3.org/2005/Atom", b"http://purl.org/atom/ns#")
_ATOM_ELEMENT = re.compile(rb"<(?:feed|entry)\b")
_OPENING = re.compile(rb"<(rss|feed|channel|rdf:RDF)[\s>]", re.IGNORECASE)
_BROKEN = frozenset({"malformed-xml", "xml-entities"})


def confidence(name: str, head: bytes, content_type: str | None) -> float:
    """How sure `name` (rss or atom) is: the root tells; broken feeds by their first known element, feeds inside a page by
    Atom's name space.
    """
    root = (root_name(head) or "").lower()
    if root in _ROOTS:
        return 1.0 if _ROOTS[root] == name else 0.0
    plain = head.replace(b"\x00", b"")
    if root in ("entry", "html") and any(space in plain for space in _ATOM_SPACE) and _ATOM_ELEMENT.search(plain):
        return 1.0 if name == "atom" else 0.0
    if _TYPES.get(content_type or "") == name:
        return 0.93
    opening = _OPENING.search(plain) if not root else None
    # Above plain text's own confidence in a text/* type.
    return 0.92 if opening and _ROOTS[opening[1].decode().lower().removeprefix("rdf:")] == name else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it.

    Raises:
        Refused: `not-news` for a feed without stories; `no-text` for entries without a word; else as `read_all`.
    """
    entries = read_all(raw)
    stories = [one for one in entries if one.kind != "not-news"]
    told = [one for one in stories if one.title or one.body]
    if told:
        return told
    if stories:
        raise Refused("no-text", f"{len(stories)} entries without title and text")
    raise Refused("not-news", f"a feed of {len(entries)} entries and no story")


def read_all(raw: RawStory) -> list[StoryParts]:
    """Every entry of the feed.

    Raises:
        Refused: `no-feed` for what holds none; `too-many-items`; `too-large`, `too-deep`, `undecodable` and `xml-entities`.
    """
    feed, notes = _feed(raw)
    if len(feed.entries) > MAX_ENTRIES:
        raise Refused("too-many-items", f"{len(feed.entries)} entries in a feed, and {MAX_ENTRIES} are allowed")
    stories = read_entries(feed, raw.content_location)
    for story in stories:
        story.notes[:0] = notes
    return stories


def _feed(raw: RawStory) -> tuple[Feed, list[str]]:
    try:
        root, note = parse_xml(raw.value, raw.content_type)
        feed = strict.read_feed(root)
        if feed is not None and feed.entries:
            return feed, [note] if note else []
    except Refused as refusal:
        if refusal.code not in _BROKEN:
            raise
        feed = None
    return _broken(raw, feed)


def _broken(raw: RawStory, empty: Feed | None) -> tuple[Feed, list[str]]:
    """What feedparser finds; `empty` is a feed that the tree shows to have no entry, if it could be read."""
    if empty is not None:
        return empty, []
    if len(raw.value) > MAX_BYTES:
        raise TooLarge(f"XML of more than {MAX_BYTES} bytes")
    text, notes = read_text(raw.value, raw.content_type)
    if text.count("<") > MAX_TAGS:
        raise TooLarge(f"XML of more than {MAX_TAGS} tags")
    feed = read_broken(text)
    if not feed.entries and not feed.title:
        raise Refused("no-feed", "neither a feed nor an entry of one in it")
    return feed, [*notes, "no well-formed XML: read as far as it can be told"]
