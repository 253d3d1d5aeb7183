"""Content-Encoding undone while streaming: one encoding, bounded output, no bombs. Pure.

Every step puts out a bounded piece before the caller looks at the caps again, so a bomb costs one piece of memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

import brotli  # type: ignore[import-untyped]  # ships no types; three of its names are used, all here
import zstandard

from shared.problems import Problem, problem

PIECE: Final = 1024 * 1024
"""Output of one step, in bytes, at most (zstd: eight times that)."""
RATIO: Final = 100
RATIO_FLOOR: Final = 1024 * 1024
"""Below this output the ratio is not looked at: short and repetitive texts do pack that well."""
MAX_MEMBERS: Final = 100
_ZSTD_WINDOW: Final = 8 * 1024 * 1024  # RFC 9659: no decoder of this content coding need take a larger one
_ZSTD_STEP: Final = 256  # a block of 4 bytes unpacks to 128 KiB: 256 bytes of input are 8 MiB at the most


class _Inflater(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finished(self) -> bool: ...


class _Zlib:
    """gzip (RFC 1952, several members allowed) and deflate (RFC 1950, or the bare RFC 1951 that some senders mean)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._stream: zlib._Decompress | None = None
        self._head = b""
        self._members = 0
        self._ended = False

    def _open(self, head: bytes) -> zlib._Decompress:
        self._members += 1
        if self._gzip:
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        wrapped = head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def feed(self, data: bytes) -> Iterator[bytes]:
        data, self._head = self._head + data, b""
        while data:
            if self._stream is None:
                if self._ended and not (self._gzip and self._members < MAX_MEMBERS):
                    raise _corrupt("there is more after its end")
                if len(data) < 2:
                    self._head = data
                    return
                self._stream, self._ended = self._open(data), False
            out = self._stream.decompress(data, PIECE)
            while out or self._stream.unconsumed_tail:
                yield out
                out = self._stream.decompress(self._stream.unconsumed_tail, PIECE)
            data = b""
            if self._stream.eof:
                data, self._stream, self._ended = self._stream.unused_data, None, True

    def finished(self) -> bool:
        return self._ended and not self._head


class _Brotli:
    """br (RFC 7932)."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        if self._stream.is_finished():
            raise _corrupt("there is more after its end")
        yield self._stream.process(data, output_buffer_limit=PIECE)
        while not self._stream.can_accept_more_data():
            yield self._stream.process(b"", output_buffer_limit=PIECE)

    def finished(self) -> bool:
        return bool(self._stream.is_finished())


class _Zstd:
    """zstd (RFC 8878), one frame."""

    def __init__(self) -> None:
        self._stream = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_STEP):
            if self._stream.eof:
                raise _corrupt("there is more after its end")
            yield self._stream.decompress(data[start : start + _ZSTD_STEP])
        if self._stream.unused_data:
            raise _corrupt("there is more after its end")

    def finished(self) -> bool:
        return bool(self._stream.eof)


def _corrupt(why: str) -> Problem:
    return problem("bad-encoding", f"the compressed body is broken: {why}")


class Inflate:
    """Undoes one encoding (`gzip`, `deflate`, `br` or `zstd`), holding the output to `cap` bytes."""

    def __init__(self, encoding: str, cap: int) -> None:
        self._stream: _Inflater = _OPEN[encoding]()
        self._cap = cap
        self._taken = 0
        self._given = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The next decoded pieces.

        Raises:
            Problem: 413 over the cap or the ratio, 400 for what is no such stream.
        """
        self._taken += len(data)
        try:
            for piece in self._stream.feed(data):
                self._given += len(piece)
                if self._given > self._cap:
                    raise problem("too-large", f"the body unpacks to more than {self._cap} bytes")
                if self._given > max(RATIO_FLOOR, RATIO * self._taken):
                    raise problem("too-large", f"the body unpacks to more than {RATIO} times its size")
                yield piece
        except (zlib.error, brotli.error, zstandard.ZstdError):
            raise _corrupt("it does not unpack") from None

    def finish(self) -> None:
        """Say that the body is over.

        Raises:
            Problem: 400, it ended too early.
        """
        if not self._stream.finished():
            raise _corrupt("it ends too early")


_OPEN: Final[Mapping[str, Callable[[], _Inflater]]] = {
    "gzip": lambda: _Zlib(gzip=True),
    "x-gzip": lambda: _Zlib(gzip=True),
    "deflate": lambda: _Zlib(gzip=False),
    "br": _Brotli,
    "zstd": _Zstd,
}

ENCODINGS: Final = frozenset(_OPEN)


def encoding_of(header: str | None) -> str | None:
    """The one encoding that a Content-Encoding header names, or None for none.

    Raises:
        Problem: 415, it is unknown or there are several.
    """
    name = (header or "identity").strip().lower()
    if name in {"", "identity"}:
        return None
    if name not in ENCODINGS:
        raise problem(
            "unsupported-encoding",
            "one of gzip, deflate, br and zstd, applied once",
            headers={"Accept-Encoding": "gzip, deflate, br, zstd"},
        )
    return name
