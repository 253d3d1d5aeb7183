"""The search service: its HTTP API, its page, its composition root."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.search.archive import Archive
from services.search.finder import Clock, Finder
from services.search.history_repository import ElasticHistory, HistoryRepository
from services.search.keys import cursor_key
from services.search.openapi import document as openapi_document
from services.search.page import page_routes
from services.search.repository import TimedOut
from services.search.request import refuse, unknown_parameter
from services.search.security import SecurityHeaders
from shared import metrics
from shared.elastic.client import make_client
from shared.events import now
from shared.health import Health
from shared.http_metrics import Observed, by_prefix
from shared.problems import install_problems, problem, problem_response
from shared.service import probe_routes, run_service, serve_http
from shared.settings import Settings

_ROUTES: Final = (
    "/v1/search",
    "/v1/articles",
    "/v1/kills",
    "/v1/trace",
    "/articles",
    "/static",
    "/openapi.json",
    "/livez",
    "/readyz",
    "/metrics",
)


def json_response(document: Any) -> Response:
    """An answer of the API; nothing may keep it, for the next kill or embargo must count at once."""
    return Response(orjson.dumps(document), media_type="application/json", headers={"cache-control": "no-store"})


class Api:
    """The JSON resources."""

    def __init__(self, finder: Finder, archive: Archive) -> None:
        self._finder = finder
        self._archive = archive

    async def search(self, request: Request) -> Response:
        """`GET /v1/search`."""
        return json_response(await self._finder.search(request.query_params.multi_items()))

    async def article(self, request: Request) -> Response:
        """`GET /v1/articles/{id}`, as it is or `as_of` a moment."""
        if pairs := request.query_params.multi_items():
            return json_response(await self._archive.article(request.path_params["id"], pairs))
        return json_response(await self._finder.article(request.path_params["id"]))

    async def similar(self, request: Request) -> Response:
        """`GET /v1/articles/{id}/similar`."""
        _of_the_present(request)
        return json_response(await self._finder.similar(request.path_params["id"]))

    async def versions(self, request: Request) -> Response:
        """`GET /v1/articles/{id}/versions`."""
        _of_the_present(request)
        return json_response(await self._archive.versions(request.path_params["id"]))

    async def version(self, request: Request) -> Response:
        """`GET /v1/articles/{id}/versions/{which}`: a revision, or the difference of two."""
        _of_the_present(request)
        params = request.path_params
        return json_response(await self._archive.version(params["id"], params["which"]))

    async def kills(self, request: Request) -> Response:
        """`GET /v1/kills`."""
        return json_response(await self._archive.kills(request.query_params.multi_items()))

    async def trace(self, request: Request) -> Response:
        """`GET /v1/trace/{key}`."""
        _of_the_present(request)
        return json_response(await self._finder.trace(request.path_params["key"]))

    def routes(self) -> list[Route]:
        """Plain Starlette routes: nothing to validate is left for a framework once `read_search` has done it."""
        return [
            Route("/v1/search", self.search),
            Route("/v1/articles/{id}", self.article),
            Route("/v1/articles/{id}/similar", self.similar),
            Route("/v1/articles/{id}/versions", self.versions),
            Route("/v1/articles/{id}/versions/{which}", self.version),
            Route("/v1/kills", self.kills),
            Route("/v1/trace/{key}", self.trace),
        ]


def _of_the_present(request: Request) -> None:
    """Refuses every parameter where none means anything: an answer of today must not be taken for one of then."""
    if "as_of" in request.query_params:
        raise refuse("as_of", "this is told as it is now; as_of is for searches and for one article")
    for name in request.query_params:
        raise unknown_parameter(name, ())


async def _on_time_out(_: Request, __: Exception) -> Response:
    metrics.PROBLEMS.labels("search-timeout").inc()
    return problem_response(problem("search-timeout"))


def create_app(repository: HistoryRepository, settings: Settings, health: Health, clock: Clock = now) -> FastAPI:
    """The ASGI app; its lifespan watches the index and makes the service ready."""
    key = cursor_key(settings)
    finder = Finder(repository, key=key, timeout_ms=settings.search.timeout_ms, clock=clock)
    archive = Archive(repository, key=key, clock=clock)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(finder.watch_languages(health))
        try:
            yield
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch

    app = FastAPI(title="newswire search", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.finder = finder
    install_problems(app)
    app.add_exception_handler(TimedOut, _on_time_out)
    app.add_middleware(Observed, route_of=by_prefix(_ROUTES))
    app.add_middleware(SecurityHeaders)
    app.router.routes.extend([*Api(finder, archive).routes(), *page_routes(finder, archive), *probe_routes(health)])
    app.openapi = openapi_document  # type: ignore[method-assign]  # FastAPI's documented way to give a document of one's own
    return app


async def _serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    client = make_client(settings.elasticsearch)
    try:
        app = create_app(ElasticHistory(client, settings.search.timeout_ms), settings, health)
        await serve_http(app, settings.search.host, settings.search.port, stop, reuse_port=settings.search.reuse_port)
    finally:
        await client.close()


def main(settings: Settings) -> None:
    """Run the service until it is told to stop."""
    run_service("search", settings, _serve)
