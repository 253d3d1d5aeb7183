"""Waiting times between tries: exponential with full jitter, without end.

Source: Marc Brooker, 'Exponential Backoff and Jitter' (AWS architecture blog, 2015): random(0, min(cap, base * 2^n)).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

BASE_S = 0.2
CAP_S = 15.0
_MAX_EXPONENT = 30  # 2^30 * BASE_S is far over any cap; a larger power would only cost time


@dataclass
class Backoff:
    """Draws one waiting time after another, in seconds; `reset` after a success."""

    base_s: float = BASE_S
    cap_s: float = CAP_S
    uniform: Callable[[float, float], float] = random.uniform
    tries: int = 0

    def next(self, retry_after: float | None = None) -> float:
        """The next wait. Where the other side said when to come back, never before that (but a wish is capped, too)."""
        limit = min(self.cap_s, self.base_s * 2.0 ** min(self.tries, _MAX_EXPONENT))
        self.tries += 1
        wait = self.uniform(0.0, limit)
        if retry_after is not None and retry_after > 0:
            # The wish is a lower bound; the jitter on top keeps all workers from coming back at once.
            wait += min(retry_after, self.cap_s * 4)
        return wait

    def reset(self) -> None:
        """The next wait is a short one again."""
        self.tries = 0
