"""Where the services of the settings answer, as seen from this machine."""

from __future__ import annotations

from collections.abc import Mapping

from shared.settings import Settings

ANY = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound


def address(host: str, port: int) -> str:
    """`http://host:port`; a service that listens everywhere is asked on the loopback."""
    host = "127.0.0.1" if host in ANY else host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def given(environment: Mapping[str, str], variable: str) -> bool:
    """Whether a variable is set; names count in any case, as the settings read them."""
    return any(name.upper() == variable and value for name, value in environment.items())


def door_url(settings: Settings) -> str:
    """The front door."""
    return address(settings.ingestion.host, settings.ingestion.port)


def search_url(settings: Settings) -> str:
    """The search API and page."""
    return address(settings.search.host, settings.search.port)
