"""What a feed and its entries say, whichever reader read them: nothing resolved, nothing concluded. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.normalization.xml import Element
from shared.events import Image


@dataclass(slots=True)
class Text:
    """A text: `element` holds it as a tree, else `value` is HTML (`html`) or plain. `base` makes its addresses whole."""

    value: str = ""
    html: bool = False
    element: Element | None = None
    language: str | None = None
    base: str | None = None


@dataclass(slots=True)
class Link:
    """An address as written, with its relation, type and title in lower case as far as given."""

    href: str
    rel: str = "alternate"
    type: str = ""
    title: str | None = None
    base: str | None = None


@dataclass(slots=True)
class Moment:
    """A date as written; `guess` is what feedparser makes of it, in UTC."""

    raw: str
    guess: datetime | None = None


@dataclass(slots=True)
class Entry:
    """One item or entry. `extra` holds members of other vocabularies by their local names in lower case (WordPress's with `wp_`, those of
    Atom's publishing protocol with `app_` before them), the first of each.
    """

    id: str | None = None
    title: Text | None = None
    links: list[Link] = field(default_factory=list)
    summary: Text | None = None
    contents: list[Text] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    categories: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    """Term, scheme, label."""
    keywords: list[str] = field(default_factory=list)
    published: Moment | None = None
    updated: Moment | None = None
    dated: Moment | None = None
    """A date that does not say of what it is (`dc:date`)."""
    expires: Moment | None = None
    images: list[Image] = field(default_factory=list)
    source: str | None = None
    publisher: str | None = None
    rights: str | None = None
    language: str | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Feed:
    """A feed's own members, and its entries in order. `kind` is rss, atom or cdf."""

    kind: str = "rss"
    title: str | None = None
    link: Link | None = None
    own: Link | None = None
    """Where the feed itself is (`rel="self"`)."""
    authors: list[str] = field(default_factory=list)
    rights: str | None = None
    language: str | None = None
    entries: list[Entry] = field(default_factory=list)
