"""Bytes → what newswire understands of them, by the code of the front door and of normalization itself. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from services.ingestion.items import check_item
from services.ingestion.media import family_of
from services.normalization.formats import registry
from services.normalization.normalize import NOT_NEWS, conclude, normalize_each
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from shared.errors import Refused
from shared.events import Article
from shared.problems import Problem

RECEIPT: Final = UUID(int=0)
"""Nothing is sent, so there is no receipt."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sender:
    """What a feed's rules would tell of whoever sent the bytes."""

    provider: str = "conformance"
    content_type: str | None = None
    zone: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what its provider said, and the article made of it or the reason why there is none."""

    parts: StoryParts
    article: Article | None = None
    refused: Refused | None = None

    @property
    def is_news(self) -> bool:
        """Whether it claims to be a story."""
        return self.refused is None or self.refused.code != NOT_NEWS


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one document.

    `items` has those too that make no article (pictures, plans, items without a word) where their reader tells them.
    `articles` counts what the service would make, orders to other stories (kills, holds) included; `refused` is the reason
    why it makes none, and `refusals` are the reasons of single items that it leaves out. `at_door` says that the sender is
    told so at once.
    """

    place: str
    format: str | None = None
    items: list[Item] = field(default_factory=list)
    articles: int = 0
    refused: Refused | None = None
    refusals: list[Refused] = field(default_factory=list)
    at_door: bool = False

    @property
    def is_not_news(self) -> bool:
        """Read, and by its own word no news: a picture, a plan, a list of codes."""
        return self.refused is not None and self.refused.code == NOT_NEWS

    @property
    def is_sound(self) -> bool:
        """Whether the document and every item in it could be taken; one that is no news is."""
        return (self.refused is None or self.is_not_news) and not self.refusals


def understand(place: str, value: bytes, sender: Sender, now: datetime) -> Reading:
    """What newswire makes of one document; `place` names it. Nothing is raised, whatever the bytes are."""
    _, closed = _tried(lambda: _pass_the_door(value, sender.content_type))
    if closed is not None:
        return Reading(place, refused=closed, at_door=True)
    raw = RawStory(
        feed=sender.provider,
        provider=sender.provider,
        receipt=RECEIPT,
        item=f"{RECEIPT}.1",
        received=now,
        value=value,
        content_type=sender.content_type,
        zone=sender.zone,
        language=sender.language,
    )
    try:
        reader = registry.detect(raw)
    except Refused as refused:
        return Reading(place, refused=refused)
    everything: Callable[[RawStory], list[StoryParts]] = getattr(reader, "read_all", reader.read)
    found, _reason = _tried(lambda: everything(raw))
    items = [_item(parts, raw, now) for parts in found or []]
    try:
        made = normalize_each(raw, now)
    except Refused as refused:
        return Reading(place, reader.NAME, items, refused=refused)
    if not made.articles:
        return Reading(place, reader.NAME, items, refused=made.refusals[0], refusals=made.refusals[1:])
    return Reading(place, reader.NAME, items, len(made.articles), refusals=made.refusals)


def _pass_the_door(value: bytes, content_type: str | None) -> None:
    """What the front door checks, but for sizes, which are each feed's own.

    Raises:
        Refused: it would not be let in.
    """
    try:
        family = family_of(content_type)
    except Problem as problem:
        raise Refused(problem.code, problem.detail) from None
    check_item(value, family, limit=len(value))


def _item(parts: StoryParts, raw: RawStory, now: datetime) -> Item:
    article, refused = _tried(lambda: conclude(parts, raw, now))
    return Item(parts, article, refused)


def _tried(read: Callable[[], T]) -> tuple[T | None, Refused | None]:
    """What `read` gives, or why it gives nothing. The service turns a reader's own errors into dead letters in this way."""
    try:
        return read(), None
    except Refused as refused:
        return None, refused
    except Exception as error:
        return None, Refused("unreadable", f"{type(error).__name__} while it was read")
