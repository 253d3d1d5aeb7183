"""Waiting times between tries: exponential with full jitter, capped. Pure but for the random number.

Full jitter, random(0, min(cap, base × 2^n)), spreads the clients of an overloaded server best. Source: Marc Brooker,
'Exponential Backoff and Jitter' (AWS architecture blog, 2015).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_WISH_S = 60.0
"""The other side's wish (Retry-After) is honoured up to here, so that no answer puts us to sleep for hours."""
_MAX_EXPONENT = 30
"""2^30 is far over any cap; a larger power would only cost time."""


@dataclass(frozen=True)
class Backoff:
    """A rule for waits, in seconds."""

    base_s: float = 0.2
    cap_s: float = 15.0
    uniform: Callable[[float, float], float] = random.uniform

    def delay(self, attempt: int, *, at_least: float | None = None) -> float:
        """Seconds to wait after the `attempt`-th failure in a row (from 0).

        Never less than the other side asked for (`at_least`); the jitter comes on top of a wish, or all who were told
        the same would come back at once.
        """
        wait = self.uniform(0.0, min(self.cap_s, self.base_s * 2.0 ** min(attempt, _MAX_EXPONENT)))
        return wait + min(max(at_least or 0.0, 0.0), LONGEST_WISH_S)


class Tries:
    """Counts failures in a row and draws the wait after each; `reset` after a success."""

    def __init__(self, backoff: Backoff | None = None) -> None:
        self._backoff = backoff or Backoff()
        self.count = 0

    def next(self, at_least: float | None = None) -> float:
        """One more failure: seconds to wait before the next try, no less than the other side asked for."""
        wait = self._backoff.delay(self.count, at_least=at_least)
        self.count += 1
        return wait

    def reset(self) -> None:
        """The next wait is a short one again."""
        self.count = 0
