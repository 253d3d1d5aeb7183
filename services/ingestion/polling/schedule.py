"""When a feed is asked again: the interval follows how often it brings something, failures back off, wishes are heard. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

FASTER: Final = 0.5
"""Factor on the interval after a poll that brought something: a busy feed is at its least interval after a few."""
SLOWER: Final = 1.25
"""Factor after a poll that brought nothing: a quiet feed drifts to its greatest interval."""
TO_HINT: Final = 2.0
"""Factor after such a poll as long as the feed says that it changes more seldom. Not at once: what feeds say is often a default."""
GONE_S: Final = 86_400.0
"""Between looks at a feed that says it is gone for good (410)."""
FAILING_CAP_S: Final = 6 * 3600.0
"""Longest back-off of a feed that fails in other ways, unless its own greatest interval is longer."""
WISH_CAP_S: Final = 86_400.0
"""Longest Retry-After that is heard: a mistaken header must not silence a feed for ever."""
JITTER: Final = 0.1

_MAX_AGE = re.compile(r"(?:^|[,\s])(?:s-maxage|max-age)\s*=\s*\"?(\d{1,9})", re.ASCII | re.IGNORECASE)


class Outcome(StrEnum):
    """How a poll ended; bounded, for metrics and state."""

    NEW = "new"
    NOTHING_NEW = "nothing-new"
    NOT_MODIFIED = "not-modified"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Pace:
    """How a feed is asked: the interval that it has come to, in seconds, and failures in a row."""

    interval_s: float
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """A feed's own bounds, in seconds."""

    least_s: float
    greatest_s: float

    def clamp(self, seconds: float) -> float:
        """`seconds`, moved into the bounds."""
        return min(max(seconds, self.least_s), self.greatest_s)


def first_pace(bounds: Bounds) -> Pace:
    """Where a feed begins: four times its least interval, so that a busy one is found out in two polls."""
    return Pace(bounds.clamp(4 * bounds.least_s))


def after(
    pace: Pace,
    outcome: Outcome,
    bounds: Bounds,
    *,
    wish_s: float | None = None,
    hint_s: float | None = None,
    chance: float = 0.5,
) -> tuple[Pace, float]:
    """The pace after a poll, and the seconds until the next one.

    `wish_s` is the server's own wish (Retry-After, or how long it calls its answer fresh): never sooner than that, within
    reason. `hint_s` is how often the feed itself says that it changes: if a poll brings nothing, the interval doubles up to that.
    `chance` from 0 to 1 spreads the polls by a tenth to both sides, so that feeds do not march in step.
    """
    if outcome in {Outcome.FAILED, Outcome.GONE}:
        next_pace = Pace(bounds.clamp(pace.interval_s), min(pace.failures + 1, 1000))
        wait = _back_off(next_pace, outcome, bounds)
        ceiling = WISH_CAP_S
    else:
        factor = FASTER if outcome is Outcome.NEW else SLOWER
        interval_s = pace.interval_s * factor
        if hint_s is not None and outcome is not Outcome.NEW:
            interval_s = max(interval_s, min(pace.interval_s * TO_HINT, hint_s))
        next_pace = Pace(bounds.clamp(interval_s))
        wait = next_pace.interval_s
        ceiling = bounds.greatest_s
    wait *= 1 - JITTER + 2 * JITTER * chance
    if wish_s is not None:
        wait = max(wait, min(wish_s, ceiling))
    return next_pace, max(wait, bounds.least_s)


def _back_off(pace: Pace, outcome: Outcome, bounds: Bounds) -> float:
    if outcome is Outcome.GONE:
        return max(GONE_S, bounds.greatest_s)
    # From near the least interval, or a hiccup of a quiet feed's server would cost hours. The exponent is bounded first.
    doubled = min(pace.interval_s, 4 * bounds.least_s) * 2.0 ** min(pace.failures, 20)
    return min(doubled, max(FAILING_CAP_S, bounds.greatest_s))


def outcome_of_status(status: int) -> Outcome | None:
    """What an HTTP status alone says of a poll; None for 2xx, where the body decides."""
    if 200 <= status < 300:
        return None
    if status == 304:
        return Outcome.NOT_MODIFIED
    return Outcome.GONE if status == 410 else Outcome.FAILED


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """A Retry-After header (RFC 9110, 10.2.3) as seconds from now; None if there is none or it cannot be read."""
    given = (text or "").strip()
    if not given:
        return None
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        moment = parsedate_to_datetime(given)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return max((moment - now) / timedelta(seconds=1), 0.0)
    except OverflowError:
        return None


def fresh_s(cache_control: str | None) -> float | None:
    """How long an answer calls itself fresh (RFC 9111): asking sooner gets the same one from a cache."""
    ages = [float(age) for age in _MAX_AGE.findall(cache_control or "")]
    return max(ages) if ages else None
