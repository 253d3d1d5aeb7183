"""ANPA 1312, the text format of North American wires, with the dialects of AP, Canadian Press and Kyodo.

    SYN SYN SOH z6715 US -----                          service letter and number, selector
    r z DC3 DC1 BC-BKN--Heat-Hawks 1stLd-Writethru   02-20 0500     priority, category, format, keyword, version, day, words
    STX ^BC-BKN--Heat-Hawks, 1st Ld-Writethru,416<      keyword line: keyword, version, words
    ^Headline<  ^Eds: …<  ^Summary.<  ^By CHARLES ODUM=
    TAB ATLANTA (AP) _ Text …
    ETX AP-WF-02-20-16 0337GMT<

A caret begins a line that is set by itself; '<', '=' and '@' end it. DC4 or DC2 in the second line mean tabular matter; its
lines begin with BS, columns are parted by US and RS. Facts: ANPA 84-2/89-3 as described in public, AP's 'Filing the wire'.
An id is service letter, number and UTC day: numbers are used again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.normalization.formats import wire_marks as marks
from services.normalization.formats import wire_text as wire
from services.normalization.formats.anpa_head import bare, read_head
from services.normalization.formats.wire_dates import (
    header_day,
    month_and_day,
    sent_anpa,
    utc_day,
    utc_hour,
)
from services.normalization.formats.wire_kills import Sender
from services.normalization.formats.wire_story import close, only_news
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from shared.events import Topic

NAME = "anpa-1312"

_FIRST = re.compile(
    r"[ \t]*(?P<letter>[A-Za-z])(?P<number>\d{4})(?P<more>[A-Za-z]{0,12})[ \t]*(?:\x1f(?P<selector>[^\n]*))?"
)
_SECOND = re.compile(
    r"(?P<priority>[A-Za-z])[ \t]+(?P<category>[A-Za-z])[ \t]*(?P<format>[\x11-\x14]{0,2})[ \t]*(?P<rest>[^\n]*)"
)
_TAIL = re.compile(r"\s(?P<a>\d{1,2})-(?P<b>\d{1,2})(?:[ \t]+(?P<words>\d{1,5}))?[ \t]*$")
_REFERENCE = re.compile(r"[A-Z]{2}\d{2}|[a-z]\d{4}")
"""The reference section: another item's number."""
_START = re.compile(r"(?m)^[a-zA-Z]\d{4}[A-Za-z]{0,12}\x1f[^\n]*\n[a-z] [a-z] ?[\x13\x14]")
_SNIFF = re.compile(
    rb"\x01?[ \t]*[A-Za-z]\d{4}[A-Za-z]{0,12}[ \t]*(?:\x1f[^\r\n]*)?\r*\n[A-Za-z][ \t]+[A-Za-z][ \t]*[\x13\x14][\x11\x12]"
)
_SNIFF_LOOSE = re.compile(rb"\x01[ \t]*[A-Za-z]\d{4}[A-Za-z]{0,12}[ \t]*\x1f")
_SNIFF_CARET = re.compile(rb"(?:\^V)*\^A[A-Za-z]\d{4}[A-Za-z]{0,12}(?:\^_|\r*\n[a-z] [a-z] ?\^)")
_PADDING = b"\r\n \t\x00\x7f\x04\x0c"

_URGENCY = {"f": 1, "b": 2, "u": 3, "r": 4, "d": 5, "a": 6, "s": 7, "w": 7}
"""AP's priorities in their order (flash, bulletin, urgent, regular, deferred, advances) on IPTC's scale of urgency."""
_SECTIONS = {
    "a": "Domestic", "d": "Food", "e": "Entertainment", "f": "Business", "i": "International", "l": "Lifestyle", "p": "Politics",
    "s": "Sports", "t": "Travel", "v": "Advisory", "w": "Washington",
}  # fmt: skip
_AP_SECTIONS = {
    "b": "Special events", "c": "Features", "g": "State politics", "j": "Lottery", "k": "Commentary", "m": "Farm",
    "n": "State and regional", "o": "Weather", "q": "Sports results", "r": "Race wire",
}  # fmt: skip
"""Letters that AP uses, and other agencies otherwise."""
# AP's supplemental categories of sport, which open its keywords ('BKN--Heat-Hawks'), as IPTC subject codes.
_SPORTS = {
    "BB": ("15007000", "baseball"), "BK": ("15008000", "basketball"), "BOX": ("15014000", "boxing"), "CAR": ("15039000", "motor racing"),
    "CYC": ("15019000", "cycling"), "FB": ("15003000", "American football"), "FIG": ("15025000", "figure skating"),
    "GLF": ("15027000", "golf"), "HK": ("15031000", "ice hockey"), "RAC": ("15030000", "horse racing, harness racing"),
    "SOC": ("15054000", "soccer"), "TEN": ("15065000", "tennis"), "CRI": ("15017000", "cricket"), "RGL": ("15048000", "rugby league"),
}  # fmt: skip
_SPORT = re.compile(r"(?:[A-Z]{2}-)?(?P<code>(?P<two>BB|BK|FB|HK)[A-Z]|BOX|CAR|CYC|FIG|GLF|RAC|SOC|TEN|CRI|RGL)-")
_CYCLE = re.compile(r"(?:AM|PM|BC|AP|YE|EI)-", re.IGNORECASE)


def sniff(head: bytes, content_type: str | None) -> float:  # noqa: ARG001  # every format has this signature
    """SYN and SOH, or the shape of both header lines where SYN or both were lost."""
    start = head.lstrip(_PADDING)
    first = start[:1]
    if first == b"\x16":
        rest = start.lstrip(b"\x16\x00")
        return 1.0 if _SNIFF.match(rest) or _SNIFF_LOOSE.match(rest) else 0.94
    if first == b"\x01":
        return 1.0 if _SNIFF.match(start) or _SNIFF_LOOSE.match(start) else 0.0
    if first == b"^":
        return 1.0 if _SNIFF_CARET.match(start) else 0.0
    return 0.97 if first.isalpha() and _SNIFF.match(start) else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it.

    Raises:
        Refused: `undecodable`; `no-text` without a message that has text; `not-news` for test messages and imprints.
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
    found = wire.frames(text, 2, _START)
    return [one for frame in found if (one := _story(frame, raw, notes)) is not None], len(found)


@dataclass(slots=True)
class _Text:
    """A text's lines: those set by themselves before the body, and the body's."""

    head: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)


def _story(frame: wire.Frame, raw: RawStory, notes: list[str]) -> StoryParts | None:
    parts = StoryParts(format=NAME, notes=list(notes))
    first, second = _header_lines(frame.header)
    text = _split(wire.printable(frame.text).split("\n"))
    _sign_off(text.body, parts)
    body = _body(text.body)
    if not text.head and not body:
        return None
    _sent(frame, parts, body)
    _day_alone(second, parts, raw)
    sender = _service(first, parts, raw)
    _source(parts, frame)
    _second_line(second, parts)
    marked, after = read_head(text.head, parts, sender)
    noted = marks.split_notes(after + body)
    parts.ednote_private = "\n".join(noted.private) or None
    _sport(parts)
    close(parts, noted.body, noted.notes, sender, marked)
    return parts if parts.title or parts.body else None


def _header_lines(header: str) -> tuple[str, str]:
    lines = [line for line in header.split("\n") if line.strip(" \t\x16\x7f")]
    return (lines[0] if lines else ""), (lines[1] if len(lines) > 1 else "")


def _split(lines: list[str]) -> _Text:
    """The lines before the body joined to units, and the body's lines.

    The body begins at the first line with an indent or a table's mark, or at one without a caret after a blank line, or
    after a line that ended ('<', '=', '+'). A unit that was wrapped goes on in a line without a caret.
    """
    found = _Text()
    units: list[list[str]] = []
    ended = True
    for place, line in enumerate(lines):
        stripped = line.strip()
        if not stripped:
            ended = True
            continue
        indented = line[:1] in "\t\x08" or line.startswith("   ")
        if units and indented and not (stripped.startswith("^") and len(units) < 2):
            found.body = lines[place:]
            break
        plain = not stripped.startswith("^")
        if plain and not units and indented:
            found.body = lines[place:]
            break
        if plain and units and not ended:
            units[-1].append(stripped)
        elif plain and len(units) >= 2 and not _ends(stripped) and not marks.byline_of(stripped):
            found.body = lines[place:]
            break
        else:
            units.append([stripped])
        ended = _ends(stripped) or (plain and len(units) == 1)
    found.head = [wire.join_lines(unit) for unit in units]
    return found


def _ends(line: str) -> bool:
    return line[-1:] in "<=@+"


def _body(lines: list[str]) -> list[str]:
    """The body's paragraphs; a line with a caret stands by itself, the sign that ends a line goes."""
    spread: list[str] = []
    for line in lines:
        if line.lstrip().startswith("^"):
            spread += ["", bare(line), ""]
        elif line[:1] == "\x08":
            row = _unended(line[1:].removeprefix("^"))
            spread.append("\x08" + (_HALF.sub("½", row) if "{" in row else row))
        else:
            spread.append(_unended(line))
    kept = ["" if line.strip() in ("END", "\x08") else line for line in spread]
    return [one.text for one in wire.paragraphs(kept)]


_HALF = re.compile(r"(?<=\d)\{|(?<=\s)\{(?=\s|$)")
"""In tables of results the brace is a half, as in ANPA's graphic characters."""


def _unended(line: str) -> str:
    """A body's line without the sign that ends it."""
    text = line.rstrip(" \t")
    if text.endswith("<"):
        text = text[:-1].rstrip(" \t")
        return text[:-1].rstrip(" \t") if text.endswith(("@", "+")) else text
    return text[:-1] if text.endswith("_=") else line


def _service(line: str, parts: StoryParts, raw: RawStory) -> Sender:
    day, hour, zoned = utc_day(parts.published, raw), utc_hour(parts.version_time, raw), raw.zone is not None
    match = _FIRST.match(line.lstrip("\x16 "))
    if match is None:
        parts.notes.append("service letter and number unreadable")
        return Sender("", None, day, hour, zoned=zoned)
    sender = Sender(match["letter"], match["number"], day, hour, zoned=zoned)
    parts.provider_id = sender.own_id
    parts.source = match["more"] or None
    parts.given["service_id"] = [match["letter"] + match["number"] + match["more"]]
    selector = (match["selector"] or "").strip()
    if selector:
        parts.given["selector"] = [selector]
    return sender


def _second_line(line: str, parts: StoryParts) -> None:
    """Priority, category, keyword and version; the day without a year tells less than the trailer."""
    match = _SECOND.match(line.strip())
    if match is None:
        parts.notes.append("priority, category and keyword unreadable")
        return
    priority, category = match["priority"], match["category"].lower()
    parts.given |= {"priority": [priority], "category": [match["category"]]}
    parts.urgency = _URGENCY.get(priority.lower())
    if parts.urgency is None:
        parts.notes.append("urgency unreadable")
    parts.section = _SECTIONS.get(category) or (_AP_SECTIONS.get(category) if parts.source == "AP" else None)
    parts.topics.insert(0, Topic(scheme="anpa-category", code=match["category"], name=parts.section))
    if category == "v":
        parts.kind = "advisory"
    rest = wire.printable(match["rest"])
    tail = _TAIL.search(" " + rest)
    words = rest[: tail.start() - 1 if tail else len(rest)].split()
    if len(words) > 1 and _REFERENCE.fullmatch(words[-1]):
        parts.given["reference"] = [words.pop()]
    keyword, _, version = " ".join(words).replace(",", " ").partition(" ")
    if version and marks.mark_of(version) is None:
        keyword, version = " ".join(words), ""
    parts.slugline = keyword.strip(" ,") or None
    parts.version = " ".join(version.split()) or None
    if parts.version:
        parts.given["version"] = [parts.version]
    if tail:
        parts.given["date"] = [f"{tail['a']}-{tail['b']}"]
        if tail["words"]:
            parts.given["words"] = [tail["words"]]


def _sent(frame: wire.Frame, parts: StoryParts, body: list[str]) -> None:
    """Time of sending: in the trailer, else in the text's last line (where ETX was lost)."""
    dateline = next((found for one in body[:3] if (found := marks.dateline_of(one))), None)
    hint = month_and_day(dateline.date) if dateline else None
    sent = sent_anpa(wire.printable(frame.trailer)[:200], hint)
    if sent is None and not frame.closed and body and len(body[-1]) <= 60 and re.search(r"\d-\d\d", body[-1]):
        sent = sent_anpa(body[-1], hint)
        if sent is not None:
            body.pop()
    if not frame.opened:
        parts.notes.append("no start of text (STX)")
    if not frame.closed:
        parts.notes.append("no end of text (ETX)" + ("" if sent else ": it may be cut off"))
    parts.version_time = parts.published = sent


def _day_alone(second: str, parts: StoryParts, raw: RawStory) -> None:
    """Without a time of sending the header's day is what is known of publication; it is no version time."""
    if parts.published is not None:
        return
    tail = _TAIL.search(" " + wire.printable(second).strip())
    parts.published = header_day(int(tail["a"]), int(tail["b"]), raw) if tail else None
    parts.notes.append("no time of sending" + (": the header's day is used" if parts.published else ""))


_PREFIX = re.compile(r"\W*(?P<prefix>[A-Z]{2,5})-[A-Z]{1,4}-")


def _source(parts: StoryParts, frame: wire.Frame) -> None:
    match = _PREFIX.match(frame.trailer)
    parts.source = parts.source or (match["prefix"] if match else None)


_SIGN_OFF = re.compile(
    r"(?:={2,}\s*)(?P<agency>[A-Za-z]{2,20})|\(?(?P<press>The Canadian Press|The Associated Press)\)?\.?|-30-|ENDS?"
)


def _sign_off(lines: list[str], parts: StoryParts) -> None:
    """Take the text's last line if it is a sign-off: '==Kyodo', 'The Canadian Press', '-30-'."""
    while lines and not lines[-1].strip():
        lines.pop()
    match = _SIGN_OFF.fullmatch(bare(lines[-1])) if lines else None
    if match:
        parts.credit = match["agency"] or match["press"]
        lines.pop()


def _sport(parts: StoryParts) -> None:
    slug = _CYCLE.sub("", parts.slugline or "", count=1)
    match = _SPORT.match(slug)
    if match:
        code, name = _SPORTS[match["two"] or match["code"]]
        parts.topics.append(Topic(scheme="iptc-subject", code=code, name=name))
        parts.topics.append(Topic(scheme="ap-supplemental", code=match["code"]))
