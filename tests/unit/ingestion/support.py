"""The front door's application with a publisher that keeps what it is given, called as ASGI: no sockets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from services.ingestion.app import create_app
from shared.errors import NewswireError
from shared.feeds import Feed
from shared.health import Health
from shared.kafka.ports import Message
from shared.local_feed import key_hash
from shared.settings import Settings

KEY = "nw_" + "k" * 43
OTHER_KEY = "nw_" + "o" * 43
TAKEN = datetime(2026, 2, 8, 14, 30, tzinfo=UTC)
ITEMS = "/v1/feeds/local/items"


class KeepingPublisher:
    """A publisher whose outcomes the test sets; `sent` holds every message it acknowledged or not."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.outcomes: dict[int, NewswireError] = {}
        self.calls = 0
        self.timeouts: list[float | None] = []

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def publish(
        self, messages: Sequence[Message], *, timeout_s: float | None = None
    ) -> list[NewswireError | None]:
        self.calls += 1
        self.timeouts.append(timeout_s)
        self.sent.extend(messages)
        return [self.outcomes.get(index) for index in range(len(messages))]


class Book:
    """Feeds by id."""

    def __init__(self, *feeds: Feed) -> None:
        self._feeds = {feed.id: feed for feed in feeds}

    def get(self, feed_id: str) -> Feed | None:
        return self._feeds.get(feed_id)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str | None:
        """The problem's code; checks on the way that it is a whole problem document."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        document = self.json
        assert document["status"] == self.status
        assert document["title"]
        return document["type"].removeprefix("/problems/")


@dataclass
class FrontDoor:
    """The application and its surroundings."""

    settings: Settings = field(default_factory=Settings)
    publisher: KeepingPublisher = field(default_factory=KeepingPublisher)
    health: Health = field(default_factory=Health)
    feeds: Book = field(
        default_factory=lambda: Book(
            Feed(id="local", key_hashes=(key_hash(KEY),)),
            Feed(id="afp", provider="agence", zone="Europe/Paris", language="fr", key_hashes=(key_hash(OTHER_KEY),)),
        )
    )

    def __post_init__(self) -> None:
        self.health.ready()
        self.app = create_app(self.publisher, self.feeds, self.settings, self.health, lambda: TAKEN)

    async def push(
        self,
        body: bytes | Sequence[bytes] | Any,
        content_type: str | None = "application/json",
        *,
        path: str = ITEMS,
        method: str = "POST",
        key: str | None = KEY,
        length: int | None = -1,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Send a body (bytes, chunks, or an object as JSON). `length` -1 means: the true one; None: chunked."""
        chunks = [body] if isinstance(body, bytes) else list(body) if isinstance(body, list) else [orjson.dumps(body)]
        total = sum(map(len, chunks))
        sent = [(b"host", b"door"), *((n.encode(), v.encode("latin-1")) for n, v in headers)]
        if length is not None:
            sent.append((b"content-length", str(total if length == -1 else length).encode()))
        if key is not None:
            sent.append((b"authorization", b"Bearer " + key.encode("latin-1")))
        if content_type is not None:
            sent.append((b"content-type", content_type.encode()))
        return await call(self.app, method, path, sent, chunks)


async def call(app: Any, method: str, path: str, headers: list[tuple[bytes, bytes]], chunks: list[bytes]) -> Answer:
    left = list(chunks)
    out: list[Any] = []

    async def receive() -> Any:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        out.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "server": ("door", 80),
        "client": ("sender", 1),
    }
    await app(scope, receive, send)
    return Answer(
        out[0]["status"],
        {name.decode(): value.decode() for name, value in out[0]["headers"]},
        b"".join(message.get("body", b"") for message in out[1:]),
    )
