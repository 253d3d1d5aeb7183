"""A read of ours that Elasticsearch refuses is our own mistake: it halts the worker and never blames a story."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.elastic.store import ElasticStore
from shared.errors import Misconfigured
from shared.settings import Settings

_BODY = b'{"error":{"type":"illegal_argument_exception","reason":"no such parameter [sise]"},"status":400}'


@pytest.fixture(params=[400, 413, 422])
async def refusing(request) -> AsyncIterator[ElasticStore]:
    """A store whose Elasticsearch refuses whatever it is asked, with the status given."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = (
            f"HTTP/1.1 {request.param} No\r\nX-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(_BODY)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + _BODY)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    store = ElasticStore(Settings(elasticsearch={"url": f"http://127.0.0.1:{port}"}))
    try:
        yield store
    finally:
        await store.close()
        server.close()
        await server.wait_closed()


READS: dict[str, Callable[[ElasticStore], Awaitable[object]]] = {
    "look-up": lambda store: store.lookup("articles", ["a"], ["status"]),
    "fetch": lambda store: store.fetch([("articles-before", "a")]),
    "refresh": lambda store: store.refresh(["articles"]),
}


@pytest.mark.parametrize("read", READS)
async def test_a_refused_read_is_a_mistake_of_ours(refusing, read):
    with pytest.raises(Misconfigured, match="sise"):
        await READS[read](refusing)
