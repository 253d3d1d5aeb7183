"""The story and nothing but the story: rules over the paragraphs of plain text. Pure.

Every paragraph gets a code from its shape and its set phrase (`phrases.py`); rules are patterns over the string of codes:

    P  prose                    H  like a heading (short, no full stop)     T  cut off in mid-sentence ('…')
    C  credit                   R  pointer to another story                 X  heading of a list of other stories
    S  newsletter               N  share, cookie, picture credit            E  an agency's sign-off
    Y  'Reporting by …'

No rule knows a site. What a rule takes out is told in `notes`; a pointer to a story goes to `related`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from services.normalization.credits import signed_at_end
from services.normalization.layout import Paragraph
from services.normalization.moments import is_moment
from services.normalization.phrases import LONGEST as LONGEST_PHRASE
from services.normalization.phrases import Kind, fold, kind_of
from shared.events import Related

LONGEST_HEADING = 150
LONGEST_QUESTION = 100
LONGEST_TEASER = 320
LONGEST_SUMMARY = 220
"""Of a teaser that ends in a full stop."""
SHORTEST_REPEAT = 20
MOST_RELATED = 50

_CODES = {
    Kind.CREDIT: "C", Kind.RELATED: "R", Kind.LIST: "X", Kind.NEWSLETTER: "S", Kind.NOISE: "N", Kind.TRAILER: "E",
    Kind.REPORTING: "Y",
}  # fmt: skip
_CLOSERS = "”\"'»“’)]*_"
_CUT = re.compile(
    r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])\s*(?:[\])]|\(?(?:read|lire|weiter|leggi|leer|lea|ler|leia|διαβάστε|mehr|more|περισσότερα)[^.…]{0,25})?$",
    re.IGNORECASE,
)
_URL = re.compile(r"\s*[\[(<]?(https?://[^\s\])>]+)[\])>]?\s*$")


@dataclass(slots=True)
class Line:
    """A paragraph with its code; `rest` is what follows its set phrase."""

    text: str
    code: str
    rest: str = ""
    blank_before: bool = False
    place: int = 0
    """Where it stood in the text before cleaning."""


@dataclass(slots=True)
class Cleaned:
    """The story's own lines, and what was found around them."""

    lines: list[Line] = field(default_factory=list)
    credit: str | None = None
    signed: str | None = None
    """The agency that signs off with its name."""
    related: list[Related] = field(default_factory=list)
    named: list[tuple[int, Related]] = field(default_factory=list)
    """Other stories with the place where they are named."""
    reporters: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def shape(text: str) -> str:
    """P, H or T for a paragraph without a set phrase."""
    if len(text) <= LONGEST_TEASER and ("…" in text or "..." in text) and _CUT.search(text):
        return "T"
    if len(text) > LONGEST_HEADING:
        return "P"
    last = text.rstrip(_CLOSERS)[-1:]
    if last in "?!;":
        return "H" if last != ";" and len(text) <= LONGEST_QUESTION and text[-1] in "?!" else "P"
    return "P" if last in ".…:,。！？" else "H"


def coded(paragraphs: list[Paragraph]) -> list[Line]:
    """The paragraphs with their codes."""
    lines = []
    for place, paragraph in enumerate(paragraphs):
        text = paragraph.text
        if len(text) > LONGEST_TEASER:
            lines.append(Line(text, "P", "", paragraph.blank_before, place))
            continue
        match = kind_of(text) if len(text) <= LONGEST_PHRASE else None
        if match is None:
            lines.append(Line(text, shape(text), "", paragraph.blank_before, place))
        else:
            lines.append(Line(text, _CODES[match.kind], match.rest, paragraph.blank_before, place))
    return lines


def clean(lines: list[Line], result: Cleaned | None = None, *, is_page: bool = True) -> Cleaned:
    """Apply every rule until none finds anything more; a second cleaning of the outcome changes nothing.

    `result` may hold what was found before. Where the text is no page's but the story as its provider filed it
    (`is_page` false), what stands twice is no furniture: tables repeat their headings.
    """
    result = result or Cleaned()
    while True:
        before = len(lines)
        lines = _once(lines, result, is_page=is_page)
        if len(lines) == before:
            break
    result.lines = lines
    result.related = [story for _, story in sorted(result.named, key=lambda one: one[0])]
    return result


def _once(lines: list[Line], result: Cleaned, *, is_page: bool) -> list[Line]:
    lines = drop_sign_off(lines, result)
    if not set(_codes(lines)) - _OWN and not (is_page and _has_repeats(lines)):
        return lines
    repeats = _repeated(lines) if is_page else set()
    lines = cut_tail(lines, result, repeats)
    lines = drop_teaser_runs(lines, result)
    lines = drop_lists(lines, result)
    if is_page:
        lines = drop_repeats(lines, result)
    return drop_set_phrases(lines, result)


_OWN = {"P", "H"}


def _has_repeats(lines: list[Line]) -> bool:
    return len({line.text for line in lines}) < len(lines)


def _codes(lines: list[Line]) -> str:
    return "".join([line.code for line in lines])


def note(result: Cleaned, text: str) -> None:
    """Add a note once."""
    if text not in result.notes:
        result.notes.append(text)


def name_story(result: Cleaned, place: int, title: str) -> None:
    """Add the story that `title` names, unless it is there or no title of a story."""
    address = _URL.search(title)
    name = (title[: address.start()] if address else title).strip(" |•-–—:")
    entry = Related(title=name or None, url=address[1] if address else None)
    same = fold(name)
    is_new = not any(fold(one.title or "") == same and one.url == entry.url for _, one in result.named)
    if (name or address) and is_new and len(result.named) < MOST_RELATED:
        result.named.append((place, entry))


def _name_stories(result: Cleaned, lines: list[Line]) -> None:
    """Headings among dropped lines name stories; of one or two words they are menu entries."""
    for line in lines:
        if line.code == "R":
            name_story(result, line.place, line.rest)
        elif line.code == "H" and line.text.count(" ") >= 2 and not is_moment(line.text):
            name_story(result, line.place, line.text)


def _take_credit(result: Cleaned, line: Line) -> None:
    result.credit = line.rest
    note(result, "credit line taken out of the body")


# Rules. Each takes the lines and the result, and returns the lines that stay.


def drop_sign_off(lines: list[Line], result: Cleaned) -> list[Line]:
    """'Reuter', '-30-', 'ENDS' and 'Reporting by …' close a story, and only there they are no part of it."""
    end = len(lines)
    while end and lines[end - 1].code in "EYN":
        line = lines[end - 1]
        if line.code == "Y" and not result.reporters:
            result.reporters = _names(line.rest)
        elif line.code == "E" and line.rest and result.signed is None:
            result.signed = line.rest
        end -= 1
    if end and (signed := signed_at_end(lines[end - 1].text)) and lines[end - 1].code in "PH" and signed[0]:
        lines[end - 1].text, agency = signed
        result.signed = result.signed or agency
        note(result, "sign-off taken out of the body")
    if end == len(lines) or end == 0:
        return lines
    note(result, "sign-off taken out of the body")
    return lines[:end]


def _names(text: str) -> list[str]:
    """Names in 'Jane Doe and John Roe in Athens; editing by X'."""
    first = re.split(r"[;.]", text, maxsplit=1)[0]
    names = [re.split(r"\s+(?:in|at|from)\s+", part)[0].strip() for part in re.split(r",|\s+and\s+|\s+&\s+", first)]
    return [name for name in names if name and name[0].isupper() and name.count(" ") <= 4][:10]


_GOES_ON = re.compile("[^HS]P")
"""In a tail prose only follows a heading (a teaser's line) or a newsletter's; elsewhere it is the story going on."""
_STYLE = re.compile(r"\s[|/»›]\s")
"""Sites that head teasers 'Place | What happened' do so throughout."""


def cut_tail(lines: list[Line], result: Cleaned, repeats: set[int]) -> list[Line]:
    """Cut where the story ends and teasers, newsletters and lists begin: after its credit, at a list, at the first teaser.

    The rest must look like a page's tail to its end, with no prose as a story that goes on would have it.
    """
    codes = _codes(lines)
    story = codes.find("P")
    if story < 0:
        return lines
    for start in range(story + 1, len(codes)):
        if codes[start] in "CXSH" and _is_tail(lines, codes, start, repeats):
            break
    else:
        return lines
    start = _first_teaser(lines, codes, start, repeats)
    tail = lines[start:]
    for line in tail:
        if line.code == "C" and line.rest:
            _take_credit(result, line)
            break
    _name_stories(result, tail)
    note(result, "teasers and lists after the story taken out of the body")
    return lines[:start]


def _is_tail(lines: list[Line], codes: str, start: int, repeats: set[int]) -> bool:
    """Whether all from `start` on is a page's tail and no story."""
    tail = codes[start:]
    first = tail[0]
    if _GOES_ON.search(tail) or (first == "H" and not re.match("H{1,3}T", tail)):
        return False
    evidence = tail.count("T") + 2 * tail.count("X") + tail.count("S") + sum(1 for place in repeats if place >= start)
    if first == "C" and len(tail) > 1 and tail[1] != "P" and _closes(lines, codes, start):
        return True
    if first in "XS" and "P" not in tail:
        return first == "X" or "H" not in tail or evidence >= 2
    return ("H" in tail or "T" in tail) and evidence >= (1 if first == "C" else 2)


def _closes(lines: list[Line], codes: str, start: int) -> bool:
    """Whether the credit at `start` closes the story: behind it are headings alone, or headings with a short line each.

    A credit under a chart has the story's next section behind it, and longer paragraphs.
    """
    before, behind = codes[:start].count("P"), codes[start + 1 :]
    if "P" not in behind:
        return before >= 2
    short = all(len(line.text) <= LONGEST_SUMMARY for line in lines[start:] if line.code == "P")
    return before >= 3 and behind.count("H") >= 2 and short


def _first_teaser(lines: list[Line], codes: str, start: int, repeats: set[int]) -> int:
    """Where the tail that was found at `start` really begins: teasers may have several headings, or end in a full stop."""
    if codes[start] != "H":
        return start
    start -= _headings_missing(codes[:start], codes[start:])
    headings = [line.text for line in lines[start:] if line.code == "H" and line.text.count(" ") >= 2]
    styled = all(_STYLE.search(text) for text in headings)
    while codes[max(start - 2, 0) : start] == "HP" and len(lines[start - 1].text) <= LONGEST_TEASER:
        if not (start - 2 in repeats or (styled and _STYLE.search(lines[start - 2].text))):
            break
        start -= 2
    return start


def _headings_missing(before: str, tail: str) -> int:
    """How many headings before a tail belong to its first teaser, where every teaser has several (title, date, author)."""
    runs = [len(run) for run in re.findall("(H+)T", tail)]
    usual = Counter(runs[1:]).most_common(1)
    missing = usual[0][0] - runs[0] if usual and runs else 0
    return max(min(missing, len(before) - len(before.rstrip("H"))), 0)


def _repeated(lines: list[Line]) -> set[int]:
    """Places of headings and teasers that stand more than once."""
    counts = Counter(fold(line.text) for line in lines if line.code in "HT" and len(line.text) >= SHORTEST_REPEAT)
    return {place for place, line in enumerate(lines) if line.code in "HT" and counts[fold(line.text)] > 1}


def drop_teaser_runs(lines: list[Line], result: Cleaned) -> list[Line]:
    """Two teasers or more in a row (heading, cut-off line), or three cut-off lines, are a box, wherever they stand."""
    kept, last = [], 0
    for match in re.finditer("(?:H{1,3}T){2,}|T{3,}", _codes(lines)):
        start, end = match.start() + _headings_too_many(match[0]), match.end()
        kept += lines[last:start]
        _name_stories(result, lines[start:end])
        last = end
    if last:
        note(result, "teasers taken out of the body")
    return kept + lines[last:]


def drop_teasers_above(lines: list[Line], result: Cleaned) -> list[Line]:
    """Teasers above the story; to be dropped before its headline is looked for."""
    story = max(_codes(lines).find("P"), 0)
    return drop_teaser_runs(lines[:story], result) + lines[story:]


def _headings_too_many(run: str) -> int:
    """How many headings at the start of a run of teasers are none of its first teaser's."""
    headings = [len(part) for part in re.findall("(H+)T", run)]
    return max(headings[0] - Counter(headings[1:]).most_common(1)[0][0], 0) if len(headings) > 1 else 0


_UNDER = re.compile("[HRT]*")


def drop_lists(lines: list[Line], result: Cleaned) -> list[Line]:
    """A list heading goes with the headings under it; a bare 'Read also' with the one under it."""
    codes = _codes(lines)
    kept: list[Line] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        under = _UNDER.match(codes, place + 1) if line.code == "X" else None
        length = len(under[0]) if under else 0
        if line.code == "X":
            _name_stories(result, lines[place + 1 : place + 1 + length])
            note(result, "list of other stories taken out of the body")
            place += 1 + length
        elif line.code == "R" and not line.rest.strip(" .:!…") and codes[place + 1 : place + 2] == "H":
            _name_stories(result, lines[place + 1 : place + 2])
            note(result, "pointers to other stories taken out of the body")
            place += 2
        else:
            kept.append(line)
            place += 1
    return kept


def drop_repeats(lines: list[Line], result: Cleaned) -> list[Line]:
    """A heading or teaser that stands twice is furniture, with the line under it if that stands twice, too.

    Other prose that stands twice is kept once.
    """
    furniture = _repeated(lines)
    counts = Counter(line.text for line in lines if line.code == "P")
    seen: set[str] = set()
    kept = []
    for place, line in enumerate(lines):
        if place in furniture:
            continue
        if line.code == "P" and counts[line.text] > 1:
            if line.text in seen or place - 1 in furniture:
                continue
            seen.add(line.text)
        kept.append(line)
    if len(kept) < len(lines):
        if not any(line.code == "P" for line in kept):
            return lines
        note(result, "repeated lines taken out of the body")
    return kept


def drop_set_phrases(lines: list[Line], result: Cleaned) -> list[Line]:
    """Credits, pointers, newsletter and share lines, one by one; the last credit is the story's."""
    kept = []
    for line in lines:
        if line.code == "C":
            _take_credit(result, line)
        elif line.code == "R":
            name_story(result, line.place, line.rest)
            note(result, "pointers to other stories taken out of the body")
        elif line.code in "XSN":
            note(result, "newsletter, share or picture lines taken out of the body")
        else:
            kept.append(line)
    return kept
