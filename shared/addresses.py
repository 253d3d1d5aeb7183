"""Which addresses newswire may call when somebody else names them: feeds, the pages they link to, WebSub hubs. Pure.

A feed's URL is data from outside, and so is every redirect: without this, it could make newswire read the inside of its own
network (SSRF). Names are judged twice: as they are written (`refusal_of_url`, when a feed is set up and at every redirect),
and as what they resolve to (`refusal_of_address`, on the address that is really connected to).

Sources: RFC 6890 (special-purpose addresses), RFC 6052 and 8215 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 4291.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx2

WEB_PORTS: Final = frozenset({80, 443})
MAX_URL: Final = 2048

_NAT64: Final = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")
_TEREDO: Final = IPv6Network("2001::/32")
_COMPATIBLE: Final = IPv6Network("::/96")
_RELAYS: Final = int(IPv4Address("192.88.99.0"))  # the deprecated 6to4 relays, a /24

_HOST: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)
_INSIDE_NAMES: Final = ("localhost", ".localhost", ".local", ".internal", ".home.arpa")

Address = IPv4Address | IPv6Address


def refusal_of_address(address: Address, *, allow_private: bool = False) -> str | None:
    """Why this address is not called, or None if it may be.

    IPv4 inside IPv6 (mapped, NAT64, 6to4) counts as what it leads to. `allow_private` lets private networks and this machine
    through, never link-local addresses, where clouds keep their credentials.
    """
    inner = _inner(address)
    if inner is not None:
        return refusal_of_address(inner, allow_private=allow_private)
    if _is_tunnel(address):
        return "a tunnel or site-local address"
    if address.is_link_local:
        return "a link-local address"
    if _is_nobody(address):
        return "an address that is no host's"
    return None if address.is_global or allow_private else "a private address"


def _is_tunnel(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return int(address) & 0xFFFFFF00 == _RELAYS
    return address in _NAT64_LOCAL or address in _TEREDO or address.is_site_local


def _is_nobody(address: Address) -> bool:
    """Groups, 'this network' and blocks that were never given out (the loopback ::1 lies in a reserved one)."""
    if address.is_multicast or address.is_unspecified or (address.is_reserved and not address.is_loopback):
        return True
    return isinstance(address, IPv4Address) and int(address) >> 24 == 0


def _inner(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def refusal_of_url(  # noqa: PLR0911 - one line a reason
    text: str,
    *,
    ports: Collection[int] = WEB_PORTS,
    allow_private: bool = False,
    schemes: Collection[str] = ("http", "https"),
) -> str | None:
    """Why a URL is not called, as far as its text tells, or None. What its name resolves to is judged at the call."""
    try:
        url = httpx2.URL(text if len(text) <= MAX_URL else "")
        host = url.raw_host.decode("ascii").rstrip(".").lower()
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return "is no web address"
    address = literal(host)
    if url.scheme not in schemes or not (address or _HOST.fullmatch(host)):
        return f"is no {' or '.join(schemes)} address of {MAX_URL} characters at most"
    if url.userinfo:
        return "must not hold a name or password"
    if port_of(url) not in ports:
        return f"port {port_of(url)} is not among those that may be called"
    if address is not None:
        return refusal_of_address(address, allow_private=allow_private)
    if not allow_private and (host.endswith(_INSIDE_NAMES) or "." not in host):
        return "is a name inside a network"
    return None


def port_of(url: httpx2.URL) -> int:
    """The port, said or by the scheme."""
    return url.port if url.port is not None else 443 if url.scheme == "https" else 80


def literal(host: str) -> Address | None:
    """The address that a host is written as, in any form that resolvers take (2130706433, 0x7f.1, 0177.0.0.1), or None."""
    bare = host.removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        return ip_address(bare)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(bare)) if bare[:1].isdigit() else None
    except (OSError, ValueError):  # no address; a NUL in it is a ValueError
        return None
