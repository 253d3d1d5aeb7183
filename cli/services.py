"""The four services by name: what `newswire ingestion` … run, and in which order they stop."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from shared.settings import Settings, load_settings

MODULES = {
    "ingestion": "services.ingestion.app",
    "normalization": "services.normalization.worker",
    "indexing": "services.indexing.worker",
    "search": "services.search.app",
}
"""Front to back: the order in which they are listed and stopped."""

SHARES_PORT = frozenset({"ingestion", "search"})
"""Services whose replicas listen on one port (SO_REUSEPORT); the workers' replicas get an admin port each."""


def serve(name: str) -> None:
    """Run one service in this process until it is told to stop. Imports that service alone."""
    settings = load_settings()
    main: Callable[[Settings], None] = importlib.import_module(MODULES[name]).main
    main(settings)
