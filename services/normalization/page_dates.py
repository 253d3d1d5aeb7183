"""When a page was published and changed, out of the several dates that it gives itself. Pure.

The first that can be read counts, in the order in which it was measured that they are right: JSON-LD, meta, `time`, then what
stands on the page for readers. A date in figures alone is read the way round that the page's language and country have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from services.normalization.dates import read_date
from services.normalization.moments import is_ambiguous, read_moment
from services.normalization.parts import GivenDate
from services.normalization.zones import of_country

FARTHEST_OFFSET: Final = timedelta(hours=14)
NEAR: Final = timedelta(days=45)
"""Between two dates of one page that are in the same half of summer time, most likely."""


_TIMES = ("second", "minute")
_COARSE = ("month", "year")


class Found(NamedTuple):
    """A date, if any, with what is to be told of how it was read."""

    date: GivenDate | None
    notes: list[str]


def first_readable(given: Iterable[str], *, day_first: bool | None, name: str) -> Found:
    """The first date that can be read to its day, else the first of a month or year; if none can, the first as it is written."""
    unread: GivenDate | None = None
    coarse: GivenDate | None = None
    for text in given:
        date = read_date(text)
        if date is None:
            continue
        if date.value is None:
            date = read_moment(text, day_first=day_first) or date
        if date.value is not None and date.precision in _COARSE:
            coarse = coarse or date
        elif date.value is not None:
            said = f"{name} was read with the {'day' if day_first else 'month'} first, as the page's language and country have it"
            return Found(date, [said] if is_ambiguous(text) else [])
        unread = unread or date
    return Found(coarse or unread, [])


def corrected_by(other: str | None, found: Found, name: str) -> Found:
    """`found`, unless it calls a local time UTC.

    Some sites write the clock of their newsroom with a Z behind it in JSON-LD, and the true instant in their meta elements:
    then the two are some whole half hours apart, to the second.
    """
    second = read_date(other)
    if found.date is None or second is None:
        return found
    one, two = found.date.value, second.value
    if one is None or two is None or one.tzinfo is None or two.tzinfo is None or one.utcoffset() != timedelta():
        return found
    apart = abs(one - two)
    if not timedelta() < apart <= FARTHEST_OFFSET or apart % timedelta(minutes=30):
        return found
    return Found(
        second, [*found.notes, f"{name} stands on the page with two zones: the one that is no local clock was taken"]
    )


def zone_of(written: Iterable[str], about: GivenDate | None, host: str | None) -> str | None:
    """The zone in which a page's zone-less times are to be read: the offset of another of its dates, else its country's.

    None for a day without a time: a zone that is but concluded would move it to the day before.
    """
    if about is None or about.value is None or about.value.tzinfo is not None or about.precision not in _TIMES:
        return None
    for moment in _aware(written):
        offset = moment.utcoffset() or timedelta()
        if offset and abs(moment.replace(tzinfo=UTC) - about.value.replace(tzinfo=UTC)) <= NEAR:
            minutes = int(offset.total_seconds()) // 60
            return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return of_country(host)


def _aware(written: Iterable[str]) -> Iterator[datetime]:
    for text in written:
        date = read_date(text)
        if date is not None and date.value is not None and date.value.tzinfo is not None:
            yield date.value
