"""Fetching from servers that somebody else names: what is let through, what never is, and what a bad server can do."""

from __future__ import annotations

import asyncio
import gzip
import time
from dataclasses import replace

import pytest

from services.ingestion.polling.fetch import Fetcher, FetchFailed, FetchPolicy
from tests.integration.site import Answer, Site, site

POLICY = FetchPolicy("newswire-test", 100_000, 3.0)


def to_loopback(*answers: list[str]):
    """A resolver that gives these answers one after another, the last for ever, and counts."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    resolve.asked = asked
    return resolve


def inside(server: Site, **more) -> FetchPolicy:
    return replace(POLICY, allow_private=True, ports=frozenset({server.port}), **more)


async def failure(fetcher: Fetcher, url: str) -> str:
    try:
        with pytest.raises(FetchFailed) as failed:
            await fetcher.get(url)
    finally:
        await fetcher.stop()
    return failed.value.code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::127.0.0.1]",
        "0x7f.1",
        "localhost",
        "0.0.0.0",  # noqa: S104 - an address to be refused
    ],
)
async def test_loopback_is_never_called_however_it_is_written(host):
    async with site() as server:
        server.pages["/"] = lambda _: Answer(b"secret")
        fetcher = Fetcher(replace(POLICY, ports=frozenset({server.port})))
        assert await failure(fetcher, f"http://{host}:{server.port}/") in {"bad-url", "blocked-address"}
        assert server.requests == []


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"], ["10.0.0.1"],
     ["169.254.169.254"], ["fe80::1%eth0"], ["fd00::1"], ["0.0.0.0"]],  # noqa: S104 - an address to be refused
)  # fmt: skip
async def test_a_name_that_leads_inside_is_blocked_even_by_one_of_its_addresses(addresses):
    async with site() as server:
        policy = replace(POLICY, ports=frozenset({server.port}))
        fetcher = Fetcher(policy, resolve=to_loopback(addresses))
        assert await failure(fetcher, f"http://feed.example.org:{server.port}/") == "blocked-address"
        assert server.requests == []


async def test_a_name_is_resolved_once_and_its_judged_address_is_called():
    """Rebinding: what the name resolves to after the judgement is never looked at."""
    async with site() as server:
        server.pages["/"] = lambda request: Answer(request.headers["host"].encode())
        resolve = to_loopback(["127.0.0.1"], ["127.0.0.99"])
        fetcher = Fetcher(inside(server), resolve=resolve)
        answer = await fetcher.get(f"http://feed.example.org:{server.port}/")
        await fetcher.stop()
        assert answer.body == f"feed.example.org:{server.port}".encode(), "Host stays the URL's"
        assert resolve.asked == ["feed.example.org"]


async def test_a_name_that_turns_inside_between_two_fetches_is_blocked():
    async with site() as server:
        server.pages["/"] = lambda _: Answer(b"x", headers={"Connection": "close"})
        policy = inside(server)
        policy = replace(policy, allow_private=False)
        fetcher = Fetcher(policy, resolve=to_loopback(["93.184.216.34"], ["127.0.0.1"]))
        fetcher._pool._network_backend._network = _Refusing()
        with pytest.raises(FetchFailed) as first:
            await fetcher.get(f"http://feed.example.org:{server.port}/")
        assert first.value.code == "unreachable", "the public address was called"
        assert await failure(fetcher, f"http://feed.example.org:{server.port}/") == "blocked-address"


class _Refusing:
    async def connect_tcp(self, host, port, **_):
        import httpcore2

        assert host == "93.184.216.34"
        raise httpcore2.ConnectError


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://169.254.169.254/latest/", "file:///etc/passwd", "http://localhost:22/", "//[::1]/"],
)
async def test_redirects_are_judged_again(target):
    async with site() as server:
        server.pages["/"] = lambda _: Answer(status=302, headers={"Location": target})
        policy = replace(inside(server), allow_private=False)
        fetcher = Fetcher(policy, resolve=to_loopback(["127.0.0.1"]))
        fetcher._pool._network_backend._policy = inside(server)  # the first hop stands for a public server
        assert await failure(fetcher, f"http://feed.example.org:{server.port}/") == "blocked-address"
        assert len(server.requests) == 1


async def test_redirects_are_followed_and_a_permanent_move_is_told():
    async with site() as server:
        server.pages["/a"] = lambda _: Answer(status=301, headers={"Location": "/b"})
        server.pages["/b"] = lambda _: Answer(status=308, headers={"Location": server.url("/c?x=1")})
        server.pages["/c?x=1"] = lambda _: Answer(b"here")
        server.pages["/t"] = lambda _: Answer(status=302, headers={"Location": "/c?x=1"})
        fetcher = Fetcher(inside(server))
        answer = await fetcher.get(server.url("/a"))
        assert (answer.body, answer.url, answer.moved) == (b"here", server.url("/c?x=1"), True)
        assert not (await fetcher.get(server.url("/t"))).moved
        await fetcher.stop()


async def test_a_redirect_loop_ends():
    async with site() as server:
        server.pages["/"] = lambda _: Answer(status=302, headers={"Location": "/"})
        assert await failure(Fetcher(inside(server)), server.url("/")) == "too-many-redirects"
        assert len(server.requests) == 6


async def test_proxies_of_the_environment_are_not_used(monkeypatch):
    async with site() as server:
        server.pages["/"] = lambda _: Answer(b"direct")
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1/")
        fetcher = Fetcher(inside(server))
        assert (await fetcher.get(server.url("/"))).body == b"direct"
        await fetcher.stop()


async def test_packed_bodies():
    async with site() as server:
        server.pages["/"] = lambda _: Answer(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
        server.pages["/bomb"] = lambda _: Answer(gzip.compress(b"0" * 10_000_000), headers={"Content-Encoding": "gzip"})
        server.pages["/odd"] = lambda _: Answer(b"x", headers={"Content-Encoding": "rot13"})
        server.pages["/broken"] = lambda _: Answer(b"xxxx", headers={"Content-Encoding": "gzip"})
        fetcher = Fetcher(inside(server))
        assert (await fetcher.get(server.url("/"))).body == b"hello"
        assert await failure(fetcher, server.url("/bomb")) == "too-large"
        assert await failure(fetcher, server.url("/odd")) == "bad-encoding"
        assert await failure(fetcher, server.url("/broken")) == "bad-encoding"


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n")
    while True:
        writer.write(b"<item/>" * 1000)
        await writer.drain()


async def dribbling(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def broken(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
    await writer.drain()


async def no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    await writer.drain()


async def huge_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500_000 + b"\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    ("play", "code"),
    [(endless, "too-large"), (dribbling, "timeout"), (silent, "timeout"), (broken, "bad-response"), (no_http, "bad-response"),
     (huge_head, "bad-response")],
)  # fmt: skip
async def test_a_bad_server_costs_its_limits_and_no_more(play, code):
    async with site() as server:
        server.pages["/"] = lambda _: Answer(raw=play)
        began = time.monotonic()
        assert await failure(Fetcher(inside(server, timeout_s=1.0)), server.url("/")) == code
        assert time.monotonic() - began < 3


async def test_a_length_over_the_limit_is_not_read():
    async with site() as server:
        server.pages["/"] = lambda _: Answer(b"x" * 200_000)
        assert await failure(Fetcher(inside(server)), server.url("/")) == "too-large"


async def test_nobody_there():
    async with site() as server:
        port = server.port
    policy = replace(POLICY, allow_private=True, ports=frozenset({port}))
    assert await failure(Fetcher(policy), f"http://127.0.0.1:{port}/") == "unreachable"


async def test_a_name_that_is_none():
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    assert await failure(Fetcher(POLICY, resolve=resolve), "http://nowhere.example.org/") == "no-such-host"
