"""The head of an ANPA 1312 text: keyword line, headline, notes, summary, byline, and labelled lines of Canada's wire. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.normalization.formats import wire_marks as marks
from services.normalization.formats.wire_dates import embargo_of
from services.normalization.formats.wire_kills import Sender
from services.normalization.formats.wire_story import apply_marks
from services.normalization.parts import StoryParts
from shared.events import Related

_CYCLE = re.compile(r"(?:AM|PM|BC|AP|YE|EI)-", re.IGNORECASE)


def bare(line: str) -> str:
    """A line without the signs that set it."""
    return " ".join(line.strip().lstrip("^").rstrip(" \t<=@+").split())


_LABELLED = re.compile(
    r"(?P<label>HL|HEADLINE|INDEX|SYMBOL|Update|UPDATE|code|CODE|SUBHEAD|Precede|PRECEDE|TAG)\s?:\s*(?P<value>.*)"
)
_PHOTOS = re.compile(r"(?:AP|CP)?\s?(?:Photos?|Graphics?|Video|Audio|Illustration)\b(?!:)", re.IGNORECASE)
LONGEST_HEADLINE = 160


@dataclass(slots=True)
class _Head:
    """What the lines of a head are, in the order of the lines."""

    found: list[marks.Mark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def read_head(lines: list[str], parts: StoryParts, sender: Sender) -> tuple[str | None, list[str]]:
    """Fill `parts` from the lines before the body.

    Returns 'kill' or 'hold' where a mark says so, and what stands under the byline: the body's first heading.
    """
    head = _Head()
    told = marks.mark_of(parts.version or "")
    if told and told.kind in ("kill", "hold"):
        head.found.append(told)
    kept = [text for line in lines if (text := bare(line)) and text != "END"]
    if kept:
        parts.given["title"] = [kept[0].rstrip(" ,")]
        first = _keyword_line(kept[0], parts, head.found)
        for text in kept[first:]:
            _take(text, parts, head, sender)
    _texts(head.texts, parts)
    parts.correction = parts.correction or any(marks.corrects(note) for note in head.notes)
    return apply_marks(head.found, parts, head.notes), head.after


def _take(text: str, parts: StoryParts, head: _Head, sender: Sender) -> None:
    labelled = _LABELLED.fullmatch(text)
    if labelled:
        _labelled(labelled["label"].upper(), labelled["value"], parts, head.notes)
    elif marks.is_ednote(text) or embargo_of(text, sender.day, zoned=sender.zoned):
        head.notes.append(text)
    elif (mark := marks.mark_of(text)) is not None:
        head.found.append(mark)
    elif _PHOTOS.match(text):
        parts.related.append(Related(title=text))
    elif not _byline(text, parts):
        (head.after if parts.byline and (head.texts or parts.title) else head.texts).append(text)


def _byline(text: str, parts: StoryParts) -> bool:
    """Take a byline, or the writer's role or agency under one; False for any other line."""
    names = marks.byline_of(text)
    if names:
        parts.byline = parts.byline or names
    elif parts.byline and marks.is_role(text):
        if not re.search(r"writer|editor|correspondent|reporter", text, re.IGNORECASE):
            parts.credit = text
    else:
        return False
    parts.given.setdefault("byline", []).append(text)
    return True


def _texts(texts: list[str], parts: StoryParts) -> None:
    """Lines without a label: headline first, then a summary (a sentence) or subheads."""
    for text in texts:
        if parts.title is None and len(text) <= LONGEST_HEADLINE:
            parts.title = text
        elif len(text) > LONGEST_HEADLINE or (text[-1] in ".'\"”" and text.count(" ") >= 12):
            parts.summary = text if parts.summary is None else f"{parts.summary}\n\n{text}"
        else:
            parts.subheads.append(text)


def _keyword_line(line: str, parts: StoryParts, found: list[marks.Mark]) -> bool:
    """'BC-BKN--Heat-Hawks, 1st Ld-Writethru,416': keyword, versions, words. False if the line is no keyword line."""
    sections = [section.strip() for section in line.split(",")]
    known = _squeezed(parts.slugline or "")
    opening = _squeezed(sections[0])
    same = bool(known) and (opening.startswith(known) or known.startswith(opening)) and bool(opening)
    if not same and not (_CYCLE.match(line) and " " not in sections[0].strip()[:4]):
        return False
    kept = sections[:1]
    for section in sections[1:]:
        mark = marks.mark_of(section)
        if section.isdigit() or not section:
            continue
        if mark:
            found.append(mark)
        else:
            kept.append(section)
    keyword = ", ".join(kept)
    parts.slugline = parts.slugline or keyword
    parts.keywords.insert(0, keyword)
    return True


def _squeezed(text: str) -> str:
    return re.sub(r"[\s,]", "", text).lower()


def _labelled(label: str, value: str, parts: StoryParts, notes: list[str]) -> None:
    """Lines of the Canadian Press: 'HL:…', 'INDEX: Economy, Business', 'SYMBOL:TSX:IMO', 'Update:ADDS details'."""
    if label in ("HL", "HEADLINE") and value:
        parts.title = value[:500]
    elif label in ("INDEX", "TAG", "SYMBOL"):
        parts.keywords += [word for one in re.split(r",\s*", value) if (word := one.strip())]
    elif label == "SUBHEAD" and value:
        parts.subheads.append(value)
    elif label in ("UPDATE", "PRECEDE") and value:
        notes.append(f"{label.capitalize()}: {value}")
        parts.correction = parts.correction or marks.corrects(f"Update: {value}")
