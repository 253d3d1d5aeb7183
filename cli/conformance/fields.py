"""An item's fields as lines for a person: what was understood, or what was said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, Final

from pydantic import BaseModel

from cli.conformance.reading import Item
from cli.output import count
from services.normalization.parts import GivenDate, StoryParts
from shared.events import Article, HonestDate, Status

Line = tuple[str, str]
FIRST_WORDS: Final = 200
"""Characters of a text that are shown."""
MANY: Final = 12
"""Subjects, pictures and the like that are named."""

_RULES: Final = {
    "version": "ordered by its number",
    "version-time": "ordered by its version time",
    "received": "no number and no version time: ordered by arrival",
}
_ZONES: Final = {
    "given": "zone given",
    "feed": "the feed's zone",
    "page": "the page's zone",
    "assumed": "no zone: UTC assumed",
}
_FORMATS: Final = {
    "second": "%Y-%m-%d %H:%M:%S UTC",
    "minute": "%Y-%m-%d %H:%M UTC",
}


def understood(item: Item, *, private: bool) -> Iterator[Line]:
    """What newswire concluded, field by field; absent fields are left out, an item that makes no article says why."""
    parts, article = item.parts, item.article
    yield "identity", _identity(parts)
    if item.refused is not None:
        yield ("no article" if not item.is_news else "refused"), f"{item.refused.code}: {item.refused.reason}"
    if article is None:
        yield from said(parts, private=private)
        yield from (("warning", note) for note in parts.notes)
        return
    yield "version", f"{article.version or '-'} ({_RULES[article.versioned_by]})"
    yield "status", _status(article)
    if article.correction:
        yield "correction", "yes"
    if embargo := _embargo(article):
        yield "embargo", embargo
    for name, date in article.dates.items():
        yield name.replace("_", " "), _date(date)
    yield from _words(article)
    yield from _codes(article)
    yield from _orders(parts)
    yield from _notes_to_editors(article, parts, private=private)
    yield from (("warning", note) for note in article.notes)


def said(parts: StoryParts, *, private: bool) -> Iterator[Line]:
    """What the provider said, as written, with the codes that no field holds; nothing concluded."""
    for one in fields(parts):
        value = getattr(parts, one.name)
        silent = one.name in ("format", "layout", "notes", "blocks", "body_html", "given") or value in (
            None,
            "",
            [],
            {},
            False,
        )
        if silent or (one.name == "kind" and value == "story"):
            continue
        if one.name == "ednote_private" and not private:
            yield "ednote private", "there is one; --private shows it"
            continue
        yield one.name.replace("_", " "), _as_said(one.name, value)
    for name, values in sorted(parts.given.items()):
        yield f"given {name}", " | ".join(values)


def _as_said(name: str, value: Any) -> str:
    if isinstance(value, GivenDate):
        return value.raw if value.value is not None else f"{value.raw} (unreadable)"
    if isinstance(value, list):
        return _several(_one(each) for each in value)
    return _text(value) if name == "body" else _one(value)


def _one(value: Any) -> str:
    if isinstance(value, BaseModel):
        return " · ".join(str(each) for each in value.model_dump(exclude_none=True).values())
    return "yes" if value is True else str(value)


def _identity(parts: StoryParts) -> str:
    if parts.provider_id:
        return parts.provider_id
    return f"{parts.url} (its address: no id)" if parts.url else "(none: told by its content, so each text is a story)"


def _status(article: Article) -> str:
    """What the provider's word means here."""
    given = f" (as given: {article.status_given})" if article.status_given else " (none given)"
    kind = ", an advisory" if article.kind == "advisory" else ""
    return f"{article.status.value}{kind}{given}"


def _embargo(article: Article) -> str | None:
    if article.embargoed_until:
        return f"until {article.embargoed_until.strftime(_FORMATS['second'])}"
    return "without an end that can be read: held until a later version" if article.embargo_open else None


def _date(date: HonestDate) -> str:
    value = date.value.strftime(_FORMATS.get(date.precision, _FORMATS["minute"]))
    written = f", as written: {date.raw}" if date.raw else ""
    return f"{value} ({date.precision}, {_ZONES[date.zone]}{written})"


def _words(article: Article) -> Iterator[Line]:
    """Texts, from the headline to the body."""
    if article.title:
        derived = " (none given: its first sentence)" if article.title_derived else ""
        yield "headline", article.title + derived
    for name in ("subheads", "slugline", "byline", "dateline", "credit", "source", "section", "language", "rights"):
        value = getattr(article, name)
        if value:
            yield name, _several(value) if isinstance(value, list) else _one(value)
    if article.summary:
        yield "summary", _cut(article.summary)
    if article.body:
        yield "body", f"{count(article.word_count, 'word')}, {_text(article.body)}"
    elif article.status is not Status.KILLED:
        yield "body", "none"


def _codes(article: Article) -> Iterator[Line]:
    """What describes it."""
    if article.urgency is not None:
        yield "urgency", str(article.urgency)
    for label, values in (
        ("subjects", [_subject(topic) for topic in article.topics]),
        ("keywords", article.keywords),
        ("places", article.places),
        ("images", [_one(image) for image in article.images]),
        ("related", [_one(related) for related in article.related]),
    ):
        if values:
            yield label, _several(values)
    if article.url:
        yield "address", article.url


def _subject(topic: Any) -> str:
    code = ":".join(each for each in (topic.scheme, topic.code) if each)
    return f"{code} {topic.name}" if code and topic.name else code or topic.name or ""


def _orders(parts: StoryParts) -> Iterator[Line]:
    """What it says of other stories."""
    if parts.kills:
        yield "takes back", _several(parts.kills)
    if parts.holds:
        yield "withholds", _several(parts.holds)
    if parts.evolved_from:
        yield "goes on from", parts.evolved_from


def _notes_to_editors(article: Article, parts: StoryParts, *, private: bool) -> Iterator[Line]:
    if article.reason and article.reason != article.ednote:
        yield "reason", article.reason
    if article.ednote:
        yield "note to editors", article.ednote
    if parts.ednote_private:
        yield "private note", parts.ednote_private if private else "there is one; --private shows it"


def _several(values: Iterable[Any]) -> str:
    shown = [str(value) for value in values]
    more = f" | … and {len(shown) - MANY} more" if len(shown) > MANY else ""
    return " | ".join(shown[:MANY]) + more


def _text(body: str) -> str:
    """A body's size and its first words."""
    return f"{count(body.count(chr(10) * 2) + 1, 'paragraph')}: {_cut(body)}"


def _cut(text: str) -> str:
    one_line = " ".join(text[: FIRST_WORDS * 4].split())
    return one_line if len(one_line) <= FIRST_WORDS else one_line[:FIRST_WORDS].rpartition(" ")[0] + " …"
