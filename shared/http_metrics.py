"""Counts and times every request of an HTTP service by its route; what is no route is one label, so labels stay bounded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.metrics import HTTP_REQUESTS, HTTP_SECONDS

OTHER: Final = "other"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

RouteOf = Callable[[Scope], str]
"""The label of a request, asked once it is answered; one of few, whatever was asked for."""


class Observed:
    """ASGI middleware: `app` with its requests counted under the label that `route_of` gives them."""

    def __init__(self, app: ASGIApp, route_of: RouteOf) -> None:
        self._app = app
        self._route_of = route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and note the status; no answer at all counts as 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = self._route_of(scope)
            method = scope["method"] if scope["method"] in _METHODS else OTHER
            HTTP_REQUESTS.labels(route, method, str(status)).inc()
            HTTP_SECONDS.labels(route).observe(time.perf_counter() - began)


def by_route(fixed: frozenset[str]) -> RouteOf:
    """Labels of an app whose framework puts the route it found into the scope; `fixed` are the paths it does not name."""

    def label(scope: Scope) -> str:
        path: str = scope["path"]
        return getattr(scope.get("route"), "path", None) or (path if path in fixed else OTHER)

    return label


def by_prefix(prefixes: tuple[str, ...]) -> RouteOf:
    """Labels of an app known by the beginnings of its paths; the bare `/` is always one."""

    def label(scope: Scope) -> str:
        path: str = scope["path"]
        if path == "/":
            return path
        return next((prefix for prefix in prefixes if path == prefix or path.startswith(prefix + "/")), OTHER)

    return label
