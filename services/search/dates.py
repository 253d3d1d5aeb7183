"""Dates as readers write them → spans of time, pure.

`2022`, `2022-02` and `2022-02-08` name the whole period; with a time it is an instant (`2022-02-08T14:00`, `…:30.5`,
`…Z`, `…+02:00`); `now`, `now-7d`, `now+1M` count from the present. What carries no zone is read in the zone of `tz`.
Periods and instants are in UTC; nothing overflows at the years 1 and 9999, where spans are cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)

_PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?\s*([Zz]|[+ -]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
_RELATIVE = re.compile(r"now(?:([+-])(\d{1,6})([smhdwMy]))?", re.ASCII)
_OFFSET = re.compile(r"([+ -])(\d{2}):?(\d{2})?", re.ASCII)
_ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)

_UNKNOWN_TO_JAVA = {"EST": "-05:00", "MST": "-07:00", "HST": "-10:00", "ROC": "Asia/Taipei"}
"""Names of the database that Java does not take, as what they stand for."""
_NO_PLACE = {"Factory", "localtime", "posixrules"}
"""Entries of the database that mean whatever this machine is set to."""
_FARTHEST = timedelta(hours=18)
"""Java's limit of an offset; the widest in use is 14 hours."""

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}

DATE_HELP = "write 2022, 2022-02, 2022-02-08, 2022-02-08T14:00:00Z or now-7d"
ZONE_HELP = "write a name of the IANA zone database (Europe/Athens) or an offset (+02:00)"


class DateError(ValueError):
    """Not a date or zone; the message says what would be one and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` (included) to `end` (not included), both in UTC; an instant has `start == end`."""

    start: datetime
    end: datetime


def parse_zone(text: str) -> tzinfo:
    """The zone of an IANA name or of `±HH:MM` (also `Z`).

    Raises:
        DateError: neither.
    """
    if text in ("Z", "z"):
        return UTC
    if offset := _OFFSET.fullmatch(text):
        return _offset(offset[1], offset[2], offset[3])
    if _ZONE_NAME.fullmatch(text) and text not in _NO_PLACE:
        try:
            return ZoneInfo(text)
        except (KeyError, OSError, ValueError):  # unknown, a folder of the database, or no zone file
            pass
    raise DateError(f"there is no such time zone; {ZONE_HELP}")


def zone_id(zone: tzinfo) -> str:
    """The zone as Elasticsearch is told it: an IANA name or `±HH:MM`."""
    if isinstance(zone, ZoneInfo):
        return _UNKNOWN_TO_JAVA.get(zone.key, zone.key)
    offset = zone.utcoffset(None)
    minutes = int(offset.total_seconds()) // 60 if offset else 0
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def parse_span(text: str, zone: tzinfo, now: datetime) -> Span:
    """The span that a date names.

    Args:
        text: as the reader wrote it.
        zone: for what carries none.
        now: aware; what `now` stands for.

    Raises:
        DateError: no such date.
    """
    if period := _PERIOD.fullmatch(text):
        return _guarded(lambda: _period(period, zone))
    if instant := _INSTANT.fullmatch(text):
        return _guarded(lambda: _instant(instant, zone))
    if relative := _RELATIVE.fullmatch(text):
        moment = _shifted(now, relative) if relative[1] else now
        return Span(moment, moment)
    raise DateError(f"this is no date; {DATE_HELP}")


def rfc3339_ms(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, the resolution of dates in the index, cut and not rounded; any year."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _guarded(read: Callable[[], Span]) -> Span:
    try:
        return read()
    except DateError:
        raise
    except ValueError:  # month 13, February 30, 25 o'clock
        raise DateError(f"there is no such date; {DATE_HELP}") from None


def _period(found: re.Match[str], zone: tzinfo) -> Span:
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    start = datetime(year, month, day)  # noqa: DTZ001 - the zone is put on below
    if found[3]:
        end = None if (year, month, day) == (9999, 12, 31) else start + timedelta(days=1)
    elif found[2]:
        end = _plus_months(start, 1)
    else:
        end = _plus_months(start, 12)
    return Span(_utc(start, zone), _utc(end, zone) if end else LATEST)


def _instant(found: re.Match[str], zone: tzinfo) -> Span:
    *numbers, fraction, offset = found.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    local = datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 - as above
    if offset:
        zone = parse_zone(offset if len(offset) > 3 or offset in "Zz" else offset + ":00")
    moment = _utc(local, zone)
    return Span(moment, moment)


def _offset(sign: str, hours: str, minutes: str | None) -> tzinfo:
    # A '+' in a query string arrives as a space unless it is written %2B: every reader meets that once.
    away = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if away > _FARTHEST or int(minutes or 0) > 59:
        raise DateError(f"there is no such offset; {ZONE_HELP}")
    return timezone(-away if sign == "-" else away)


def _utc(local: datetime, zone: tzinfo) -> datetime:
    try:
        return min(local.replace(tzinfo=zone).astimezone(UTC), LATEST)
    except OverflowError:
        return EARLIEST if local.year < 2 else LATEST


def _plus_months(start: datetime, months: int) -> datetime | None:
    """The first of a later month, or None beyond the last year there is."""
    years, month = divmod(start.month - 1 + months, 12)
    return start.replace(year=start.year + years, month=month + 1) if start.year + years <= 9999 else None


def _shifted(now: datetime, found: re.Match[str]) -> datetime:
    count = int(found[2]) * (-1 if found[1] == "-" else 1)
    try:
        if found[3] in _UNITS:
            moved = now + count * _UNITS[found[3]]
        else:
            moved = _months_away(now, count * (12 if found[3] == "y" else 1))
    except (OverflowError, ValueError):
        return EARLIEST if count < 0 else LATEST
    return moved.astimezone(UTC)


def _months_away(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    for day in range(moment.day, 27, -1):  # the 31st of a shorter month is its last day
        try:
            return moment.replace(year=moment.year + years, month=month + 1, day=day)
        except ValueError:
            if not 1 <= moment.year + years <= 9999:
                raise
    return moment.replace(year=moment.year + years, month=month + 1)
