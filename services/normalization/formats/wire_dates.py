"""Dates of the text wires: trailers ('212322 GMT Nov 18', '11-13-13 0713GMT', '21:37-09-12-18') and embargoes. Pure.

Zones stand as letters; a trailer without one is local to its sender, and is read in the feed's zone later.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from services.normalization.dates import zone_named
from services.normalization.parts import GivenDate, Precision
from services.normalization.raw import RawStory

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan jän jaen gen ene ιαν", "feb fév fev", "mar mär maer mrz mrt", "apr avr abr", "may mai mei mag maj", "jun juin giu",
            "jul juil lug", "aug aoû aou ago", "sep set", "oct okt ott out", "nov", "dec dez déc dic des",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ZONES: dict[str, tzinfo | str] = {
    "GMT": UTC, "UTC": UTC, "UT": UTC, "Z": UTC, "BST": timezone(timedelta(hours=1)),
    "MEZ": timezone(timedelta(hours=1)), "CET": timezone(timedelta(hours=1)), "HNEC": timezone(timedelta(hours=1)),
    "MESZ": timezone(timedelta(hours=2)), "CEST": timezone(timedelta(hours=2)),
    "EET": timezone(timedelta(hours=2)), "EEST": timezone(timedelta(hours=3)), "JST": timezone(timedelta(hours=9)),
    "EST": timezone(timedelta(hours=-5)), "EDT": timezone(timedelta(hours=-4)), "ET": "America/New_York",
    "CST": timezone(timedelta(hours=-6)), "CDT": timezone(timedelta(hours=-5)), "CT": "America/Chicago",
    "MST": timezone(timedelta(hours=-7)), "MDT": timezone(timedelta(hours=-6)), "MT": "America/Denver",
    "AEST": timezone(timedelta(hours=10)), "AEDT": timezone(timedelta(hours=11)), "AWST": timezone(timedelta(hours=8)),
    "ACST": timezone(timedelta(hours=9, minutes=30)), "ACDT": timezone(timedelta(hours=10, minutes=30)),
    "NZST": timezone(timedelta(hours=12)), "NZDT": timezone(timedelta(hours=13)), "HKT": timezone(timedelta(hours=8)),
    "PST": timezone(timedelta(hours=-8)), "PDT": timezone(timedelta(hours=-7)), "PT": "America/Los_Angeles",
}  # fmt: skip
_LETTERS = "|".join(sorted(_ZONES, key=len, reverse=True))
_NAME = r"[^\W\d_]{3,10}"

_DAY_FIRST = re.compile(
    rf"(?<!\d)(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)\s*(?P<zone>{_LETTERS})?\.?\s+(?P<month>{_NAME})\.?\s+(?P<year>\d{{4}}|\d\d)(?!\d)",
    re.IGNORECASE,
)
_DATE_TIME = re.compile(
    rf"(?<!\d)(?P<a>\d\d)-(?P<b>\d\d)-(?P<year>\d{{4}}|\d\d)[ ,]+(?P<hour>\d\d):?(?P<minute>\d\d)\s*(?P<zone>{_LETTERS})?(?![\dA-Za-z])",
    re.IGNORECASE,
)
_TIME_DATE = re.compile(
    rf"(?<!\d)(?P<hour>\d\d):?(?P<minute>\d\d)\s*(?P<zone>{_LETTERS})?[- ](?P<a>\d\d)-(?P<b>\d\d)-(?P<year>\d{{4}}|\d\d)(?!\d)",
    re.IGNORECASE,
)


def month_of(word: str) -> int | None:
    """The month that a name in English, German, French, Spanish, Italian, Dutch or Greek begins."""
    low = word.lower().rstrip(".")
    if low.startswith(("mardi", "marte")):
        return None  # Tuesday in French, Spanish and Italian begins like March
    return next((_MONTHS[low[:size]] for size in (4, 3) if low[:size] in _MONTHS), None)


def year_of(text: str) -> int:
    """Four digits as they are; two digits from 1970 to 2069."""
    year = int(text)
    return year if year > 99 else year + (2000 if year < 70 else 1900)


def zone_of(letters: str | None) -> tzinfo | None:
    """The zone that letters mean to wires, None for letters of none."""
    known = _ZONES.get((letters or "").upper())
    return zone_named(known) if isinstance(known, str) else known


def _given(match: re.Match[str], year: int, month: int | None, day: int) -> GivenDate:
    raw = match[0].strip()[:200]
    if month is None:
        return GivenDate(raw, None, "minute")
    try:
        hour, minute = int(match["hour"]), int(match["minute"])
        late = hour == 24 and minute == 0
        value = datetime(year, month, day, 0 if late else hour, minute, tzinfo=zone_of(match["zone"]))
        return GivenDate(raw, value + timedelta(days=1) if late else value, "minute")
    except (ValueError, OverflowError):
        return GivenDate(raw, None, "minute")


def sent_7901(text: str) -> GivenDate | None:
    """The last 'DDHHMM [zone] Mon YY' in `text`, or None where there is none."""
    match = None
    for found in _DAY_FIRST.finditer(text):
        if month_of(found["month"]) is not None or match is None:
            match = found
    if match is None:
        return None
    return _given(match, year_of(match["year"]), month_of(match["month"]), int(match["day"]))


def sent_anpa(text: str, hint: tuple[int, int] | None = None) -> GivenDate | None:
    """The last time of sending in `text`: date first (month, day: AP) or time first (day, month: Kyodo, Canadian Press).

    `hint` is (month, day) of the story's dateline: it decides where the numbers can be read both ways.
    """
    dated, timed = list(_DATE_TIME.finditer(text)), list(_TIME_DATE.finditer(text))
    if not dated and not timed:
        return sent_7901(text)
    day_first = not dated or bool(timed and timed[-1].start() > dated[-1].end())
    match = timed[-1] if day_first else dated[-1]
    a, b, year = int(match["a"]), int(match["b"]), year_of(match["year"])
    orders = [(b, a), (a, b)] if day_first else [(a, b), (b, a)]
    valid = [(month, day) for month, day in orders if _is_day(year, month, day)]
    if not valid:
        return GivenDate(match[0].strip(), None, "minute")
    month, day = valid[0]
    if hint is not None and len(valid) > 1 and _near(year, *valid[1], hint) and not _near(year, *valid[0], hint):
        month, day = valid[1]
    return _given(match, year, month, day)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _near(year: int, month: int, day: int, hint: tuple[int, int]) -> bool:
    return _is_day(year, *hint) and abs((date(year, month, day) - date(year, *hint)).days) <= 2


_MONTH_DAY = re.compile(rf"(?P<month>{_NAME})\.?\s(?P<day>\d{{1,2}})\b|\b(?P<day2>\d{{1,2}})\.?\s(?P<month2>{_NAME})")


def month_and_day(text: str | None) -> tuple[int, int] | None:
    """(month, day) in 'Dec. 9' or '9. Dezember'."""
    for match in _MONTH_DAY.finditer(text or ""):
        month = month_of(match["month"] or match["month2"])
        if month is not None:
            return month, int(match["day"] or match["day2"])
    return None


def _in_utc(sent: GivenDate | None, raw: RawStory) -> datetime | None:
    if sent is None or sent.value is None:
        return None
    value = sent.value if sent.value.tzinfo else sent.value.replace(tzinfo=zone_named(raw.zone) or UTC)
    try:
        return value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def utc_day(sent: GivenDate | None, raw: RawStory) -> date:
    """The day that numbers its provider's messages: of sending, in UTC; of receipt where that is unknown."""
    return (_in_utc(sent, raw) or raw.received.astimezone(UTC)).date()


def utc_hour(sent: GivenDate | None, raw: RawStory) -> int | None:
    """The hour of sending in UTC, where it is known."""
    moment = _in_utc(sent, raw)
    return moment.hour if moment else None


def header_day(a: int, b: int, raw: RawStory) -> GivenDate | None:
    """ANPA's '02-20' (month, day; if that cannot be, day, month) in the year of receipt, or the year before if it lies ahead."""
    for month, day in ((a, b), (b, a)):
        for year in (raw.received.year, raw.received.year - 1):
            if _is_day(year, month, day) and date(year, month, day) <= raw.received.date() + timedelta(days=2):
                return GivenDate(f"{a:02d}-{b:02d}", datetime.combine(date(year, month, day), time()), "day")
    return None


# Embargoes.
_EMBARGO = re.compile(
    r"\bsperrfrist\b|\bembargo(?:ed)?\b\s*(?::|until|till|to\b|for\b|bis|jusqu|hasta|fino|-|_|\d)|\bunder embargo\b|\bsous embargo\b"
    r"|\bhold(?:\s+for)?\s+release\b|\bfor release (?!at will|immediate)|\bnot for (?:release|use|publication|broadcast) before\b"
    r"|\bnicht vor .{1,40} (?:ver(?:ö|oe)ffentlichen|verwenden)",
    re.IGNORECASE,
)
_LIFTED = re.compile(
    r"(?:sperrfrist|embargo)\b.{0,30}\b(?:lifted|aufgehoben|lev(?:é|e)|levantado|expired|abgelaufen|off)\b",
    re.IGNORECASE,
)
_BARE = re.compile(r"\(?\s*(?:EMBARGO(?:ED)?|SPERRFRIST|Embargoed|Sperrfrist)\W*")
_CLOCK = re.compile(
    rf"\b(?P<hour>[01]?\d|2[0-4])(?:[:.h]\s?)?(?P<minute>[0-5]\d)\s*(?:(?P<half>[ap]\.?\s?m\b\.?)|Uhr|hrs?|h)?\s*(?P<zone>{_LETTERS})?\b"
    rf"|\b(?P<hour2>[01]?\d|2[0-4])\s*(?:(?P<half2>[ap]\.?\s?m\b\.?)|Uhr|h)(?:\s*(?P<zone2>{_LETTERS})\b)?"
    rf"|\b(?P<named>noon|midday|midnight)\b(?:\s*(?P<zone3>{_LETTERS})\b)?",
    re.IGNORECASE,
)
_DAY = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th)?\s+(?:of\s+|de\s+)?(?P<month>{_NAME})\.?(?:,?\s+(?:de\s+)?(?P<year>\d{{4}}))?"
    rf"|\b(?P<month2>{_NAME})\.?\s+(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year2>\d{{4}}))?",
    re.IGNORECASE,
)


def embargo_of(line: str, sent: date, *, zoned: bool = False) -> GivenDate | None:
    """The embargo that `line` speaks of, with no value where no day is told.

    A day without a time is its first moment where the feed's zone is known (`zoned`), else its end: no zone may be early.
    A year that is not told is the one that lies nearest after the day of sending. None: the line names no embargo, or
    says that one is lifted.
    """
    bare = _BARE.fullmatch(line) is not None
    found = _EMBARGO.search(line)
    if (found is None and not bare) or _LIFTED.search(line):
        return None
    told = line[found.start() if found else 0 :][:120]
    value, precision = _end(told, sent, zoned=zoned)
    return GivenDate(told.strip(" ()<=")[:200], value, precision)


def _end(told: str, sent: date, *, zoned: bool) -> tuple[datetime | None, Precision]:
    match = _DAY.search(told)
    while match is not None:
        month = month_of(match["month"] or match["month2"])
        if month is not None:
            return _ending(told, match, month, sent, zoned=zoned)
        match = _DAY.search(told, match.start() + 1)  # 'Tuesday 10 February': the weekday takes no day from the month
    return None, "minute"


def _ending(
    told: str, match: re.Match[str], month: int, sent: date, *, zoned: bool
) -> tuple[datetime | None, Precision]:
    day = _meant(match["year"] or match["year2"], month, int(match["day"] or match["day2"]), sent)
    if day is None:
        return None, "minute"
    clock = _CLOCK.search(f"{told[: match.start()]} | {told[match.end() :]}")
    if clock is None:
        return datetime.combine(day if zoned else day + timedelta(days=1), time()), "day"
    return _moment(day, clock), "minute"


def _meant(year: str | None, month: int, day: int, sent: date) -> date | None:
    """That day in the year told, else in the year that puts it nearest after the day of sending."""
    for candidate in [int(year)] if year else [sent.year, sent.year + 1]:
        if _is_day(candidate, month, day) and (year or date(candidate, month, day) >= sent - timedelta(days=60)):
            return date(candidate, month, day)
    return None


def _moment(day: date, clock: re.Match[str]) -> datetime | None:
    """The moment that a clock names on that day; midnight, which may be either of its ends, is the later one."""
    hour, minute = int(clock["hour"] or clock["hour2"] or 0), int(clock["minute"] or 0)
    half = (clock["half"] or clock["half2"] or "")[:1].lower()
    if named := (clock["named"] or "").lower():
        hour = 24 if named == "midnight" else 12
    elif half:
        hour = hour % 12 + (12 if half == "p" else 0) if hour <= 12 else hour
    zone = zone_of(clock["zone"] or clock["zone2"] or clock["zone3"])
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    try:
        return midnight + timedelta(hours=hour, minutes=minute)
    except OverflowError:
        return None
