"""What a story's text says of itself against what its fields say: KILL KILL KILL, HOLD, 'Embargoed until …'. Pure.

A status field wins, except where the text is the more careful of the two: then the story is held, and says why. A brake is
a line of its own at a story's edge (headline, keyword line, note to editors, one of the first paragraphs) that is nothing
but a mark or begins with one; a mention inside a sentence is news of embargoes and of killings, and no brake. A release that
is past when the story is received holds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from services.normalization.formats.wire_dates import embargo_of
from services.normalization.parts import GivenDate, StoryParts

LONGEST: Final = 200
"""Characters of a line that may be a brake: a paragraph is longer."""
PARAGRAPHS: Final = 3
_EDGE: Final = 1000
"""Characters of a body in which its first paragraphs are looked for."""

_HINTS: Final = (
    "kill", "hold", "embarg", "sperrfrist", "release", "streichung", "annulation", "stopp", "not use", "not publish", "not run",
    "withdraw", "not for",
)  # fmt: skip
"""One of these is in every brake: looked for first, a tenth of the cost of the patterns."""
_BEFORE: Final = r"[\W_]*(?:(?:BULLETIN|MANDATORY|URGENT|ADVISORY|EDITORS|ATTENTION|EDS)[\W_]+)*"
_KILL: Final = re.compile(
    rf"{_BEFORE}(?:KILL(?:[\W_]+KILL)+|STREICHUNG(?:[\W_]+STREICHUNG)+|ANNULATION(?:[\W_]+ANNULATION)+)(?![^\W_])"
    r"|[\W_]*(?:BULLETIN|MANDATORY)[\W_]+KILL(?![^\W_])"
)
_HOLD: Final = re.compile(
    rf"{_BEFORE}(?:HOLD(?:[\W_]+HOLD)+|STOPP(?:[\W_]+STOPP)+)(?![^\W_])|[\W_]*(?:BULLETIN|MANDATORY)[\W_]+HOLD(?![^\W_])"
)
_ASKED: Final = re.compile(
    r"\b(?:kill|withhold|hold|withdraw|do not (?:use|publish|run))\s+this\s+(?:story|item|article|version|copy)\b"
    r"|\bthis\s+(?:story|item|article)\s+(?:is|has been)\s+(?:hereby\s+)?(?:killed|withdrawn|withheld)\b",
    re.IGNORECASE,
)
_WHEN: Final = (
    r"[\s:]{1,3}.{0,60}?(?:\d|\b(?:midnight|noon|tomorrow|further notice|mitternacht|minuit"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b)"
)
_EMBARGO: Final = re.compile(
    r"[\W_]*(?:(?:note|notes?\s+to\s+editors|eds?\.?|editors?|attention|strictly|strict|under|sous|unter|media|news)[\W_]+){0,3}"
    rf"(?:embargo(?:ed|ado)?(?:[\s-]+(?:copy|material|story|release|news))?"
    rf"(?:\s*:|\s*[-–—]{{1,2}}\s*(?=\d|not\b|until|till)|\s+(?:until|till|to|bis|jusqu\W?\w*|hasta|fino)\b{_WHEN}"
    r"|\s+for\s+(?:release|publication|broadcast|use)\b|\s+(?=\d)|[\W_]*$)"
    rf"|sperrfrist\b"
    rf"|(?:hold|not)\s+for\s+(?:release|use|publication|broadcast)[\s,]+(?:until|before|till|prior\s+to)\b"
    rf"|for\s+release\s+(?:at|on|after)\s{_WHEN})",
    re.IGNORECASE,
)  # fmt: skip


class Brake(NamedTuple):
    """What the text says: `kill`, `hold` or `embargo`; of an embargo the end that it tells, if it tells one."""

    word: str
    until: GivenDate | None = None


def brake_of(parts: StoryParts, received: datetime, *, zoned: bool = False) -> Brake | None:
    """The brake that a story carries, the gravest first; None for a story without one.

    Args:
        parts: what the provider said, before any cleaning.
        received: when the front door took it; embargoes without a year are read against it.
        zoned: whether the feed's zone is known.
    """
    lines = [text for text in _lines(parts) if len(text) <= LONGEST]
    edge = "\n".join(lines if parts.ednote is None else [*lines, parts.ednote]).lower()
    if not any(hint in edge for hint in _HINTS):
        return None
    if any(_KILL.match(line) for line in lines):
        return Brake("kill")
    if any(_HOLD.match(line) for line in lines) or (parts.ednote and _ASKED.search(parts.ednote)):
        return Brake("hold")
    ends = [_end(line, received, zoned=zoned) for line in lines if _EMBARGO.match(line)]
    return next((brake for brake in ends if brake is not None), None)


def _lines(parts: StoryParts) -> Iterator[str]:
    yield parts.title or ""
    yield parts.slugline or ""
    yield from parts.subheads
    yield from (parts.ednote or "").split("\n")
    if parts.blocks:
        yield from [block.text for block in parts.blocks[:PARAGRAPHS]]
    elif parts.body:
        yield from [line for line in parts.body[:_EDGE].split("\n") if line.strip()][:PARAGRAPHS]


def _end(line: str, received: datetime, *, zoned: bool) -> Brake | None:
    day: date = received.astimezone(UTC).date()
    given = embargo_of(line, day, zoned=zoned)
    if given is None:  # the line says that it is lifted, or only the mark is ours
        return None if re.search(r"\blifted\b|\baufgehoben\b|\blev[ée]", line, re.IGNORECASE) else Brake("embargo")
    if given.value is not None and _past(given.value, received):
        return None
    return Brake("embargo", given)


def _past(end: datetime, received: datetime) -> bool:
    """Whether an embargo was over when its story came; one without a zone is over everywhere a day later."""
    if end.tzinfo is None:
        end = end.replace(tzinfo=UTC) + timedelta(days=1)
    return end <= received
