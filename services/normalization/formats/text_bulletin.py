"""Bulletins of public services (weather, sea, roads, health) sent as text: a product code, an issuer, a time of issue. Pure.

The code names the product, and each issue of it takes the last one's place: it is the story's id, and the time of issue
its version. Codes for machines and words for broadcasters (SECURITE, TOP PRIORITY …) stand above the headline.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from itertools import dropwhile

from services.normalization.formats import wire_text as wire
from services.normalization.formats.text_tail import is_blank
from services.normalization.formats.wire_dates import month_of, zone_of
from services.normalization.parts import GivenDate, StoryParts

_WMO = r"[A-Z]{4}\d{2}\s[A-Z]{4}\s\d{6}(?:\s[A-Z]{3})?"
_CODE = re.compile(rf"[A-Z]{{2,4}}\d{{2,6}}[A-Z]?|{_WMO}")
"""A service's own number of the product, or WMO's abbreviated heading: data type, centre, day and time."""
_MACHINE = re.compile(r"[A-Z]{3}[A-Z0-9]{3}|[\d:.,/+-]{4,}[\w:.,/+-]*|[A-Z]{4}\d{2}\s[A-Z]{4}\s\d{6}.*")
_CALLS = re.compile(
    r"\W*(?:s[ée]curit[ée]|pan[\s-]?pan|mayday|all stations|(?:top )?priority.{0,40}|(?:for )?immediate broadcast.{0,40}|urgent.{0,40}|bulletin\b.{0,60}broadcast.{0,30})\W*",
    re.IGNORECASE,
)
_ISSUER = re.compile(
    r"(?:Issued|Released|Ausgegeben|Émis|Emitido)\s+(?:by|von|par|por)\s+(?:the\s+)?(?P<name>[^\d].{2,118})"
)
_INSTITUTION = re.compile(
    r"\b(?:bureau|service|institute|office|agency|department|centre|center|authority|observatory|wetterdienst|m[ée]t[ée]o)\b",
    re.IGNORECASE,
)
_WEEKDAY = r"(?:on\s+)?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?(?:the\s+)?"
_CLOCK = r"(?P<hour>\d{1,2})(?:[:.]?(?P<minute>\d\d))?\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>UTC|GMT|Z|[A-Z]{2,4}T)?"
_ISSUED = re.compile(
    rf"\b(?:at|issued(?:\s+at)?)\s+(?P<raw>{_CLOCK},?\s+{_WEEKDAY}"
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>[A-Za-z]{{3,9}})|(?P<month2>[A-Za-z]{{3,9}})\s+(?P<day2>\d{{1,2}})),?\s+(?P<year>\d{{4}}))",
    re.IGNORECASE,
)
_STAMP = re.compile(
    r"(?P<hour>\d{1,2}?)(?P<minute>\d\d)\s(?P<half>[AP]M)\s(?P<zone>[A-Z]{2,4})\s(?:[A-Z]{3}\s)?(?P<month2>[A-Z]{3,9})\s(?P<day2>\d{1,2})\s(?P<year>\d{4})",
    re.IGNORECASE,
)
"""'130 PM CDT Fri May 15 2020', a line of its own."""
_AUSTRALIAN = {"EST": 10.0, "EDT": 11.0, "CST": 9.5, "CDT": 10.5, "WST": 8.0}
"""Hours that these letters, which elsewhere are American, mean to Australian services."""
MOST_HEAD_LINES = 20
LONGEST_LINE = 160


def is_bulletin(lines: list[str]) -> bool:
    """Whether the first line is a product's code and a line of issue follows."""
    filled = [line.strip() for line in lines[: MOST_HEAD_LINES * 2] if line.strip()][:MOST_HEAD_LINES]
    return bool(filled) and _CODE.fullmatch(filled[0]) is not None and any(_issued(line) for line in filled)


def _issued(line: str) -> re.Match[str] | None:
    return _ISSUED.search(line) or _STAMP.fullmatch(line.strip())


def read_into(parts: StoryParts, lines: list[str]) -> None:
    """Read a bulletin's lines."""
    filled = [place for place, line in enumerate(lines) if line.strip()]
    parts.provider_id = lines[filled[0]].strip()
    issued = next(place for place in filled if _issued(lines[place]))
    _read_time(parts, lines[issued], australian=any("ustralia" in lines[place] for place in filled if place <= issued))
    if re.fullmatch(_WMO, parts.provider_id) and parts.version_time and parts.version_time.value:
        # WMO's headings name a kind of bulletin and the time of each: they are used again every month.
        parts.provider_id += f":{parts.version_time.value:%Y-%m-%d}"
    headings = _headings(parts, lines[filled[0] + 1 : issued + 1])
    rest = list(dropwhile(is_blank, lines[issued + 1 :]))
    if rest and not headings:
        headings, rest = [rest[0].strip()], rest[1:]
    if headings:
        parts.title, *parts.subheads = headings
    _take_subhead(parts, rest)


def _headings(parts: StoryParts, head: list[str]) -> list[str]:
    """The lines of the head that are headings; one that begins in a small letter goes on from the line before it.

    An institution's name has the region that it speaks for under it, and perhaps the heading above it.
    """
    found: list[str] = []
    block: list[str] = []
    for line in [*map(str.strip, head), ""]:
        if line:
            if not _take(parts, line):
                block.append(line)
            continue
        names = [one for one in block if _INSTITUTION.search(one)]
        if names and parts.source is None and (len(block) > 1 or not found):
            parts.source = names[0]
            found += block[: block.index(names[0])]
            parts.places += block[block.index(names[0]) + 1 :]
        else:
            found += [one for one in block if one != parts.source]
        block = []
    headings: list[str] = []
    for line in found:
        if headings and line[:1].islower():
            headings[-1] += " " + line
        else:
            headings.append(line)
    return headings


def _take(parts: StoryParts, line: str) -> bool:
    """Whether a line of the head is for machines or broadcasters, or tells of the issue."""
    if issuer := _ISSUER.match(line):
        parts.source = parts.source or _ISSUED.sub("", issuer["name"]).strip(" ,.")
        return True
    if _CALLS.fullmatch(line):
        parts.keywords.append(line.strip(" .!*-"))
        return True
    return _MACHINE.fullmatch(line) is not None or _issued(line) is not None


def _take_subhead(parts: StoryParts, rest: list[str]) -> None:
    """What stands under the issue in capitals, alone, is what this issue is about."""
    first = rest[0].strip() if rest else ""
    alone = len(rest) < 2 or not rest[1].strip()
    if alone and first.isupper() and len(first) <= LONGEST_LINE and not first.endswith("."):
        parts.subheads.append(first)
        rest = rest[1:]
    parts.body = "\n\n".join(one.text for one in wire.paragraphs(_parted(rest))) or None


def _parted(lines: list[str]) -> list[str]:
    """A heading in capitals stands by itself, though its text follows in the next line."""
    found = []
    for place, line in enumerate(lines):
        found.append(line)
        following = lines[place + 1] if place + 1 < len(lines) else ""
        if line.isupper() and following.strip() and not following.isupper() and not line.rstrip().endswith((",", "-")):
            found.append("")
    return found


def _read_time(parts: StoryParts, line: str, *, australian: bool) -> None:
    match = _issued(line)
    if match is None:
        return
    said = match.groupdict()
    hour = int(said["hour"])
    half = (said["half"] or "").lower().replace(".", "")
    hour += 12 if half == "pm" and hour < 12 else -12 if half == "am" and hour == 12 else 0
    letters = (said["zone"] or "").upper()
    own = _AUSTRALIAN.get(letters) if australian else None
    zone = timezone(timedelta(hours=own)) if own else zone_of(letters)
    month = month_of(said.get("month") or said["month2"])
    try:
        value = datetime(
            int(said["year"]),
            month or 0,
            int(said.get("day") or said["day2"]),
            hour,
            int(said["minute"] or 0),
            tzinfo=zone,
        )
    except ValueError:
        parts.notes.append("time of issue unreadable")
        return
    parts.version_time = parts.published = GivenDate(said.get("raw") or match[0], value, "minute")
