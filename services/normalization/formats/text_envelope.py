"""Telegraph envelopes in text: ZCZC … NNNN around each message, with a head of coded lines or tagged fields in it. Pure.

Coded heads (AAP and its partners) give each line a sign: `^` headline, `#` or `:` slug, `$` category or headline, `=` take
key, `@` place, `~` genre or service, `+` or `*` IPTC subject, `*X` and `*T` text and table, `%` and `&` routing. Which of two a
sign means shows in what it says. Tagged heads (News Bites) name each field: `TI#`, `PD#`, `TX#`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import dropwhile

from services.normalization.formats import text_release
from services.normalization.formats.text_labels import date_of
from services.normalization.formats.text_tail import is_blank
from services.normalization.formats.wire_marks import mark_of
from services.normalization.moments import is_moment
from services.normalization.parts import StoryParts
from services.normalization.phrases import fold
from services.normalization.raw import RawStory
from services.normalization.wire import unique
from shared.errors import Refused
from shared.events import Topic

MOST_MESSAGES = 1000

_BEFORE = " \t\n\x00\x01\x02\x7f\ufeff"
_OPEN = re.compile(r"^[ \t\x00-\x06\x7f]*ZCZC\b[ \t]*(?P<line>[^\n]*)$", re.MULTILINE | re.IGNORECASE)
_CLOSE = re.compile(r"(?:^|[ \t])NNNN[ \t\x00-\x06\x7f.]*$", re.MULTILINE | re.IGNORECASE)
_TAG = re.compile(r"(?P<tag>[A-Z]{2})#(?P<value>.*)")
_SIGNED = re.compile(
    r"(?P<sign>[#%:=^~@])(?P<value>(?!\s).*)|(?P<sign2>[$])(?P<value2>(?![\s\d]).*)|(?P<sign3>[*+])(?P<value3>[A-Z]?|\d{0,8})"
    r"|(?P<sign4>&)(?P<value4>\S{0,12})"
)
_LONGEST_SIGNED = 200
_SERVICE = re.compile(r"\b(?:service|wire|newsroom|news)\b", re.IGNORECASE)
_PLACE_CODE = re.compile(r"[A-Z]{2,6}|[A-Z][a-z]{1,3}")
"""'NSW', 'Vic': with any other words the line is a take key, as Pagemasters writes it."""
_SUBJECT = re.compile(r"\d{8}")
_SOURCE_LINE = re.compile(r"\s*SOURCE\s*:?\s+(?P<name>.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what follows ZCZC in its line, and the lines to NNNN. `closed` says that this was seen."""

    line: str
    lines: list[str]
    closed: bool


def messages(text: str) -> list[Message] | None:
    """The messages of a text that begins with an envelope; None for any other text.

    Raises:
        Refused: `too-many-items`.
    """
    start = len(text) - len(text.lstrip(_BEFORE))
    if text[start : start + 4].upper() != "ZCZC":
        return None
    opened = list(_OPEN.finditer(text))
    if len(opened) > MOST_MESSAGES:
        raise Refused("too-many-items", f"{len(opened)} messages in a text, and {MOST_MESSAGES} are allowed")
    ends = [one.start() for one in opened[1:]] + [len(text)]
    found = []
    for one, end in zip(opened, ends, strict=True):
        close = _CLOSE.search(text, one.end(), end)
        inside = text[one.end() : close.start() if close else end]
        found.append(Message(one["line"].strip(), inside.strip("\n").split("\n"), close is not None))
    return found


def read_into(parts: StoryParts, message: Message, raw: RawStory) -> None:
    """Read a message: its head's fields, then its text as any other text with lines around it."""
    if message.line:
        parts.given["service_line"] = [message.line]
    if not message.closed:
        parts.notes.append("no end of message (NNNN)")
    filled = [line for line in message.lines if line.strip()]
    if len(filled) >= 2 and all(_TAG.match(line.strip()) for line in filled[:2]):
        _read_tagged(parts, message.lines, raw)
        return
    head, rest = _coded(message.lines)
    _interpret(parts, head, rest)
    text_release.read_into(parts, rest, raw)


def _read_tagged(parts: StoryParts, lines: list[str], raw: RawStory) -> None:
    """Fields to `TX#`, each until the next tag; behind that the text."""
    found: dict[str, list[str]] = {}
    last = ""
    rest: list[str] = []
    for place, line in enumerate(lines):
        if match := _TAG.match(line.strip()):
            last = match["tag"]
            found[last] = [match["value"].strip()]
        elif last and line.strip():
            found[last].append(line.strip())
        if last == "TX":
            rest = [*found.pop("TX"), *lines[place + 1 :]]
            break
    fields = {tag: " ".join(filter(None, values)) for tag, values in found.items()}
    parts.provider_id = fields.get("AN") or None
    parts.source = fields.get("KN") or None
    parts.published = parts.version_time = date_of(fields["PD"]) if fields.get("PD") else None
    if fields.get("PD") and parts.published is None:
        parts.notes.append("published unreadable")
    parts.byline = unique([fields.get("BY")])
    parts.slugline = fields.get("KY") or None
    parts.keywords = unique((fields.get("KY") or "").split())
    parts.title = fields.get("TI") or None
    parts.summary = fields.get("AB") or None
    codes = unique(re.split(r"[\s,;]+", fields.get("CO", "")))
    parts.topics = [Topic(scheme=fields.get("SO") or "company", code=code) for code in codes]
    parts.given |= {name: [fields[tag]] for name, tag in (("codes", "CO"), ("keyword", "KY")) if fields.get(tag)}
    text_release.read_text(parts, list(dropwhile(is_blank, rest)), raw)


def _coded(lines: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The signed lines at the start, by sign, and the lines behind them."""
    head: dict[str, list[str]] = {}
    for place, line in enumerate(lines):
        text = line.strip()
        if not text:
            continue
        match = _SIGNED.fullmatch(text) if len(text) <= _LONGEST_SIGNED else None
        if match is None:
            return head, lines[place:]
        sign = match["sign"] or match["sign2"] or match["sign3"] or match["sign4"]
        value = match["value"] or match["value2"] or match["value3"] or match["value4"] or ""
        head.setdefault(sign, []).append(value.strip())
    return head, []


def _interpret(parts: StoryParts, head: dict[str, list[str]], rest: list[str]) -> None:
    """What each sign means here."""
    said = {sign: next((value for value in values if value), "") for sign, values in head.items()}
    for code in head.get("+", []) + head.get("*", []):
        if _SUBJECT.fullmatch(code):
            parts.topics.append(Topic(scheme="iptc-subject", code=code))
    dollar = said.get("$", "")
    dollar_is_headline = len(dollar) > 3
    category = said.get("%", "") if dollar_is_headline else dollar
    if category and len(category) <= 3:
        parts.topics.append(Topic(scheme="category", code=category))
    colon = _issuer_or_words(parts, said, rest)
    parts.title = said.get("^") or (dollar if dollar_is_headline else None) or (colon if "#" in said else None) or None
    parts.slugline = said.get("#") or (colon if "#" not in said else None) or None
    _place(parts, said.get("@", ""), said.get("=", ""))
    if genre := said.get("~"):
        if _SERVICE.search(genre):
            parts.source = parts.source or genre
        else:
            parts.topics.append(Topic(scheme="genre", name=genre))
    if routing := " ".join(filter(None, [said.get("%", ""), said.get("&", "")])):
        parts.given["routing"] = [routing]


def _issuer_or_words(parts: StoryParts, said: dict[str, str], rest: list[str]) -> str:
    """What `:` says, unless it is the issuer of a release, or a time: '' then."""
    colon = said.get(":", "")
    sources = [match["name"].strip() for line in rest[-12:] if (match := _SOURCE_LINE.fullmatch(line))]
    distributed = said.get("%", "").startswith("MNET")  # Medianet, which distributes releases, names the issuer there
    if colon and (distributed or any(fold(colon) == fold(name) for name in sources)):
        parts.source, colon = colon, ""
    if colon[:1].isdigit():
        parts.given["time"], colon = [colon], ""
    return colon


def _place(parts: StoryParts, place: str, take_key: str) -> None:
    """`@` is a place, or (Pagemasters) a take key, which elsewhere is `=`."""
    if place and not take_key and not _PLACE_CODE.fullmatch(place):
        place, take_key = "", place
    if place:
        parts.places.append(place)
        parts.given["place"] = [place]
    _take_key(parts, take_key)


def _take_key(parts: StoryParts, words: str) -> None:
    """The take key tells versions and kinds apart ('2nd Lead', 'CORRECTION', 'Fields Monday')."""
    if not words:
        return
    parts.given["takekey"] = [words]
    mark = mark_of(words)
    if mark is not None and mark.kind in ("version", "correction", "repeat"):
        parts.version = words
        parts.correction = mark.kind == "correction"
    elif mark is not None and mark.kind in ("kill", "hold"):
        parts.kind = "advisory"
        parts.notes.append(f"a {mark.kind} that names no item by its number: nothing was taken back")
    elif not is_moment(words):
        parts.keywords.append(words)
