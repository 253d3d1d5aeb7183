"""Zip and tar archives of wire files, and single gzipped files, read entry by entry within bounds. Nothing is unpacked to disk.

Archives come from outside, and Python's readers of them were not written against bombs: so they see the file through
wrappers that bound what one read may return, and every entry, all entries together and the ratio have a limit.
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from services.ingestion.bodies import MAX_ITEMS
from services.ingestion.dropbox.names import is_hidden, is_inside
from services.ingestion.inflate import RATIO, RATIO_FLOOR, Inflate
from shared.errors import Refused, TooLarge
from shared.problems import Problem

PIECE: Final = 1024 * 1024
_TAR_HEADER: Final = 64 * 1024
"""Most bytes of one tar header; a story's name needs some hundred."""
_ZIP_DIRECTORY: Final = 4 * 1024 * 1024
"""Most bytes that the zip reader may ask for at once, its whole table of contents included."""
_ZIP_LOCAL: Final = 30
"""Bytes of an entry's own header without its name (APPNOTE.TXT 4.3.7)."""
_ENCRYPTED: Final = 0x1
HEAD: Final = 512
"""Bytes that tell an archive."""
_NO_FILE: Final = "a link, a device, or another entry that is no file"
_OUTSIDE: Final = "its name points outside the archive"


@dataclass(frozen=True, slots=True)
class Limits:
    """Most bytes of one file in an archive, and of all that an archive unpacks to."""

    file: int
    unpacked: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive: its bytes, or why it is not taken. `name` is the archive's, fit for nothing but to be shown."""

    name: str
    raw: bytes = b""
    refusal: Refused | None = None


def is_archive(head: bytes) -> bool:
    """Whether a file with these first bytes (512) is an archive, or gzipped."""
    return head[:4] in {b"PK\x03\x04", b"PK\x05\x06"} or head[:2] == b"\x1f\x8b" or _is_tar(head)


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def entries(file: BinaryIO, limits: Limits) -> Iterator[Entry]:
    """The files in an archive, in its order, which is the same each time. A gzipped file that is no tar is one entry, nameless.

    Raises:
        Refused: `bad-archive` or `too-large`; what came before stays good.
    """
    head = file.read(HEAD)
    file.seek(0)
    if head[:2] == b"PK":
        return _counted(_zip(file, limits))
    if head[:2] != b"\x1f\x8b":
        return _counted(_tar(_Stream(_pieces(file), limits), limits))
    stream = _Stream(_gunzip(file, limits.unpacked), limits)
    return _counted(_tar(stream, limits)) if _is_tar(stream.peek(HEAD)) else _single(stream, limits)


def _single(stream: _Stream, limits: Limits) -> Iterator[Entry]:
    raw = stream.take(limits.file + 1)
    if len(raw) > limits.file:
        raise _large(limits)
    yield Entry("", raw)


def _counted(found: Iterator[Entry]) -> Iterator[Entry]:
    count = 0
    for entry in found:
        count += 1
        if count > MAX_ITEMS:
            raise TooLarge(f"an archive may have {MAX_ITEMS} files")
        if not is_hidden(entry.name):
            yield entry
    if not count:
        raise Refused("empty-body", "there is no file in the archive")


def _bad(why: str) -> Refused:
    return Refused("bad-archive", why)


def _odd(why: str) -> Refused:
    return Refused("bad-archive-entry", why)


def _large(limits: Limits) -> TooLarge:
    return TooLarge(f"a file may have {limits.file} bytes")


# gzip and tar: one way through a stream.


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _gunzip(file: BinaryIO, cap: int) -> Iterator[bytes]:
    inflate = Inflate("gzip", cap)
    try:
        for piece in _pieces(file):
            yield from inflate.feed(piece)
        inflate.finish()
    except Problem as error:
        if error.status == 413:
            raise TooLarge(f"it unpacks to more than {cap} bytes, or {RATIO} times its size") from None
        raise _bad("the gzip data is broken or ends too early") from None


class _Stream:
    """What `tarfile` needs of a file, over pieces: forward only, and no read larger than a header may be."""

    def __init__(self, pieces: Iterator[bytes], limits: Limits) -> None:
        self._pieces = pieces
        self._held = b""
        self._at = 0
        self.last = b""
        self._cap = limits.unpacked

    def tell(self) -> int:
        return self._at

    def seek(self, position: int, whence: int = 0) -> int:
        if whence != 0 or position < self._at:
            raise _bad("its parts point backwards")
        while self._at < position and self.take(min(PIECE, position - self._at)):
            pass
        return self._at

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _TAR_HEADER:
            raise _bad("a header in it is too long")
        self.last = self.take(size)
        return self.last

    def peek(self, size: int) -> bytes:
        self._fill(size)
        return self._held[:size]

    def take(self, size: int) -> bytes:
        """The next `size` bytes; fewer at the end."""
        self._fill(size)
        taken, self._held = self._held[:size], self._held[size:]
        self._at += len(taken)
        if self._at > self._cap:
            raise TooLarge(f"it unpacks to more than {self._cap} bytes")
        return taken

    def _fill(self, size: int) -> None:
        if len(self._held) >= size:
            return
        parts, length = [self._held], len(self._held)
        while length < size and (piece := next(self._pieces, b"")):
            parts.append(piece)
            length += len(piece)
        self._held = b"".join(parts)


def _tar(stream: _Stream, limits: Limits) -> Iterator[Entry]:
    try:
        with tarfile.TarFile(fileobj=stream, mode="r", errorlevel=2) as archive:  # type: ignore[arg-type]  # all that it uses is there
            while (member := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # undeclared; it would keep each, for a lookup that nobody does
                if not member.isdir():
                    yield _member(stream, member, limits)
            # tarfile takes a broken header for the end; the end is a block of zeros, and what lacks it was cut off.
            if stream.last != bytes(tarfile.BLOCKSIZE):
                raise _bad("the tar data is broken or ends too early")
            while stream.take(PIECE):  # to the end, for the check sum of what is gzipped stands there
                pass
    except (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError):
        raise _bad("the tar data is broken or ends too early") from None


def _member(stream: _Stream, member: tarfile.TarInfo, limits: Limits) -> Entry:
    if not member.isreg() or member.issparse():
        return Entry(member.name, refusal=_odd(_NO_FILE))
    if not is_inside(member.name):
        return Entry(member.name, refusal=_odd(_OUTSIDE))
    if member.size < 0:
        raise _bad("an entry has a negative size")
    if member.size > limits.file:
        return Entry(member.name, refusal=_large(limits))
    stream.seek(member.offset_data)
    raw = stream.take(member.size)
    if len(raw) < member.size:
        raise _bad("the tar data ends too early")
    return Entry(member.name, raw)


# zip: a table of contents first.


class _Bounded(io.BufferedIOBase):
    """A file that never returns more than `_ZIP_DIRECTORY` bytes at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def seekable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = 0, /) -> int:
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = _ZIP_DIRECTORY + 1 if size is None or size < 0 else size
        if wanted > _ZIP_DIRECTORY + 1:
            raise TooLarge("the table of contents of the zip file is too long")
        found = self._file.read(wanted)
        if len(found) > _ZIP_DIRECTORY:
            raise TooLarge("the table of contents of the zip file is too long")
        return found


def _zip(file: BinaryIO, limits: Limits) -> Iterator[Entry]:
    try:
        archive = zipfile.ZipFile(_Bounded(file))
    except Refused:
        raise
    except Exception:  # the reader raises whatever its parsing ran into: ten kinds and counting
        raise _bad("the zip file's table of contents cannot be read") from None
    with archive:
        infos = archive.infolist()
        if len(infos) > MAX_ITEMS:
            raise TooLarge(f"an archive may have {MAX_ITEMS} files")
        _check_overlap(infos)
        total = 0
        for info in infos:
            if info.is_dir():
                continue
            entry = _zipped(archive, info, limits)
            total += len(entry.raw)
            if total > limits.unpacked:
                raise TooLarge(f"it unpacks to more than {limits.unpacked} bytes")
            yield entry


def _check_overlap(infos: list[zipfile.ZipInfo]) -> None:
    """Entries that share bytes are how a small zip file becomes a large one (D. Fifield, 'A better zip bomb', 2019)."""
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise _bad("entries of the zip file share bytes")
        end = info.header_offset + _ZIP_LOCAL + info.compress_size


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> Entry:
    refusal = _why_not(info, limits)
    if refusal is not None:
        return Entry(info.filename, refusal=refusal)
    raw = _unzip(archive, info, limits.file)
    if raw is None:
        return Entry(info.filename, refusal=_odd("its data is broken"))
    if len(raw) > max(RATIO_FLOOR, RATIO * info.compress_size):
        raise TooLarge(f"an entry unpacks to more than {RATIO} times its size")
    if len(raw) > limits.file:
        return Entry(info.filename, refusal=_large(limits))
    return Entry(info.filename, raw)


def _why_not(info: zipfile.ZipInfo, limits: Limits) -> Refused | None:
    """What the table of contents already tells against an entry."""
    if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG}:
        return _odd(_NO_FILE)
    if not is_inside(info.orig_filename):
        return _odd(_OUTSIDE)
    if info.flag_bits & _ENCRYPTED:
        return _odd("it is encrypted")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return _odd("its compression is none of stored and deflate")
    return _large(limits) if info.file_size > limits.file else None


def _unzip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes | None:
    """The entry's bytes, at most one more than `limit`; None if they cannot be had."""
    parts: list[bytes] = []
    held = 0
    try:
        with archive.open(info) as packed:
            while held <= limit and (piece := packed.read(min(PIECE, limit + 1 - held))):
                parts.append(piece)
                held += len(piece)
    except Exception:  # as above: whatever the parsing ran into
        return None
    return b"".join(parts)
