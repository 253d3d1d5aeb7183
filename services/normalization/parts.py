"""What a provider said of one story, in one shape for every format: nothing concluded, nothing cleaned.

A format's reader makes these from bytes; `normalize` concludes from them. Fields that the provider did not give are None
or empty, and a field that a later format needs is added here without changing the fingerprint of stories that lack it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from shared.events import Dateline, Image, Related, Topic

Precision = Literal["second", "minute", "day", "month", "year"]
BlockTag = Literal["p", "h2", "h3", "li", "blockquote"]
Layout = Literal["story", "pasted", "extracted"]
Kind = Literal["story", "advisory", "live-blog", "gallery", "stub", "not-news"]


@dataclass(frozen=True, slots=True)
class GivenDate:
    """A date as it was written. `value` is aware where a zone was given, else local; None means unreadable."""

    raw: str
    value: datetime | None
    precision: Precision = "second"


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page's body, its text in one line."""

    tag: BlockTag
    text: str


@dataclass(slots=True)
class StoryParts:
    """One story as one format gave it.

    `layout` says what `body` is: the story alone as its provider filed it (`story`), the text of a whole page with
    headings, credits and teasers in it (`pasted`), or what extraction left of a page (`extracted`).
    """

    format: str
    layout: Layout = "story"
    provider_id: str | None = None
    url: str | None = None
    version: str | None = None
    version_time: GivenDate | None = None
    status: str | None = None
    correction: bool = False
    title: str | None = None
    subheads: list[str] = field(default_factory=list)
    summary: str | None = None
    body: str | None = None
    blocks: list[Block] = field(default_factory=list)
    """`body` in blocks, where its markup told them."""
    body_html: str | None = None
    slugline: str | None = None
    byline: list[str] = field(default_factory=list)
    dateline: Dateline | None = None
    credit: str | None = None
    source: str | None = None
    section: str | None = None
    language: str | None = None
    urgency: int | None = None
    topics: list[Topic] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    published: GivenDate | None = None
    updated: GivenDate | None = None
    embargoed: bool = False
    """An embargo is given, with or without a date in `embargoed_until`."""
    embargoed_until: GivenDate | None = None
    expires: GivenDate | None = None
    ednote: str | None = None
    rights: str | None = None
    related: list[Related] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the reader has to tell of its reading (charset, repairs); no part of what the provider said."""
    kind: Kind = "story"
    """What the provider says it is, or a page's shape tells; `not-news` (a picture, a plan, a list of codes) is told in the
    trace and makes no article."""
    kills: list[str] = field(default_factory=list)
    """Provider's ids, without revision, of other stories that this one takes back for good."""
    holds: list[str] = field(default_factory=list)
    """The same, of other stories that this one withholds or puts under embargo."""
    evolved_from: str | None = None
    """Provider's id, without revision, of the story that this one replaces or goes on from."""
    ednote_private: str | None = None
    """What the provider tells its own customers' editors and nobody else: kept for the conformance report, in no article."""
    given: dict[str, list[str]] = field(default_factory=dict)
    """Codes and words as written that no other field holds ('class': ['ninat:text']), for the conformance report."""
    replaced_by: str | None = None
    """Provider's id, without revision, of the story that stands for this one by this one's own word."""
    alternatives: dict[str, list[str]] = field(default_factory=dict)
    """Of ids in `kills` and `holds` that are only the likeliest: the others that may be meant."""
    unmatched: Literal["kill", "hold"] | None = None
    """The message takes something back, and does not say what: a person must."""
    reference: list[str] = field(default_factory=list)
    """Of an order: the ids that it may mean, its own first."""
    page_zone: str | None = None
    """The zone in which a page means dates without one (IANA name or '+02:00'), as it or its country tells."""
