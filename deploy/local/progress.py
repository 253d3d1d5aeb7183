"""Telling a person how a download goes: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, Self, TextIO

MB = 1_000_000
_LINE_EVERY_S = 5.0


class Progress(Protocol):
    """What `LocalServers` tells of its work. Calls may come from several threads."""

    def say(self, line: str) -> None:
        """One line for a person."""

    def downloading(self, what: str, total: int) -> Bar:
        """Begin to show `total` bytes; the bar is a context manager."""


class Bar(Protocol):
    """Bytes on their way."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def add(self, count: int) -> None:
        """So many bytes more; negative when a jar is fetched again."""


class Silent:
    """Says nothing; the default of the tests."""

    def say(self, line: str) -> None:
        """Nothing."""

    def downloading(self, what: str, total: int) -> Bar:  # noqa: ARG002 - the protocol's names
        """A bar that nobody sees."""
        return _SilentBar()


class _SilentBar:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def add(self, count: int) -> None:
        pass


class Lines:
    """Plain lines, for logs and pipes: one every few seconds."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr

    def say(self, line: str) -> None:
        """Write the line at once."""
        print(line, file=self._out, flush=True)

    def downloading(self, what: str, total: int) -> Bar:
        """A line at the start, one now and then, one at the end."""
        return _LineBar(self, what, total)


class _LineBar:
    def __init__(self, lines: Lines, what: str, total: int) -> None:
        self._lines, self._what, self._total = lines, what, total
        self._done = 0
        self._said = time.monotonic()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._lines.say(f"Downloading {self._what}: {self._total / MB:.0f} MB")
        return self

    def __exit__(self, *error: object) -> None:
        if not error[0]:
            self._lines.say(f"Downloaded {self._what}: {self._done / MB:.0f} MB")

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            if time.monotonic() - self._said < _LINE_EVERY_S:
                return
            self._said = time.monotonic()
            percent = 100 * self._done // max(self._total, 1)
        self._lines.say(f"Downloading {self._what}: {self._done / MB:.0f} of {self._total / MB:.0f} MB ({percent} %)")


class Terminal:
    """A live bar by rich."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - a quarter of a second that a log file need not pay

        self._console = Console(stderr=True)

    def say(self, line: str) -> None:
        """Print the line above the bar."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def downloading(self, what: str, total: int) -> Bar:
        """A bar with bytes, speed and time left."""
        return _RichBar(self._console, what, total)


class _RichBar:
    def __init__(self, console: object, what: str, total: int) -> None:
        from rich import progress  # noqa: PLC0415 - as above

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
            console=console,  # type: ignore[arg-type]  # Console, known by its maker above
        )
        self._task = self._bar.add_task(f"Downloading {what}", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def add(self, count: int) -> None:
        self._bar.advance(self._task, count)


def default_progress() -> Progress:
    """A bar where standard error is a terminal, lines elsewhere."""
    return Terminal() if sys.stderr.isatty() else Lines()


@contextmanager
def timed(progress: Progress, line: str) -> Iterator[None]:
    """Say `line`, and how long it took when it is done."""
    start = time.monotonic()
    yield
    progress.say(f"{line} ({time.monotonic() - start:.1f} s)")
