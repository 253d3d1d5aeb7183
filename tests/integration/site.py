"""A web site on loopback that plays what a test scripts, and remembers every request: good feeds and bad ones."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    at: float
    method: str = "GET"
    body: bytes = b""


@dataclass
class Answer:
    """What is answered; `raw` writes the whole answer itself."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None


Play = Callable[[Request], Answer]


class Site:
    """`pages[path]` answers; anything else is 404. `slow_s` delays every answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pages: dict[str, Play] = {}
        self.requests: list[Request] = []
        self.slow_s = 0.0
        self.tasks: set[asyncio.Task[None] | None] = set()
        self.at_once = 0
        self.most_at_once = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def seen(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        try:
            await self._talk(reader, writer)
        except asyncio.CancelledError:
            return  # the test is over; asyncio would log a cancelled handler as an error
        finally:
            writer.transport.abort()
            self.tasks.discard(asyncio.current_task())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                lines = (line.partition(":") for line in head[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in lines}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, path, *_ = head[0].split(" ")
                request = Request(path, headers, time.monotonic(), method, body)
                self.requests.append(request)
                if await self._answer(request, writer):
                    return

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection is over."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.slow_s:
                await asyncio.sleep(self.slow_s)
            play = self.pages.get(request.path)
            answer = play(request) if play else Answer(b"nothing here", 404)
            if answer.raw is not None:
                await answer.raw(writer)
                return True
            body = b"" if answer.status == 304 else answer.body
            headers = {"Content-Length": str(len(body)), **answer.headers}
            lines = [f"HTTP/1.1 {answer.status} X", *(f"{name}: {value}" for name, value in headers.items())]
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
            return "Connection" in answer.headers
        finally:
            self.at_once -= 1


@contextlib.asynccontextmanager
async def site(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """A site on a free port of 127.0.0.1."""
    made = Site(0)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        tasks = [task for task in made.tasks if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def rss(*items: str, extra: str = "") -> bytes:
    """An RSS feed of these items' XML."""
    return f'<rss version="2.0"><channel><title>T</title>{extra}{"".join(items)}</channel></rss>'.encode()


def item(name: str, text: str = "text", link: str | None = None) -> str:
    """One item of an RSS feed."""
    address = f"<link>{link}</link>" if link else ""
    return f'<item><guid isPermaLink="false">{name}</guid><title>{name}</title><description>{text}</description>{address}</item>'
