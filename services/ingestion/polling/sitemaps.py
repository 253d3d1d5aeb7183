"""Sitemap indexes: which of the sitemaps that one names are worth a look now. Pure.

Big sites have hundreds, most of them archives. News stand in those that changed of late; they are told by `lastmod`, those that
call themselves news come first, and one that was found to hold no news is left alone for a week.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.ingestion.polling.seen import Pair, pair_of

MAX_NAMED: Final = 2_000
"""Sitemaps of an index that are looked at: the first and the last half of so many."""
MAX_FETCHED: Final = 20
"""Sitemaps fetched after one poll of an index; the rest wait for the next."""
STALE: Final = timedelta(days=7)
"""A sitemap that was not changed for so long holds no news: news sitemaps go back two days (Google's rule)."""
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Child:
    """One sitemap of an index: its address, and when it changed as written ('' where it does not say)."""

    address: str
    lastmod: str = ""

    @property
    def pair(self) -> Pair:
        """What is remembered once it was read as it is."""
        return pair_of(f"sitemap\n{self.address}", self.lastmod.encode("utf-8", "replace"))

    def no_news(self, now: datetime) -> Pair:
        """What is remembered if it holds no news; good for the week."""
        week = (now - datetime(1970, 1, 1, tzinfo=UTC)) // _WEEK
        return pair_of(f"sitemap\n{self.address}", f"no news {week}".encode())


def worth_a_look(children: Iterable[Child], is_news: Callable[[Pair], bool], now: datetime) -> list[Child]:
    """Those that may hold something new, the likeliest first. `is_news` tells whether a pair was never seen."""
    known: dict[str, Child] = {}
    for child in children:
        known.setdefault(child.address, child)
    fresh = [one for one in known.values() if _may_have_changed(one, is_news, now)]
    fresh.sort(key=lambda one: ("news" not in one.address.lower(), -_when(one, now).timestamp()))
    return fresh


def _may_have_changed(one: Child, is_news: Callable[[Pair], bool], now: datetime) -> bool:
    if not is_news(one.no_news(now)):
        return False
    if not one.lastmod:
        return True
    return is_news(one.pair) and now - _when(one, now) <= STALE


def _when(one: Child, now: datetime) -> datetime:
    """When it changed; now, if that cannot be read (W3C date and time: a day, or a moment with its zone)."""
    try:
        moment = datetime.fromisoformat(one.lastmod)
        # A day alone means any time in it.
        moment = moment.replace(tzinfo=UTC) + timedelta(days=1) if len(one.lastmod) <= 10 else moment
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(moment.astimezone(UTC), now)
    except (ValueError, OverflowError):
        return now


def either_end(children: Sequence[Child]) -> list[Child]:
    """The first and the last of very many: either end may be the new one."""
    if len(children) <= MAX_NAMED:
        return list(children)
    return [*children[: MAX_NAMED // 2], *children[-MAX_NAMED // 2 :]]
