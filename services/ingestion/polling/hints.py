"""What a feed says of how often it changes: RSS `ttl`, `skipHours`, `skipDays`, and `sy:updatePeriod/updateFrequency`. Pure.

Hints, not orders: most feeds carry what their software wrote by default ("hourly"). A feed that brings news is asked as often as
it does; one that brings none comes to the hinted interval faster. Hours and days that it says to skip are skipped, as far as
the feed's own bounds allow.

Sources: RSS 2.0.11; RSS 1.0 module Syndication.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS: Final[Mapping[str, float]] = {
    "hourly": 3600.0, "daily": 86_400.0, "weekly": 7 * 86_400.0, "monthly": 30 * 86_400.0, "yearly": 365 * 86_400.0,
}  # fmt: skip
MAX_HINT_S: Final = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class Hints:
    """`interval_s`: how often it changes, by its own word; `hours` (0 to 23, UTC) and `days` (0 is Monday) in which it does not."""

    interval_s: float | None = None
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()

    def skips(self, moment: datetime) -> bool:
        """Whether it says not to ask at that moment."""
        at = moment.astimezone(UTC)
        return at.hour in self.hours or at.weekday() in self.days

    def wait_s(self, now: datetime, wait_s: float, greatest_s: float) -> float:
        """The wait for the next poll, moved on to the next hour that is not skipped; never beyond `greatest_s`."""
        if not (self.hours or self.days) or wait_s >= greatest_s:
            return wait_s
        moment = now + timedelta(seconds=wait_s)
        for _ in range(24 * 7):
            if not self.skips(moment):
                return min((moment - now) / timedelta(seconds=1), greatest_s)
            moment = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return wait_s  # it says to skip the whole week: that cannot be meant

    def dump(self) -> dict[str, Any] | None:
        """For the feed's state; None where there is nothing to say."""
        if self == Hints():
            return None
        return {"interval_s": self.interval_s, "hours": sorted(self.hours), "days": sorted(self.days)}


def load_hints(data: Mapping[str, Any] | None) -> Hints:
    """What `dump` gave.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    if not data:
        return Hints()
    interval = data["interval_s"]
    return Hints(
        float(interval) if interval is not None else None,
        frozenset(map(int, data["hours"])),
        frozenset(map(int, data["days"])),
    )


def hints_of(said: Iterable[tuple[str, str]], skipped: Iterable[tuple[str, str]]) -> Hints:
    """From the channel's elements as (name, text), and those inside skipHours and skipDays."""
    texts: dict[str, str] = {}
    for name, text in said:
        texts.setdefault(name.lower(), text.strip())
    hours, days = set[int](), set[int]()
    for name, text in skipped:
        value = text.strip().lower()
        if name.lower() == "hour" and value.isascii() and value.isdigit() and int(value[:3]) <= 24:
            hours.add(int(value[:3]) % 24)  # 24 was midnight in RSS 0.91
        elif name.lower() == "day" and value in _DAYS:
            days.add(_DAYS.index(value))
    return Hints(_interval(texts), frozenset(hours), frozenset(days))


def _interval(texts: Mapping[str, str]) -> float | None:
    minutes = _number(texts.get("ttl"))
    if minutes:
        return min(minutes * 60.0, MAX_HINT_S)
    period = _PERIODS.get(texts.get("updateperiod", "").lower())
    if period is None:
        return None
    return period / (_number(texts.get("updatefrequency")) or 1)


def _number(text: str | None) -> int | None:
    """A whole number above 0 of a sensible size."""
    given = text or ""
    return int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 8 and int(given) else None
