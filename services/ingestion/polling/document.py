"""What a feed document holds once it is split: its entries, each with a document of its own, and what it says of itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.ingestion.polling.discovery import Links
from services.ingestion.polling.hints import Hints
from services.ingestion.polling.seen import Pair
from services.ingestion.polling.sitemaps import Child

MAX_ENTRIES: Final = 10_000
"""Entries looked at in one feed document: the first and the last half of so many, for either end may be the new one."""
TEASER_CHARS: Final = 1_000
"""An entry with less text than this is a teaser."""
MAX_NAME: Final = 512
MAX_FRAME: Final = 8 * 1024
"""Bytes of the feed's own that go with each entry: what would make it longer stays out."""

_TAGS = re.compile(r"<[^<>]*>")


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
    order: bool = False
    """Whether it is no entry of the feed but an order of ours about one."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """One `at:deleted-entry` (RFC 6721): the id of the entry that is gone, and when it went, as written."""

    ref: str
    when: str


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed document: format (`rss`, `atom`, `json-feed`, `sitemap`), entries in its order, how many were passed over,
    whether it breaks off (then its last entry is left for the next time), and what it says of its hubs and its rhythm.

    `children` are the sitemaps of an index (`sitemap-index`), which has no entries. `has_news` is false for a sitemap in which
    no address is marked as news. `deleted` are entries that an Atom feed says are gone.
    """

    format: str
    entries: list[Entry]
    passed_over: int = 0
    broken_off: bool = False
    links: Links = field(default_factory=Links)
    hints: Hints = field(default_factory=Hints)
    children: list[Child] = field(default_factory=list)
    has_news: bool = True
    deleted: list[Deleted] = field(default_factory=list)


def either_end(items: Sequence[Any]) -> tuple[list[Any], int]:
    """The first and the last of very many entries, and how many were passed over: either end may be the new one."""
    surplus = len(items) - MAX_ENTRIES
    if surplus <= 0:
        return list(items), 0
    half = MAX_ENTRIES // 2
    return [*items[:half], *items[-half:]], surplus


def bounded(name: str | None) -> str | None:
    """A name short enough for a key; a longer one is told apart by its end no more, so it is given up."""
    return name if name and len(name) <= MAX_NAME else None


def chars(text: str) -> int:
    """Characters of a text without its tags."""
    return len(_TAGS.sub("", text))


def oldest_first(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Feeds have the newest on top; stories are sent in the order in which they were written."""
    return reversed(entries)
