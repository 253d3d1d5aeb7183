"""How a service lives: signals, loop, exit codes, its HTTP port and its probes. Every composition root stands on this.

Exit codes: 0 after a clean stop, 2 for settings or surroundings that a person must mend, 1 for a bug.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import errno
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import metrics
from shared.errors import Misconfigured
from shared.health import Health
from shared.http_protocol import BoundedProtocol
from shared.log import configure_logs, get_logger
from shared.settings import Settings

Serve = Callable[[Settings, Health, asyncio.Event], Awaitable[None]]

EXIT_MISCONFIGURED = 2
_FINISH_REQUESTS_S = 10
"""How long requests in flight may take after a stop before they are cut off."""

_service: contextvars.ContextVar[str] = contextvars.ContextVar("service", default="…")
_log = get_logger()


def run_service(name: str, settings: Settings, serve: Serve) -> None:
    """Run `serve` until it returns or SIGTERM/SIGINT sets its stop event; blocking.

    `serve(settings, health, stop)` returns when it is done stopping. A second SIGINT ends the process at once.

    Raises:
        SystemExit: the service could not start or had to end; after a clean stop this function just returns.
    """
    configure_logs(name, settings.log)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_life(name, settings, serve))
    except Misconfigured as error:
        print(f"newswire {name}: {error}", file=sys.stderr)
        raise SystemExit(EXIT_MISCONFIGURED) from None


async def _life(name: str, settings: Settings, serve: Serve) -> None:
    _service.set(name)
    health = Health(stuck_after_s=settings.runtime.stuck_after_s)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, number, health, stop)
    _log.info("starting", pid=os.getpid())
    try:
        await serve(settings, health, stop)
    except Misconfigured:
        raise
    except Exception:
        _log.exception("ended by an unexpected error")
        raise SystemExit(1) from None
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    _log.info("stopped")


def _on_signal(number: signal.Signals, health: Health, stop: asyncio.Event) -> None:
    if stop.is_set() and number == signal.SIGINT:
        _log.warning("second interrupt: ending at once; what was in flight will be done again")
        sys.stdout.flush()
        os._exit(128 + number)
    _log.info("stopping", signal=number.name)
    health.stopping = True
    stop.set()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the service has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(app: Any, host: str, port: int, stop: asyncio.Event, *, reuse_port: bool = False) -> None:
    """Serve an ASGI app until `stop` is set and the requests in flight are done (10 s at most).

    Raises:
        Misconfigured: the port is taken, or the address is not this machine's.
    """
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="auto",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=65,  # longer than the 60 s of common load balancers, so that they never meet a closed socket
        timeout_graceful_shutdown=_FINISH_REQUESTS_S,
    )
    server = _Server(config)
    with _listen(host, port, reuse_port=reuse_port) as listener:
        _log.info("listening", host=host, port=listener.getsockname()[1])
        watch = asyncio.create_task(_end_with(stop, server))
        try:
            await server.serve(sockets=[listener])
        except SystemExit:
            # uvicorn's answer to an app whose start-up failed; seen below, and the process ends in our way.
            server.started = False
        finally:
            watch.cancel()
    if not server.started:
        raise RuntimeError("the HTTP application did not start; its error is in the log lines above")


async def _end_with(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


def _listen(host: str, port: int, *, reuse_port: bool) -> socket.socket:
    """A listening socket, bound before the app starts so that a taken port is a clear error."""
    setting = f"NEWSWIRE_{_service.get().upper()}__PORT"
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(2048)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            why = f"port {port} on {host} is in use; stop what holds it or choose another by {setting}"
        else:
            why = f"cannot listen on {host}:{port}: {error.strerror}; see {setting} and {setting[:-4]}HOST"
        raise Misconfigured(why) from None
    return listener


def admin_app(health: Health) -> Starlette:
    """The small HTTP app of a worker: /livez /readyz /metrics. /livez is the progress of the worker's own loop."""
    return Starlette(routes=_routes(health, answering_is_progress=False))


def probe_routes(health: Health) -> list[Route]:
    """The same three for an HTTP service's own app; there, answering at all is the progress that /livez asks for."""
    return _routes(health, answering_is_progress=True)


def _routes(health: Health, *, answering_is_progress: bool) -> list[Route]:
    async def livez(_: Request) -> Response:
        if answering_is_progress:
            health.beat()
        return _answer(health.is_live())

    async def readyz(_: Request) -> Response:
        return _answer(health.is_ready())

    async def metrics_text(_: Request) -> Response:
        body, content_type = metrics.exposition()
        return Response(body, headers={"content-type": content_type})

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics_text)]


def _answer(state: tuple[bool, str]) -> Response:
    good, word = state
    return JSONResponse({"status": word}, status_code=200 if good else 503)
