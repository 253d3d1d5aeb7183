"""Where a feed says its hub is and what it calls itself (WebSub, section 4): HTTP `Link` headers first, then its own links. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

MAX_ADDRESS: Final = 2048
_LINK = re.compile(r"<([^<>]{1,2048})>([^<]*)")
_REL = re.compile(r";\s{0,20}rel\s{0,20}=\s{0,20}(?:\"([^\"]{0,200})\"|([^\s;,\"]{1,200}))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Links:
    """The hubs that a document names, in its order, and its own address; absolute."""

    hubs: tuple[str, ...] = ()
    own: str | None = None

    def under(self, first: Links) -> Links:
        """These, where `first` says nothing."""
        return Links(first.hubs or self.hubs, first.own or self.own)


def header_links(text: str | None, address: str) -> Links:
    """What `Link` headers (RFC 8288) say, joined by commas; relative addresses begin at `address`."""
    found = ((rel, target) for target, rels in _parsed(text or "") for rel in rels)
    return links_of(found, address)


def links_of(pairs: Iterable[tuple[str, str]], address: str | None) -> Links:
    """Of pairs of relation and address, the hubs and the document itself."""
    hubs: list[str] = []
    own = None
    for rel, target in pairs:
        absolute = _absolute(target, address)
        if absolute is None:
            continue
        if rel == "hub" and absolute not in hubs:
            hubs.append(absolute)
        elif rel == "self":
            own = own or absolute
    return Links(tuple(hubs[:10]), own)


def _parsed(text: str) -> Iterator[tuple[str, list[str]]]:
    for match in _LINK.finditer(text):
        rel = _REL.search(match[2])
        if rel:
            yield match[1].strip(), (rel[1] if rel[1] is not None else rel[2]).lower().split()


def _absolute(target: str, address: str | None) -> str | None:
    try:
        absolute = urljoin(address or "", target.strip())
    except ValueError:
        return None
    good = absolute.startswith(("http://", "https://")) and len(absolute) <= MAX_ADDRESS
    return absolute if good and absolute.isprintable() and " " not in absolute else None
