"""Notations that XML wires share: dates in basic ISO 8601 or day first, date lines given as one field, urgency, lists. Pure.

Sources: ISO 8601 basic format as NewsML 1.x (section 'DateAndTime') and NITF (`norm`) ask for it; the loose forms are those
that agencies send in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from services.normalization.dates import read_date, zone_named
from services.normalization.parts import GivenDate, Precision
from shared.events import Dateline

LONGEST = 200
"""Characters of a date or a date line; longer ones are text that stands in the wrong place."""

LONGEST_VERSION = 100

_BASIC = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"(?:[T ]?(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d{1,9})?)?)?\s?(?P<zone>Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?P<mark>[/.-])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})"
    r"(?:[T ,]{1,3}(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,]\d{1,9})?)?"
    r"(?:\s?(?P<half>[ap]\.?m\.?|[πμ]\.?μ\.?))?)?\s?(?P<zone>Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?",
    re.IGNORECASE,
)

_MONTH = r"[^\W\d_]{3,12}\.?"
_DAY = r"\d{1,2}(?:st|nd|rd|th|er)?\.?"
_CLOCK = r"(?:[ T,]{1,2}\d{1,2}[:.]?\d\d(?:[:.]?\d\d)?(?:\s?(?:Z|[A-Z]{3,4}|[+-]\d\d:?\d\d))?)?"
_DATE = (
    rf"(?:{_MONTH}\s{_DAY}|{_DAY}\s{_MONTH})(?:,?\s(?:19|20)\d\d)?"
    rf"|\d{{1,2}}[./-]\d{{1,2}}[./-](?:19|20)\d\d{_CLOCK}"
    rf"|(?:19|20)\d\d-?\d\d-?\d\d{_CLOCK}"
)
_LINE = re.compile(
    rf"(?:(?P<place>.{{1,100}}?)(?:,\s?|\s))??(?P<date>{_DATE})?"
    r"(?:[\s,.]*(?:\((?P<bracketed>[^()]{1,60})\)|/(?P<slashed>[^/]{1,60})/|(?P<agency>[A-Z][A-Z.]{1,12}(?:[/-][A-Z.]{2,12}){0,3})))?"
)


def read_wire_date(raw: str | None) -> GivenDate | None:
    """A date in basic or extended ISO 8601, else day first, else as in e-mail; unreadable ones have no value."""
    text = raw.strip() if raw else ""
    if not text:
        return None
    match = _BASIC.fullmatch(text)
    if match is None and (match := _DAY_FIRST.fullmatch(text)) is None:
        return _capped(read_date(text))
    value, precision = _moment(match.groupdict())
    return GivenDate(text[:LONGEST], value, precision)


def _capped(given: GivenDate | None) -> GivenDate | None:
    return None if given is None else replace(given, raw=given.raw[:LONGEST])


def _moment(found: dict[str, str | None]) -> tuple[datetime | None, Precision]:
    day, month, hour = int(found["day"] or 0), int(found["month"] or 0), int(found["hour"] or 0)
    if month > 12 >= day and found.get("mark"):
        # No month is the thirteenth: what cannot be day first was written month first.
        day, month = month, day
    half = (found.get("half") or "").lower().replace(".", "")
    if half in ("pm", "μμ") and hour < 12:
        hour += 12
    elif half in ("am", "πμ") and hour == 12:
        hour = 0
    precision: Precision = "second" if found["second"] else "minute" if found["hour"] else "day"
    end_of_day = hour == 24 and not int(found["minute"] or 0)
    try:
        value = datetime(int(found["year"] or 0), month, day, 0 if end_of_day else hour, int(found["minute"] or 0))  # noqa: DTZ001 - the zone follows, if one is given
        value += timedelta(days=int(end_of_day), seconds=min(int(found["second"] or 0), 59))
        if found["hour"] and (zone := found["zone"]):
            value = value.replace(tzinfo=_zone(zone))
    except (ValueError, OverflowError):
        return None, precision
    return value, precision


def _zone(given: str) -> timezone:
    if given.upper() in ("Z", "UTC", "GMT"):
        return UTC
    digits = given[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if given[0] == "-" else offset)


def read_dateline_field(text: str | None) -> Dateline | None:
    """A date line that is a field of its own, in parts as written: 'Paris, 21 jan 2019 (AFP) -' → place, date, agency."""
    line = (text or "").strip().rstrip("-–—_:. ")
    if not line:
        return None
    match = _LINE.fullmatch(line) if len(line) <= LONGEST else None
    if match is None or not (match["date"] or match["bracketed"] or match["slashed"]):
        return Dateline(place=" ".join((text or "").split()).rstrip("-–—_: ")[:LONGEST])
    agency = match["bracketed"] or match["slashed"] or match["agency"]
    place = (match["place"] or "").strip(" ,") or None
    date = (match["date"] or "").rstrip(".") or None
    return Dateline(place=place, date=date, agency=(agency or "").strip() or None)


def read_urgency(given: str | None, notes: list[str]) -> int | None:
    """1 (most urgent) to 9, or a note that it is none."""
    text = (given or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 9:
        return int(text[:4])
    notes.append("urgency unreadable")
    return None


def read_version(given: str | None, notes: list[str]) -> str | None:
    """A version as written, or a note that it is none: no provider counts to a number of more than 100 digits."""
    if given and len(given) > LONGEST_VERSION:
        notes.append("version unreadable")
        return None
    return given


def unique(values: Iterable[str | None]) -> list[str]:
    """The values that are any, each once, in order."""
    return list(dict.fromkeys(value for value in values if value))


def in_zone(given: GivenDate | None, feeds: str | None, own: str, notes: list[str]) -> GivenDate | None:
    """A date without a zone is in that of its feed, else on the provider's `own` clock (IANA name), which a note tells."""
    if given is None or given.value is None or given.value.tzinfo is not None or zone_named(feeds):
        return given
    note = f"dates without a zone read on the clock of {own}, as this provider writes them"
    if note not in notes:
        notes.append(note)
    return replace(given, value=given.value.replace(tzinfo=zone_named(own)))


def in_utc(given: GivenDate | None) -> GivenDate | None:
    """A date whose format says that it is UTC where it has no zone."""
    if given is None or given.value is None or given.value.tzinfo is not None:
        return given
    return replace(given, value=given.value.replace(tzinfo=UTC))


def is_true(given: str | None) -> bool:
    """A flag: `true` or `1`."""
    return (given or "").strip().lower() in ("true", "1")
