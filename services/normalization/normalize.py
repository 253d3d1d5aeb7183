"""One record to its articles: parts → identity, status, clean text, dates, language, fingerprint. Pure.

Nothing but `Refused` comes out of it, whatever the bytes are: an unexpected error of a reader is a dead letter of class
`unreadable`, and the record stays whole in `dead-letters`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from services.normalization import (
    dateline,
    dates,
    html,
    language,
    layout,
    lifecycle,
    page_dates,
    repeated,
    topics,
    writers,
)
from services.normalization.brakes import brake_of
from services.normalization.fingerprint import source_hash, text_hash
from services.normalization.formats import registry
from services.normalization.formats.wire_marks import corrects
from services.normalization.orders import orders_of, read_for_orders, reference_of, unmatched
from services.normalization.parts import GivenDate, StoryParts
from services.normalization.raw import RawStory
from services.normalization.sentences import first_sentence, summary_of
from services.normalization.sketch import sketch_of
from services.normalization.story_text import StoryText, clean_text
from services.normalization.threads import WIRES, thread_of
from services.normalization.zones import is_day_first
from shared.errors import Refused
from shared.events import Article, HonestDate, Status

NOT_NEWS: Final = "not-news"
MOST_TOLD: Final = 10_000
"""Characters of a headline and of a note to editors: as many as the door takes of a plain story's note."""
_NOTHING_LEFT: Final = "nothing is left of it once set phrases and teasers are taken out"
_USABLE, _WITHHELD, _KILLED = Status.USABLE, Status.WITHHELD, Status.KILLED
"""By the class, each is found in ten times the time."""
T = TypeVar("T")


class Normalized(NamedTuple):
    """What became of a record: its articles in order, and the items in it that are none, each with class and reason."""

    articles: list[Article]
    refusals: list[Refused]


def normalize(raw: RawStory, now: datetime) -> list[Article]:
    """The articles in one record, at least one.

    Raises:
        Refused: it is damaged, or holds no story; the reason quotes nothing of it.
    """
    articles, refusals = normalize_each(raw, now)
    if not articles:
        raise refusals[0]
    return articles


def normalize_each(raw: RawStory, now: datetime) -> Normalized:
    """The articles in one record, with the orders to other stories (kills, holds) that it gives; one bad item spoils no other.

    What is no news (a picture, a plan) counts as refused only where there is nothing else.

    Raises:
        Refused: the record as a whole cannot be read.
    """
    reader = registry.detect(raw)
    found = _guarded(reader.NAME, lambda: reader.read(raw))
    articles: list[Article] = []
    refusals: list[Refused] = []
    for number, parts in enumerate(found, 1):
        if (unclear := unmatched(parts)) is not None:
            refusals.append(unclear)
        for one, by in ((parts, raw), *((order, read_for_orders(raw)) for order in orders_of(parts))):
            try:
                articles.append(_guarded(reader.NAME, lambda one=one, by=by: conclude(one, by, now)))  # type: ignore[misc]
            except Refused as refused:
                where = f"item {number} of {len(found)}: " if len(found) > 1 else ""
                refusals.append(Refused(refused.code, where + refused.reason))
    if articles:
        refusals = [refused for refused in refusals if refused.code != NOT_NEWS]
    return Normalized(articles, refusals)


def _guarded(format_name: str, read: Callable[[], T]) -> T:
    """What `read` gives; whatever it raises becomes a refusal that quotes nothing."""
    try:
        return read()
    except Refused:
        raise
    except RecursionError:
        raise Refused("too-deep", f"nested too deep to be read as {format_name}") from None
    except Exception as error:
        raise Refused("unreadable", f"{type(error).__name__} while it was read as {format_name}") from error


def conclude(parts: StoryParts, raw: RawStory, now: datetime) -> Article:
    """The article that one story's parts make.

    Raises:
        Refused: `no-identity`, `no-version`, `no-text`.
    """
    if parts.kind == "not-news":
        raise Refused(NOT_NEWS, "by its own word it is no story: a picture, a plan, a list")
    notes = list(parts.notes)
    if parts.ednote_private:
        notes.append("a note for the provider's own customers is in no article: it stands in the record as it came")
    word = lifecycle.meaning(parts.status, raw.status_map)
    status, word_note = lifecycle.status_of(word)
    if word_note:
        notes.append(word_note)
    given = {name: getattr(parts, name) for name in _DATES}
    known = _read_dates(given, raw, now, notes, parts.page_zone)
    fields = {
        **_copied(parts, raw),
        **_identified(parts, raw, known, killed=status is _KILLED),
        **_embargoed(parts, raw, known, word),
        "status": status,
        "dates": known,
        "normalized": now,
        "notes": notes,
    }
    if status is _KILLED:
        _notice(fields, parts)
    else:
        _content(fields, parts, raw)
        _brake(fields, parts, raw)
        _sketch(fields)
    for name in ("published", "updated", "expires"):
        if name in known:
            fields[name] = known[name].value
    fields["first_published"] = fields.get("published")
    return Article.model_validate(fields)


def _copied(parts: StoryParts, raw: RawStory) -> dict[str, Any]:
    """What is told as it came, and what is told of how it came."""
    return {
        "provider_id": parts.provider_id,
        "version": parts.version,
        "source_hash": source_hash(parts),
        "text_hash": text_hash(parts),
        "receipt": raw.receipt,
        "item": raw.item,
        "feed": raw.feed,
        "received": raw.received,
        "format": parts.format,
        "kind": parts.kind,
        "status_given": parts.status,
        "correction": parts.correction or corrects(parts.title) or corrects(parts.ednote),
        "slugline": parts.slugline,
        "source": parts.source,
        "urgency": parts.urgency,
        "url": lifecycle.canonical_url(raw.content_location) or lifecycle.canonical_url(parts.url),
    }


def _identified(parts: StoryParts, raw: RawStory, known: Mapping[str, HonestDate], *, killed: bool) -> dict[str, Any]:
    """Which article it is a version of, which version, and to which other articles it belongs."""
    version_time = known.get("version_time")
    moment = version_time.value if version_time else None
    identity = lifecycle.identify(parts, raw, moment, killed=killed)
    return {
        "article_id": identity.article_id,
        "story_id": lifecycle.story_of(parts, raw, identity),
        "ext_version": identity.ext_version,
        "versioned_by": identity.versioned_by,
        "version_time": moment,
        "replaced_by": lifecycle.replacement(parts, raw, identity),
        "reference": reference_of(parts, raw),
        "thread": thread_of(parts, raw.provider, moment or raw.received) if parts.format in WIRES else None,
    }


def _embargoed(parts: StoryParts, raw: RawStory, known: Mapping[str, HonestDate], word: str) -> dict[str, Any]:
    """Until when it is held; `word` is the provider's status, for some have no other way to say so."""
    until = known.get("embargoed_until")
    embargoed_until, embargo_open = lifecycle.embargo(
        parts.embargoed or lifecycle.says_embargoed(word),
        parts.embargoed_until,
        until.value if until else None,
        # An empty element is noise in some senders' templates, if their feed says so; a status word never is.
        ignore_empty=raw.empty_embargo == "ignore" and not lifecycle.says_embargoed(word),
    )
    return {"embargoed_until": embargoed_until, "embargo_open": embargo_open}


def _brake(fields: dict[str, Any], parts: StoryParts, raw: RawStory) -> None:
    """Holds a story whose text says so though its fields do not, and says why; a note to editors is no story to hold."""
    free = fields["status"] is _USABLE and not fields["embargo_open"] and fields["embargoed_until"] is None
    if not free or parts.kind == "advisory":
        return
    brake = brake_of(parts, raw.received, zoned=raw.zone is not None)
    if brake is None:
        return
    fields["braked"] = True
    fields["notes"].append(f"the text says {brake.word}, its metadata does not: held")
    if brake.word != "embargo":
        fields["status"] = _WITHHELD
        return
    until = dates.honest(brake.until, dates.zone_named(raw.zone)) if brake.until else None
    fields["embargoed_until"], fields["embargo_open"] = (until.value, False) if until else (None, True)
    if until:
        fields["dates"]["embargoed_until"] = until


def _sketch(fields: dict[str, Any]) -> None:
    """What near copies of the text are found and told by."""
    sketched = sketch_of(fields.get("title"), fields.get("body"))
    if sketched is not None:
        fields["sketch"], fields["bands"] = sketched


def _notice(fields: dict[str, Any], parts: StoryParts) -> None:
    """A kill carries its reason and the headline it is known by, and no text."""
    notes: list[str] = fields["notes"]
    title = layout.squeeze(layout.strip_invisible(parts.title)[0]) or None if parts.title else None
    fields["title"] = _cut(title, "headline", notes)
    fields["reason"] = fields["ednote"] = _cut(parts.ednote, "note to editors", notes)


_DATES: Final = ("published", "updated", "version_time", "embargoed_until", "expires")
_IN_THE_PAST = ("published", "updated", "version_time")


def _read_dates(
    given: dict[str, GivenDate | None], raw: RawStory, now: datetime, notes: list[str], page_zone: str | None = None
) -> dict[str, HonestDate]:
    """Every date that could be read; what could not, or cannot be true, is told in `notes`."""
    origin: dates.ZoneOrigin = "feed" if (zone := dates.zone_named(raw.zone)) else "page"
    zone = zone or dates.zone_named(page_zone)
    known: dict[str, HonestDate] = {}
    for name, date in given.items():
        if date is None:
            continue
        honest = dates.honest(date, zone, origin)
        if honest is None:
            notes.append(f"{name} could not be read")
        elif name in _IN_THE_PAST and not dates.believable(honest, now):
            notes.append(f"{name} is before 1400 or more than 48 hours ahead: not used")
        else:
            known[name] = honest
            if honest.zone == "assumed":
                why = "no zone, and the feed's is unknown here" if raw.zone else "no zone"
                notes.append(f"{name} has {why}: read in UTC")
    return known


def _content(fields: dict[str, Any], parts: StoryParts, raw: RawStory) -> None:
    """Clean text and all that is read from it."""
    notes: list[str] = fields["notes"]
    text = clean_text(parts, notes)
    if raw.lines is not None:
        text = repeated.leave_out(text, raw.lines, fields)
    title, body, head, cleaned = text.title, text.body, text.head, text.cleaned
    if head.published and parts.published is None:
        tag = parts.language or raw.language or language.detect(title, body[0] if body else None)[0]
        found = page_dates.first_readable([head.published.raw], day_first=is_day_first(tag), name="published")
        fields["dates"] |= _read_dates({"published": found.date}, raw, fields["normalized"], notes)
        notes += found.notes
    if not title and not body:
        if fields["status"] is _WITHHELD:
            fields["ednote"] = _cut(
                parts.ednote, "note to editors", notes
            )  # an order to hold back what was sent before needs no text of its own
            return
        had_text = parts.title or parts.body or parts.blocks
        raise Refused("no-text", _NOTHING_LEFT if had_text else "a story without headline and text")
    fields["title"], fields["title_derived"] = (
        (_cut(title, "headline", notes), False) if title else (first_sentence(body[0]), True)
    )
    fields["body"] = "\n\n".join(body) or None
    fields["summary"] = parts.summary or (summary_of(text.lead) if body else None)
    _dateline(fields, parts, text, raw)
    fields["subheads"] = parts.subheads or head.subheads
    signed = parts.byline or (text.opening and text.opening.byline) or head.byline or cleaned.reporters
    fields["byline"] = writers.clean_names(signed)
    fields["credit"] = parts.credit or cleaned.credit or (text.opening and text.opening.agency) or cleaned.signed
    fields["section"] = parts.section or head.section
    fields["related"] = parts.related + cleaned.related
    fields["word_count"] = sum([paragraph.count(" ") + 1 for paragraph in body])
    code, disagreement = language.detect(fields["title"], fields["body"], parts.language or raw.language)
    fields["language"] = code
    if disagreement:
        notes.append(disagreement)
    fields["topics"] = topics.concluded(parts.topics)
    for name in ("keywords", "places", "images"):
        fields[name] = getattr(parts, name)
    fields["ednote"] = _cut(parts.ednote, "note to editors", notes)
    fields["rights"] = parts.rights or raw.rights
    if parts.blocks:
        fields["body_html"] = html.render([parts.blocks[line.place] for line in cleaned.lines])
    elif parts.body_html:
        fields["body_html"] = html.sanitise(parts.body_html)


def _cut(text: str | None, what: str, notes: list[str]) -> str | None:
    """A line that is told wherever its story is listed, at a length that a list can bear; the whole stands on `stories.raw`."""
    if text is None or len(text) <= MOST_TOLD:
        return text
    notes.append(f"{what} of {len(text)} characters: cut to {MOST_TOLD}")
    return text[:MOST_TOLD]


def _dateline(fields: dict[str, Any], parts: StoryParts, text: StoryText, raw: RawStory) -> None:
    """The dateline, and the day it means; one that says its year dates a story that says nothing else of when."""
    found = parts.dateline or (text.opening.dateline if text.opening else None)
    fields["dateline"] = found
    if found is None or not found.date:
        return
    known: dict[str, HonestDate] = fields["dates"]
    near = known.get("version_time") or known.get("published") or known.get("updated")
    given = dateline.day_of(found, near.value if near else raw.received)
    day = dates.honest(given, dates.zone_named(raw.zone))
    if day is None:
        return
    known["dateline"] = day
    if not near and dateline.has_year(found) and dates.believable(day, fields["normalized"]):
        known["published"] = day
        fields["notes"].append("published by its dateline alone")
