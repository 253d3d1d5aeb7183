"""A lock file that names its holder and dies with it.

The lock is the kernel's (`flock`), so a run that was killed leaves none: the next one simply takes it. The pid in the file
is there for the message alone.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_POLL_S = 0.1


class Held(Exception):
    """Somebody else holds the lock; `pid` is who, if they have said so already."""

    def __init__(self, path: Path, pid: int | None) -> None:
        super().__init__(f"{path} is held by {f'pid {pid}' if pid else 'another process'}")
        self.pid = pid


class FileLock:
    """An exclusive lock between processes, also between two holders in one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, wait_s: float = 0, on_wait: Callable[[int | None], None] | None = None) -> None:
        """Take the lock, waiting at most `wait_s` seconds; `on_wait` hears once, with the holder's pid, that we wait.

        Raises:
            Held: it was not given up in time.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._wait(descriptor, time.monotonic() + wait_s, on_wait)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def _wait(self, descriptor: int, deadline: float, on_wait: Callable[[int | None], None] | None) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = _read_pid(descriptor)
                if time.monotonic() >= deadline:
                    raise Held(self.path, pid) from None
                if on_wait:
                    on_wait(pid)
                    on_wait = None
                time.sleep(_POLL_S)
            else:
                return

    def release(self) -> None:
        """Give the lock up; the file stays, for removing it would race with who opens it."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        if self._descriptor is None:
            self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _read_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() else None
