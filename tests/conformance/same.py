"""When a fact of a manifest and what newswire kept are the same. Pure.

Texts: by their words (white space folded). Dates: as written, or the same moment; where one has no zone, the same clock.
Numbers: by value. A list holds if each of its values does.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from services.normalization.dates import read_date
from services.normalization.parts import GivenDate
from shared.events import Dateline

_PUNCTUATION = re.compile(r"[\s.,:;()/_–—-]+")
_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)")


def folded(value: Any) -> str:
    return " ".join(str(value).split())


def same(fact: Any, ours: Any) -> bool:
    """Whether one value of ours says what the fact says."""
    if isinstance(ours, GivenDate):
        return folded(fact) == folded(ours.raw) or _same_moment(str(fact), ours)
    if isinstance(ours, Dateline):
        return same_dateline(str(fact), ours)
    if isinstance(fact, int) and not isinstance(fact, bool):
        return folded(ours) == str(fact)
    if isinstance(ours, int) and not isinstance(ours, bool):
        return folded(fact).lstrip("0") == str(ours).lstrip("0")
    return folded(fact) == folded(ours)


def same_dateline(fact: str, ours: Dateline) -> bool:
    """Whether the parts, in their order, are all that the line says but for punctuation."""
    rest = folded(fact)
    for part in sorted(filter(None, (ours.place, ours.date, ours.agency)), key=rest.find):
        before, found, after = rest.partition(folded(part))
        if not found:
            return False
        rest = before + " " + after
    return _PUNCTUATION.sub("", rest) == ""


def _same_moment(fact: str, ours: GivenDate) -> bool:
    theirs = moment_of(fact)
    if theirs is None or ours.value is None:
        return False
    if theirs.tzinfo is None or ours.value.tzinfo is None:
        return theirs.replace(tzinfo=None) == ours.value.replace(tzinfo=None)
    return theirs == ours.value


def moment_of(text: str) -> datetime | None:
    """A manifest's date; basic ISO forms too."""
    spelled = _BASIC.sub(r"\1-\2-\3T\4:\5:\6", text.strip())
    read = read_date(spelled)
    return read.value if read else None
