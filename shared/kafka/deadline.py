"""One wall-clock budget shared by all steps of a drain, so that steps cannot each take the whole of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Deadline:
    """`seconds` from now on, by a clock that never jumps."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = self.clock() + max(self.seconds, 0.0)

    def remaining(self, *, at_most: float | None = None) -> float:
        """Seconds left, never below 0; `at_most` bounds one step within the budget."""
        left = max(self._end - self.clock(), 0.0)
        return left if at_most is None else min(left, at_most)

    @property
    def expired(self) -> bool:
        """Whether nothing is left."""
        return self.remaining() <= 0.0
