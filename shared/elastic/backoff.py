"""How long to wait before trying again: full jitter, growing, capped. Pure but for the random number."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Full-jitter waits: uniform between 0 and min(cap, base × 2^attempt), in seconds.

    Full jitter spreads the clients of an overloaded server best ('Exponential Backoff And Jitter', AWS, 2015).
    """

    base_s: float = 0.1
    cap_s: float = 10.0
    uniform: Callable[[float, float], float] = random.uniform

    def delay(self, attempt: int, *, at_least: float | None = None) -> float:
        """Seconds to wait after the `attempt`-th failure in a row (from 0), no less than the other side asked for.

        A wish over the cap is cut to the cap, so that no answer can put us to sleep for hours.
        """
        ceiling = min(self.cap_s, self.base_s * 2.0 ** min(attempt, 30))
        return max(self.uniform(0.0, ceiling), min(at_least or 0.0, self.cap_s))


OVERLOADED = Backoff(base_s=0.1, cap_s=10.0)
"""After 429, 5xx, time-outs and broken connections."""

ABSENT = Backoff(base_s=0.1, cap_s=1.0)
"""While nothing has answered yet at all: asking costs nothing, and a start waits for it."""

BLOCKED = Backoff(base_s=2.0, cap_s=30.0)
"""After a cluster block: it lasts until space is made."""
