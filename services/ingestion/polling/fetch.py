"""Calls to servers that a feed names, so that it cannot lead into our own network, and cannot hurt by size or slowness.

Every address that a name resolves to is judged, and the connection is made to one that was judged, not to the name: what the
name resolves to a moment later changes nothing (DNS rebinding). `Host` and the TLS name stay the URL's. Redirects are taken
here, each judged as a fresh URL. No proxy, cookie or credential of the environment is ever used.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

import httpcore2
import httpx2

from services.ingestion.inflate import ENCODINGS, Inflate
from shared.addresses import WEB_PORTS, Address, refusal_of_address, refusal_of_url
from shared.errors import NewswireError
from shared.problems import Problem

MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAME_AGAIN: Final = frozenset({307, 308})
"""Redirects under which a POST stays one (RFC 9110, 15.4)."""
_CONNECT_S: Final = 10.0
_MAX_LINKS: Final = 16 * 1024
_ACCEPT_ENCODING: Final = b"gzip, deflate, br, zstd"

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Name and port → every address it has, as text."""


class FetchFailed(NewswireError):
    """There is no answer to work with. `code` is one of a bounded set, for metrics and state."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """What may be called, and how much of it is taken."""

    user_agent: str
    max_bytes: int
    timeout_s: float
    ports: Collection[int] = WEB_PORTS
    allow_private: bool = False

    def refusal_of_url(self, url: str) -> str | None:
        """Why that URL is not called, as far as its text tells."""
        return refusal_of_url(url, ports=self.ports, allow_private=self.allow_private)

    def refusal_of_address(self, address: Address) -> str | None:
        """Why that address is not connected to."""
        return refusal_of_address(address, allow_private=self.allow_private)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: status, the headers by lower-case name (the first of each, all of `link`), the decoded body, and its URL.

    The body is empty where the status is not 2xx: nobody reads error pages.
    """

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    moved: bool = False
    """Whether every redirect on the way was a permanent one, and there was one."""


class Fetcher:
    """Calls under one policy. `resolve` and `tls` are for tests."""

    def __init__(
        self, policy: FetchPolicy, *, resolve: Resolve | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._policy = policy
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            max_connections=None,
            max_keepalive_connections=8,
            keepalive_expiry=5.0,
            network_backend=_CheckedNetwork(policy, resolve or _resolve),
        )

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Fetched:
        """GET, with at most five redirects, all within the policy's time and size.

        Raises:
            FetchFailed: `bad-url`, `blocked-address`, `no-such-host`, `unreachable`, `timeout`, `too-large`, `bad-encoding`,
                `bad-response` or `too-many-redirects`.
        """
        return await self._within_limits(url, headers or {}, None)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Fetched:
        """POST; a redirect is followed only where it asks for the same once more (307, 308).

        Raises:
            FetchFailed: as `get`.
        """
        return await self._within_limits(url, headers, body)

    async def _within_limits(self, url: str, headers: Mapping[str, str], content: bytes | None) -> Fetched:
        try:
            async with asyncio.timeout(self._policy.timeout_s):
                return await self._follow(url, headers, content)
        except TimeoutError:
            raise FetchFailed("timeout", f"not done after {self._policy.timeout_s:g} s") from None
        except httpcore2.TimeoutException:
            raise FetchFailed("timeout", "the server does not take the connection") from None
        except (httpcore2.ProtocolError, httpcore2.ReadError, httpcore2.WriteError) as error:
            raise FetchFailed("bad-response", f"the answer breaks off or is no HTTP ({type(error).__name__})") from None
        except httpcore2.ConnectError:
            raise FetchFailed("unreachable", "no connection, or its certificate is not trusted") from None

    async def stop(self) -> None:
        """Close kept connections."""
        await self._pool.aclose()

    async def _follow(self, url: str, headers: Mapping[str, str], content: bytes | None) -> Fetched:
        moved = True
        redirects = _REDIRECTS if content is None else _SAME_AGAIN
        for hop in range(MAX_REDIRECTS + 1):
            refusal = self._policy.refusal_of_url(url)
            if refusal:
                raise FetchFailed("bad-url" if hop == 0 else "blocked-address", f"the address {refusal}")
            answer = await self._once(url, headers, content)
            target = answer.headers.get("location")
            if answer.status not in redirects or not target:
                return Fetched(answer.status, url, answer.headers, answer.body, moved and hop > 0)
            moved = moved and answer.status in {301, 308}
            try:
                url = str(httpx2.URL(url).join(target))
            except (httpx2.InvalidURL, ValueError):
                raise FetchFailed("bad-response", "a redirect to no address") from None
        raise FetchFailed("too-many-redirects", f"more than {MAX_REDIRECTS}")

    async def _once(self, url: str, headers: Mapping[str, str], content: bytes | None) -> Fetched:
        parsed = httpx2.URL(url)
        target = httpcore2.URL(
            scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path or b"/"
        )
        sent = [
            (b"Host", parsed.netloc),
            (b"User-Agent", self._policy.user_agent.encode("latin-1", "replace")),
            (b"Accept-Encoding", _ACCEPT_ENCODING),
            *((name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()),
        ]
        extensions = {"timeout": {"connect": _CONNECT_S}}
        if content is not None:
            sent.append((b"Content-Length", str(len(content)).encode()))
        method = "GET" if content is None else "POST"
        async with self._pool.stream(method, target, headers=sent, content=content, extensions=extensions) as answer:
            found = _first_of_each(answer.headers)
            body = await self._body(answer, found) if 200 <= answer.status < 300 else b""
            return Fetched(answer.status, url, found, body)

    async def _body(self, answer: httpcore2.Response, headers: Mapping[str, str]) -> bytes:
        limit = self._policy.max_bytes
        if headers.get("content-length", "").isdigit() and int(headers["content-length"]) > limit:
            raise _too_large(limit)
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity"} and encoding not in ENCODINGS:
            raise FetchFailed("bad-encoding", "a Content-Encoding that was not asked for")
        inflate = Inflate(encoding, limit) if encoding in ENCODINGS else None
        parts: list[bytes] = []
        wire = 0
        try:
            async for chunk in answer.aiter_stream():
                wire += len(chunk)
                if wire > limit:
                    raise _too_large(limit)
                parts.extend(inflate.feed(chunk) if inflate else (chunk,))
            if inflate and wire:
                inflate.finish()
        except Problem as problem:  # the bounds of unpacking, in the terms of the front door
            if problem.code == "too-large":
                raise _too_large(limit) from None
            raise FetchFailed("bad-encoding", "the packed body is broken") from None
        return b"".join(parts)


def _too_large(limit: int) -> FetchFailed:
    return FetchFailed("too-large", f"more than {limit} bytes, or packed beyond all measure")


def _first_of_each(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "link" and name in found and len(found[name]) < _MAX_LINKS:
            found[name] += f", {value}"  # a list by nature: hub and self come in two headers as often as in one
        found.setdefault(name, value)
    return found


class _CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects by name only to addresses that the policy allows."""

    def __init__(self, policy: FetchPolicy, resolve: Resolve) -> None:
        self._policy = policy
        self._resolve = resolve
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve once, judge every address, connect to the first that answers.

        Raises:
            FetchFailed: `no-such-host`, or `blocked-address` if even one of them is not allowed.
        """
        addresses = await self._allowed(host, port)
        for n, address in enumerate(addresses):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if n == len(addresses) - 1:
                    raise
        raise FetchFailed("no-such-host", "the name has no address")

    async def _allowed(self, host: str, port: int) -> list[str]:
        try:
            found = await self._resolve(host, port)
            judged = [(text, ip_address(text.partition("%")[0])) for text in found]
        except (OSError, UnicodeError, ValueError):
            raise FetchFailed("no-such-host", "the name does not resolve") from None
        for _, address in judged:
            refusal = self._policy.refusal_of_address(address)
            if refusal:
                raise FetchFailed("blocked-address", f"the name resolves to {refusal}")
        return [text for text, _ in judged]

    async def sleep(self, seconds: float) -> None:
        """Wait, for httpcore."""
        await asyncio.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))
