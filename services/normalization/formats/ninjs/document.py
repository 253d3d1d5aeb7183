"""A document of ninjs to its stories: an item alone, a list, or what a dialect wraps them in. Pure."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from services.normalization.formats.ninjs.associations import nested
from services.normalization.formats.ninjs.fields import Fields
from services.normalization.formats.ninjs.item import NAME, is_taken_back, kind_of, read_item
from services.normalization.json_text import opening, parse_json
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from shared import ninjs
from shared.errors import Refused

__all__ = ["NAME", "read", "read_all", "sniff"]

MAX_ITEMS = 1000
"""Items in a document."""

_NAMES = frozenset(name.lower().encode() for name in (*ninjs.NAMES, *ninjs.WRAPPERS, "api_version"))
_MEMBER = re.compile(rb'"([A-Za-z_0-9]+)"\s*:')
"""A member's name: inside a string its quotes would be escaped. No plain story has one of `_NAMES`, at any depth."""


def sniff(head: bytes, content_type: str | None) -> float:  # noqa: ARG001 - a format is asked with both; JSON tells by its names
    """JSON with a name of ninjs's or of a wrapper's: what is a plain story has none, or it would not be here."""
    if opening(head) not in (b"{", b"["):
        return 0.0
    # Every name is looked up: the names as one pattern would take ten times as long.
    return 0.0 if _NAMES.isdisjoint([name.lower() for name in _MEMBER.findall(head)]) else 1.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it.

    Raises:
        Refused: `malformed-json`; `not-news` for items that are none; `no-text` for items without a word; else as `read_all`.
    """
    items = read_all(raw)
    stories = [one for one in items if one.kind != "not-news"]
    told = [one for one in stories if one.title or one.body or is_taken_back(one)]
    if told:
        return told
    if stories:
        raise Refused("no-text", f"{len(stories)} items without headline and text")
    raise Refused("not-news", f"{len(items)} items of ninjs and no text among them")


def read_all(raw: RawStory) -> list[StoryParts]:
    """Every item in it, those too that are no news (`kind`). The texts inside a package without text count as items.

    Raises:
        Refused: `malformed-json`; `invalid-ninjs` for JSON without items; `too-many-items`.
    """
    data, note = parse_json(raw.value, raw.content_type)
    found = list(islice(ninjs.items(data), MAX_ITEMS + 1))
    if not found and isinstance(data, dict):
        found = [data] if ninjs.identity(data) else []
    if not found:
        raise Refused("invalid-ninjs", "JSON without an item of ninjs in it")
    if len(found) > MAX_ITEMS:
        raise Refused("too-many-items", f"more than {MAX_ITEMS} items in a document")
    items: list[StoryParts] = []
    for one in found:
        items += _with_package(one)
    if note:
        for story in items:
            story.notes.insert(0, note)
    return items


def _with_package(item: dict[str, Any]) -> list[StoryParts]:
    """An item; one that is only a package is followed by the texts that it holds."""
    parts = read_item(item)
    if parts.kind != "not-news":
        return [parts]
    inside = [one for one, fields in nested(Fields(item)) if kind_of(fields) in ("text", "")]
    texts = [story for one in inside[:MAX_ITEMS] if (story := read_item(one)).body]
    return [parts, *texts]
