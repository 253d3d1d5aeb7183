"""IPTC 7901, the text format of European wires, with dpa's dialect (also ATS, KNA, APA, AFP).

    SOH eca0003 3 i 380  dpa 0045      source letters, number, priority, category, words, then what the agency adds
    Switzerland/migration/UN/          keywords
    STX REFILE                         version and other marks, one a line
    Headline over one line or two
    By Jane Doe, dpa =                 an equals sign ends the head
    Geneva (dpa) - Text …
    ETX 212322 GMT Nov 18              day, hour, minute, month, year

Facts: IPTC 7901 as described by IPTC and agenturjournalismus.de, dpa's stylebook (holds, kills, tables between '<#>').
An id is the source letters, the agency's running number (else the header's) and the UTC day: numbers are used again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.normalization.formats import wire_marks as marks
from services.normalization.formats import wire_text as wire
from services.normalization.formats.wire_dates import embargo_of, sent_7901, utc_day, utc_hour
from services.normalization.formats.wire_kills import Sender
from services.normalization.formats.wire_story import apply_marks, close, only_news
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from shared.events import Related, Topic

NAME = "iptc-7901"

_HEADER = re.compile(
    r"(?P<source>[A-Za-z]{1,6})(?P<number>\d{2,6})[ \t\xa0]+(?P<priority>[1-9])[ \t\xa0]+(?P<category>[A-Za-z]{1,4})[ \t\xa0]+"
    r"(?P<words>\d{1,6})?(?P<rest>[^\n]*)"
)
_LOOSE = re.compile(
    r"(?P<source>[A-Za-z]{1,6})[ \t\xa0]?(?P<number>\d{1,6})\b(?:[ \t\xa0]+(?P<priority>\d)\b)?(?:[ \t\xa0]+(?P<category>[A-Za-z]{1,4})\b)?"
    r"(?:[ \t\xa0]+(?P<words>\d{1,6})\b)?(?P<rest>[^\n]*)"
)
_START = re.compile(r"(?m)^[a-zA-Z]{2,4}\d{3,6} +[1-9] +[a-zA-Z]{1,4} +\d{1,5}\s+[A-Za-z]{2,6} \d{3,5}[ \t]*$")
_SNIFF = re.compile(rb"\x01[ \t]*[A-Za-z]{1,6}\d{2,6}[ \t\xa0]+\d[ \t\xa0]+[A-Za-z]{1,4}\b")
_SNIFF_BARE = re.compile(rb"[a-zA-Z]{2,4}\d{3,6} +[1-9] +[a-zA-Z]{1,4} +\d{1,5}\s+[A-Za-z]{2,6} \d{3,5}[ \t]*\r*\n")
_PADDING = b"\r\n \t\x00\x7f\x16\x04"
_AGENCY = re.compile(r"(?P<agency>[A-Za-z]{2,6})[ \xa0]+(?P<number>\d{3,5})")
_NUMBERS_ITEMS = frozenset({"dpa"})
"""Agencies whose texts name items by the running number at the end of the header."""
_AGENCIES = frozenset(
    {
        "dpa", "afp", "apa", "ats", "sda", "kna", "epd", "dapd", "ddp", "ap", "rtr", "reuters", "sid", "ansa", "efe", "belga", "anp",
        "tt", "ntb", "ritzau", "stt", "lusa", "ana", "amna", "pap", "ctk", "tass", "upi",
    }
)  # fmt: skip
"""Names of agencies, as they end a header; other letters there are a line's or a circuit's."""

# Departments ('Ressorts') of German agencies.
_SECTIONS = {
    "pl": "Politik", "wi": "Wirtschaft", "vm": "Vermischtes", "ku": "Kultur", "sp": "Sport", "rs": "Redaktionsservice",
}  # fmt: skip


def sniff(head: bytes, content_type: str | None) -> float:  # noqa: ARG001  # every format has this signature
    """A header after SOH, or (where SOH was lost) one that ends in an agency's running number."""
    start = head.lstrip(_PADDING)
    first = start[:1]
    if first == b"\x01":
        line = start.partition(b"\n")[0]
        return 1.0 if _SNIFF.match(start) and b"\x1f" not in line else 0.92
    if first == b"^":
        return 1.0 if re.match(rb"\^A[A-Za-z]{1,6}\d{2,6} +\d +[A-Za-z]{1,4}\b", start) else 0.0
    return 0.97 if first.isalpha() and _SNIFF_BARE.match(start) else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it.

    Raises:
        Refused: `undecodable`; `no-text` without a message that has text; `not-news` for imprints and test messages.
    """
    return only_news(*_messages(raw))


def read_all(raw: RawStory) -> list[StoryParts]:
    """Every message that has text, those too that are no news (`kind`).

    Raises:
        Refused: `undecodable`.
    """
    return _messages(raw)[0]


def _messages(raw: RawStory) -> tuple[list[StoryParts], int]:
    """What the messages with text say, and how many messages there are."""
    text, notes = wire.read_text(raw)
    found = wire.frames(text, 1, _START)
    return [one for frame in found if (one := _story(frame, raw, notes)) is not None], len(found)


def _story(frame: wire.Frame, raw: RawStory, notes: list[str]) -> StoryParts | None:
    parts = StoryParts(format=NAME, notes=list(notes))
    lines = wire.printable(frame.text).split("\n")
    header, *keywords = [line.strip() for line in wire.printable(frame.header).strip().split("\n")]
    if not _LOOSE.match(header) and "/" in header:
        keywords, header = [header, *keywords], ""
    keywords = list(filter(None, keywords))
    if not frame.opened and not keywords:
        lines, keywords = _lost_keywords(lines)
    _trailer(frame, parts, lines)
    sender = _header(header, parts, raw)
    _keywords(keywords, parts)
    head, rest = _head(lines)
    marked = _read_head(head, parts, sender)
    _sign_off(rest, parts)
    noted = marks.split_notes([one.text for one in wire.paragraphs(_untabled(rest))])
    parts.ednote_private = "\n".join(noted.private) or None
    close(parts, noted.body, _notes(noted.notes, parts), sender, marked)
    return parts if parts.title or parts.body else None


def _lost_keywords(lines: list[str]) -> tuple[list[str], list[str]]:
    """Without STX the keyword line is the first that has slashes."""
    for place, line in enumerate(lines):
        if line.strip():
            has = "/" in line and not re.search(r"\s\S+\s\S+\s", line.strip())
            return (lines[place + 1 :], [line.strip()]) if has else (lines[place:], [])
    return lines, []


def _trailer(frame: wire.Frame, parts: StoryParts, lines: list[str]) -> None:
    """Time of sending, and what is missing of the frame. A trailer that lost its ETX is taken off the text."""
    sent = sent_7901(wire.printable(frame.trailer)[:200])
    if sent is None and not frame.closed:
        while lines and not lines[-1].strip():
            lines.pop()
        if lines and len(lines[-1]) <= 40 and (sent := sent_7901(lines[-1])) is not None:
            lines.pop()
    if not frame.opened:
        parts.notes.append("no start of text (STX)")
    if not frame.closed:
        parts.notes.append("no end of text (ETX)" + ("" if sent else ": it may be cut off"))
    parts.version_time = parts.published = sent
    if sent is None:
        parts.notes.append("no time of sending: its day is that of receipt")


def _header(line: str, parts: StoryParts, raw: RawStory) -> Sender:
    match = _HEADER.match(line) or _LOOSE.match(line)
    day = utc_day(parts.version_time, raw)
    hour = utc_hour(parts.version_time, raw)
    if match is None:
        parts.notes.append("header unreadable")
        return Sender("", None, day, hour, zoned=raw.zone is not None)
    tail = _AGENCY.search(match["rest"].strip())
    agency = tail["agency"] if tail and tail.end() == len(match["rest"].strip()) else None
    numbered = agency is not None and agency.lower() in _NUMBERS_ITEMS
    sender = Sender(
        match["source"],
        match["number"],
        day,
        hour,
        agency if numbered else None,
        tail["number"] if tail and numbered else None,
        zoned=raw.zone is not None,
    )
    parts.provider_id = sender.own_id
    parts.source = agency if agency and agency.lower() in _AGENCIES else None
    for name in ("source", "number", "priority", "category", "words"):
        if match[name]:
            parts.given[name] = [match[name]]
    if match["rest"].strip():
        parts.given["service_line"] = [" ".join(match["rest"].split())]
    if match["priority"] and match["priority"] != "0":
        parts.urgency = int(match["priority"])
    else:
        parts.notes.append("urgency unreadable")
    category = match["category"]
    if category:
        parts.section = _SECTIONS.get(category.lower())
        parts.topics.append(Topic(scheme="iptc-7901-category", code=category, name=parts.section))
    else:
        parts.notes.append("category unreadable")
    return sender


def _keywords(lines: list[str], parts: StoryParts) -> None:
    """The line before STX; one that ends in a slash goes on in the next."""
    if not lines:
        return
    place = len(lines) - 1
    while place and lines[place - 1].endswith("/") and lines[place - 1].count(" ") < 6:
        place -= 1
    parts.slugline = "".join(lines[place:])[:500]
    parts.keywords = [word.strip() for word in parts.slugline.split("/") if word.strip()]


LONGEST_HEAD = 12
LONGEST_LABEL = 30
"""Columns of a label over a headline ('France:')."""


def _head(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines up to the first that ends in an equals sign; without one, those before a blank line or a dateline."""
    filled = [place for place, line in enumerate(lines) if line.strip()][:LONGEST_HEAD]
    for place in filled:
        if lines[place].rstrip(" \t'").endswith("="):
            return lines[: place + 1], lines[place + 1 :]
    head: list[str] = []
    for place, line in enumerate(lines):
        if (head and not line.strip()) or marks.dateline_of(line.strip()):
            return head, lines[place:]
        if line.strip():
            head.append(line)
        if len(head) > 4 or (head and len(line) > wire.WIDEST_WRAPPED):
            break
    if len(filled) <= 4 or not head:
        return head, lines[len(lines) if len(head) == len(filled) else 0 :]
    first = lines.index(head[0])
    return head[:1], lines[first + 1 :]


@dataclass(slots=True)
class _Lines:
    """Lines of a head by what they are."""

    marked: list[marks.Mark] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


def _read_head(head: list[str], parts: StoryParts, sender: Sender) -> str | None:
    """Marks, headline, labels and byline; returns 'kill' or 'hold' where a mark says so."""
    lines = [stripped for line in head if (stripped := line.strip().rstrip("= '").strip())]
    sorted_lines = _Lines()
    notes: list[str] = []
    for line in lines:
        mark = marks.mark_of(line)
        enclosed = line[:1] == "(" and line[-1:] == ")"
        if mark is not None and not (sorted_lines.rest and not enclosed):
            sorted_lines.marked.append(mark)
            if mark.detail or mark.kind == "advisory":
                notes.append(line)
        elif marks.is_ednote(line) or enclosed or embargo_of(line, sender.day, zoned=sender.zoned):
            notes.append(line)
        else:
            sorted_lines.rest.append(line)
    rest = _byline(sorted_lines.rest, parts)
    groups = _groups(rest)
    for group in [one for one in groups if _subtitle(one)]:
        parts.subheads.append(re.sub(r"^(?:Utl|Unterzeile|Subhead)\.?:?\s*", "", group).strip())
        groups.remove(group)
    if groups:
        parts.title = groups[-1]
        parts.subheads = [label.rstrip(": ") for label in groups[:-1]] + parts.subheads
    return apply_marks(sorted_lines.marked, parts, notes)


def _subtitle(line: str) -> bool:
    return re.match(r"(?:Utl|Unterzeile|Subhead)\b", line) is not None


def _byline(lines: list[str], parts: StoryParts) -> list[str]:
    """A byline is the head's last lines, and never its first."""
    for place in range(len(lines) - 1, max(0, len(lines) - 4), -1):
        names = marks.byline_of(" ".join(lines[place:]), parts.source)
        if names:
            parts.byline = names
            parts.given["byline"] = [" ".join(lines[place:])]
            return lines[:place]
    return lines


def _groups(lines: list[str]) -> list[str]:
    """Lines of a head, wrapped ones joined: one that was too short to be wrapped stands by itself."""
    width = max(map(len, lines), default=0)
    groups: list[list[str]] = []
    for place, line in enumerate(lines):
        before = lines[place - 1] if place else ""
        wrapped = len(before) + 1 + len(line.partition(" ")[0]) > max(45, width * 0.9)
        if (
            place
            and not (before.endswith(":") and len(before) <= LONGEST_LABEL)
            and not _subtitle(line)
            and (wrapped or line[0].islower() or before[-1] in ",-")
        ):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [wire.join_lines(group) for group in groups]


_TABLE_MARK = re.compile(r"\s*<#>\s*")


def _untabled(lines: list[str]) -> list[str]:
    """A table stands between '<#>' in dpa's texts: its lines are marked as a table's (BS), the signs go."""
    if not any(_TABLE_MARK.fullmatch(line) for line in lines):
        return lines
    found, inside = [], False
    for line in lines:
        if _TABLE_MARK.fullmatch(line):
            inside = not inside
            found.append("")
        else:
            found.append("\x08" + line if inside and line.strip() else line)
    return found


_SIGN_OFF = re.compile(
    r"(?P<agency>dpa)(?:[/-][a-z]{2,4})*(?:\s+[a-z]{1,5}){1,10}|\((?P<enclosed>[A-Za-z]{2,8})\\?/[a-zA-Z/]{1,16}\)"
)
_CORRECTS = re.compile(r"#+\s*(?:refile|correction|corrects|berichtigung|korrektur)\b", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]\n]{1,200})\]\((https?://[^\s)]{1,500})\)")


def _sign_off(lines: list[str], parts: StoryParts) -> None:
    """Take the text's last line if it is a sign-off: 'dpa hm bs wjh', '(SDA/sj)'."""
    while lines and not lines[-1].strip():
        lines.pop()
    match = _SIGN_OFF.fullmatch(lines[-1].strip()) if lines else None
    if match:
        parts.credit = match["agency"] or match["enclosed"]
        lines.pop()


def _notes(notes: list[str], parts: StoryParts) -> list[str]:
    """Notes without their rules; links in them are related items, a heading among them may tell of a correction."""
    kept = [note for note in notes if note.strip("* ")]
    parts.related += [Related(title=title, url=url) for note in kept for title, url in _LINK.findall(note)][:50]
    parts.correction = parts.correction or any(_CORRECTS.match(note) for note in kept)
    return kept
