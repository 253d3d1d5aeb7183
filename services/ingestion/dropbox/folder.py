"""A drop folder on disk: claimed by one process, listed, and emptied by renames alone. Blocking.

Everything goes by file descriptors of the folders and names without a slash, so that a link put in the place of a folder
leads nowhere. A file is never opened before it was claimed: in `.taking` (mode 700) nobody else can exchange it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import heapq
import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from services.ingestion.dropbox.names import DONE, REFUSED, TAKING, WHY, is_story, targets
from shared.errors import Refused

AT_ONCE: Final = 1000
"""Files of one look; the rest wait for the next."""
_LOCK: Final = ".lock"
_REASON: Final = ".why"
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class InUse(Exception):
    """Another process watches this folder."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A name in the folder as one look found it. `regular` is false for links, FIFOs, devices and sockets."""

    name: str
    regular: bool
    inode: int
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that this process has taken out of the folder, under a token of its own."""

    token: str
    name: str


class Folder:
    """The folder, held by this process until `close`."""

    def __init__(self, path: Path) -> None:
        """Open and claim it.

        Raises:
            InUse: another process has it.
            OSError: it is not there, or cannot be used.
        """
        self.path = path
        with contextlib.ExitStack() as opened:
            self._folder = _held(opened, os.open(path, _DIRECTORY))
            self._taking = _held(opened, _subfolder(self._folder, TAKING, 0o700))
            status = os.fstat(self._taking)
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                raise PermissionError(errno.EPERM, f"{TAKING} in it belongs to, or can be changed by, somebody else")
            self._lock(opened)
            self._ends = {name: _held(opened, _subfolder(self._folder, name, 0o777)) for name in (DONE, REFUSED)}
            self._opened = opened.pop_all()

    def _lock(self, opened: contextlib.ExitStack) -> None:
        """The kernel drops it with this process, however that ends."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = _held(opened, os.open(_LOCK, flags, 0o600, dir_fd=self._taking))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let it go; what was claimed and not finished is found by the next `leftovers`."""
        self._opened.close()

    def is_current(self) -> bool:
        """Whether the path still leads to this folder: it may have been moved away, or another been mounted there."""
        there, here = self.path.stat(), os.fstat(self._folder)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def look(self) -> list[Seen]:
        """What lies there to be taken, oldest first, `AT_ONCE` at most. Folders, hidden and unfinished files are passed over."""
        with os.scandir(self._folder) as found:
            return heapq.nsmallest(AT_ONCE, _stories(found), key=lambda seen: (seen.mtime_ns, os.fsencode(seen.name)))

    def claim(self, name: str, token: str) -> Claim | None:
        """Take a file out of the folder; None if it is gone.

        Raises:
            OSError: it may not be taken.
        """
        os.mkdir(token, 0o700, dir_fd=self._taking)
        try:
            os.rename(name, f"{token}/{name}", src_dir_fd=self._folder, dst_dir_fd=self._taking)
        except OSError as error:
            os.rmdir(token, dir_fd=self._taking)
            if isinstance(error, FileNotFoundError):
                return None
            raise
        return Claim(token, name)

    def leftovers(self) -> list[Claim]:
        """Files that a process claimed and did not finish, in the order of their claims; empty places are cleared away."""
        with os.scandir(self._taking) as found:
            tokens = sorted(entry.name for entry in found)
        return [claim for token in tokens if (claim := self._leftover(token)) is not None]

    def _leftover(self, token: str) -> Claim | None:
        try:
            uuid.UUID(token)
            place = os.open(token, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._taking)
        except (ValueError, OSError):
            return None
        try:
            with os.scandir(place) as found:
                names = [entry.name for entry in found if entry.name != _REASON]
        finally:
            os.close(place)
        if names:
            return Claim(token, names[0])
        self._clear(token)
        return None

    @contextlib.contextmanager
    def open(self, claim: Claim) -> Iterator[BinaryIO]:
        """The claimed file, if it is one.

        Raises:
            Refused: `not-a-file` for a link, FIFO, device or socket; `hard-link` for a file with other names.
        """
        name = f"{claim.token}/{claim.name}"
        if not stat.S_ISREG(os.stat(name, dir_fd=self._taking, follow_symlinks=False).st_mode):
            raise Refused("not-a-file", "a link, a FIFO, a device or a socket")
        with os.fdopen(os.open(name, _READ, dir_fd=self._taking), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Refused("not-a-file", "a link, a FIFO, a device or a socket")
            if status.st_nlink != 1:
                raise Refused(
                    "hard-link", "the file has other names, under which it could be changed or belong to others"
                )
            yield file

    def finish(self, claim: Claim, end: str, why: bytes | None) -> str:
        """Put a claimed file into `done` or `refused`, with `why` beside it; returns its name there.

        The reason comes first: a file in `refused` never stands there without one. Done again, it ends the same.
        """
        target = self._free(claim, end)
        if why is not None:
            self._put_reason(claim, end, target, why)
        os.rename(f"{claim.token}/{claim.name}", target, src_dir_fd=self._taking, dst_dir_fd=self._ends[end])
        self._clear(claim.token)
        return target

    def _free(self, claim: Claim, end: str) -> str:
        own, other = targets(claim.name, claim.token)
        try:
            os.stat(own, dir_fd=self._ends[end], follow_symlinks=False)
        except FileNotFoundError:
            return own
        return other

    def _put_reason(self, claim: Claim, end: str, target: str, why: bytes) -> None:
        written = f"{claim.token}/{_REASON}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(written, flags, 0o644, dir_fd=self._taking), "wb") as file:
            file.write(why)
        os.rename(written, target + WHY, src_dir_fd=self._taking, dst_dir_fd=self._ends[end])

    def _clear(self, token: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{token}/{_REASON}", dir_fd=self._taking)
        os.rmdir(token, dir_fd=self._taking)


def _stories(found: Iterator[os.DirEntry[str]]) -> Iterator[Seen]:
    for entry in found:
        if not is_story(entry.name):
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(status.st_mode):
            regular = stat.S_ISREG(status.st_mode)
            yield Seen(entry.name, regular, status.st_ino, status.st_size, status.st_mtime_ns)


def _held(opened: contextlib.ExitStack, descriptor: int) -> int:
    opened.callback(os.close, descriptor)
    return descriptor


def _subfolder(folder: int, name: str, mode: int) -> int:
    """A folder in the folder, made if it is not there; never one that a link leads to."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=folder)
    return os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
