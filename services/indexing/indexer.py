"""Versions of articles into the index: look up, decide, write history, write live, until all are done.

One coroutine works at a time (the runtime hands over one batch after another). What is in doubt after a failure is
forgotten and looked up again after a refresh, so a batch can be handed over as often as it takes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.indexing import document, holding, marks, spans
from services.indexing.accounting import Indexed, Round
from services.indexing.clustering import Clustering
from services.indexing.clusters import Finding
from services.indexing.keeping import HistoryWriter
from services.indexing.obeying import Obedience
from services.indexing.orders import Ordered
from services.indexing.placement import Memory, place
from services.indexing.plan import Plan, fold
from services.indexing.spans import spans_of
from services.indexing.stored import FIELDS, as_stored
from services.indexing.threads import Threads
from services.indexing.versions import Stored, Verdict, Version
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, KINDS, slice_name
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action, ArticleStore, Found, ItemOutcome
from shared.errors import Unavailable
from shared.events import rfc3339
from shared.failpoints import failpoint
from shared.log import get_logger
from shared.settings import IndexingSettings

SMALL = 50
"""Live writes below which a batch is refreshed by its own bulk request: latency counts. Above it, once at the end."""

_ROUNDS = 10
"""Times a batch is planned again in vain, because another worker writes the same articles, before it is given back."""

log = get_logger()


class Indexer:
    """The one writer of the articles whose partitions this worker owns.

    Args:
        store: the index.
        memory: what is known of articles seen lately.
        since: first month with a slice of its own, `YYYY-MM`.
        clock: the present moment, aware.
        settings: how near copies are looked for.
    """

    def __init__(
        self,
        store: ArticleStore,
        memory: Memory,
        *,
        since: str,
        clock: Callable[[], datetime],
        settings: IndexingSettings | None = None,
    ) -> None:
        self._store = store
        self._memory = memory
        self._since = since
        self._clock = clock
        self._keeping = HistoryWriter(store, self._write)
        self._holding = holding.Holding(store)
        self._clustering = Clustering(store, self._write, self._refresh, settings or IndexingSettings())
        self._obedience = Obedience(store, since)
        self._threads = Threads(store)
        self._unrefreshed: set[str] = set()
        self._view_is_old = True

    async def prepare(self) -> None:
        """Wait for the index, and make this month's slices, so that every alias is there and search can answer.

        Raises:
            Transient, Misconfigured: as the store says; call again.
        """
        await self._store.start()
        for kind in KINDS:
            await self._store.ensure_slice(slice_name(kind, self._clock(), self._since))

    def forget_all(self) -> None:
        """The partitions are another worker's, or have just become ours: what others wrote must be seen first."""
        self._memory.clear()
        self._clustering.forget()
        self._view_is_old = True

    def doubt(self, article_ids: Iterable[str]) -> None:
        """A batch failed on the way: what stands of these articles is not known."""
        self._memory.forget(article_ids)
        self._clustering.forget()
        self._view_is_old = True

    async def index(self, came: Sequence[Version | Ordered], records: Sequence[Action] = ()) -> Indexed:
        """Bring the index up to these versions and orders, in the order given per article, and store `records` beside them.

        When this returns, everything is acknowledged and searchable.

        Args:
            came: any articles, any number of versions and orders each.
            records: further documents without versions (dead letters); one that is refused is logged and left out.

        Raises:
            Transient, Misconfigured: as the store says; call `doubt`, and hand the same batch over again.
        """
        result = Indexed(told=list(records))
        pending: dict[str, list[Version | Ordered]] = {}
        for one in came:
            pending.setdefault(one.article_id, []).append(one)
        self._clustering.begin()
        self._threads.begin()
        self._clustering.forget(one.article_id for one in came if isinstance(one, Ordered))
        fruitless = 0
        while pending:
            left = await self._turn(pending, result)
            # A round that finds poison has made progress, however many follow; one that was only overtaken has not.
            fruitless += left == pending
            if fruitless == _ROUNDS:
                raise Unavailable("articles were written by another worker again and again")
            pending = left
        await self._tell(result.told)
        await self._refresh()
        await self._tell_of_earlier(result)
        await self._mark(marks.of_kills(came))
        result.forwards += await self._threads.settle()
        result.findings += await self._clustering.settle()
        return result

    async def adopt(self, findings: Sequence[Finding]) -> list[Finding]:
        """Bring articles into the clusters that were found for them; searchable when this returns.

        Returns:
            What the owners of other articles are to be told.

        Raises:
            Transient, Misconfigured: as the store says; call `doubt`, and hand the same batch over again.
        """
        if not findings:
            return []
        stored = await self._stored({finding.article_id: None for finding in findings})
        following = await self._clustering.adopt(findings, stored)
        following += await self._clustering.settle()
        await self._refresh()
        return following

    async def _mark(self, reached: Sequence[Action]) -> None:
        if reached:
            await self._store.ensure_slice(marks.SLICE)
            await self._store.write(reached, refresh=True)

    async def _turn(
        self, pending: dict[str, list[Version | Ordered]], result: Indexed
    ) -> dict[str, list[Version | Ordered]]:
        """Do of each article its first versions, or its first order; returns what is left to be done."""
        versions: dict[str, list[Version]] = {}
        ordered: list[Ordered] = []
        left: dict[str, list[Version | Ordered]] = {}
        for article, came in pending.items():
            first = came[0]
            if isinstance(first, Ordered):
                ordered.append(first)
                left[article] = came[1:]
            else:
                versions[article] = [one for one in itertools.takewhile(_is_version, came) if isinstance(one, Version)]
                left[article] = came[len(versions[article]) :]
        again: Mapping[str, Sequence[Version | Ordered]] = await self._round(versions, result) if versions else {}
        if ordered:
            again = {**again, **await self._obey(ordered, result)}
        return {article: [*again.get(article, ()), *rest] for article, rest in left.items() if article in again or rest}

    async def _obey(self, ordered: Sequence[Ordered], result: Indexed) -> dict[str, list[Ordered]]:
        """Carry out these orders, one of an article; returns what has to be done again."""
        stored = await self._stored({order.article_id: None for order in ordered})
        done = Round(result, rfc3339(self._clock()), self._since)
        for order in ordered:
            now = await self._obedience.carry_out(order, stored.get(order.article_id), done)
            if now is not None:
                self._memory.put(order.article_id, now)
        if done.doubted:
            self.doubt(done.doubted)
        return {order.article_id: [order] for order in ordered if order.article_id in done.again}

    async def _tell_of_earlier(self, result: Indexed) -> None:
        """Put the spans of earlier versions into the announcements that take a story back."""
        asked = {one.version.article_id for one in result.announcements if one.moves_readers and one.revision > 1}
        if not asked:
            return
        await self._store.refresh([ARTICLE_VERSIONS])
        rows: dict[str, list[Mapping[str, Any]]] = {}
        for found in (await self._rows_of(asked)).values():
            rows.setdefault(found.source["article_id"], []).append(found.source)
        result.announcements = [
            one._replace(earlier=tuple(spans_of(rows.get(one.version.article_id, ()), before=one.revision)))
            if one.moves_readers
            else one
            for one in result.announcements
        ]

    async def _rows_of(self, articles: Iterable[str]) -> dict[tuple[str, str], Found]:
        """Rows of history with a span, of each article by itself: some have many."""
        found: dict[tuple[str, str], Found] = {}
        for article in articles:
            rows = await self._store.rows(ARTICLE_VERSIONS, [article], {"live_until": None}, spans.MOST)
            found |= await self._store.fetch([(row.index, row.id) for row in rows], spans.FIELDS)
        return found

    async def _round(self, pending: dict[str, list[Version]], result: Indexed) -> dict[str, list[Version]]:
        """Plan and write these articles once; returns what has to be planned again."""
        stamp = rfc3339(self._clock())
        stored = await self._stored(pending)
        plans = [fold(stored.get(article), versions, self._place, stamp) for article, versions in pending.items()]
        done = Round(result, stamp, self._since)
        late = await self._keeping.judged(plans)
        await self._keeping.write(plans, late, done)
        failpoint("indexing.after-history")
        standing = [plan for plan in plans if plan.article_id not in done.again]
        await self._holding.apply(holding.closing(standing))
        await self._write_live(standing, done)
        await self._holding.apply(holding.opening(plan for plan in standing if plan.article_id not in done.again))
        for plan in plans:
            if plan.article_id not in done.again:
                done.account(plan, late.get(plan.article_id, ()))
        if done.doubted:
            self.doubt(done.doubted)
        return {
            article: left
            for article in done.again
            if (left := [version for version in pending[article] if version.position not in done.poisoned])
        }

    def _place(self, version: Version) -> str:
        return place(version, self._since)

    async def _stored(self, pending: Mapping[str, Any]) -> dict[str, Stored]:
        stored: dict[str, Stored] = {}
        unknown: list[str] = []
        for article in pending:
            remembered = self._memory.get(article)
            if remembered is None:
                unknown.append(article)
            else:
                stored[article] = remembered
        if unknown:
            if self._view_is_old:
                self._unrefreshed.add(ARTICLES)
                await self._refresh()
                self._view_is_old = False
            for article, found in (await self._store.lookup(ARTICLES, unknown, FIELDS)).items():
                stored[article] = as_stored(found)
                self._memory.learn(article, stored[article])
        return stored

    async def _write_live(self, plans: Sequence[Plan], done: Round) -> None:
        writing = [(plan, plan.live, plan.after) for plan in plans if plan.live is not None and plan.after is not None]
        known = [self._clustering.known(step.version, later=plan.before is not None) for plan, step, _ in writing]
        actions = [
            Action(
                after.slice,
                plan.article_id,
                after.ext_version,
                document.live(
                    step.version,
                    ext_version=after.ext_version,
                    revision=after.revision,
                    change=after.change,
                    indexed=after.indexed,
                    origin=_origin(after) if step.decision.verdict is Verdict.RAISE else None,
                    killed_at=after.killed_at,
                    cluster=cluster,
                    overlay=after.overlay,
                    chained=after,
                    first_published=after.first_published,
                ),
            )
            for (plan, step, after), cluster in zip(writing, known, strict=True)
        ]
        outcomes = await self._write(actions)
        for (plan, step, after), cluster, outcome in zip(writing, known, outcomes, strict=True):
            if outcome.outcome is Outcome.OK:
                self._memory.put(plan.article_id, after)
                if (thread := step.version.data.get("thread")) is not None and not after.killed:
                    self._threads.wrote(step.version, thread)
                self._clustering.wrote(after.slice, step.version, later=plan.before is not None, cluster=cluster)
            elif outcome.outcome is Outcome.STALE:
                done.redo(plan)
            else:
                done.poison(plan, step.version, outcome)

    async def _write(self, actions: Sequence[Action], *, more: bool = False) -> list[ItemOutcome]:
        """Write to slices that are there; a small batch is searchable when this returns, unless there is `more` of it."""
        if not actions:
            return []
        indices = {action.index for action in actions}
        for name in sorted(indices):
            await self._store.ensure_slice(name)
        small = len(actions) < SMALL and not more and not self._unrefreshed
        if not small:
            self._unrefreshed |= indices
        return await self._store.write(actions, refresh=small)

    async def _tell(self, records: Sequence[Action]) -> None:
        for record, outcome in zip(records, await self._write(records), strict=True):
            if outcome.outcome is Outcome.POISON:
                # It must not become a dead letter of its own: the whole of it stands on the topic already.
                log.error("the record of a dead letter cannot be stored", id=record.id, why=outcome.reason)

    async def _refresh(self) -> None:
        self._memory.begin_refresh()
        if self._unrefreshed:
            await self._store.refresh(self._unrefreshed)
            self._unrefreshed.clear()
        self._memory.end_refresh()


def _origin(stored: Stored) -> dict[str, str]:
    return {
        "receipt": stored.receipt,
        "item": stored.item,
        "received": stored.received,
        "normalized": stored.normalized,
    }


def _is_version(one: Version | Ordered) -> bool:
    return isinstance(one, Version)
