"""Keeps the lines that libraries log out of what a person reads: into a file, or away."""

from __future__ import annotations

import logging
from pathlib import Path

import structlog


def log_to(path: Path | None) -> None:
    """Send structlog's and the standard library's lines of this process to a fresh file, or nowhere."""
    shown: list[structlog.typing.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["timestamp", "event"]),
    ]
    if path is None:
        logging.getLogger().addHandler(logging.NullHandler())
        structlog.configure(processors=shown, wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        return
    file = path.open("w", encoding="utf-8")
    logging.basicConfig(stream=file, format="%(asctime)s %(name)s %(message)s", force=True)
    structlog.configure(processors=shown, logger_factory=structlog.PrintLoggerFactory(file))
