"""Where newswire keeps each fact of the wire manifest: name of the fact → the values that may hold it. Pure.

Each fact has its one field; beside it stand the codes and words as written (`StoryParts.given`), and, for formats that say
nothing in fields (text), what normalization concluded. A fact with no field here is looked for in `given` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cli.conformance.reading import Item
from services.normalization.parts import StoryParts
from shared.events import Status

READERS = {
    "NewsML-G2": "newsml-g2",
    "NewsML-G2 fragment": "newsml-g2",
    "NewsML 1.2": "newsml-1.2",
    "NITF": "nitf",
    "ninjs 1.4": "ninjs",
    "ninjs 2.1": "ninjs",
    "ninjs 3.0": "ninjs",
    "ninjs (1.x style)": "ninjs",
    "AP Media API JSON": "ninjs",
    "IPTC 7901": "iptc-7901",
    "ANPA 1312": "anpa-1312",
    "Atom": "atom",
    "RSS 2.0 (WordPress export)": "rss",
    "Ritzau XML": "ritzau",
    "CP Jimi XML": "cp-jimi",
    "Solita release XML": "solita",
    "AAP ZCZC text": "text",
    "News Bites ZCZC text": "text",
    "Bureau of Meteorology text": "text",
    "AsiaNet press release text": "text",
}
"""Format in the manifest → the reader that is meant to read it. What is not here has no reader yet."""

_FIELDS: dict[str, Callable[[StoryParts], list[Any]]] = {
    "id": lambda parts: [parts.provider_id],
    "version": lambda parts: [parts.version],
    "headline": lambda parts: [parts.title, *parts.subheads],
    "title": lambda parts: [parts.title],
    "subhead": lambda parts: parts.subheads,
    "lead": lambda parts: [parts.summary],
    "slug": lambda parts: [parts.slugline],
    "label": lambda parts: [parts.slugline],
    "language": lambda parts: [parts.language],
    "date": lambda parts: [parts.version_time, parts.published if parts.format in ("rss", "text") else None],
    "sent": lambda parts: [parts.version_time],
    "first_created": lambda parts: [parts.published],
    "first_published": lambda parts: [parts.published],
    "release": lambda parts: [parts.published, parts.embargoed_until],
    "embargoed": lambda parts: [parts.embargoed_until],
    "embargo_time": lambda parts: [parts.embargoed_until],
    "expire": lambda parts: [parts.expires],
    "urgency": lambda parts: [parts.urgency],
    "status": lambda parts: [parts.status],
    "byline": lambda parts: [*parts.byline, ", ".join(parts.byline), " and ".join(parts.byline)],
    "by": lambda parts: [*parts.byline, ", ".join(parts.byline)],
    "dateline": lambda parts: [parts.dateline],
    "located": lambda parts: [parts.dateline.place if parts.dateline else None],
    "credit": lambda parts: [parts.credit],
    "source": lambda parts: [parts.source, parts.credit],
    "section": lambda parts: [parts.section],
    "keywords": lambda parts: parts.keywords,
    "keyword": lambda parts: parts.keywords,
    "anpa_keyword": lambda parts: [parts.slugline, *parts.keywords],
    "copyright": lambda parts: [(parts.rights or "").lstrip("0123456789 ").partition(";")[0], parts.rights],
    "refers_to": lambda parts: [*parts.kills, *parts.holds, parts.evolved_from, *_related(parts)],
    "replacing": lambda parts: [parts.evolved_from, *_related(parts)],
    "uri": lambda parts: [parts.url],
    "link": lambda parts: [parts.url],
    "priority": lambda parts: [parts.urgency],
}
_IN_NOTES = frozenset({"ed_note", "ed_msg", "editor_note", "update_note"})
"""Found inside the notes to editors: several notes make one field."""
_GIVEN = {"signals": "signal", "element": "item"}
"""Facts under another name in `given`."""
_CONCLUDED = {"headline": "title", "byline": "byline", "dateline": "dateline", "source": "source", "credit": "credit"}


def kept(item: Item, fact: str) -> Iterator[Any]:
    """The values of ours that may hold the fact."""
    parts = item.parts
    if fact != "id":  # an identity is judged by what it is concluded to be; `given` has it as written
        yield from parts.given.get(_GIVEN.get(fact, fact), [])
    if read := _FIELDS.get(fact):
        yield from (value for value in read(parts) if value not in (None, ""))
    if parts.layout != "story" and item.article and fact in _CONCLUDED:
        value = getattr(item.article, _CONCLUDED[fact])
        yield from value if isinstance(value, list) else [value] * (value is not None)


def notes_hold(item: Item, fact: str, value: Any) -> bool:
    """Whether a note to editors is kept, and kept out of the body."""
    if fact not in _IN_NOTES:
        return False
    notes = " ".join(f"{item.parts.ednote or ''} {item.parts.ednote_private or ''}".split())
    return " ".join(str(value).split()) in notes


_FLAGS: dict[str, Callable[[Item], bool]] = {
    "correction": lambda item: item.parts.correction,
    "cancel": lambda item: item.article is not None and item.article.status is Status.KILLED,
    "embargo": lambda item: (
        item.article is not None and (item.article.embargo_open or bool(item.article.embargoed_until))
    ),
}
"""Marks that have a consequence."""


def mark_holds(item: Item, kind: str, words: str) -> bool:
    """Whether the words of a mark are kept anywhere but in the body, and the mark has its consequence."""
    if not _FLAGS.get(kind, lambda _: True)(item):
        return False
    parts = item.parts
    dates = (parts.embargoed_until, parts.expires, parts.version_time)
    places = (
        parts.title,
        parts.slugline,
        parts.version,
        parts.status,
        parts.ednote,
        parts.ednote_private,
        parts.evolved_from,
    )
    said = [*places, *parts.keywords, *_related(parts), *parts.subheads, *(date.raw for date in dates if date)]
    said += [value for values in parts.given.values() for value in values]
    return any(" ".join(words.split()).lower() in " ".join(each.split()).lower() for each in said if each)


def identities(item: Item) -> list[str]:
    """Every id by which a fact's item can be told."""
    given = item.parts.given
    return [each for each in (item.parts.provider_id, *given.get("id", []), *given.get("uri", [])) if each]


def _related(parts: StoryParts) -> list[str]:
    return [related.url for related in parts.related if related.url]
