"""What the pages of an article's history show, worked out before a template sees it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_BREAK: Final = re.compile(r"(\n[^\S\n]*\n\s*)")
_LABELS: Final = {
    "title": "Headline", "summary": "Summary", "body": "Text", "byline": "Byline", "keywords": "Keywords",
    "places": "Places", "subheads": "Subheads", "status": "Status", "slugline": "Slugline", "section": "Section",
    "source": "Source", "credit": "Credit", "rights": "Rights", "ednote": "Note to editors", "url": "Original",
    "published": "Published", "first_published": "First published", "updated": "Updated",
    "embargoed_until": "Embargoed until", "expires": "Expires",
}  # fmt: skip
_LISTS: Final = frozenset({"byline", "keywords", "places", "subheads"})
_CONTEXT: Final = 1
"""Unchanged paragraphs shown on each side of a changed one."""

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A version in the list: its line, and the revision before it that it can be held against, if there is one."""

    entry: Entry
    before: int | None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a difference, as (op, text); `skipped`: so many unchanged ones are left out before it."""

    pieces: Sequence[tuple[str, str]]
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that differs, under its label; `skipped` unchanged paragraphs at its end are left out."""

    name: str
    label: str
    paragraphs: Sequence[Paragraph]
    skipped: int = 0


def steps(versions: Sequence[Entry]) -> list[Step]:
    """The versions, newest first; what cannot be read is not offered for comparison."""
    told: list[Step] = []
    before: int | None = None
    for entry in versions:
        readable = entry["revision"] is not None and entry["status"] == "usable"
        told.append(Step(entry, before if readable else None))
        before = entry["revision"] if readable else before
    return told[::-1]


def changes(difference: Mapping[str, Any]) -> list[Changed]:
    """The fields that differ, each as paragraphs with what stands around a change."""
    found = []
    for name in difference["changed"]:
        pieces = [(piece["op"], piece["text"]) for piece in difference["fields"][name]]
        if name in _LISTS:
            pieces = [
                (op, text + ("; " if number < len(pieces) else "")) for number, (op, text) in enumerate(pieces, 1)
            ]
        shown, skipped = _around(list(_paragraphs(pieces)))
        found.append(Changed(name, _LABELS.get(name, name), shown, skipped))
    return found


def _paragraphs(pieces: Iterable[tuple[str, str]]) -> Iterable[list[tuple[str, str]]]:
    """Cut at blank lines; a paragraph that ends in the midst of a change goes on in the next one with it."""
    paragraph: list[tuple[str, str]] = []
    for op, text in pieces:
        for part in _BREAK.split(text):
            if part and not part.strip() and "\n" in part:
                yield from [paragraph] if paragraph else []
                paragraph = []
            elif part:
                paragraph.append((op, part))
    if paragraph:
        yield paragraph


def _around(paragraphs: Sequence[list[tuple[str, str]]]) -> tuple[list[Paragraph], int]:
    changed = [number for number, pieces in enumerate(paragraphs) if any(op != "equal" for op, _ in pieces)]
    near = {
        number
        for place in changed
        for number in range(place - _CONTEXT, place + _CONTEXT + 1)
        if 0 <= number < len(paragraphs)
    }
    shown, last = [], -1
    for number in sorted(near):
        shown.append(Paragraph(paragraphs[number], number - last - 1))
        last = number
    return shown, len(paragraphs) - last - 1
