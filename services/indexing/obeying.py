"""Orders to articles, carried out: one order of an article at a time, out of what the index holds.

The order of writes is that of versions: history first, what closes history before the live document, what opens it after. An
erasure then goes through all rows of the article's history and takes their text. After a crash anywhere in between the order
comes again, is known by its id in the live document, and what it left half done is done again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from services.indexing import chains, document, history, holding
from services.indexing.accounting import REDELIVERED, Round
from services.indexing.announce import Announcement
from services.indexing.orders import Obeyed, Ordered, obey
from services.indexing.plan import Plan
from services.indexing.portions import Portion
from services.indexing.versions import ERASED, Stored, Version
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, slice_name
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action, ArticleStore, Found
from shared.errors import Refused, Unavailable
from shared.events import Status, rfc3339

ROWS = 500
PART_BYTES = 8 * 2**20


class Obedience:
    """Carries out orders on the articles that this worker owns.

    Args:
        store: the index.
        since: first month with a slice of its own, `YYYY-MM`.
    """

    def __init__(self, store: ArticleStore, since: str) -> None:
        self._store = store
        self._since = since
        self._holding = holding.Holding(store)

    async def carry_out(self, order: Ordered, stored: Stored | None, done: Round) -> Stored | None:
        """Do what an order says; `done` hears what is to be announced, told or done again.

        Returns:
            What the index holds now; None if that is unchanged, or not known.

        Raises:
            Transient, Misconfigured: as the store says; the same order is to be handed over again.
        """
        slice_ = stored.slice if stored else slice_name(ARTICLES, order.at, self._since)
        try:
            obeyed = obey(stored, order, slice_, done.stamp)
        except Refused as refused:
            done.refuse(order, refused)
            return None
        found = await self._live(order.article_id, stored)
        if stored is not None and (found is None or found.version != stored.ext_version):
            done.redo_article(order.article_id)
            return None
        after = await self._write(order, stored, obeyed, found, done) if obeyed.after is not None else None
        if order.article_id in done.again:
            return None
        standing = after or stored
        if standing is not None and obeyed.outcome == REDELIVERED:
            # A release that was broken off before its history was opened: what it says is said again.
            await self._holding.apply([holding.Wanted.of(order.article_id, standing.standing, standing)])
        if standing is not None and standing.overlay is not None and standing.overlay.erased:
            await self._scrub(order.article_id)
        self._account(order, obeyed, standing, found, done)
        self._pass_on(order, stored, standing, found, done)
        return after

    def _pass_on(
        self, order: Ordered, before: Stored | None, standing: Stored | None, found: Found | None, done: Round
    ) -> None:
        """What an order means for the other articles of the chain."""
        if standing is not None:
            source = found.source if found else {}
            done.result.forwards += chains.of_order(order, before, standing, source, done.stamp)

    async def _live(self, article_id: str, stored: Stored | None) -> Found | None:
        if stored is None:
            return None
        place = (stored.slice, article_id)
        return (await self._store.fetch([place])).get(place)

    async def _write(
        self, order: Ordered, stored: Stored | None, obeyed: Obeyed, found: Found | None, done: Round
    ) -> Stored | None:
        after = obeyed.after
        if after is None:
            return None
        plan = Plan(order.article_id, stored, after)
        if obeyed.replaces and found is not None:
            past = document.scrubbed(found.source) if after.ext_version == ERASED else found.source
            await self._put(
                history.of_live(
                    found.index,
                    past,
                    live_until=done.stamp,
                    superseded_by=after.ext_version,
                    standing=holding.during(plan),
                )
            )
        await self._holding.apply(holding.closing([plan]))
        source = None if found is None else found.source
        made = document.ordered(source, after, order.article_id, order.reason)
        if not await self._put(Action(after.slice, order.article_id, after.ext_version, made)):
            done.redo_article(order.article_id)
            return None
        await self._holding.apply(holding.opening([plan]))
        return after

    async def _put(self, action: Action) -> bool:
        await self._store.ensure_slice(action.index)
        (outcome,) = await self._store.write([action], refresh=True)
        if outcome.outcome is Outcome.POISON:
            # Our own document, out of one that was taken: a mapping that was changed by hand, and no order's fault.
            raise Unavailable(f"what an order makes of an article is refused: {outcome.reason}")
        return outcome.outcome is Outcome.OK

    async def _scrub(self, article_id: str) -> None:
        """Take the text out of every row of history; what was written before is looked at."""
        await self._store.refresh([ARTICLE_VERSIONS])
        while rows := await self._store.rows(ARTICLE_VERSIONS, [article_id], {"erased": True}, ROWS):
            portion, left = Portion(PART_BYTES), list(rows)
            while left:
                some, left = left[: portion.count], left[portion.count :]
                whole = await self._store.fetch([(row.index, row.id) for row in some])
                actions = [
                    Action(index, id_, ERASED, orjson.dumps(document.scrubbed(row.source) | {"held": True}))
                    for (index, id_), row in whole.items()
                ]
                if any(outcome.outcome is not Outcome.OK for outcome in await self._store.write(actions)):
                    raise Unavailable("a row of an erased article's history could not be written")
                portion.came(len(some), sum(len(action.source) for action in actions))
            await self._store.refresh([ARTICLE_VERSIONS])

    def _account(
        self, order: Ordered, obeyed: Obeyed, standing: Stored | None, found: Found | None, done: Round
    ) -> None:
        done.result.orders.append((order, obeyed.outcome))
        if obeyed.told is None or standing is None:
            return
        told = obeyed.told
        done.result.announcements.append(
            Announcement(
                who(order, found.source if found else {}),
                told.change,
                told.ext_version,
                told.revision,
                told.searchable,
                told.status,
                standing.overlay,
                chained=standing,
                story=standing.story_id,
            )
        )


def who(order: Ordered, source: Mapping[str, Any]) -> Version:
    """The article of an order as an announcement speaks of it."""
    received = source.get("received") or rfc3339(order.at)
    names = ("version", "published", "kind", "replaced_by")
    data = {name: source[name] for name in names if source.get(name) is not None}
    data["story_id"] = source.get("story_id") or order.article_id
    return Version(
        order.article_id,
        0,
        "",
        Status.WITHHELD.value,
        False,
        "received",
        source.get("feed") or "",
        source.get("receipt") or "",
        source.get("item") or "",
        received,
        datetime.fromisoformat(received),
        data,
        order.position,
        order.traceparent,
    )
