"""The whole contract between the services on one page: topics, envelopes, event types.

CloudEvents 1.0. Binary mode on `stories.raw` and `dead-letters` (value = the original bytes, attributes in `ce_*`
headers), structured JSON on `articles.normalized` and `articles.changes`. Unknown fields are ignored; an unknown
major version or a null value is a dead letter.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

STORIES_RAW = "stories.raw"
ARTICLES_NORMALIZED = "articles.normalized"
ARTICLES_CHANGES = "articles.changes"
DEAD_LETTERS = "dead-letters"
FEEDS_STATE = "feeds.state"
FEEDS_LINES = "feeds.lines"

STORY_RECEIVED = "newswire.story.received.v1"
ARTICLE_NORMALIZED = "newswire.article.normalized.v1"
ARTICLE_CHANGED = "newswire.article.changed.v1"
ARTICLE_ORDERED = "newswire.article.ordered.v1"
"""On `articles.normalized`, keyed by its article: what its owner is to do (see `ArticleOrder`)."""

ARTICLE_CLUSTERED = "newswire.article.clustered.v1"
"""On `articles.normalized`, keyed by its article: near copies of it were found (see `ArticleClustered`)."""

CLOUDEVENTS_JSON = "application/cloudevents+json"

Headers = tuple[tuple[str, bytes], ...]


class Status(StrEnum):
    """What a version's provider (or an operator) says may be done with it. An embargo is a time, not a status."""

    USABLE = "usable"
    WITHHELD = "withheld"
    KILLED = "killed"


class Change(StrEnum):
    """What a version did to its article, as announced on `articles.changes`."""

    CREATED = "created"
    UPDATED = "updated"
    CORRECTED = "corrected"
    WITHHELD = "withheld"
    RELEASED = "released"
    KILLED = "killed"
    EXPIRED = "expired"
    REPLACED = "replaced"
    DUPLICATE = "duplicate"
    """Never announced as a change: the same id, version and content came again."""


class Order(StrEnum):
    """What the owner of an article is told to do with it."""

    WITHHOLD = "withhold"
    """An operator's hold: it stays, whatever the provider sends, until an operator releases it."""
    RELEASE = "release"
    """Ends an operator's hold, and a hold for what the text says of itself; never a provider's hold or embargo."""
    KILL = "kill"
    ERASE = "erase"
    """A kill after which no text of the article stands anywhere, and none is taken again."""
    REPLACED = "replaced"
    """Another article stands for this one, or (without `replaced_by`) no longer does."""
    JOINED = "joined"
    """Another article goes on from this one: its owner is to be told which story that is in."""
    ROOTED = "rooted"
    """The article that this one goes on from tells which story they are in."""
    LINKED = "linked"
    """By its slugline this one goes on from another, which was sent `at`; of several the latest counts."""
    DUE = "due"
    """The clock's: the instant `due` has come, at which an embargo ends or the story expires."""


class Event(BaseModel):
    """Base of all event data: additive inside a major version, so what is not known is ignored."""

    model_config = ConfigDict(extra="ignore")


class Topic(Event):
    """A subject of a story in a named scheme (`medtop`, `iptc-subject`, or the provider's own)."""

    scheme: str | None = None
    code: str | None = None
    name: str | None = None
    given: Literal[False] | None = None
    """False: it follows from a topic that the provider gave (a parent, a newer code); absent for the provider's own."""


class Dateline(Event):
    """'KIEV, Feb 8 (AMNA) -' in parts, each as the provider wrote it."""

    place: str | None = None
    date: str | None = None
    agency: str | None = None


class Related(Event):
    """A story that this one names."""

    title: str | None = None
    url: str | None = None


class Image(Event):
    """A picture by reference; newswire stores no binaries."""

    url: str
    caption: str | None = None
    credit: str | None = None


class HonestDate(Event):
    """A date with what is known of it: `value` in UTC, how fine it is, and where its zone came from."""

    value: datetime
    precision: Literal["second", "minute", "day", "month", "year"] = "second"
    zone: Literal["given", "feed", "page", "assumed"] = "given"
    raw: str | None = None


class Reference(Event):
    """Of an order that names another story ('please kill item dpa 157'): the articles it may mean, the likeliest first.

    `asked` is the place of the one that the message is keyed by; once it is their count all were unknown, and the first is
    meant.
    """

    articles: list[UUID]
    asked: int = 0


class Thread(Event):
    """Of a text wire's message, whose versions have no link: the story by service and slugline, when it was sent, and whether
    its tag says that it goes on from what came before (a lead, a writethru).
    """

    key: str
    at: datetime
    lead: bool = False


class Article(Event):
    """One version of one article: the data of an `articles.normalized` event.

    Field names are those of `GET /v1/articles/{id}`. `body` is plain text with a blank line between paragraphs. Absent
    facts are None or empty, never invented. A kill carries no text.
    """

    article_id: UUID
    story_id: UUID
    """The article that it goes on from, else itself; indexing makes it the root of that chain, which the document says."""
    provider_id: str | None = None
    version: str | None = None
    ext_version: int = Field(ge=0, lt=2**63)
    versioned_by: Literal["version", "version-time", "received"] = "received"
    source_hash: str
    receipt: UUID
    item: str
    feed: str
    format: str
    kind: Literal["story", "advisory", "live-blog", "gallery", "stub"] = "story"
    status: Status = Status.USABLE
    status_given: str | None = None
    correction: bool = False
    reason: str | None = None
    title: str | None = None
    title_derived: bool = False
    subheads: list[str] = Field(default_factory=list)
    summary: str | None = None
    body: str | None = None
    body_html: str | None = None
    slugline: str | None = None
    byline: list[str] = Field(default_factory=list)
    dateline: Dateline | None = None
    credit: str | None = None
    source: str | None = None
    section: str | None = None
    language: str | None = None
    urgency: int | None = None
    topics: list[Topic] = Field(default_factory=list)
    keywords: list[str] = Field(default_factory=list)
    places: list[str] = Field(default_factory=list)
    published: datetime | None = None
    first_published: datetime | None = None
    updated: datetime | None = None
    version_time: datetime | None = None
    dates: dict[str, HonestDate] = Field(default_factory=dict)
    embargoed_until: datetime | None = None
    embargo_open: bool = False
    """Embargoed without a readable end: held until a later version clears it."""
    expires: datetime | None = None
    ednote: str | None = None
    rights: str | None = None
    related: list[Related] = Field(default_factory=list)
    images: list[Image] = Field(default_factory=list)
    url: str | None = None
    word_count: int = 0
    notes: list[str] = Field(default_factory=list)
    """Decisions of normalization worth telling: repaired text, assumed zones, dropped blocks."""
    received: datetime
    normalized: datetime
    text_hash: str | None = None
    """16 hex digits over headline, summary and text as sent: a version with the same brings other metadata, no other story."""
    braked: bool = False
    """Held for what its text says of itself (KILL KILL KILL, 'embargoed until …') though its metadata says usable."""
    replaced_by: UUID | None = None
    """The article that stands for this one in a default search."""
    reference: Reference | None = None
    sketch: str | None = None
    """What of the text tells its near copies (`shared.sketch`); never shown."""
    bands: list[str] = Field(default_factory=list)
    """Under which they are looked up; never shown."""
    thread: Thread | None = None
    """By which a lead finds what it goes on from; never shown."""


class ArticleOrder(Event):
    """Data of an `newswire.article.ordered.v1` event on `articles.normalized`.

    `id` names the order: a repeat changes nothing. `at` is when it was given; of two holds and releases the later one counts.
    """

    article_id: UUID
    id: UUID
    order: Order
    at: datetime
    by: str | None = None
    reason: str | None = None
    replaced_by: UUID | None = None
    """Of `replaced`: what stands for the article; None: nothing does any more, if `other` did."""
    other: UUID | None = None
    """Of what passes along a chain: the article that says so."""
    root: UUID | None = None
    """Of `rooted`: the article that the story is named by, and how many articles lie between, this one included."""
    depth: int | None = Field(default=None, ge=0)
    due: datetime | None = None
    """Of `due`: the instant that has come, of the version `ext_version`, and what that makes of it."""
    ext_version: int | None = None
    change: Literal["released", "expired"] | None = None


class ArticleClustered(Event):
    """Data of an `newswire.article.clustered.v1` event: the article belongs to this cluster, unless it is in an older one.

    It is true as long as the article has the text that `text` names, a hash of its sketch; of another it says nothing.
    Clusters are ordered by `since`, then by id.
    """

    article_id: UUID
    text: str
    cluster_id: UUID
    since: int
    """µs since 1970: when the front door took the article that the cluster began with."""


class Span(Event):
    """A version of an article and when it could be found; `until` is None for one that still can."""

    ext_version: int
    revision: int
    since: datetime
    until: datetime | None = None


class ArticleChange(Event):
    """Data of an `articles.changes` event: ids, versions, times and what changed, never text."""

    article_id: UUID
    story_id: UUID
    feed: str
    change: Change
    version: str | None = None
    ext_version: int
    revision: int
    status: Status
    published: datetime | None = None
    received: datetime
    searchable: datetime
    kind: str = "story"
    replaced_by: UUID | None = None
    erased: bool = False
    """Of a kill: a legal demand; nothing of the article may be kept anywhere."""
    earlier: list[Span] = Field(default_factory=list)
    """Of `killed` and `withheld`: every version that anybody can have got, the oldest first."""


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, the one spelling of times in events and indices."""
    # Not strftime: its %Y writes the year 987 with three digits.
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def structured(event_type: str, event_id: str, subject: str, at: datetime, data: bytes) -> bytes:
    """A structured-mode CloudEvent around `data`, which is JSON already."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "newswire",
            "type": event_type,
            "subject": subject,
            "time": rfc3339(at),
            "datacontenttype": "application/json",
            "data": orjson.Fragment(data),
        }
    )


def header(headers: Headers, name: str) -> str | None:
    """The first header of that name as text, or None; bytes that are no UTF-8 are replaced."""
    for key, value in headers:
        if key == name:
            return value.decode(errors="replace")
    return None


def major_version(event_type: Any) -> int | None:
    """The major version in an event type ('….v1' → 1), or None if there is none."""
    if not isinstance(event_type, str):
        return None
    tail = event_type.rpartition(".v")[2]
    return int(tail) if tail.isascii() and tail.isdigit() else None
