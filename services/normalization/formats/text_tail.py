"""What stands below a story sent as text: source, copyright, an address, contacts, an end mark with notes behind it. Pure."""

from __future__ import annotations

import re

from services.normalization.formats.text_labels import add_note, take_link
from services.normalization.parts import StoryParts

_SOURCE = re.compile(r"(?:SOURCE|Source|QUELLE|FUENTE|FONTE|ΠΗΓΗ)(?:\s*[:–—-]\s*|\s+)(?P<name>[^\s].{1,118})")
CONTACT = re.compile(
    r"(?:(?:media|press|news|public|investor|company|further|general)\s+)?(?:relations\s+)?(?:contacts?|enquiries|inquiries|information)(?:\s*\([^)]{1,40}\))?(?:\s+(?:details|information|persons?|us))?\s*(?::.*)?"
    r"|for\s+(?:more|further|additional|media|press)\s+(?:information|details|enquiries|inquiries).{0,80}"
    r"|(?:presse)?kontakt\w*(?:\s*:.*)?|r(?:ü|ue)ckfragen\w*.{0,60}|ansprechpartner\w*(?:\s*:.*)?|contacts?\s+presse(?:\s*:.*)?|contacto(?:\s+de\s+prensa)?(?:\s*:.*)?"
    r"|contatti?(?:\s+stampa)?(?:\s*:.*)?|contato(?:\s*:.*)?|επικοινων[ίι]α(?:\s*:.*)?|πληροφορ[ίι]ες\s*:.*",
    re.IGNORECASE,
)
"""A heading over contacts, or a line that begins with one."""
_END_MARK = re.compile(
    r"[#\s]{3,}|\W{1,4}30\W{1,4}|\W{0,4}(?:END|Ends?|ENDS|ends?|Ende|ENDE|FIN|FINE|FIM|ΤΕΛΟΣ)\W{0,4}"
)
RIGHTS = re.compile(r"(?:copyright\b|©|\(c\)).{0,200}", re.IGNORECASE)
"""A line of copyright."""
_ADDRESS = re.compile(r"[\[(<]?(https?://[^\s\])>]{4,1000})[\])>]?")
_REACHED = re.compile(r"@|https?://|www\.|\+?\d[\d\s().-]{6,}|\b(?:tel|phone|mobile|fax|e-?mail|τηλ)\b", re.IGNORECASE)
WRAPPED = 60
"""Columns from which a line may have been broken for want of room."""
LONGEST_LINE = 120
MOST_LINES = 40


def read_tail(parts: StoryParts, lines: list[str]) -> list[str]:
    """Take what stands below the story off its lines."""
    lines = _after_end(parts, lines)
    body = _without_tail_lines(parts, lines)
    start = _contact_start(body)
    if start is not None:
        contact = [line.strip() for line in body[start:] if line.strip()]
        body = _without_tail_lines(parts, body[:start])
        add_note(parts, *contact)
        parts.notes.append("contacts taken out of the body")
    return body


def _after_end(parts: StoryParts, lines: list[str]) -> list[str]:
    """Behind an end mark there are notes to editors, contacts and words on the company: for editors, not for readers."""
    for place, line in enumerate(lines):
        if place >= 2 and len(line) <= 30 and line.strip() and _END_MARK.fullmatch(line.strip()):
            behind = _without_tail_lines(parts, lines[place + 1 :])
            if len(" ".join(behind)) > 2 * len(" ".join(lines[:place])):
                return lines
            add_note(parts, *(one.strip() for one in behind if one.strip()))
            parts.notes.append("end mark, and what follows it, taken out of the body")
            return lines[:place]
    return lines


def _without_tail_lines(parts: StoryParts, lines: list[str]) -> list[str]:
    """Without source, copyright and addresses in the last lines; where there are more of them, they are a list in the text."""
    end, taken = len(lines), 0
    while end and taken < MOST_LINES:
        line = lines[end - 1].strip()
        taken += bool(line)
        before = lines[end - 2].strip() if end > 1 else ""
        if len(before) >= WRAPPED and line and _SOURCE.fullmatch(before):
            line, end = f"{before} {line}", end - 1
        if source := _SOURCE.fullmatch(line):
            parts.source = parts.source or source["name"].strip()
        elif (address := _ADDRESS.fullmatch(line)) and not before:
            take_link(address[1], parts)
        elif line and RIGHTS.fullmatch(line):
            parts.rights = parts.rights or line
        elif line:
            break
        end -= 1
    return lines[:end]


def _contact_start(lines: list[str]) -> int | None:
    """Where a closing block of contacts begins: a heading for it, and nothing but short lines behind."""
    for place in range(len(lines) - 1, max(len(lines) - MOST_LINES, 1) - 1, -1):
        line = lines[place].strip()
        if len(line) > LONGEST_LINE:
            return None
        if (
            line
            and CONTACT.fullmatch(line.lstrip("-–—*• "))
            and not lines[place - 1].strip()
            and reaches(lines[place:])
        ):
            return place
    return None


def is_blank(line: str) -> bool:
    """Whether nothing stands in a line."""
    return not line.strip()


def reaches(lines: list[str]) -> bool:
    """Whether lines say how somebody is reached: an address, a number."""
    return any(_REACHED.search(line) for line in lines)
