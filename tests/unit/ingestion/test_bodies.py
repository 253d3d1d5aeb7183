from __future__ import annotations

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import AsyncIterator

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion import inflate
from services.ingestion.admission import Admission
from services.ingestion.bodies import Limits, drain, read_body, split_lines
from services.ingestion.inflate import ENCODINGS, Inflate, encoding_of
from shared.problems import Problem

CAP = 4 * 1024 * 1024
LIMITS = Limits(CAP, 5)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACK = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda text: brotli.compress(text, quality=5),
    "zstd": zstandard.ZstdCompressor().compress,
}


def unpack(encoding: str, packed: bytes, step: int = 1 << 16, cap: int = CAP) -> bytes:
    stream = Inflate(encoding, cap)
    out = b"".join(piece for i in range(0, len(packed), step) for piece in stream.feed(packed[i : i + step]))
    stream.finish()
    return out


def code_of(call, *args, **named) -> str:
    with pytest.raises(Problem) as caught:
        call(*args, **named)
    return caught.value.code


def test_every_encoding_has_a_test() -> None:
    assert set(PACK) == ENCODINGS


@pytest.mark.parametrize("encoding", sorted(PACK))
@pytest.mark.parametrize("step", [1, 7, 1 << 16])
def test_what_was_packed_comes_out(encoding: str, step: int) -> None:
    for text in (b"", b"x", bytes(range(256)) * 40, b"the same again. " * 5000):
        assert unpack(encoding, PACK[encoding](text), step) == text


@given(st.binary(max_size=3000), st.integers(1, 100))
def test_deflate_without_its_wrapper_is_taken(text: bytes, step: int) -> None:
    assert unpack("deflate", raw_deflate(text), step) == text


def test_gzip_in_members_is_taken_but_not_thousands() -> None:
    assert unpack("gzip", gzip.compress(b"a") + gzip.compress(b"b"), 3) == b"ab"
    assert code_of(unpack, "gzip", gzip.compress(b"") * 5000) == "bad-encoding"


@pytest.mark.parametrize("encoding", sorted(PACK))
def test_a_broken_stream_is_refused(encoding: str) -> None:
    packed = PACK[encoding](bytes(range(256)) * 40)
    assert code_of(unpack, encoding, packed[:-5]) == "bad-encoding"
    assert code_of(unpack, encoding, packed + b"tail") == "bad-encoding"
    assert code_of(unpack, encoding, b"this is no such stream at all, not even nearly") == "bad-encoding"
    assert code_of(unpack, encoding, b"") == "bad-encoding"


@pytest.mark.parametrize("encoding", sorted(PACK))
@given(noise=st.binary(max_size=300))
def test_noise_is_unpacked_or_refused(encoding: str, noise: bytes) -> None:
    with contextlib.suppress(Problem):  # anything but a problem fails
        unpack(encoding, noise)


@pytest.mark.parametrize("encoding", sorted(PACK))
def test_a_bomb_stops_at_the_ratio_and_at_the_cap(encoding: str) -> None:
    bomb = PACK[encoding](bytes(32 * inflate.PIECE))
    total, code = 0, None
    try:
        for piece in Inflate(encoding, 32 * inflate.PIECE).feed(bomb):
            total += len(piece)
    except Problem as refusal:
        code = refusal.code
    assert code == "too-large"
    assert total <= max(inflate.RATIO_FLOOR, 100 * len(bomb))
    text = b"".join(b"%d " % n for n in range(300_000))
    assert code_of(unpack, encoding, PACK[encoding](text), cap=1_000_000) == "too-large"
    # What one step unpacks before anyone looks at the caps.
    steps = [len(piece) for piece in Inflate(encoding, 0)._stream.feed(bomb)]
    assert sum(steps) == 32 * inflate.PIECE
    assert max(steps) <= 8 * inflate.PIECE


def test_a_zstd_window_beyond_8_mib_is_refused() -> None:
    params = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=params).compressobj()
    packed = packer.compress(bytes(1000)) + packer.flush()
    assert code_of(unpack, "zstd", packed) == "bad-encoding"


@pytest.mark.parametrize("header", ["gzip, gzip", "gzip,identity", "compress", "GZIP2", "br;q=1", "*"])
def test_other_encodings_are_refused(header: str) -> None:
    assert code_of(encoding_of, header) == "unsupported-encoding"


@pytest.mark.parametrize(("header", "encoding"), [(None, None), ("", None), ("Identity", None), (" GZip ", "gzip")])
def test_an_encoding_is_named_in_any_case(header: str | None, encoding: str | None) -> None:
    assert encoding_of(header) == encoding


async def chunks(*given: bytes, pause: float = 0) -> AsyncIterator[bytes]:
    for chunk in given:
        if pause:
            await asyncio.sleep(pause)
        yield chunk


async def read(*given: bytes, encoding=None, length=None, limits=LIMITS, pause: float = 0, admission=None) -> bytes:
    admission = admission or Admission(1 << 30)
    with admission.reserve(length or 0) as room:
        return await read_body(
            chunks(*given, pause=pause), encoding=encoding, length=length, limits=limits, reservation=room
        )


async def refusal(*given: bytes, **named) -> str:
    with pytest.raises(Problem) as caught:
        await read(*given, **named)
    return caught.value.code


async def test_a_body_is_put_together() -> None:
    assert await read(b"ab", b"", b"c", length=3) == b"abc"
    assert await read() == b""


async def test_the_bytes_that_come_are_what_counts() -> None:
    small = Limits(10, 5)
    assert await read(b"x" * 10, limits=small) == b"x" * 10
    assert await refusal(b"x" * 5, b"x" * 6, limits=small) == "too-large"
    assert await refusal(length=11, limits=small) == "too-large"
    assert await refusal(b"abc", length=4) == "wrong-length"
    assert await refusal(b"abc", length=2) == "wrong-length"


async def test_a_packed_body_is_held_to_the_same_size() -> None:
    assert await read(gzip.compress(b"x" * 10), encoding="gzip", limits=Limits(100, 5)) == b"x" * 10
    assert await refusal(gzip.compress(b"x" * 101), encoding="gzip", limits=Limits(100, 5)) == "too-large"


async def test_a_slow_body_is_ended() -> None:
    assert await refusal(*[b"x"] * 100, pause=0.01, limits=Limits(CAP, 0.1)) == "body-timeout"


async def test_what_is_held_is_bounded_and_given_back() -> None:
    admission = Admission(100)
    assert await read(b"x" * 100, admission=admission) == b"x" * 100
    assert admission.held == 0
    with admission.reserve(60):
        assert await refusal(b"x" * 30, b"x" * 11, admission=admission) == "overloaded"
        assert await read(b"x" * 40, admission=admission)
        assert await refusal(gzip.compress(b"x" * 50), encoding="gzip", admission=admission) == "overloaded"
    assert admission.held == 0


async def test_draining_ends() -> None:
    assert await drain(chunks(b"x" * 10), 10)
    assert not await drain(chunks(b"x" * 10, b"x"), 10)


def test_lines_are_split_at_lf_alone() -> None:
    body = b'\n{"a":1}\r\n \t\r\n{"b":"\xe2\x80\xa8\x0b\x0c\r"}\n\n{"c":3}'
    assert [(item.n, item.line, item.raw) for item in split_lines(body)] == [
        (1, 2, b'{"a":1}\r'),
        (2, 4, b'{"b":"\xe2\x80\xa8\x0b\x0c\r"}'),
        (3, 6, b'{"c":3}'),
    ]
    assert not list(split_lines(b""))
    assert not list(split_lines(b"\n\r\n "))


def test_a_batch_has_a_largest_number_of_items() -> None:
    assert len(list(split_lines(b"1\n" * 50_000))) == 50_000
    assert code_of(lambda: list(split_lines(b"1\n" * 50_001))) == "too-large"


@given(st.lists(st.text(alphabet="ab \r\u2028\x85", max_size=4)))
def test_splitting_keeps_every_line_that_is_not_blank(lines: list[str]) -> None:
    encoded = [line.encode() for line in lines]
    kept = [item.raw for item in split_lines(b"\n".join(encoded))]
    assert kept == [line for line in encoded if line and not line.isspace()]
