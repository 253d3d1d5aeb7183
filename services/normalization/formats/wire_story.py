"""The last steps of reading a text wire's message, the same for IPTC 7901 and ANPA 1312. Pure."""

from __future__ import annotations

import re

from services.normalization.formats import wire_marks as marks
from services.normalization.formats.wire_dates import embargo_of
from services.normalization.formats.wire_kills import Sender, references
from services.normalization.parts import StoryParts
from shared.errors import Refused

LONGEST_ADVISORY = 90
"""Words up to which a message without a mark may be an advisory that takes an item back."""

_IMPRINT = re.compile(
    r"\W*(?:impressum|imprint|copyright(?: notice)?|masthead|mentions l(?:é|e)gales|impronta)\W*", re.IGNORECASE
)
_TEST = re.compile(r"\W*(?:(?:this is a |dies ist eine? |ceci est un )?test(?:[\W_]+test)*(?:\W+(?:message|item|story|only|meldung|please ignore|bitte ignorieren))*)\W*", re.IGNORECASE)  # fmt: skip
_RIGHTS = re.compile(r"copyright|©|\(c\)|alle rechte vorbehalten|all rights reserved|tous droits", re.IGNORECASE)


def only_news(found: list[StoryParts], messages: int) -> list[StoryParts]:
    """The stories among a file's messages.

    Raises:
        Refused: `not-news` or `no-text` where there is none.
    """
    news = [parts for parts in found if parts.kind != "not-news"]
    if not news and found:
        raise Refused("not-news", "an imprint, a copyright notice or a test message, without news")
    if not news:
        raise Refused("no-text", f"none of its {messages} messages has text")
    if len(found) < messages:
        for parts in news:
            parts.notes.append(f"{messages - len(found)} of {messages} messages of the file have no text")
    return news


def is_imprint(parts: StoryParts, body: list[str]) -> bool:
    """Whether a message is an imprint, a copyright notice or a test of the line."""
    labels = [label for label in (parts.title, (parts.slugline or "").strip("/ ")) if label]
    if labels and all(_TEST.fullmatch(label) for label in labels):
        return True
    text = "\n".join(body)
    named = any(_IMPRINT.fullmatch(label) for label in labels)
    return named and (not text or _RIGHTS.search(text) is not None or len(text.split()) < 60)


def apply_marks(found: list[marks.Mark], parts: StoryParts, notes: list[str]) -> str | None:
    """Marks to version, correction, kind and keywords; a headline that is nothing but a mark is its words.

    Returns 'kill' or 'hold' where a mark says so.
    """
    versions = [mark.words for mark in found if mark.kind in ("version", "correction", "repeat")]
    parts.version = _fuller(parts.version, ", ".join(versions))
    parts.correction = (
        parts.correction or any(mark.kind == "correction" for mark in found) or marks.corrects(parts.title)
    )
    parts.keywords += [
        mark.words for mark in found if mark.kind in ("alert", "genre") and mark.words not in parts.keywords
    ]
    if parts.title is None and found:
        parts.title = found[-1].words
    if any(mark.kind in ("kill", "hold", "advisory") for mark in found):
        parts.kind = "advisory"
    if notes:
        parts.ednote = "\n".join(filter(None, [parts.ednote, *notes]))
    return next((mark.kind for mark in found if mark.kind in ("kill", "hold")), None)


def _fuller(field: str | None, words: str) -> str | None:
    """A header's field, which may be cut off at its width, or the marks in full."""
    if not field or not words:
        return field or words or None
    short, long = (re.sub(r"\W", "", text).lower() for text in (field, words))
    return words if long.startswith(short) and long != short else field


def close(parts: StoryParts, body: list[str], notes: list[str], sender: Sender, marked: str | None) -> None:
    """Body, dateline, notes, embargo, kills and kind of a message whose head is read; fills `parts`."""
    for text in body[:3]:
        parts.dateline, words = marks.dateline_as_written(text)
        if parts.dateline:
            parts.given["dateline"] = [words]
            break
    parts.source = parts.source or (parts.dateline.agency if parts.dateline else None)
    parts.ednote = "\n".join(filter(None, [parts.ednote, *notes])) or None
    if is_imprint(parts, body):
        parts.kind = "not-news"
    _embargo(parts, body, sender)
    _kills(parts, body, sender, marked)
    if body:
        parts.body = "\n\n".join(body)
    elif parts.ednote and not parts.title:
        parts.kind = "advisory"
        parts.title = parts.slugline or parts.ednote.partition("\n")[0][:100]


def _embargo(parts: StoryParts, body: list[str], sender: Sender) -> None:
    """An embargo stands in the notes, the keywords, the headline, or alone before the text."""
    noted = f"{parts.ednote or ''}\n{parts.ednote_private or ''}".split("\n")
    lines = [*noted, parts.slugline or "", parts.title or "", *parts.subheads]
    for place, text in enumerate(body[:3]):
        given = (
            embargo_of(text, sender.day, zoned=sender.zoned)
            if len(text) <= 200 and not marks.dateline_of(text)
            else None
        )
        if given is not None:
            lines.append(text)
            parts.ednote = "\n".join(filter(None, [parts.ednote, text]))
            del body[place]
            break
    for line in lines:
        given = embargo_of(line, sender.day, zoned=sender.zoned)
        if given is None:
            continue
        parts.embargoed = True
        if parts.embargoed_until is None or parts.embargoed_until.value is None:
            parts.embargoed_until = given
    if parts.embargoed and (parts.embargoed_until is None or parts.embargoed_until.value is None):
        parts.notes.append("embargo without a readable end: held")


def _kills(parts: StoryParts, body: list[str], sender: Sender, marked: str | None) -> None:
    """What a message takes back or holds. A message that does nothing else is an advisory, its text a note to editors."""
    text = "\n".join(body)
    short = parts.dateline is None and len(text.split()) <= LONGEST_ADVISORY
    found = references("\n".join(filter(None, [parts.ednote, parts.ednote_private])), sender, marked)
    if marked or short:
        said = references(text, sender, marked)
        if marked or said.kills or said.holds:
            parts.kind = "advisory"
            parts.ednote = "\n".join([*filter(None, [parts.ednote]), *body]) or None
            body.clear()
            found = references(parts.ednote or "", sender, marked)
    parts.kills, parts.holds, parts.alternatives = found.kills, found.holds, found.alternatives
    if marked and not (found.kills or found.holds):
        parts.unmatched = "kill" if marked == "kill" else "hold"
        parts.notes.append(f"a {marked} that names no item by its number: nothing was taken back")
