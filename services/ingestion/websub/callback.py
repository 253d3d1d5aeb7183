"""`/v1/websub/{feed}/{token}`: what hubs call. GET asks whether we want a subscription; POST brings news (WebSub, 5.3 and 7).

Any replica answers. What is heard goes to the feed's owner by Kafka, acknowledged before the hub has its answer: nothing that was
answered 2xx is lost. A wrong signature is answered 2xx as well, and ignored (WebSub, 8.1): whoever forges learns nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from services.ingestion.admission import Admission
from services.ingestion.auth import FeedDirectory
from services.ingestion.bodies import Incoming, Limits, read_body
from services.ingestion.inflate import encoding_of
from services.ingestion.pace import Pace
from services.ingestion.websub.journal import Journal
from services.ingestion.websub.names import Names, is_signed
from services.ingestion.websub.notes import Kind, note_message
from services.ingestion.websub.subscription import Mode
from shared.errors import NewswireError, Transient
from shared.events import now
from shared.feeds import Feed
from shared.health import Health
from shared.log import get_logger
from shared.metrics import WEBSUB
from shared.problems import problem
from shared.settings import Settings

MAX_CHALLENGE: Final = 4096
MAX_LEASE_DIGITS: Final = 12
UNSIGNED_A_MINUTE: Final = 6
"""Pings without a signature that a feed's owner is told of: they only make it poll."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class _Heard:
    """What is passed on to the owner."""

    kind: Kind
    lease_s: float | None = None
    content_type: str | None = None
    body: bytes | None = None


class Callback:
    """The two routes."""

    def __init__(  # noqa: PLR0917 - one caller
        self,
        names: Names,
        feeds: FeedDirectory,
        journal: Journal,
        partitions: Callable[[], Awaitable[int]],
        publish: Callable[..., Awaitable[list[NewswireError | None]]],
        settings: Settings,
        health: Health,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`partitions` asks how many partitions `feeds.state` has; `publish` is a publisher's."""
        self._names = names
        self._feeds = feeds
        self._journal = journal
        self._partitions = partitions
        self._publish = publish
        self._health = health
        self._clock = clock
        self._count = 0
        given = settings.ingestion
        self._kafka_wait_s = given.kafka_wait_s
        self._limits = Limits(given.poll_max_bytes, given.body_timeout_s)
        self._admission = Admission(max(given.in_flight_bytes // 4, given.poll_max_bytes))
        self._per_address = given.requests_per_minute_per_address
        self._pace = Pace()

    async def verify(self, request: Request) -> Response:
        """A hub asks whether we want this (`subscribe`, `unsubscribe`), or says that it does not (`denied`)."""
        feed, token = self._named(request)
        said = request.query_params
        mode, topic = said.get("hub.mode", ""), said.get("hub.topic", "")
        if mode == "denied":
            WEBSUB.labels("denied").inc()
            await self._tell(feed, token, _Heard(Kind.DENIED))
            _log.warning("hub denies a subscription", feed=feed)
            return PlainTextResponse("")
        challenge = said.get("hub.challenge", "")
        if mode not in set(Mode) or not 0 < len(challenge) <= MAX_CHALLENGE:
            raise problem("not-found")
        held = await self._journal.subscriptions(feed, await self._partition_count())
        subscription = held.find(token) if held else None
        if subscription is None or not subscription.expects(Mode(mode), topic, self._clock()):
            WEBSUB.labels("refused").inc()
            _log.warning("hub asks for what nobody wants", feed=feed, mode=mode)
            raise problem("not-found")
        kind = Kind.SUBSCRIBED if mode == Mode.SUBSCRIBE else Kind.UNSUBSCRIBED
        await self._tell(feed, token, _Heard(kind, lease_s=_lease(said.get("hub.lease_seconds"))))
        WEBSUB.labels("verified").inc()
        return PlainTextResponse(challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def deliver(self, request: Request) -> Response:
        """A hub brings news. 202 once the feed's owner will hear of it, or if there is nothing to believe in it."""
        feed_id, token = self._named(request)
        feed = self._feeds.get(feed_id)
        if feed is None or feed.websub is None:
            raise problem("gone", "newswire has no use for this subscription any more")
        began = time.perf_counter()
        with ExitStack() as rooms:
            heard, size = await self._read(request, feed, token, rooms)
            if heard is not None:
                await self._tell(feed_id, token, heard)
        outcome = "bad-signature" if heard is None else "unsigned" if heard.kind is Kind.UNSIGNED else "ping"
        WEBSUB.labels(outcome).inc()
        ms = round((time.perf_counter() - began) * 1000, 1)
        (_log.warning if heard is None else _log.info)("hub call", feed=feed_id, outcome=outcome, bytes=size, ms=ms)
        return Response(status_code=202)

    def _named(self, request: Request) -> tuple[str, str]:
        """Feed and token of a call, if we gave the token out for the feed.

        Raises:
            Problem: 404 to everyone else; 429; 503 as long as Kafka has not answered once.
        """
        if self._per_address:
            self._slow_down(f"address\n{request.client.host if request.client else ''}", self._per_address)
        feed, token = request.path_params["feed"], request.path_params["token"]
        if not self._names.is_ours(feed, token):
            raise problem("not-found")
        if not self._health.ready_once:
            raise problem("unavailable", "starting: Kafka has not answered yet")
        return feed, token

    async def _read(self, request: Request, feed: Feed, token: str, rooms: ExitStack) -> tuple[_Heard | None, int]:
        """What is in a ping, and its bytes; None if its signature is not that of the bytes as they came."""
        given = request.headers.get("content-length", "")
        length = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
        encoding = encoding_of(request.headers.get("content-encoding"))
        room = rooms.enter_context(self._admission.reserve(min(length or 0, self._limits.size)))
        try:
            body = await read_body(
                Incoming(request.receive), encoding=None, length=length, limits=self._limits, reservation=room
            )
        except ClientDisconnect:
            raise problem("bad-request", "the sender has gone") from None
        signatures = request.headers.getlist("x-hub-signature")
        if not signatures:
            self._slow_down(f"unsigned\n{feed.id}", UNSIGNED_A_MINUTE)
            return _Heard(Kind.UNSIGNED), len(body)
        if len(signatures) > 1 or not is_signed(signatures[0], self._names.secret(feed.id, token), body):
            return None, len(body)
        size = len(body)
        if encoding is not None:
            unpacked = rooms.enter_context(self._admission.reserve(0))
            body = await read_body(
                _once(body), encoding=encoding, length=None, limits=self._limits, reservation=unpacked
            )
        return _Heard(Kind.CONTENT, content_type=request.headers.get("content-type"), body=body), size

    async def _tell(self, feed: str, token: str, heard: _Heard) -> None:
        """Pass it on to the feed's owner.

        Raises:
            Transient: it is not known to be safe.
        """
        message = note_message(
            feed,
            await self._partition_count(),
            heard.kind,
            token,
            self._clock(),
            lease_s=heard.lease_s,
            content_type=heard.content_type,
            body=heard.body,
        )
        outcome = (await self._publish([message], timeout_s=self._kafka_wait_s))[0]
        if outcome is not None:
            raise outcome if isinstance(outcome, Transient) else Transient(f"not stored: {outcome}")

    async def _partition_count(self) -> int:
        # It never changes while anyone relies on it: see `kafka.topics.partitions`.
        self._count = self._count or await self._partitions()
        return self._count

    def _slow_down(self, name: str, per_minute: int) -> None:
        seconds = self._pace.wait(name, per_minute, time.monotonic())
        if seconds:
            raise problem(
                "too-many-requests",
                f"at most {per_minute} a minute",
                headers={"Retry-After": str(math.ceil(seconds))},
            )


def _lease(text: str | None) -> float | None:
    """The lease that the hub gives, in seconds; None if it says none that can be read."""
    given = (text or "").strip()
    if not (given.isascii() and given.isdigit()):
        return None
    return float(given[:MAX_LEASE_DIGITS]) or None


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
