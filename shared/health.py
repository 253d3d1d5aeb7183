"""Liveness and readiness: the two answers an orchestrator asks for, and nothing else in them.

`/livez` is the progress of the service's own loop and never asks Kafka or Elasticsearch. `/readyz` becomes 200 once the
other side has answered once and stays so in a later outage; it falls back only while a worker is halted or stopping.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

WORTH_A_WORD_S = 0.5
"""A shorter wait on purpose passes before anybody could make use of knowing it."""


@dataclass
class Health:
    """State of one process, written by its loop and read by the probes."""

    stuck_after_s: float = 120.0
    clock: Callable[[], float] = time.monotonic
    ready_once: bool = False
    stopping: bool = False
    halted: str | None = None
    _beat: float = field(init=False)
    _waits_until: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self._beat = self.clock()

    def beat(self) -> None:
        """The loop made progress (or waits on purpose)."""
        self._beat = self.clock()

    def waits(self, seconds: float) -> None:
        """The work waits on purpose, so long: its sink is away or overloaded. That is progress, too."""
        self.beat()
        self._waits_until = self._beat + seconds if seconds >= WORTH_A_WORD_S else self._beat

    @property
    def waiting(self) -> bool:
        """Whether the work is in a wait on purpose that is long enough to be worth breaking off."""
        return self.clock() < self._waits_until

    def ready(self) -> None:
        """The other side has answered; latches."""
        self.ready_once = True

    def halt(self, why: str | None) -> None:
        """Wait for a person (`why`), or go on again (None)."""
        self.halted = why

    def is_live(self) -> tuple[bool, str]:
        """Whether the loop still moves, and a word on it."""
        idle = self.clock() - self._beat
        return (True, "ok") if idle < self.stuck_after_s else (False, f"no progress for {idle:.0f} s")

    def is_ready(self) -> tuple[bool, str]:
        """Whether work may be sent here, and a word on it."""
        if self.stopping:
            return False, "stopping"
        if self.halted:
            return False, f"halted: {self.halted}"
        return (True, "ok") if self.ready_once else (False, "starting: the other side has not answered yet")
