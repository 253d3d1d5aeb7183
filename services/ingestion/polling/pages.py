"""The page behind an entry: fetched where its robots.txt allows it, with the same politeness as feeds."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx2

from services.ingestion.polling.fetch import Fetched, Fetcher, FetchFailed
from services.ingestion.polling.hosts import Hosts
from services.ingestion.polling.robots import ALLOW_ALL, DISALLOW_ALL, Robots, parse_robots
from services.ingestion.polling.schedule import WISH_CAP_S, retry_after_s
from services.ingestion.polling.seen import Pair
from shared.events import now

ROBOTS_S: Final = 24 * 3600.0
"""How long a robots.txt holds (RFC 9309, 2.4)."""
ROBOTS_RETRY_S: Final = 600.0
"""How long an origin whose robots.txt cannot be had is left alone."""
PATIENCE_S: Final = 60.0
"""Longest wait for a host's turn; a longer rest is for the next poll."""
TRIES: Final = 3
"""Polls in which a page that cannot be had just now is tried, before its teaser goes without it."""
MAX_REMEMBERED: Final = 10_000

Key = TypeVar("Key")
Value = TypeVar("Value")

_FOR_GOOD: Final = frozenset({"bad-url", "blocked-address", "too-large", "too-many-redirects", "bad-encoding"})
_ACCEPT: Final = "text/html,application/xhtml+xml,*/*;q=0.1"
_HTML: Final = frozenset({"", "text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class NoPage:
    """There is no page to send: `code` says why; `for_good` that another try is of no use."""

    code: str
    for_good: bool


class Pages:
    """Fetches pages. One for all feeds of a replica."""

    def __init__(self, fetcher: Fetcher, hosts: Hosts, clock: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._hosts = hosts
        self._clock = clock
        self._robots: OrderedDict[str, tuple[float, Robots]] = OrderedDict()
        self._tries: OrderedDict[Pair, int] = OrderedDict()

    async def page(self, link: str, pair: Pair) -> Fetched | NoPage:
        """The page at `link` of the entry `pair`; the third time that it cannot be had is the last."""
        found = await self._page(link)
        if isinstance(found, Fetched) or found.for_good:
            self._tries.pop(pair, None)
            return found
        tries = self._tries.pop(pair, 0) + 1
        if tries >= TRIES:
            return NoPage(found.code, for_good=True)
        _remember(self._tries, pair, tries)
        return found

    async def document(self, address: str, accept: str) -> Fetched:
        """A further document of a feed, such as a sitemap of an index; politely, and no robots.txt forbids it.

        Raises:
            FetchFailed: as a fetcher's; `bad-url`; `host-resting`.
        """
        try:
            url = httpx2.URL(address)
        except (httpx2.InvalidURL, ValueError):
            raise FetchFailed("bad-url", "is no web address") from None
        return await self._get(url, 0.0, accept)

    async def _page(self, link: str) -> Fetched | NoPage:
        try:
            url = httpx2.URL(link)
            path = url.raw_path.decode("ascii", "replace")
            robots = await self._robots_of(url)
        except (httpx2.InvalidURL, ValueError):
            return NoPage("bad-url", for_good=True)
        if robots is None:
            return NoPage("robots-unavailable", for_good=False)
        if not robots.allows(path):
            return NoPage("robots-disallowed", for_good=True)
        try:
            answer = await self._get(url, robots.delay_s)
        except FetchFailed as failed:
            return NoPage(failed.code, for_good=failed.code in _FOR_GOOD)
        return _judged(answer)

    async def _robots_of(self, url: httpx2.URL) -> Robots | None:
        """The rules of a page's origin; None while they cannot be had, for then nothing may be fetched."""
        origin = f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"
        held = self._robots.get(origin)
        if held and held[0] > self._clock():
            return None if held[1] is DISALLOW_ALL else held[1]
        try:
            answer = await self._get(url.copy_with(raw_path=b"/robots.txt", fragment=None), 0.0)
        except FetchFailed as failed:
            rules = ALLOW_ALL if failed.code in {"too-large", "too-many-redirects"} else DISALLOW_ALL
        else:
            rules = _robots_in(answer)
        lasts = ROBOTS_RETRY_S if rules is DISALLOW_ALL else ROBOTS_S
        _remember(self._robots, origin, (self._clock() + lasts, rules))
        return None if rules is DISALLOW_ALL else rules

    async def _get(self, url: httpx2.URL, gap_s: float, accept: str = _ACCEPT) -> Fetched:
        host = url.host
        while (wait := self._hosts.wait_s(host)) != 0:
            if wait is not None and wait > PATIENCE_S:
                raise FetchFailed("host-resting", "the host has asked to be left alone")
            await asyncio.sleep(0.05 if wait is None else wait)
        turn = self._hosts.begin(host)
        rest = gap_s
        try:
            answer = await self._fetcher.get(str(url), {"Accept": accept})
            rest = max(rest, rest_of(answer))
        finally:
            turn.end(rest_s=rest)
        return answer


def rest_of(answer: Fetched) -> float:
    """How long a host wants to be left alone, in seconds: a 429 or 503 says so, by Retry-After or by itself."""
    if answer.status not in {429, 503}:
        return 0.0
    wish = retry_after_s(answer.headers.get("retry-after"), now())
    return min(60.0 if wish is None else wish, WISH_CAP_S)


def _robots_in(answer: Fetched) -> Robots:
    if 200 <= answer.status < 300:
        return parse_robots(answer.body)
    return DISALLOW_ALL if answer.status >= 500 or answer.status == 429 else ALLOW_ALL


def _judged(answer: Fetched) -> Fetched | NoPage:
    if not 200 <= answer.status < 300:
        return NoPage(f"http-{answer.status}", for_good=answer.status < 500 and answer.status not in {408, 425, 429})
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _HTML or not answer.body.strip():
        return NoPage("no-html", for_good=True)
    return answer


def _remember(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)
