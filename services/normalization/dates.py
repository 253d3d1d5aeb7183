"""Dates that say what is known of them: value in UTC, precision, and where the zone came from. Pure.

A date without a zone is read in the feed's zone, else in the page's, else in UTC, and says which; a day alone is its first
moment in that zone and keeps precision `day`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from services.normalization.parts import GivenDate, Precision
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


@lru_cache(maxsize=256)
def zone_named(name: str | None) -> tzinfo | None:
    """The zone of that IANA name, or None if there is none of that name."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def read_date(raw: str | None) -> GivenDate | None:
    """A date in ISO 8601 (also loosely, with a blank for the T) or as in e-mail; unreadable ones have no value."""
    text = raw.strip() if raw else ""
    if not text:
        return None
    match = _ISO.fullmatch(text)
    value, precision = _iso(match) if match else _mail(text)
    return GivenDate(text[:200], value, precision)


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
