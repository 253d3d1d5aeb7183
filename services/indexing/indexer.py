"""Versions of articles into the index: look up, decide, write history, write live, until all are done.

One coroutine works at a time (the runtime hands over one batch after another). What is in doubt after a failure is
forgotten and looked up again after a refresh, so a batch can be handed over as often as it takes.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.indexing import document, history, holding, marks, overlay, spans
from services.indexing.accounting import Indexed, Round
from services.indexing.clustering import Clustering
from services.indexing.clusters import Finding
from services.indexing.history import Judged, Late
from services.indexing.obeying import Obedience
from services.indexing.orders import Ordered
from services.indexing.placement import Memory, history_slice, place
from services.indexing.plan import Plan, Step, fold
from services.indexing.portions import Portion
from services.indexing.spans import spans_of
from services.indexing.standing import standing_of
from services.indexing.threads import Threads
from services.indexing.versions import Embargo, Stored, Verdict, Version, given_of
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, KINDS, slice_name
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action, ArticleStore, Found, ItemOutcome
from shared.errors import Unavailable
from shared.events import rfc3339
from shared.failpoints import failpoint
from shared.log import get_logger
from shared.settings import MIB, IndexingSettings

SMALL = 50
"""Live writes below which a batch is refreshed by its own bulk request: latency counts. Above it, once at the end."""

PART_RECORDS = 500
PART_BYTES = 8 * MIB
"""History is fetched and written in parts of about so much, and so never stands in memory whole."""

_ROUNDS = 10
"""Times a batch is planned again in vain, because another worker writes the same articles, before it is given back."""

_FIELDS = (
    "article_id",
    "ext_version",
    "source_hash",
    "status",
    "revision",
    "change",
    "receipt",
    "item",
    "received",
    "indexed",
    "versioned_by",
    "version",
    "version_time",
    "normalized",
    "embargo_open",
    "embargoed_until",
    "kill_partition",
    "kill_offset",
    "text_hash",
    "story_id",
    "evolved_from",
    "braked",
    "replaced_by",
    "first_published",
    *overlay.FIELDS,
)
_LATE_FIELDS = ("item", "change", "ext_version", "revision", "indexed")
"""What of a history document says what a late version is (see `history.judge`)."""
_LONG_AGO = "1970-01-01T00:00:00Z"

log = get_logger()


class _Owned(NamedTuple):
    """A history document, its plan, and the step that it is of; none for what was live."""

    action: Action
    plan: Plan
    step: Step | None


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
        late = await self._judged(plans)
        await self._write_history(plans, late, done)
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
            for article, found in (await self._store.lookup(ARTICLES, unknown, _FIELDS)).items():
                stored[article] = _as_stored(found)
                self._memory.learn(article, stored[article])
        return stored

    async def _judged(self, plans: Sequence[Plan]) -> dict[str, list[Judged]]:
        """What the late versions turn out to be, by article."""
        asking = [(plan, plan.after) for plan in plans if plan.late and plan.after is not None]
        places = [(history_slice(after.slice), history.late_id(step)) for plan, after in asking for step in plan.late]
        if not places:
            return {}
        known = {place_[1]: found.source for place_, found in (await self._store.fetch(places, _LATE_FIELDS)).items()}
        return {plan.article_id: history.judge(plan, known) for plan, _ in asking}

    async def _write_history(self, plans: Sequence[Plan], late: Mapping[str, list[Judged]], done: Round) -> None:
        """What is superseded, overtaken or late, before anything is written live: so no version is ever lost.

        Fetched and written by and by, for a batch of tiny kills may supersede stories of many megabytes.
        """
        part: list[_Owned] = []
        size, whole = 0, True
        async for owned in self._history(plans, late, done):
            part.append(owned)
            size += len(owned.action.source)
            if len(part) >= PART_RECORDS or size >= PART_BYTES:
                await self._write_part(part, done, last=False)
                part, size, whole = [], 0, False
        await self._write_part(part, done, last=whole)

    async def _write_part(self, part: Sequence[_Owned], done: Round, *, last: bool) -> None:
        outcomes = await self._write([owned.action for owned in part], more=not last)
        for owned, outcome in zip(part, outcomes, strict=True):
            if outcome.outcome is Outcome.POISON and owned.step is not None:
                done.poison(owned.plan, owned.step.version, outcome)
            elif outcome.outcome is Outcome.STALE and owned.step is not None:
                owned.plan.leftover = True
            elif outcome.outcome is Outcome.POISON:
                # It was stored under the same mapping; if that has changed, the new version counts for more.
                log.error(
                    "a superseded version is lost to history", article_id=owned.plan.article_id, why=outcome.reason
                )

    async def _history(
        self, plans: Sequence[Plan], late: Mapping[str, list[Judged]], done: Round
    ) -> AsyncIterator[_Owned]:
        async for superseded in self._superseded([plan for plan in plans if plan.replaces], done):
            yield superseded
        for plan in plans:
            if plan.after is None or plan.article_id in done.again:
                continue
            new = [judged.step for judged in late.get(plan.article_id, ()) if judged.late is Late.NEW]
            for step in (*plan.overtaken, *new):
                yield _Owned(history.of_step(plan.after, step, holding.during(plan)), plan, step)

    async def _superseded(self, plans: Sequence[Plan], done: Round) -> AsyncIterator[_Owned]:
        """The history of the live documents that are about to be replaced; fetched only for these, some at a time."""
        portion = Portion(PART_BYTES)
        left = list(plans)
        while left:
            some, left = left[: portion.count], left[portion.count :]
            sources = await self._sources(some)
            weight = 0
            for plan in some:
                owned = _superseding(plan, sources.pop(plan.article_id, None), done)
                if owned is not None:
                    weight += len(owned.action.source)
                    yield owned
            portion.came(len(some), weight)

    async def _sources(self, plans: Sequence[Plan]) -> dict[str, Found]:
        places = [(plan.before.slice, plan.article_id) for plan in plans if plan.before is not None]
        return {key[1]: found for key, found in (await self._store.fetch(places)).items()}

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


def _superseding(plan: Plan, found: Found | None, done: Round) -> _Owned | None:
    """The history of what a plan replaces; None if the index holds something else than this worker believed."""
    if plan.before is None or plan.after is None:
        return None
    if found is None or found.version != plan.before.ext_version:
        # A previous owner was still writing. Look again.
        done.redo(plan)
        return None
    action = history.of_live(
        found.index,
        found.source,
        live_until=done.stamp,
        superseded_by=plan.after.ext_version,
        standing=holding.during(plan),
    )
    return _Owned(action, plan, None)


def _origin(stored: Stored) -> dict[str, str]:
    return {
        "receipt": stored.receipt,
        "item": stored.item,
        "received": stored.received,
        "normalized": stored.normalized,
    }


def _as_stored(found: Found) -> Stored:
    """What a look-up says; a field that an older release did not store counts as 'nothing known'."""
    source = found.source
    laid = overlay.overlay_of(source)
    return Stored(
        slice=found.index,
        ext_version=found.version,
        source_hash=source.get("source_hash", ""),
        status=source.get("status", ""),
        revision=source.get("revision", 1),
        change=source.get("change", ""),
        receipt=source.get("receipt", ""),
        item=source.get("item", ""),
        received=source.get("received", _LONG_AGO),
        indexed=source.get("indexed", _LONG_AGO),
        versioned_by=source.get("versioned_by", "received"),
        given=given_of({"received": _LONG_AGO, **source, "ext_version": found.version}),
        normalized=source.get("normalized", _LONG_AGO),
        standing=standing_of(source.get("status", ""), source),
        killed_at=(source["kill_partition"], source["kill_offset"]) if "kill_offset" in source else None,
        text_hash=source.get("text_hash"),
        story_id=source.get("story_id", ""),
        parent=_parent(source),
        own_status=source.get("own_status", "") or (source.get("status", "") if laid else ""),
        overlay=laid,
        embargo=Embargo(bool(source.get("embargo_open")), source.get("embargoed_until")),
        braked=source.get("braked") is True,
        replaced=source.get("replaced_by") is not None and not source.get("replaced_told"),
        first_published=source.get("first_published"),
    )


def _parent(source: Mapping[str, Any]) -> str:
    """What a stored article goes on from; an older release stored that as its story."""
    found = source.get("evolved_from") or source.get("story_id") or ""
    return "" if found == source.get("article_id") else str(found)


def _is_version(one: Version | Ordered) -> bool:
    return isinstance(one, Version)
