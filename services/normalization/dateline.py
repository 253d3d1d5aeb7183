"""'KIEV, Feb 8 (AMNA) -' in parts: place, date, agency, each as written. Pure; the text keeps its dateline."""

from __future__ import annotations

import re

from shared.events import Dateline

_PLACE = (
    r"(?P<place>[^\W\d_a-zα-ωά-ώß][^\W\d_]*(?:[\s.'’/-]{1,2}[^\W\d_][^\W_]*\.?){0,4}(?:,\s[^\W\d_]{2,20}\.?){0,2}?)"
)
_MONTH = r"[^\W\d_]{3,12}\.?"
_DATE = rf"(?P<date>(?:{_MONTH}\s\d{{1,2}}|\d{{1,2}}\.?\s{_MONTH})(?:,?\s(?:19|20)\d\d)?)"
_AGENCY = r"\(?(?P<agency>[^\W\d_][\w./&+-]*(?:[ /][\w./&+-]+){0,3})\)?"
_DASH = r"\s*(?:-{1,2}|–|—|_)\s+"
_FORMS = (
    re.compile(rf"{_PLACE},\s{_DATE}\s*(?:\({_AGENCY}\)|,?\s*/\s*(?P<slashed>[\w-]+)\s*/)?{_DASH}"),
    re.compile(rf"{_PLACE}\s*\({_AGENCY}\){_DASH}"),
    re.compile(rf"{_PLACE},\s{_DATE}\s*\({_AGENCY}\)\.?\s+"),
)
LONGEST = 90


def read_dateline(paragraph: str) -> Dateline | None:
    """The dateline that a paragraph opens with, or None. The place must be in capitals, or an agency must follow."""
    start = paragraph[:LONGEST]
    if "-" not in start and "–" not in start and "—" not in start and "(" not in start and "_" not in start:
        return None
    for form in _FORMS:
        match = form.match(start)
        if match is None:
            continue
        found = match.groupdict()
        agency = found.get("agency") or found.get("slashed")
        place, date = found["place"].strip(), found.get("date")
        if place.split(",")[0].isupper() or (agency and (date or len(place) <= 40)):
            return Dateline(place=place, date=date, agency=agency)
    return None
