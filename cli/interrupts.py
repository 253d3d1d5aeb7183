"""Ctrl-C for `newswire up`: the first stops everything in order, the second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody wants `up` to stop. Not an Exception, so that no handler on the way takes it for a fault."""


class Interrupts:
    """The signals of one run. While `raising`, the first one raises Interrupted in the main thread."""

    def __init__(self, force: Callable[[], None]) -> None:
        self._force = force
        self._stopping = False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            raise Interrupted
        self._force()
        os._exit(130)

    def stopping(self) -> None:
        """The stop has begun for another reason; the next signal ends at once."""
        self._stopping = True

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Take the signals over while the block runs."""
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
