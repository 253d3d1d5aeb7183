"""The feeds file on disk: changed whole or not at all, by one at a time, and never into one that services would refuse."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import Misconfigured
from shared.feeds import parse_feeds


def read_text(path: Path) -> str:
    """The text of a feeds file.

    Raises:
        Misconfigured: it is not there or cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise Misconfigured(f"{path} is not there; `newswire feeds add` makes it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path}: {error}") from None


def change(path: Path, edit: Callable[[str], str], *, may_make: bool = False) -> None:
    """Replace the file's text by `edit` of it; with `may_make`, a file that is not there is an empty one.

    Raises:
        Misconfigured: it cannot be read or written, or would be none that services take; then nothing has changed.
    """
    path = path.resolve()
    try:
        if may_make:
            path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            old = "" if may_make and not path.exists() else read_text(path)
            new = edit(old)
            parse_feeds(new, path.parent)
            write(path, new, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
    except OSError as error:
        raise Misconfigured(f"{path}: cannot be changed: {error.strerror}") from None
    except Misconfigured as error:
        raise error if str(path) in str(error) else Misconfigured(f"{path}: {error}") from None


def write(path: Path, text: str, mode: int) -> None:
    """Put a file there whole, in place of the old one, with that mode.

    Raises:
        OSError: it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the others off: two that change the file at once must not lose one's change."""
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _umask() -> int:
    """The process's umask; there is no way to read it but to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
