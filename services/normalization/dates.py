"""Dates that say what is known of them: value in UTC, precision, and where the zone came from. Pure.

A date without a zone is read in the feed's zone, else in the page's, else in UTC, and says which; a day alone is its first
moment in that zone and keeps precision `day`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Literal

from services.normalization.parts import GivenDate, Precision
from services.normalization.zones import abbreviated, zone_named
from shared.events import HonestDate
from shared.stories import EARLIEST_YEAR, FUTURE

EARLIEST = datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC)
"""As for plain stories, and so is `FUTURE`: a date before the one or beyond the other is not believed."""

ZoneOrigin = Literal["feed", "page", "assumed"]

_ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[T ]{1,2}(?P<time>\d\d:?\d\d(?P<second>:?\d\d(?:[.,]\d{1,9})?)?)\s?(?P<zone>Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?)?)?)?",
    re.IGNORECASE,
)


__all__ = ["EARLIEST", "believable", "honest", "read_date", "zone_named"]

_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d):?(\d\d)(?::?(\d\d))?(.*)")
_SHORT_SECOND = re.compile(r"(?<=\d\d:\d\d:)(\d)(?!\d)")
_SCRIPT = re.compile(
    r"[A-Z][a-z]{2},? ([A-Z][a-z]{2}) (\d{1,2}),? (\d{4}) (\d\d:\d\d:\d\d) (?:GMT|UTC)([+-]\d{4})(?: \(.*\))?"
)
_ABBREVIATION = re.compile(r"(?<=\d)\s?([A-Z]{3,4})(?=\s+\d{4}$|$)")
_OWN_NAMES = frozenset({"UTC", "GMT"})


def read_date(raw: str | None) -> GivenDate | None:
    """A date in ISO 8601 (also loosely, with a blank for the T) or as in e-mail; unreadable ones have no value."""
    text = raw.strip() if raw else ""
    if not text:
        return None
    match = _ISO.fullmatch(text)
    value, precision = _iso(match) if match else _other(text[:200])
    return GivenDate(text[:200], value, precision)


def _other(text: str) -> tuple[datetime | None, Precision]:
    """What is nearly ISO 8601, or as JavaScript, `date` and mail write it; an abbreviated zone is read where it means one."""
    zone = None
    if (name := _ABBREVIATION.search(text)) and name[1] not in _OWN_NAMES and (zone := abbreviated(name[1])):
        text = (text[: name.start()] + text[name.end() :]).strip()
    if basic := _BASIC.fullmatch(text):
        year, month, day, hour, minute, second, rest = basic.groups()
        text = f"{year}-{month}-{day}T{hour}:{minute}{f':{second}' if second else ''}{rest}"
    elif script := _SCRIPT.fullmatch(text):
        text = f"{script[2]} {script[1]} {script[3]} {script[4]} {script[5]}"
    match = _ISO.fullmatch(_SHORT_SECOND.sub(r"0\1", text))
    value, precision = _iso(match) if match else _mail(text)
    return (value.replace(tzinfo=zone) if zone and value and value.tzinfo is None else value), precision


def _iso(match: re.Match[str]) -> tuple[datetime | None, Precision]:
    year, month, day, time, second, zone = match.group("year", "month", "day", "time", "second", "zone")
    precision: Precision = "year"
    if month:
        precision = "month"
    if day:
        precision = "day"
    if time:
        precision = "second" if second else "minute"
    zone = (zone or "").upper().replace("UTC", "Z").replace("GMT", "Z")
    midnight_at_end = bool(time) and time.replace(":", "")[:4] == "2400"
    clock = "T" + ("00:00" if midnight_at_end else time.replace(",", ".")) if time else ""
    try:
        value = datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}{clock}{zone if time else ''}")
        return (value + timedelta(days=1) if midnight_at_end else value), precision
    except (ValueError, OverflowError):
        return None, precision


def _mail(text: str) -> tuple[datetime | None, Precision]:
    """RFC 5322 dates; '-0000' there means 'no zone known', which Python gives back as a naive value."""
    try:
        value = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None, "second"
    precision: Precision = "second" if text.count(":") >= 2 else "minute" if ":" in text else "day"
    return (value.replace(tzinfo=None) if precision == "day" else value), precision


def honest(given: GivenDate | None, zone: tzinfo | None, origin: ZoneOrigin = "feed") -> HonestDate | None:
    """`given` in UTC; `zone` (which came from `origin`) counts only where none was given, and UTC where that is None.

    None if there is no date or it cannot be read.
    """
    if given is None or given.value is None:
        return None
    value, known = given.value, given.value.tzinfo is not None
    try:
        moment = (value if known else value.replace(tzinfo=zone or UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    said: Literal["given", "feed", "page", "assumed"] = "given" if known else (origin if zone else "assumed")
    return HonestDate(value=moment, precision=given.precision, zone=said, raw=given.raw)


def believable(date: HonestDate, now: datetime) -> bool:
    """Whether something can have been published then, seen from `now`."""
    return EARLIEST <= date.value <= now + FUTURE
