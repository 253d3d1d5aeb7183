"""Structured logs: one JSON object a line on standard output, with the ids of what is being handled bound to it.

Story text never goes into a log line: of an exception its type and places are written and never its text, which may
quote one. Values are cut so that no line can grow without bound.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import EventDict, WrappedLogger

from shared.places import causes, frames
from shared.settings import LogSettings

MAX_VALUE = 1000
TOLD_EACH = 20
"""Batches of so many records are told story by story at level info. In larger ones a line a story would cost a tenth of all
work; they are told by their first and last item, and story by story at level debug."""

__all__ = ["bound_contextvars", "configure_logs", "get_logger"]


def _bounded(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str) and len(value) > MAX_VALUE:
            event[key] = value[:MAX_VALUE] + "…"
    return event


def _placed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What `exc_info` stands for, without the exceptions' own words."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if error is None and given:
        error = sys.exc_info()[1]
    if error is not None:
        event["exception"] = " < ".join(causes(error))
        event["frames"] = frames(error)
    return event


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def configure_logs(service: str, settings: LogSettings) -> None:
    """Send structlog's and the standard library's lines to standard output, in one shape."""
    level = getattr(logging, settings.level.upper())
    before: list[Any] = [
        merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _placed,
        _bounded,
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if settings.format == "console"
        else structlog.processors.JSONRenderer(serializer=_dumps)
    )
    structlog.configure(
        processors=[*before, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *before],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    structlog.contextvars.bind_contextvars(service=service)


def get_logger(**bound: Any) -> Any:
    """A logger with `bound` on every line."""
    return structlog.get_logger(**bound)
