"""A service's HTTP port for real: bound before the app starts, shared on request, and closed without cutting anybody off."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy.local.ports import free_port
from shared.errors import Misconfigured
from shared.service import serve_http

HOST = "127.0.0.1"


def app(release: asyncio.Event | None = None) -> Starlette:
    async def slow(_: Request) -> PlainTextResponse:
        if release is not None:
            await release.wait()
        return PlainTextResponse("done")

    return Starlette(routes=[Route("/slow", slow)])


async def get(port: int, *, keep: bool = False) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
    for _ in range(200):
        try:
            reader, writer = await asyncio.open_connection(HOST, port)
            break
        except OSError:
            await asyncio.sleep(0.02)
    writer.write(f"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: {'keep-alive' if keep else 'close'}\r\n\r\n".encode())
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        await closed(writer)
        raise
    return head, reader, writer


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def test_it_answers_and_ends_promptly_even_with_idle_connections_open():
    port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve_http(app(), HOST, port, stop))
    head, _, writer = await get(port, keep=True)
    assert head.startswith("HTTP/1.1 200")
    assert "server:" not in head.lower()
    started = time.monotonic()
    stop.set()
    await serving
    assert time.monotonic() - started < 2
    await closed(writer)


async def test_a_request_in_flight_is_finished_before_it_ends():
    port, stop, release = free_port(), asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_http(app(release), HOST, port, stop))
    asking = asyncio.create_task(get(port))
    await asyncio.sleep(0.3)
    stop.set()
    await asyncio.sleep(0.3)
    assert not serving.done()
    release.set()
    head, reader, writer = await asking
    assert head.startswith("HTTP/1.1 200")
    assert (await reader.read()).endswith(b"done")
    await serving
    await closed(writer)


async def test_a_request_that_never_ends_is_cut_off(monkeypatch):
    monkeypatch.setattr("shared.service._FINISH_REQUESTS_S", 1)
    port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve_http(app(asyncio.Event()), HOST, port, stop))
    asking = asyncio.create_task(get(port))
    await asyncio.sleep(0.3)
    stop.set()
    async with asyncio.timeout(5):
        await serving
    for answer in await asyncio.gather(asking, return_exceptions=True):
        if isinstance(answer, tuple):  # uvicorn answers 500 to those it cuts off, where it still can
            assert answer[0].startswith("HTTP/1.1 500")
            await closed(answer[2])


async def test_a_taken_port_is_a_clear_error():
    port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve_http(app(), HOST, port, stop))
    _, _, writer = await get(port)
    with pytest.raises(Misconfigured, match=rf"port {port} on 127.0.0.1 is in use.*NEWSWIRE_.*__PORT"):
        await serve_http(app(), HOST, port, stop)
    stop.set()
    await serving
    await closed(writer)


async def test_an_address_of_another_machine_is_a_clear_error():
    with pytest.raises(Misconfigured, match=r"cannot listen on 192\.0\.2\.1"):
        await serve_http(app(), "192.0.2.1", 0, asyncio.Event())


async def test_a_port_can_be_shared_on_request():
    port, stop = free_port(), asyncio.Event()
    serving = [asyncio.create_task(serve_http(app(), HOST, port, stop, reuse_port=True)) for _ in range(2)]
    for _ in range(5):
        head, _, writer = await get(port)
        assert head.startswith("HTTP/1.1 200")
        await closed(writer)
    assert not any(task.done() for task in serving)
    stop.set()
    await asyncio.gather(*serving)


async def test_an_app_that_cannot_start_is_an_error():
    @contextlib.asynccontextmanager
    async def broken(_: Starlette):
        raise ValueError("no")
        yield

    with pytest.raises(RuntimeError, match="did not start"):
        await serve_http(Starlette(lifespan=broken), HOST, free_port(), asyncio.Event())
