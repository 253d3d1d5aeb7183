"""What is wrong with a feed that can be read, seen from this machine: addresses, folders, secrets, ways in."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from shared.addresses import refusal_of_address, refusal_of_url
from shared.errors import Misconfigured
from shared.feeds import Feed, read_secret
from shared.settings import Settings

Resolver = Callable[[str], list[str]]
"""Host name to its addresses; raises OSError."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (`error`) or to know (`warning`), and its place in the feeds file."""

    place: str
    kind: Literal["error", "warning"]
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.kind}: {self.text}"


def resolve(host: str) -> list[str]:
    """The addresses of a name, as this machine resolves it."""
    return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})


def findings(feeds: Mapping[str, Feed], settings: Settings, resolver: Resolver | None) -> Iterator[Finding]:
    """All there is to say of these feeds; names are not looked up without a resolver."""
    polled: dict[str, str] = {}
    for feed in feeds.values():
        place = f"feeds.{feed.id}"
        if not ways(feed):
            yield Finding(place, "warning", "no way in: it has neither keys nor secrets, and no poll or drop table")
        yield from _limits(feed, settings)
        yield from _secrets(feed)
        yield from _addresses(feed, settings, resolver)
        yield from _websub(feed, settings)
        if feed.drop:
            yield from _folder(feed.drop.folder, f"{place}.drop.folder")
        if feed.poll:
            other = polled.setdefault(feed.poll.url, feed.id)
            if other != feed.id:
                yield Finding(f"{place}.poll.url", "warning", f"feeds.{other} polls it as well")


def ways(feed: Feed) -> list[str]:
    """How a feed's stories come in, for people."""
    found = []
    if feed.key_hashes:
        found.append(f"push ({', '.join(key[:8] for key in feed.key_hashes)})")
    if feed.signing_secret_files:
        found.append(f"signed push ({', '.join(path.name for path in feed.signing_secret_files)})")
    if feed.poll:
        found.append(f"poll {feed.poll.url}")
    if feed.websub:
        found.append(f"hub {feed.websub.hub or 'that the feed names'}")
    if feed.drop:
        found.append(f"drop {feed.drop.folder}")
    return found


def _websub(feed: Feed, settings: Settings) -> Iterator[Finding]:
    if not feed.websub:
        return
    place = f"feeds.{feed.id}.websub"
    if settings.ingestion.public_url is None:
        yield Finding(
            place, "warning", "it is only polled: NEWSWIRE_INGESTION__PUBLIC_URL does not say where hubs reach us"
        )
    hub = feed.websub.hub
    if hub and not hub.startswith("https://") and not settings.ingestion.allow_private_addresses:
        yield Finding(
            f"{place}.hub", "warning", "not https, so it is told no secret: what it sends only makes newswire poll"
        )


def _limits(feed: Feed, settings: Settings) -> Iterator[Finding]:
    if (feed.limits.item_bytes or 0) > settings.sizes.item:
        text = f"the service takes {settings.sizes.item} at most"
        yield Finding(f"feeds.{feed.id}.limits.item_bytes", "warning", text)


def _secrets(feed: Feed) -> Iterator[Finding]:
    place = f"feeds.{feed.id}.signing_secret_files"
    for path in feed.signing_secret_files:
        try:
            read_secret(path)
        except Misconfigured as error:
            yield Finding(place, "error", str(error))
            continue
        if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            yield Finding(place, "warning", f"{path} can be read by others; chmod 600")


def _addresses(feed: Feed, settings: Settings, resolver: Resolver | None) -> Iterator[Finding]:
    addresses = {"poll.url": feed.poll.url if feed.poll else None}
    if feed.websub:
        addresses |= {"websub.hub": feed.websub.hub, "websub.topic": feed.websub.topic}
    private = settings.ingestion.allow_private_addresses
    for name, url in addresses.items():
        if url is None:
            continue
        place = f"feeds.{feed.id}.{name}"
        refusal = refusal_of_url(url, ports=settings.ingestion.poll_ports, allow_private=private)
        if refusal:
            yield Finding(place, "error", refusal)
        elif resolver:
            yield from _host(urlsplit(url).hostname or "", place, resolver, allow_private=private)


def _host(host: str, place: str, resolver: Resolver, *, allow_private: bool) -> Iterator[Finding]:
    try:
        found = resolver(host)
    except (OSError, UnicodeError):
        yield Finding(place, "warning", f"{host} cannot be looked up from here")
        return
    for address in found:
        refusal = refusal_of_address(ip_address(address.partition("%")[0]), allow_private=allow_private)
        if refusal:
            yield Finding(place, "error", f"{host} leads to {refusal}")
            return


def _folder(folder: Path, place: str) -> Iterator[Finding]:
    if not folder.is_dir():
        yield Finding(place, "error", f"{folder} is {'no folder' if folder.exists() else 'not there'}")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(place, "error", f"{folder} cannot be read and written by this user")
