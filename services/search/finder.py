"""The use cases of the service, free of HTTP: search, article, trace. The API and the page both stand on this."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from services.search import as_of, collapse, copies, results, trace
from services.search import cursor as cursors
from services.search.body import Languages, asked_languages, search_body
from services.search.dates import rfc3339_ms
from services.search.history_repository import HistoryRepository
from services.search.query.tree import searches_text
from services.search.readable import readable
from services.search.request import Search, read_search, refuse, spelled_span
from shared.elastic.languages import text_field
from shared.errors import NewswireError, Refused, Transient
from shared.health import Health
from shared.log import get_logger
from shared.metrics import SEARCHES
from shared.problems import Problem

LOOK_AGAIN_S: Final = 5.0
"""How often the languages of the index are looked at; searches are exact in between (see `body.py`)."""
STARTING_S: Final = 0.5

Clock = Callable[[], datetime]


class Finder:
    """Answers as plain documents, ready to be written as JSON."""

    def __init__(self, repository: HistoryRepository, *, key: bytes, timeout_ms: int, clock: Clock) -> None:
        self._repository = repository
        self._key = key
        self._timeout_ms = timeout_ms
        self._clock = clock
        self._languages = Languages()

    async def search(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """The answer to the parameters of a search.

        Raises:
            Problem: 400, 410 (cursor), with the parameter.
            Transient: Elasticsearch is away.
        """
        outcome = "error"
        try:
            found = await self._search(pairs)
            outcome = "partial" if "partial" in found else "ok"
        except (Problem, Refused):
            outcome = "refused"
            raise
        except Transient:
            outcome = "unavailable"
            raise
        finally:
            SEARCHES.labels(outcome).inc()
        return found

    async def _search(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        now = self._clock()
        asked = read_search(pairs, now)
        after = self._position(asked, now) if asked.cursor else None
        if after:
            asked = asked.within(_moment(after.start), _moment(after.end), _moment(after.as_of))
        # A first page knows from the total whether more follows; a later one, and a folded one, fetches a row more.
        size = asked.size + 1 if after or asked.collapse else asked.size
        body = search_body(
            asked, now, size=size, languages=self._known(asked), timeout_ms=self._timeout_ms, after=after
        )
        if asked.as_of:
            return await self._as_of(asked, body, now, after)
        answer = await self._repository.search(body)
        if self._new_languages(asked, answer):
            # Its first stories in a language since we last looked: found all the same, but not yet highlighted.
            await self.look_at_languages()
            body = search_body(
                asked, now, size=size, languages=self._languages, timeout_ms=self._timeout_ms, after=after
            )
            answer = await self._repository.search(body)
        if asked.collapse and after:
            answer = await self._not_shown_yet(asked, body, answer, after)
        return results.results(answer, asked, next_cursor=self._next(asked, answer, now, after))

    async def _not_shown_yet(
        self, asked: Search, body: dict[str, Any], answer: results.Document, after: cursors.Position
    ) -> results.Document:
        """A later page of folded rows: without what earlier ones have shown, and as long as it was asked for."""
        kept = collapse.after_last(answer, after, asked.sort)
        following = collapse.deeper(body, answer)
        while len(kept["hits"]["hits"]) <= asked.size and following is not None:
            answer = await self._repository.search(following)
            more = collapse.after_last(answer, after, asked.sort)["hits"]["hits"]
            kept = {**kept, "hits": {**kept["hits"], "hits": [*kept["hits"]["hits"], *more]}}
            following = collapse.deeper(following, answer)
        return kept

    async def _as_of(
        self, asked: Search, body: results.Document, now: datetime, after: cursors.Position | None
    ) -> dict[str, Any]:
        """The answer for an earlier moment: what history finds, held once more against how its articles stand now."""
        answer = await self._repository.past(body)
        next_cursor = self._next(asked, answer, now, after)
        shown = answer["hits"]["hits"][: asked.size]
        superseded = as_of.superseded_ids(shown)
        live = await self._repository.standings(superseded) if superseded else []
        hits = as_of.may_be_shown(shown, live, now)
        total = answer["hits"].get("total")
        if total:
            total = {**total, "value": total["value"] - len(shown) + len(hits)}
        answer = {**answer, "hits": {**answer["hits"], "hits": hits, "total": total}}
        return results.results(answer, asked, next_cursor=next_cursor)

    def _known(self, asked: Search) -> Languages:
        """The languages of the index; of its past nothing is known, so all are asked for."""
        return Languages() if asked.as_of else self._languages

    def _new_languages(self, asked: Search, answer: results.Document) -> bool:
        """Whether highlights are wanted and a hit is in a language that was not known of when they were asked for."""
        if not (asked.highlight and searches_text(asked.tree)) or asked_languages(asked) or not self._languages.at:
            return False
        found = {text_field(hit["_source"].get("language")) for hit in answer["hits"]["hits"]}
        return not found <= set(self._languages.present)

    async def article(self, article_id: str) -> dict[str, Any]:
        """The article of an id.

        Raises:
            Problem: 404 (none, withheld, under embargo; an id that is no id is just not there), 410 with the notice.
            Transient: Elasticsearch is away.
        """
        now = self._clock()
        document, told = await readable(self._repository, article_id, now)
        return told | await self._told_of(document, now)

    async def similar(self, article_id: str) -> dict[str, Any]:
        """The other articles that say the same as one, and what they changed.

        Raises:
            Problem: as `article`.
            Transient: Elasticsearch is away.
        """
        now = self._clock()
        document, _ = await readable(self._repository, article_id, now)
        told = await self._told_of(document, now)
        members = await self._repository.whole(copies.members_body(copies.cluster_of(document), now))
        ids = [hit["_id"] for hit in members["hits"]["hits"] if hit["_id"] != document["id"]]
        texts = await self._repository.whole(copies.texts_body(ids, now)) if ids else {"hits": {"hits": []}}
        return copies.similar(document, told, members, texts)

    async def _told_of(self, document: results.Document, now: datetime) -> dict[str, Any]:
        return copies.told_of(document, await self._repository.whole(copies.standing_body(document, now)))

    async def trace(self, text: str) -> dict[str, Any]:
        """The way of a story by receipt, item id or article id; a well-formed unknown one is `known: false`.

        Raises:
            Problem: 400, the text is none of the three.
            Transient: Elasticsearch is away.
        """
        key = trace.parse_key(text)
        if key is None:
            raise refuse("key", "this is no receipt, item id or article id; write the UUID, or UUID.n for an item")
        live, past, dead = await self._repository.trace(key)
        return trace.trace(key, live, past, dead, self._clock())

    async def watch_languages(self, health: Health) -> None:
        """Look again and again at which languages occur, until cancelled; the first answer makes the service ready."""
        while True:
            try:
                await self.look_at_languages()
            except NewswireError as error:
                get_logger().info("elasticsearch does not answer", error=str(error))
            else:
                health.ready()
            health.beat()
            await asyncio.sleep(LOOK_AGAIN_S if health.ready_once else STARTING_S)

    async def look_at_languages(self) -> None:
        """See which languages occur; what is indexed from the moment of asking on may be in others.

        Raises:
            NewswireError: no whole answer; what was known before stays good.
        """
        at = self._clock()
        self._languages = Languages(await self._repository.languages(), at)

    def _position(self, asked: Search, now: datetime) -> cursors.Position:
        try:
            return cursors.resume(asked.cursor or "", asked.fingerprint, self._key, now.timestamp())
        except cursors.BadCursor as error:
            code = "cursor-expired" if error.expired else "bad-cursor"
            raise refuse("cursor", str(error), code=code) from None

    def _next(
        self, asked: Search, answer: results.Document, now: datetime, after: cursors.Position | None
    ) -> str | None:
        hits = answer["hits"]["hits"]
        shown = hits[: asked.size]
        total = answer["hits"].get("total") or {"value": 0, "relation": "eq"}
        if after or asked.collapse:
            more = len(hits) > asked.size
        else:
            more = len(shown) == asked.size and (total["value"] > len(shown) or total["relation"] != "eq")
        if not more:
            return None
        seen = (after.seen if after else 0) + len(shown)
        if asked.collapse and collapse.ends(seen):
            return None
        moment = rfc3339_ms(asked.as_of) if asked.as_of else None
        position = cursors.Position(shown[-1]["sort"], *spelled_span(asked), seen, moment)
        return cursors.issue(position, asked.fingerprint, self._key, now.timestamp())


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
