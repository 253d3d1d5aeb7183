"""One item of ninjs to story parts. Pure. What the item says in codes is kept beside as written (`StoryParts.given`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.normalization.formats.ninjs.associations import read_associations
from services.normalization.formats.ninjs.concepts import codes_of, is_correction, places, topics
from services.normalization.formats.ninjs.content import read_body, read_headlines, read_summary
from services.normalization.formats.ninjs.fields import Fields, words
from services.normalization.fragment import absolute
from services.normalization.parts import GivenDate, Kind, StoryParts
from shared import ninjs
from shared.events import Dateline

NAME = "ninjs"

_EMBARGO = ("embargoed", "embargoeduntil", "embargo")
"""1.x and 2.x, 3.x, and a dialect's; the guide to 3.x still says `embargoed`."""
_MEDIA = frozenset({
    "picture", "graphic", "photo", "image", "animation", "video", "audio", "composite", "event", "planning", "component",
})  # fmt: skip
_ADVISORY = frozenset({"advisory", "daybook", "test", "testmessage", "mediaadvisory"})
_TAKEN_BACK = frozenset({"canceled", "cancelled", "withheld", "withdrawn", "killed"})
_NEVER = datetime.min.replace(tzinfo=UTC)
_AP_URGENCY = {"f": 1, "b": 2, "u": 3, "r": 4, "d": 5, "a": 6, "s": 7}
"""AP's editorial priority (flash, bulletin, urgent, regular, deferred, advances) on IPTC's scale."""
_GIVEN = {
    "first_created": "firstcreated", "first_published": "firstpublished", "uri": "uri", "profile": "profile",
    "provider": "provider", "located": "located", "title": "title",
}  # fmt: skip


def read_item(item: Mapping[str, Any]) -> StoryParts:
    """What an item says; its `kind` tells whether it is a story."""
    parts = StoryParts(format=NAME, provider_id=ninjs.identity(item))
    fields = Fields(item, parts.notes)
    if parts.provider_id is None and ("uri" in fields or "guid" in fields):
        parts.notes.append("uri unreadable")
    _version(fields, parts)
    _status(fields, parts)
    _dates(fields, parts)
    read_headlines(fields, parts)
    read_body(fields, parts)
    read_summary(fields, parts)
    _about(fields, parts)
    _credits(fields, parts)
    read_associations(fields, parts)
    _codes(fields, parts)
    parts.kind = _kind(fields, parts)
    parts.notes[:] = dict.fromkeys(parts.notes)
    return parts


def _version(item: Fields, parts: StoryParts) -> None:
    """A string by the schema, a number in AP's dialect, where it begins with 0."""
    given = item.get("version")
    if isinstance(given, str):
        parts.version = given.strip() or None
    elif type(given) is int:
        parts.version = str(given)
    elif given is not None:
        parts.notes.append("version unreadable")


def _status(item: Fields, parts: StoryParts) -> None:
    """The provider's word; `cancelled` is no word of the schema's, but senders use it. What is no word is held back."""
    given = item.get("pubstatus")
    if given is None:
        return
    parts.status = words(given) or ("" if given == "" else type(given).__name__)
    parts.status = parts.status[:100] or None
    if (parts.status or "").lower() == "cancelled":
        parts.notes.append("status 'cancelled' read as 'canceled'")


def is_taken_back(parts: StoryParts) -> bool:
    """Whether it withdraws or withholds a story, and so needs no text."""
    return (parts.status or "").lower().removeprefix("stat:") in _TAKEN_BACK


def _dates(item: Fields, parts: StoryParts) -> None:
    made = item.date("versioncreated")
    first = item.date("firstpublished") or item.date("firstcreated")
    parts.version_time = made
    parts.published = first if first and first.value else made or first
    parts.updated = made if made and parts.published is not made and made.raw != (first.raw if first else "") else None
    parts.expires = item.date("expires")
    _embargo(item, parts)


def _embargo(item: Fields, parts: StoryParts) -> None:
    """The latest of the ends that are given; one that cannot be read, or is empty, holds the story back for good."""
    given = [(name, value) for name in _EMBARGO if (value := item.get(name)) is not None and value is not False]
    if not given:
        return
    parts.embargoed = True
    ends = [item.date(name) for name, value in given if value != ""]
    unreadable = [end for end in ends if end is None or end.value is None]
    if len(ends) < len(given) or unreadable:
        parts.embargoed_until = next((GivenDate(end.raw, None) for end in unreadable if end), None)
        parts.notes.append("embargo without an end that can be read: held")
        return
    parts.embargoed_until = max((end for end in ends if end), key=_moment)


def _moment(date: GivenDate) -> datetime:
    """To compare by; without a zone, UTC is near enough."""
    value = date.value or _NEVER
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _about(item: Fields, parts: StoryParts) -> None:
    parts.language = item.words("language")
    parts.slugline = item.words("slugline", "slug")
    parts.correction = is_correction(item)
    parts.topics = topics(item)
    parts.places = places(item)
    parts.urgency = _urgency(item, parts)
    parts.section = next((name for one in item.objects("service") if (name := one.words("name", "code"))), None)
    parts.section = parts.section or item.words("section", "sector")
    keywords = item.get("keywords")
    several = (
        keywords.split(",") if isinstance(keywords, str) else [one.words("name") for one in item.objects("keywords")]
    )
    parts.keywords = list(dict.fromkeys(word.strip() for word in several if word and word.strip()))
    place = item.words("located", "dateline")
    parts.dateline = Dateline(place=place) if place else None


def _urgency(item: Fields, parts: StoryParts) -> int | None:
    given = item.get("urgency")
    if given is None:
        return _AP_URGENCY.get((item.words("editorialpriority") or "").lower())
    text = words(given) or ""
    text = text.removesuffix(".0")
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 9:
        return int(text[:4])
    parts.notes.append("urgency unreadable")
    return None


def _credits(item: Fields, parts: StoryParts) -> None:
    """Bylines as written; the source, and who else is named as the origin of the information; rights."""
    line = None if isinstance(item.get("byline"), list | dict) else item.words("byline", "by")
    several = [one.words("byline", "by", "name") for one in item.objects("bylines") if not _truthy(one.get("internal"))]
    authors = [one.words("name") for one in item.objects("authors") if (one.words("role") or "").lower() != "editor"]
    if not line and isinstance(item.get("byline"), list | dict):
        several += [one.words("byline", "by", "name") for one in item.objects("byline")]
    names = [line] if line else [one for one in several if one] or [one for one in authors if one]
    parts.byline = list(dict.fromkeys(" ".join(name.split()) for name in names if name))
    origins = [name for one in item.objects("infosource", "infosources") if (name := one.words("name", "literal"))]
    parts.source = item.words("source", "provider") or (origins[0] if origins else None)
    others = dict.fromkeys(name for name in origins if name != parts.source)
    parts.credit = parts.credit or ", ".join(others) or None
    parts.ednote = item.words("ednote")
    notice, terms, holder = item.words("copyrightnotice"), item.words("usageterms"), item.words("copyrightholder")
    parts.rights = "\n".join(dict.fromkeys(line for line in (notice or holder, terms) if line)) or None
    parts.url = _address(item)


def _truthy(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _address(item: Fields) -> str | None:
    """Where a reader finds it. `uri` is a name and, says the schema, no link."""
    for one in item.objects("links"):
        if (one.words("rel") or "").lower() in ("canonical", "alternate") and (address := absolute(one.words("href"))):
            return address
    return absolute(item.words("url", "link", "canonical_url"))


def _codes(item: Fields, parts: StoryParts) -> None:
    given = {name: [said] for name, field in _GIVEN.items() if (said := item.words(field))}
    for name, fields in (("class", ("type",)), ("signal", ("signal", "signals")), ("genre", ("genre", "genres"))):
        if codes := codes_of(item, *fields):
            given[name] = codes
    for name in ("replacing", "replacedby", "evolvedfrom"):
        if codes := codes_of(item, name):
            given[name] = codes
    parts.given = given


def kind_of(item: Fields) -> str:
    """Its type in lower case, '' where it has none."""
    return (item.words("type") or "").lower()


def _kind(item: Fields, parts: StoryParts) -> Kind:
    """A story has a text, or is of the type 'text' or of none, or takes back what may have been one."""
    media = kind_of(item) in _MEDIA or "eventdetails" in item or "plannedcoverage" in item
    if media and not parts.body and not is_taken_back(parts):
        return "not-news"
    said = {word.lower() for word in codes_of(item, "profile", "genre", "genres", "editorialtypes")}
    if said & _ADVISORY:
        return "advisory"
    signals = {word.lower() for word in codes_of(item, "signals", "signal")}
    return "advisory" if _is_of_ap(item) and "newscontent" not in signals else "story"


def _is_of_ap(item: Fields) -> bool:
    """AP's Media API marks what may be published by the signal 'newscontent'; all else is for editors."""
    ids = item.get("altids")
    return isinstance(ids, dict) and "itemid" in ids and "etag" in ids
