"""HTTP/1.1 of the services: uvicorn's protocol with bounds on what a request may cost before an application sees it.

By itself the parser keeps header after header for as long as they come, from anyone. Here a request's line and headers
have a size and a time, and so have trailers and chunk extensions; whatever is refused is told as a problem document.
"""

from __future__ import annotations

import asyncio
import resource
from enum import Enum, auto
from typing import Any, Final

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.metrics import PROBLEMS

MAX_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers, each field counted with 32 more, as HTTP/2 does (RFC 9113, section 6.5.2)."""
FIELD_COST: Final = 32
HEAD_SECONDS: Final = 15.0
"""How long a request's line and headers may take, from the first byte of it or from the connection's opening."""
LINGER_S: Final = 1.0
"""How long what still comes is dropped after a refusal: closed at once, the connection would be reset, and the answer lost."""
MAX_CONNECTIONS: Final = 4096
_KEPT_FILES: Final = 256
"""File descriptors left for Kafka, Elasticsearch and files."""

REFUSALS: Final = {
    "bad-request": (400, "The request cannot be read"),
    "header-timeout": (408, "The request's headers came too slowly"),
    "headers-too-large": (431, "The request's line and headers are too large"),
    "overloaded": (503, "Too busy; try again"),
}
"""Code, status and title of what is answered here; all are in `shared.problems.KINDS`, which workers do not load."""


class _At(Enum):
    """What the next byte of a connection belongs to."""

    HEAD = auto()
    BODY = auto()
    BETWEEN = auto()


class _HeadTooLarge(Exception):
    """Raised within the parser's call-backs, which is how they end its work."""


def connection_limit() -> int:
    """Connections held at once: as many as are of use, and no more than this process may open files for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, max(16, soft - _KEPT_FILES))


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Bodies are the application's business; everything around them is bounded here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at = _At.HEAD
        self._head_size = 0
        self._fruitless = 0
        """Bytes since the parser last told of anything that it does not gather: a head, a piece of body, an end."""
        self._moved = False
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None
        self._connection_limit = connection_limit()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Take the connection, if there is room for it."""
        super().connection_made(transport)
        if len(self.connections) > self._connection_limit:
            self._refuse("overloaded")
        else:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, within bounds."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._moved = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # RFC 9110, section 7.8: a server may ignore an offer to change the protocol
        except httptools.HttpParserError as error:
            too_large = isinstance(error.__context__, _HeadTooLarge) or self._head_size > MAX_HEAD
            self._refuse("headers-too-large" if too_large else "bad-request")
            return
        self._fruitless = 0 if self._moved else self._fruitless + len(data)
        if self._fruitless > MAX_HEAD:
            self._refuse("headers-too-large")
            return
        if self._at is _At.BETWEEN and not self._moved:
            self._at = _At.HEAD  # stray line ends: they may come before a request, but not for ever instead of one
        answered = self.cycle is None or self.cycle.response_complete
        if self._at is _At.HEAD or (self._at is _At.BODY and answered):
            self._arm()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._at = _At.HEAD
        self._head_size = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head, or of the trailers, which are kept with it."""
        self._grow(len(name) + len(value) + FIELD_COST)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there: from here on the application decides."""
        self._disarm()
        self._moved = True
        self._at = _At.BODY
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request ends."""
        self._disarm()
        self._moved = True
        self._at = _At.BETWEEN
        super().on_message_complete()

    def _grow(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD:
            raise _HeadTooLarge

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._busy():
            self._arm()  # an earlier request is still being answered; the next one's head may wait for it
        elif self._at is _At.HEAD and self._fruitless:
            self._refuse("header-timeout")
        else:
            self.transport.close()  # nothing was asked, or what was asked is answered: there is nothing to say

    def _busy(self) -> bool:
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def _refuse(self, code: str) -> None:
        """Answer with a problem and close; requests that came whole before it are answered first."""
        self._refused = True
        self._disarm()
        PROBLEMS.labels(code).inc()
        if self._busy():
            if self._at is not _At.BODY:
                self.cycle.keep_alive = False
                return
            if self.pipeline or self.cycle.response_started:
                self.transport.close()
                return
        self.transport.write(_answer(code))
        if code == "overloaded":
            self.transport.close()
        else:
            self.transport.write_eof()
            self._timer = self.loop.call_later(LINGER_S, self.transport.close)


def _answer(code: str) -> bytes:
    status, title = REFUSALS[code]
    document = orjson.dumps({"type": f"/problems/{code}", "title": title, "status": status})
    head = (
        b"content-type: application/problem+json\r\ncache-control: no-store\r\nconnection: close\r\n"
        b"content-length: %d\r\n%s\r\n" % (len(document), b"retry-after: 5\r\n" if status == 503 else b"")
    )
    return STATUS_LINE[status] + head + document
