"""`POST /v1/feeds/{feed}/items` over HTTP: headers checked, the body read within its limits, and one log line a request."""

from __future__ import annotations

import math
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.ingestion.admission import Admission
from services.ingestion.auth import FeedDirectory, authenticate
from services.ingestion.bodies import Incoming, Limits, drain, read_body
from services.ingestion.door import Door, Push, Tally
from services.ingestion.inflate import encoding_of
from services.ingestion.media import family_of
from services.ingestion.pace import Pace
from services.ingestion.signature import HEADERS, Verifier, bad_signature, read_signature
from shared import tracing
from shared.events import now
from shared.feeds import Feed
from shared.health import Health
from shared.log import get_logger
from shared.problems import Problem, problem, quoted
from shared.settings import Settings

_log = get_logger()

MAX_URL: Final = 2048
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_VISIBLE = re.compile(r"[\x21-\x7e]{1,2048}")


class Pushes:
    """The route: HTTP to `Door` and back, with one log line a request."""

    def __init__(
        self, door: Door, feeds: FeedDirectory, settings: Settings, health: Health, clock: Callable[[], datetime] = now
    ) -> None:
        self._door = door
        self._clock = clock
        self._feeds = feeds
        self._health = health
        self._limits = Limits(settings.sizes.request, settings.ingestion.body_timeout_s)
        self._admission = Admission(settings.ingestion.in_flight_bytes)
        self._per_address = settings.ingestion.requests_per_minute_per_address
        self._pace = Pace()

    async def push(self, request: Request) -> Response:
        """Take one push; answers 202, or a problem."""
        began = time.perf_counter()
        line = _Line()
        incoming = Incoming(request.receive)
        try:
            answer = await self._push(request, incoming, line)
        except Problem as refusal:
            line.status, line.code = refusal.status, refusal.code
            if refusal.status == 408 or not await self._hears_out(request, incoming):
                refusal.headers["Connection"] = "close"
            raise
        except ClientDisconnect:
            line.status, line.code = 499, "client-gone"  # nobody hears an answer; the log tells
            return Response(status_code=400)
        except BaseException as error:
            line.status, line.code = 500, type(error).__name__
            raise
        else:
            return Response(answer, 202, media_type="application/json")
        finally:
            line.write(time.perf_counter() - began)

    async def _hears_out(self, request: Request, incoming: Incoming) -> bool:
        """Let a sender that is refused finish sending, within bounds, or it would not hear why.

        Returns whether the connection is of further use.
        """
        if "expect" in request.headers and not incoming.begun:
            return False  # it waits for our word before it sends; the refusal is that word
        try:
            return await drain(incoming, 2 * self._limits.size)
        except ClientDisconnect:
            return False

    async def _push(self, request: Request, incoming: Incoming, line: _Line) -> bytes:
        if self._per_address:
            self._slow_down(f"address\n{request.client.host if request.client else ''}", self._per_address)
        sender = self._sender(request)
        line.feed = sender.feed.id if sender.feed and sender.verifier is None else None
        if sender.feed is not None and sender.verifier is None:
            self._slow_down(f"feed\n{sender.feed.id}", sender.feed.limits.requests_per_minute)
        encoding = encoding_of(_single(request, "content-encoding"))
        length = _length(request)
        content_type = _single(request, "content-type")
        family = family_of(content_type)
        key, location = _idempotency_key(request), _content_location(request)
        if sender.verifier and (key or location):
            raise problem(
                "bad-header", "a signed push goes without Idempotency-Key and Content-Location: they are not signed"
            )
        traceparent = tracing.child_of(request.headers.get("traceparent"))
        line.trace = tracing.trace_id(traceparent)
        with ExitStack() as rooms:
            body = await self._body(incoming, sender, encoding, length, rooms)
            feed = sender.known()
            line.feed, line.bytes = feed.id, len(body)
            if sender.verifier is not None:  # only now is it known whose request it was
                self._slow_down(f"feed\n{feed.id}", feed.limits.requests_per_minute)
            if not self._health.ready_once:
                raise problem("unavailable", "starting: Kafka has not answered yet")
            given = content_type.encode("latin-1") if content_type else None
            push = Push(feed, body, family, traceparent, given, location, key, sender.signed_id)
            return await self._door.take(push, line.tally)

    def _slow_down(self, name: str, per_minute: int | None) -> None:
        """Count a request.

        Raises:
            Problem: 429 `too-many-requests`, with the time after which one is welcome.
        """
        seconds = self._pace.wait(name, per_minute, time.monotonic()) if per_minute else 0.0
        if seconds:
            raise problem(
                "too-many-requests",
                f"at most {per_minute} requests a minute; a batch takes many stories in one",
                headers={"Retry-After": str(math.ceil(seconds))},
            )

    async def _body(
        self, incoming: Incoming, sender: _Sender, encoding: str | None, length: int | None, rooms: ExitStack
    ) -> bytes:
        """The body, decoded; of a signed push only once the signature on it as it came is found good. Room for it in `rooms`."""
        room = rooms.enter_context(self._admission.reserve(min(length or 0, self._limits.size)))
        read = partial(read_body, limits=self._limits)
        if sender.verifier is None:
            return await read(incoming, encoding=encoding, length=length, reservation=room)
        body = await read(sender.verifier.watch(incoming), encoding=None, length=length, reservation=room)
        sender.verifier.check()
        if encoding is None:
            return body
        unpacked = rooms.enter_context(self._admission.reserve(0))
        return await read(_once(body), encoding=encoding, length=None, reservation=unpacked)

    def _sender(self, request: Request) -> _Sender:
        """Who sends: known by a key now, or by a signature once the body is there.

        Raises:
            Problem: 401.
        """
        feed_id = request.path_params["feed"]
        if not any(name in request.headers for name in HEADERS):
            return _Sender(authenticate(self._feeds, feed_id, _single(request, "authorization")))
        signature = read_signature(*(_signed_header(request, name) for name in HEADERS))
        feed = self._feeds.get(feed_id)
        return _Sender(feed, Verifier(signature, feed.signing_secrets if feed else (), self._clock()), signature.id)


@dataclass(frozen=True, slots=True)
class _Sender:
    """Who sends, or says so: with a verifier, `feed` is not to be believed before that has checked the body."""

    feed: Feed | None
    verifier: Verifier | None = None
    signed_id: str | None = None

    def known(self) -> Feed:
        """The feed, once it has been checked."""
        if self.feed is None:  # its signature cannot have been good: nobody has the secret of a feed that is not there
            raise bad_signature()
        return self.feed


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _signed_header(request: Request, name: str) -> str | None:
    """One of the signature's headers: given twice, it is as wrong as any other wrong one."""
    values = request.headers.getlist(name)
    return values[0] if len(values) == 1 else None


class _Line:
    """The log line of one push."""

    def __init__(self) -> None:
        self.feed: str | None = None
        self.trace: str | None = None
        self.tally = Tally()
        self.bytes = 0
        self.status = 202
        self.code: str | None = None

    def write(self, seconds: float) -> None:
        """Write it; an unknown feed's name stays out, for it is anyone's text."""
        tally = self.tally
        _log.info(
            "push",
            feed=self.feed,
            receipt=str(tally.receipt) if tally.receipt else None,
            trace=self.trace,
            status=self.status,
            code=self.code,
            accepted=tally.accepted,
            refused=tally.refused,
            repeated=tally.repeated,
            bytes=self.bytes,
            ms=round(seconds * 1000, 1),
        )


def _single(request: Request, name: str) -> str | None:
    """A header that may come once at most."""
    values = request.headers.getlist(name)
    if len(values) > 1:
        raise problem("bad-header", f"{name} may be given once")
    return values[0] if values else None


def _length(request: Request) -> int | None:
    given = _single(request, "content-length")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise problem("bad-header", "Content-Length is no number of bytes")
    return int(given)


def _idempotency_key(request: Request) -> str | None:
    given = _single(request, "idempotency-key")
    if given is not None and not _KEY.fullmatch(given):
        raise problem("bad-idempotency-key", "1 to 255 printable ASCII characters")
    return given


def _content_location(request: Request) -> str | None:
    """The address of a pushed page: absolute, http or https, without credentials in it."""
    given = _single(request, "content-location")
    if given is None:
        return None
    try:
        parts = urlsplit(given) if _VISIBLE.fullmatch(given) else None
        good = parts and parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
        _ = parts and parts.port  # a port that is none raises
    except ValueError:
        good = False
    if not good:
        raise problem("bad-header", f"Content-Location must be an absolute http(s) address, not {quoted(given)}")
    return given
