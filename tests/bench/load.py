"""A lean HTTP client for load: it must cost less than what it measures, on both sides of a ratio alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


class RawClient:
    """One kept-alive HTTP/1.1 connection; one request at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def request(self, method: str, path: str, body: bytes = b"", headers: str = "") -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=2**24)
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()
        return await self._answer()

    async def _answer(self) -> tuple[int, bytes]:
        assert self.reader is not None
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        status = int(lines[0].split()[1])
        if "content-length" in fields:
            return status, await self.reader.readexactly(int(fields["content-length"]))
        if fields.get("transfer-encoding") == "chunked":
            return status, await self._chunks()
        return status, b""

    async def _chunks(self) -> bytes:
        assert self.reader is not None
        parts = []
        while True:
            size = int((await self.reader.readline()).split(b";")[0], 16)
            parts.append(await self.reader.readexactly(size))
            await self.reader.readexactly(2)
            if size == 0:
                return b"".join(parts)

    async def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None


@dataclass(frozen=True)
class Load:
    """What a run of requests took: seconds each, and the wall time of all."""

    seconds: list[float]
    wall: float

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.wall


Request = tuple[str, str, bytes, str]
"""Method, path, body, header lines."""


async def run_load(
    url: str, requests: Sequence[Request], clients: int, check: Callable[[int, bytes], None] | None = None
) -> Load:
    """All requests over `clients` connections, each taking the next one as soon as it is free."""
    queue = iter(requests)
    seconds: list[float] = []

    async def work() -> None:
        client = RawClient(url)
        for method, path, body, headers in queue:
            start = time.perf_counter()
            status, answer = await client.request(method, path, body, headers)
            seconds.append(time.perf_counter() - start)
            if check:
                check(status, answer)
        await client.close()

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(clients)))
    return Load(seconds, time.perf_counter() - start)


async def until(check: Callable[[], Awaitable[bool]], seconds: float, what: str, every: float = 0.02) -> None:
    """Wait for something, at most so long."""
    end = time.perf_counter() + seconds
    while not await check():
        if time.perf_counter() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        await asyncio.sleep(every)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
