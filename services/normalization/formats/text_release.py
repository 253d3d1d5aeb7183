"""Press releases and other stories with lines above and below them that are no story, sent as text. Pure.

Above: 'MEDIA RELEASE PR74541', 'FOR IMMEDIATE RELEASE', 'EMBARGOED UNTIL …', 'Source: …', 'Contact: …', a date, the headline
over one or several lines, a dateline by itself. Below: 'SOURCE …', contacts, '###' or '-ends-' with notes to editors, a line
of copyright, an address. None of them is ever the headline or part of the body.
"""

from __future__ import annotations

import re
from datetime import date
from itertools import takewhile

from services.normalization.dateline import read_dateline
from services.normalization.formats import wire_text as wire
from services.normalization.formats.text_labels import add_note, date_of, label_of, take, take_embargo
from services.normalization.formats.text_tail import CONTACT, RIGHTS, reaches, read_tail
from services.normalization.formats.wire_dates import embargo_of
from services.normalization.formats.wire_marks import byline_of, is_ednote, mark_of
from services.normalization.moments import is_moment
from services.normalization.parts import GivenDate, StoryParts
from services.normalization.phrases import fold
from services.normalization.raw import RawStory
from shared.events import Dateline

_RELEASE = re.compile(
    r"(?:media|press|news)\s+(?:release|statement|advisory|alert|notice)|pressemitteilung|presseinformation|pressemeldung|presseaussendung"
    r"|medienmitteilung|medieninformation|communiqu[ée](?:\s+de\s+presse)?|comunicado(?:\s+de\s+(?:prensa|imprensa))?|nota\s+(?:de\s+prensa|à\s+imprensa)"
    r"|comunicato(?:\s+stampa)?|δελτ[ιί]ο\s+τ[υύ]που|pressmeddelande|pressemelding|pressemeddelelse|(?:lehdistö)?tiedote|persbericht",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[\s:#–—-]*(?:n(?:o|r|º|°|um(?:ber|mer|éro|ero)?)?\.?\s*)?(?P<number>[A-Z]{0,6}[\s-]?\d[\w./-]{0,30})?\W*", re.IGNORECASE)  # fmt: skip
_IMMEDIATE = re.compile(
    r"\W*(?:for\s+(?:immediate|general)\s+(?:release|use|publication|distribution)|for\s+release\s+(?:immediately|at\s+will|on\s+receipt)"
    r"|zur\s+sofortigen\s+(?:ver(?:ö|oe)ffentlichung|freigabe)|pour\s+(?:diffusion|publication)\s+imm[ée]diate|para\s+(?:su\s+)?(?:publicaci[óo]n|difusi[óo]n)\s+inmediata"
    r"|per\s+(?:pubblicazione|diffusione)\s+immediata|para\s+(?:publica[çc][ãa]o|divulga[çc][ãa]o)\s+imediata|προς\s+[άα]μεση\s+δημοσ[ίι]ευση)"
    r"\W*(?P<rest>.{0,60})",
    re.IGNORECASE,
)
_EMBARGO = re.compile(
    r"[\W_]*(?:(?:strictly|strict|under|sous|bajo|sotto)\s+)*(?:embargo(?:ed)?\b|sperrfrist\b|hold\s+(?:for\s+)?(?:release|until)|not\s+(?:to\s+be\s+published|for\s+(?:release|publication|use|broadcast))\s+(?:before|until)"
    r"|for\s+release\b|release\s+(?:time|date)\b|nicht\s+vor\b)",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"(?P<place>[^\W\d_][^/()\d\n]{1,80}?),\s(?P<date>[^\W\d_]{3,10}\.?\s\d{1,2}(?:,\s(?:19|20)\d\d)?|\d{1,2}\.?\s[^\W\d_]{3,10}\.?(?:\s(?:19|20)\d\d)?)"
    r"\s*,?\s*/\s*(?P<agency>[^/\n]{2,40}?)\s*/\s*[-–—_]{0,3}\s*"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_SENTENCES = re.compile(r"[^\W\d_]{4,}[.!?]\s")
_WEEKDAYS = frozenset(
    fold(day)
    for day in """
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun montag dienstag mittwoch
donnerstag freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado
domingo lunedì martedì mercoledì giovedì venerdì sabato domenica δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_DISTRIBUTED = re.compile(
    r".{2,90}?[/(]\s?(?:PR\s?Newswire|BUSINESS WIRE|GLOBE\s?NEWSWIRE|Marketwired?|ACCESSWIRE|ACN Newswire|Newsfile|EQS|news aktuell|ots|AsiaNet"
    r"|Medianet|Cision|EZ Newswire|PRWeb|Newswire\.ca|CNW)\b[^/)\n]{0,30}[/)]",
    re.IGNORECASE,
)
"""A dateline that names a service through which releases are distributed."""
_ANY_DAY = date(2000, 1, 1)
WRAPPED = 62
"""Columns from which a headline's line may have been broken for want of room."""
MOST_HEAD_LINES = 40
LAST_HEAD_LINE = 200
"""Where the last block of the head is cut off: what is longer is a text."""
LONGEST_HEADING = 300

MOST_TAIL_LINES = 40


def is_release(lines: list[str]) -> bool:
    """Whether a text has lines above it that tell of it: one that only a release has, or two labels from the first line on."""
    filled = [line.strip() for line in lines[:MOST_HEAD_LINES] if line.strip()][:12]
    if any(_EMBARGO.match(line) and embargo_of(line, _ANY_DAY) for line in filled[:6] if len(line) <= 120):
        return True
    if any(
        _announces(line) is not None or _IMMEDIATE.fullmatch(line) or _ALONE.fullmatch(line) or _DISTRIBUTED.match(line)
        for line in filled[:6]
    ):
        return True
    labels = [label for label in map(label_of, takewhile(label_of, filled)) if label is not None]
    names = {label.field for label in labels}
    return len(names) >= 2 and any(label.is_telling for label in labels)


def _announces(line: str) -> str | None:
    """The number of a line that says 'Media release' and no more; '' without one, None for another line."""
    match = _RELEASE.match(line) if len(line) <= 90 else None
    if match is None:
        return None
    rest = _NUMBERED.fullmatch(line, match.end())
    return (rest["number"] or "").strip() if rest else None


def read_into(parts: StoryParts, lines: list[str], raw: RawStory) -> None:
    """Read a text's lines: what stands above and below the story goes to its fields, the rest is the body."""
    read_text(parts, lines[_read_head(parts, lines, raw) :], raw)


def read_text(parts: StoryParts, lines: list[str], raw: RawStory) -> None:
    """Read the text of a story whose head is read: what stands below it, its dateline, and its day."""
    if lines and _take_embargo(parts, lines[0].strip(), raw):
        lines = lines[1:]
    body = read_tail(parts, lines)
    text = "\n\n".join(one.text for one in wire.paragraphs(body))
    if parts.dateline is None:
        parts.dateline = read_dateline(" ".join(text[:300].split()))
    if parts.published is None and parts.dateline and parts.dateline.date and _YEAR.search(parts.dateline.date):
        day = date_of(parts.dateline.date.replace(".", ""))
        parts.published = GivenDate(parts.dateline.date, day.value, "day") if day else None
    parts.body = text or None


def _read_head(parts: StoryParts, lines: list[str], raw: RawStory) -> int:
    """Read the lines above the body; returns where that begins."""
    titled = parts.title is not None
    place = 0
    while place < min(len(lines), MOST_HEAD_LINES):
        end = place
        while end < min(len(lines), LAST_HEAD_LINE) and lines[end].strip():
            end += 1
        block = [line.strip() for line in lines[place:end]]
        taken = _take_lines(parts, block, raw)
        rest = block[taken:]
        if rest and _dateline_alone(parts, rest):
            return _next(lines, end)
        if rest and (titled or (parts.title and not (_is_heading(rest) and _heads_on(parts, rest)))):
            return place + taken
        if rest and not parts.title:
            if not _is_heading(rest):
                return place + taken
            rest = _take_title(parts, rest)
            if rest:  # prose under the headline without a blank line between
                return end - len(rest)
        place = _next(lines, end)
    return place


def _next(lines: list[str], place: int) -> int:
    while place < len(lines) and not lines[place].strip():
        place += 1
    return place


def _take_lines(parts: StoryParts, block: list[str], raw: RawStory) -> int:
    """How many of a block's first lines say one thing each; a contact takes the block with it."""
    place = 0
    while place < len(block):
        line = block[place]
        if CONTACT.fullmatch(line) and (":" in line or len(line) <= 40) and reaches(block[place:]):
            add_note(parts, *block[place:])
            return len(block)
        more = _source_goes_on(block, place)
        if not _take_line(parts, " ".join([line, *more]), raw):
            return place
        place += 1 + len(more)
    return place


def _source_goes_on(block: list[str], place: int) -> list[str]:
    """The lines that a long 'Source: …' takes before the line that says 'Media release'."""
    if not re.match(r"source\s*:", block[place], re.IGNORECASE):
        return []
    announced = [at for at in range(place + 1, min(place + 4, len(block))) if _announces(block[at]) is not None]
    return block[place + 1 : announced[0]] if announced else []


def _take_line(parts: StoryParts, line: str, raw: RawStory) -> bool:
    """Whether a line above the story is no part of it; what it says is kept."""
    return any(taker(parts, line, raw) for taker in _TAKERS)


def _take_announcement(parts: StoryParts, line: str, raw: RawStory) -> bool:  # noqa: ARG001 - the signature of all takers
    """'MEDIA RELEASE PR74541', 'FOR IMMEDIATE RELEASE: March 3, 2025'."""
    number = _announces(line)
    if number is not None:
        _take_number(parts, number)
        return True
    immediate = _IMMEDIATE.fullmatch(line)
    if immediate:
        day = date_of(immediate["rest"].strip(" :-–—|"))
        parts.published = parts.published or (day if day and day.value else None)
    return immediate is not None


def _take_label(parts: StoryParts, line: str, raw: RawStory) -> bool:
    label = label_of(line)
    if label is not None:
        take(label, parts, raw)
    return label is not None


def _take_embargo(parts: StoryParts, line: str, raw: RawStory) -> bool:
    """An embargo stands at a line's start; inside a headline ('arms embargo to …') it is news."""
    return len(line) <= 200 and _EMBARGO.match(line) is not None and take_embargo(line, parts, raw)


def _take_dates(parts: StoryParts, line: str, raw: RawStory) -> bool:  # noqa: ARG001 - the signature of all takers
    """A line of copyright, a place with a day, or a date alone."""
    if RIGHTS.fullmatch(line):
        parts.rights = parts.rights or line
        return True
    if placed := _placed(line):
        parts.dateline, day = placed
        parts.published = parts.published or day
        return True
    if is_moment(line):
        parts.published = parts.published or date_of(line)
        return True
    return False


def _placed(line: str) -> tuple[Dateline, GivenDate] | None:
    """'Athens, 7 February 2026': a place and a day, as letters have them, and nothing else."""
    place, comma, rest = line.partition(", ")
    if not comma or len(line) > 80 or fold(place) in _WEEKDAYS or any(letter.isdigit() for letter in place):
        return None
    day = date_of(rest.strip(" .-–—")) if place[:1].isupper() and place.count(" ") <= 4 else None
    if day is None or day.value is None:
        return None
    return Dateline(place=place, date=rest.strip(" .-–—")), day


def _take_wire_line(parts: StoryParts, line: str, raw: RawStory) -> bool:  # noqa: ARG001 - the signature of all takers
    """Marks ('CORRECTION'), notes to editors and bylines, which stand under a headline."""
    mark = mark_of(line)
    if mark is not None and (line.isupper() or line[0] in "(["):
        parts.correction = parts.correction or mark.kind == "correction"
        if mark.kind in ("version", "correction", "repeat"):
            parts.version = parts.version or mark.words
        elif mark.kind in ("alert", "genre"):
            parts.keywords.append(mark.words)
        return True
    if is_ednote(line):
        add_note(parts, line)
        return True
    if parts.title and not parts.byline and len(line) <= 100 and (names := byline_of(line)):
        parts.byline = names
        return True
    return False


_TAKERS = (_take_announcement, _take_label, _take_embargo, _take_dates, _take_wire_line)


def _take_number(parts: StoryParts, number: str) -> None:
    """A release's number is its id where it can be nobody else's: with letters or many digits, and no year."""
    digits = re.sub(r"\D", "", number)
    if number and len(digits) >= 4 and not _YEAR.fullmatch(number) and parts.provider_id is None:
        parts.provider_id = number
    elif number:
        parts.given["number"] = [number]


def _is_heading(block: list[str]) -> bool:
    """Whether a block may be a headline: short, and no sentences; one may end in a full stop ('… buys Acme Inc.')."""
    text = " ".join(block)
    sentence = text.endswith(".") and (len(text) > 130 or _SENTENCES.search(text) is not None)
    return len(text) <= LONGEST_HEADING and len(block) <= 5 and not sentence and read_dateline(text) is None


def _heads_on(parts: StoryParts, block: list[str]) -> bool:
    """A further heading between headline and dateline is a subhead; a list or a paragraph is not."""
    text = " ".join(block)
    if (
        parts.dateline is not None
        or text[0] in "-*•"
        or text[-1] in ":,;"
        or len(text) > 200
        or len(parts.subheads) >= 3
    ):
        return False
    parts.subheads.append(text)
    return True


def _take_title(parts: StoryParts, block: list[str]) -> list[str]:
    """The headline's lines: a line goes on in the next where its first word had no room; the rest of the block is returned."""
    title = [block[0]]
    for line in block[1:]:
        if len(title[-1]) + 1 + len(line.partition(" ")[0]) <= WRAPPED:
            break
        title.append(line)
    parts.title = " ".join(" ".join(title).split())
    rest = block[len(title) :]
    if rest and len(rest) <= 2 and len(" ".join(rest)) <= 200 and _is_heading(rest):
        parts.subheads.append(" ".join(rest).lstrip("-–— "))
        return []
    return rest


def _dateline_alone(parts: StoryParts, block: list[str]) -> bool:
    """Whether a block is a dateline and nothing else; it is then kept as one."""
    text = " ".join(" ".join(block).split())
    if len(text) > 200:
        return False
    found = read_dateline(text)
    if found is None and (match := _ALONE.fullmatch(text)):
        found = Dateline(**match.groupdict())
    if found is None:
        return False
    rest = text
    for said in filter(None, (found.place, found.date, found.agency)):
        rest = rest.replace(said, "", 1)
    if re.search(r"\w", rest):
        return False
    parts.dateline = found
    parts.given["dateline"] = [text]
    return True
