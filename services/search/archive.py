"""The use cases of the past, free of HTTP: an article's versions and their differences, an article as it was, kills."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from services.search import article as articles
from services.search import kills, versions
from services.search.as_of import read_moment
from services.search.dates import DateError, rfc3339_ms
from services.search.finder import Clock
from services.search.history_repository import HistoryRepository
from services.search.readable import readable
from services.search.request import refuse, unknown_parameter
from services.search.versions import Past
from shared.problems import problem

Document = versions.Document

_REVISION: Final = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_THREAD_FROM: Final = 20_000
"""Characters of text from which a difference is worked out beside the event loop."""


class Archive:
    """Answers as plain documents, ready to be written as JSON.

    Every method raises `Problem` (404: there is no such article, or none that may be shown; 410: killed, with the notice)
    and `Transient` (Elasticsearch is away).
    """

    def __init__(self, repository: HistoryRepository, *, key: bytes, clock: Clock) -> None:
        self._repository = repository
        self._key = key
        self._clock = clock

    async def versions(self, article_id: str) -> dict[str, Any]:
        """All versions of an article, oldest first."""
        live = await self._live(article_id)
        total, rows = await self._repository.rows(str(live["id"]), versions.LISTED)
        past = Past(live, rows)
        return versions.listed(past, self._clock(), total=total + 1 - _crash_rows(past))

    async def version(self, article_id: str, which: str) -> dict[str, Any]:
        """One revision in full (`3`), or the difference of two (`2..3`)."""
        first, dots, second = which.partition("..")
        numbers = [_revision(text) for text in ([first, second] if dots else [first])]
        live = await self._live(article_id)
        past = Past(live, await self._repository.revisions(str(live["id"]), numbers))
        found = [self._readable(past, number) for number in numbers]
        if not dots:
            told = versions.whole(found[0], live, self._clock())
            return told if told is not None else _no_revision(numbers[0])
        return await self._difference(past, found[0], found[1])

    async def _difference(self, past: Past, before: Document, after: Document) -> dict[str, Any]:
        now = self._clock()
        if sum(versions.text_length(one) for one in (before, after)) < _THREAD_FROM:
            found = versions.difference(before, after)
        else:
            found = await asyncio.to_thread(versions.difference, before, after)
        lines = {
            "from": versions.entry(before, past.live, now),
            "to": versions.entry(after, past.live, now),
        }
        return {"id": past.live.get("id"), **lines, **found}

    async def article(self, article_id: str, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """The article as readers got it at the moment `as_of`."""
        now = self._clock()
        moment = _as_of(pairs, now)
        live = await self._live(article_id)
        rows = await self._repository.live_at(str(live["id"]), rfc3339_ms(moment))
        told = versions.at(Past(live, rows), moment, now)
        if told is None:
            raise problem("not-found", "this article could not be read at that moment")
        return told

    async def kills(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """A page of the notices of kills, in an order that misses none."""
        asked = kills.read(pairs, self._clock())
        reached = kills.resume(asked, self._key)
        # The marks first: what they cover can be found by any search that begins after they were read.
        marks = await self._repository.kill_marks()
        body = kills.body(asked, reached, marks)
        tombstones = await self._repository.kills(body) if body else []
        ids = [str(tombstone["id"]) for tombstone in tombstones]
        pasts = await self._repository.pasts(ids, self._clock()) if ids else {}
        return kills.page(asked, reached, marks, tombstones, self._key, pasts=pasts)

    async def _live(self, article_id: str) -> Document:
        live, _ = await readable(self._repository, article_id, self._clock())
        return live

    def _readable(self, past: Past, number: int) -> Document:
        version = past.revision(number)
        if version is None or articles.article(version, self._clock()) is None:
            _no_revision(number)
        return version


def _crash_rows(past: Past) -> int:
    return sum(row.get("revision") == past.live.get("revision") for row in past.rows)


def _revision(text: str) -> int:
    if not _REVISION.fullmatch(text):
        raise refuse("revision", "write a revision, as 3, or two of them, as 2..3")
    return int(text)


def _no_revision(number: int) -> NoReturn:
    raise problem("not-found", f"this article has no revision {number}, or none that may be shown")


def _as_of(pairs: Iterable[tuple[str, str]], now: datetime) -> datetime:
    given: dict[str, str] = {}
    for name, value in pairs:
        if name != "as_of":
            raise unknown_parameter(name, ("as_of",))
        if name in given:
            raise refuse(name, f"{name} may be given once")
        given[name] = value.strip()
    try:
        return read_moment(given.get("as_of", ""), UTC, now)
    except DateError as error:
        raise refuse("as_of", str(error)) from None
