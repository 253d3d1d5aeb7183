"""What one connection may cost, over real sockets: heads bounded in size and time, whoever sends them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from deploy.local.ports import free_port
from shared import http_protocol, problems
from shared.service import serve_http

HOST = "127.0.0.1"


async def told(request: Request) -> JSONResponse:
    await asyncio.sleep(float(request.query_params.get("after", "0")))
    body = b"" if "early" in request.query_params else await request.body()
    return JSONResponse({"fields": len(request.headers), "bytes": len(body)})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    found, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(
        serve_http(Starlette(routes=[Route("/", told, methods=["GET", "POST"])]), HOST, found, stop)
    )
    for _ in range(200):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(HOST, found)
            writer.close()
            break
        await asyncio.sleep(0.02)
    yield found
    stop.set()
    await serving


@contextlib.asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], dict[str, object]]:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode()
    first, *lines = head.strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(await reader.readexactly(int(headers["content-length"])))


async def refused(reader: asyncio.StreamReader) -> tuple[int, object]:
    status, headers, document = await answer(reader)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert document["status"] == status
    assert await reader.read() == b"", "the connection is closed"
    return status, document["type"]


async def pour(writer: asyncio.StreamWriter, piece: bytes, times: int) -> int:
    """Send a piece again and again until the other side has had enough; returns how often."""
    sent = 0
    with contextlib.suppress(OSError):
        for _ in range(times):
            writer.write(piece)
            sent += 1
            await writer.drain()
            if writer.transport.is_closing():
                break
    return sent


async def plain(port: int) -> int:
    async with connection(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        return (await answer(reader))[0]


def test_what_is_answered_here_is_a_known_problem():
    assert {code: problems.KINDS[code] for code in http_protocol.REFUSALS} == http_protocol.REFUSALS


async def test_an_ordinary_head_is_taken_and_the_connection_kept(port):
    async with connection(port) as (reader, writer):
        for size in (10, 20_000):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\ncookie: " + b"c" * size + b"\r\n\r\n")
            assert (await answer(reader))[0] == 200


@pytest.mark.parametrize(
    "piece",
    [b"x-a: 1\r\n" * 1000, b"x" * 8000, b"y: " + b"z" * 8000 + b"\r\n", b"a:\r\n" * 2000],
    ids=["many", "one long", "long ones", "tiny"],
)
async def test_huge_headers_are_refused_long_before_they_cost_anything(port, piece):
    async with connection(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
        pouring = asyncio.create_task(pour(writer, piece, 12))
        assert await refused(reader) == (431, "/problems/headers-too-large")
        await pouring
    assert await plain(port) == 200


async def test_a_sender_that_does_not_listen_until_it_is_done_hears_why(port):
    async with connection(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
        assert await pour(writer, b"x-a: 1\r\n" * 8000, 50) == 50, "3 MB, taken and dropped"
        assert await refused(reader) == (431, "/problems/headers-too-large")


async def test_a_sender_that_never_stops_is_cut_off(port):
    async with connection(port) as (_, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
        ended = asyncio.get_running_loop().time() + 5
        with contextlib.suppress(OSError):
            while not writer.transport.is_closing():
                writer.write(b"x-a: 1\r\n" * 100)
                await writer.drain()
                await asyncio.sleep(0.01)
                assert asyncio.get_running_loop().time() < ended


async def test_an_endless_address_is_refused(port):
    async with connection(port) as (reader, writer):
        writer.write(b"GET /" + b"a" * 70_000)
        assert await refused(reader) == (431, "/problems/headers-too-large")


@pytest.mark.parametrize("extra", [b"x-a: 1\r\n" * 3000, b"1;" + b"e" * 70_000], ids=["trailers", "chunk extension"])
async def test_what_stands_around_a_body_is_bounded_too(port, extra):
    async with connection(port) as (reader, writer):
        end = b"0\r\n" if extra.startswith(b"x-a") else b""
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n" + end)
        await asyncio.sleep(0.1)
        writer.write(extra)
        assert await refused(reader) == (431, "/problems/headers-too-large")


async def test_a_head_that_dribbles_is_cut_off_and_others_are_served_meanwhile(port, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.6)

    async def dribble(writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n")
        for _ in range(40):
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.05)

    async with connection(port) as (reader, writer):
        dribbling = asyncio.create_task(dribble(writer))
        assert await plain(port) == 200
        started = asyncio.get_running_loop().time()
        assert await refused(reader) == (408, "/problems/header-timeout")
        assert asyncio.get_running_loop().time() - started < 1.5
        dribbling.cancel()


@pytest.mark.parametrize(
    ("first", "stray"),
    [(b"", b""), (b"", b"\r\n"), (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\r\n")],
    ids=["new, silent", "new, line ends", "kept, line ends"],
)
async def test_a_connection_without_a_request_is_closed_in_time(port, monkeypatch, first, stray):
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.4)
    async with connection(port) as (reader, writer):
        if first:
            writer.write(first)
            assert (await answer(reader))[0] == 200
            await asyncio.sleep(0.8)  # between requests only keep-alive counts
        ended = asyncio.create_task(asyncio.wait_for(reader.read(), 5))
        while not ended.done():
            with contextlib.suppress(OSError):
                writer.write(stray)
                await writer.drain()
            await asyncio.sleep(0.05)
        await ended


async def test_slow_answers_and_slow_bodies_are_not_cut_off_by_the_heads_time(port, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.3)
    async with connection(port) as (reader, writer):
        writer.write(b"GET /?after=0.8 HTTP/1.1\r\nhost: x\r\n\r\nGET /")  # and the next one's beginning
        assert (await answer(reader))[0] == 200
    async with connection(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n")
        for byte in b"slow":
            await asyncio.sleep(0.2)
            writer.write(bytes([byte]))
        status, _, document = await answer(reader)
        assert (status, document["bytes"]) == (200, 4)


async def test_a_body_that_dribbles_on_after_its_answer_does_not_hold_the_connection(port, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.3)
    async with connection(port) as (reader, writer):
        writer.write(b"POST /?early HTTP/1.1\r\nhost: x\r\ncontent-length: 4000\r\n\r\n")
        assert (await answer(reader))[0] == 200
        ended = asyncio.create_task(asyncio.wait_for(reader.read(), 5))
        while not ended.done():
            with contextlib.suppress(OSError):
                writer.write(b"x")
                await writer.drain()
            await asyncio.sleep(0.05)
        await ended


async def test_what_is_no_http_is_answered_as_a_problem(port):
    for given in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"):
        async with connection(port) as (reader, writer):
            writer.write(given)
            assert await refused(reader) == (400, "/problems/bad-request")


async def test_a_whole_request_before_a_broken_one_is_answered(port):
    async with connection(port) as (reader, writer):
        writer.write(b"GET /?after=0.3 HTTP/1.1\r\nhost: x\r\n\r\nbroken\r\n\r\n")
        assert (await answer(reader))[0] == 200
        assert await reader.read() == b""


async def test_a_broken_body_is_answered_as_a_problem(port):
    async with connection(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
        assert await refused(reader) == (400, "/problems/bad-request")


async def test_an_offer_of_another_protocol_is_passed_over(port):
    async with connection(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n\r\n")
        assert (await answer(reader))[0] == 200


async def test_connections_beyond_the_limit_are_told_so_and_the_others_are_served(port, monkeypatch):
    async with connection(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await answer(reader))[0] == 200
        monkeypatch.setattr(http_protocol, "MAX_CONNECTIONS", 1)
        async with connection(port) as (other, _):
            status, headers, _ = await answer(other)
            assert status == 503
            assert headers["retry-after"] == "5"
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await answer(reader))[0] == 200
