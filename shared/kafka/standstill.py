"""Telling a worker that stands still from one that waits on purpose, and writing down where it stands."""

from __future__ import annotations

import asyncio
import time

from shared.health import Health
from shared.log import get_logger

_log = get_logger()


class StandstillWatch:
    """Beats for `/livez` while the tasks move; once they have not for `limit_s`, dumps all of them to the log, once."""

    def __init__(self, health: Health, limit_s: float) -> None:
        self._health = health
        self._limit_s = limit_s
        self._polled_at = time.monotonic()
        self._moved_at = self._polled_at
        self._dumped = False

    def polled(self) -> None:
        """The intake has come round."""
        self._polled_at = time.monotonic()

    def moved(self) -> None:
        """The handler has begun or finished something, or waits on purpose."""
        self._moved_at = time.monotonic()
        self._dumped = False
        self._health.beat()

    def look(self, *, working: bool) -> None:
        """To be called now and then; `working`: the handler has the word, and is not waiting for its sink or a person."""
        now = time.monotonic()
        polling = now - self._polled_at < self._limit_s
        if polling and not working:
            self.moved()
        elif (not polling or now - self._moved_at >= self._limit_s) and not self._dumped:
            self._dumped = True
            dump_tasks()


def dump_tasks() -> None:
    """Every task and where it stands, one line each: the first question about a standstill."""
    for task in asyncio.all_tasks():
        stack = [f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}" for frame in task.get_stack()]
        _log.error("no progress: where the tasks stand", task=task.get_name(), frames=stack)
