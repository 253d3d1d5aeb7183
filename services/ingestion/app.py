"""The front door as a service: its HTTP application and its composition root."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from fastapi import FastAPI

from services.ingestion.auth import FeedDirectory
from services.ingestion.door import Door
from services.ingestion.dropbox import DropFolders
from services.ingestion.idempotency import IdempotencyKeys
from services.ingestion.openapi import PUSH, name_schemes
from services.ingestion.polled import hub_callback, poll_feeds
from services.ingestion.pushes import Pushes
from services.ingestion.websub.callback import Callback
from services.ingestion.websub.names import PATH
from shared.errors import Misconfigured
from shared.events import now
from shared.feeds import Feeds
from shared.health import Health
from shared.http_metrics import Observed, by_route
from shared.kafka.client import AiokafkaPublisher
from shared.kafka.ports import Publisher
from shared.log import get_logger
from shared.problems import install_problems
from shared.service import probe_routes, run_service, serve_http
from shared.settings import Settings

_FIXED: Final = frozenset({"/livez", "/readyz", "/metrics", "/v1/openapi.json"})
"""Paths of routes that the framework does not name in the scope."""


def create_app(
    publisher: Publisher,
    feeds: FeedDirectory,
    settings: Settings,
    health: Health,
    clock: Callable[[], datetime] = now,
    *,
    hubs: Callback | None = None,
) -> FastAPI:
    """The HTTP application; does no IO by itself. `clock` gives the time at which a push is taken; `hubs` answers hubs."""
    door = Door(
        publisher,
        item_limit=settings.sizes.item,
        kafka_wait_s=settings.ingestion.kafka_wait_s,
        keys=IdempotencyKeys(settings.ingestion.idempotency_keys),
        clock=clock,
    )
    app = FastAPI(
        title="newswire ingestion",
        version="1",
        docs_url=None,  # the page would load scripts from elsewhere
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,
        routes=[*probe_routes(health)],
    )
    app.post("/v1/feeds/{feed}/items", status_code=202, response_model=None, **PUSH)(
        Pushes(door, feeds, settings, health, clock).push
    )
    if hubs is not None:  # their interface is WebSub's, not one of ours to describe
        app.get(PATH + "{feed}/{token}", response_model=None, include_in_schema=False)(hubs.verify)
        app.post(PATH + "{feed}/{token}", response_model=None, include_in_schema=False)(hubs.deliver)
    name_schemes(app)
    install_problems(app)
    app.add_middleware(Observed, route_of=by_route(_FIXED))
    return app


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Serve pushes until `stop`; answers 503 until Kafka has answered once.

    Raises:
        Misconfigured: the feeds file or the port cannot be used, or Kafka refuses our credentials.
    """
    feeds = Feeds(settings.feeds_path, settings.local_key_path)
    feeds.load()
    publisher = AiokafkaPublisher(settings)
    app = create_app(publisher, feeds, settings, health, hubs=hub_callback(settings, feeds, publisher, health))
    http = settings.ingestion
    connecting = asyncio.create_task(_connect(publisher, health, stop))
    dropping = asyncio.create_task(DropFolders(feeds, publisher, settings).run(stop))
    polling = asyncio.create_task(poll_feeds(settings, feeds, publisher, stop))
    try:
        await serve_http(app, http.host, http.port, stop, reuse_port=http.reuse_port)
    finally:
        stop.set()
        await asyncio.gather(polling, dropping, return_exceptions=True)
        connecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await connecting
        await publisher.stop()


async def _connect(publisher: Publisher, health: Health, stop: asyncio.Event) -> None:
    try:
        await publisher.start()
    except Misconfigured:
        stop.set()
        raise
    health.ready()
    get_logger().info("ready")


def main(settings: Settings) -> None:
    """Run the service until SIGTERM or SIGINT."""
    run_service("ingestion", settings, serve)
