"""The history of a batch: what is superseded, overtaken or late, written before anything is written live."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from services.indexing import history, holding
from services.indexing.accounting import Round
from services.indexing.history import Judged, Late
from services.indexing.placement import history_slice
from services.indexing.plan import Plan, Step
from services.indexing.portions import Portion
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action, ArticleStore, Found, ItemOutcome
from shared.log import get_logger
from shared.settings import MIB

PART_RECORDS = 500
PART_BYTES = 8 * MIB
"""History is fetched and written in parts of about so much, and so never stands in memory whole."""

_LATE_FIELDS = ("item", "change", "ext_version", "revision", "indexed")
"""What of a history document says what a late version is (see `history.judge`)."""

log = get_logger()


class Write(Protocol):
    """Writes documents to slices that are there; `more` says that this is not all of the batch."""

    async def __call__(self, actions: Sequence[Action], *, more: bool = False) -> list[ItemOutcome]:
        """One outcome an action, in order."""


class _Owned(NamedTuple):
    """A history document, its plan, and the step that it is of; none for what was live."""

    action: Action
    plan: Plan
    step: Step | None


class HistoryWriter:
    """Writes the history of one worker's articles.

    Args:
        store: the index.
        send: writes documents.
    """

    def __init__(self, store: ArticleStore, send: Write) -> None:
        self._store = store
        self._send = send

    async def judged(self, plans: Sequence[Plan]) -> dict[str, list[Judged]]:
        """What the late versions turn out to be, by article."""
        asking = [(plan, plan.after) for plan in plans if plan.late and plan.after is not None]
        places = [(history_slice(after.slice), history.late_id(step)) for plan, after in asking for step in plan.late]
        if not places:
            return {}
        known = {place_[1]: found.source for place_, found in (await self._store.fetch(places, _LATE_FIELDS)).items()}
        return {plan.article_id: history.judge(plan, known) for plan, _ in asking}

    async def write(self, plans: Sequence[Plan], late: Mapping[str, list[Judged]], done: Round) -> None:
        """What is superseded, overtaken or late, before anything is written live: so no version is ever lost.

        Fetched and written by and by, for a batch of tiny kills may supersede stories of many megabytes.
        """
        part: list[_Owned] = []
        size, whole = 0, True
        async for owned in self._history(plans, late, done):
            part.append(owned)
            size += len(owned.action.source)
            if len(part) >= PART_RECORDS or size >= PART_BYTES:
                await self._part_done(part, done, last=False)
                part, size, whole = [], 0, False
        await self._part_done(part, done, last=whole)

    async def _part_done(self, part: Sequence[_Owned], done: Round, *, last: bool) -> None:
        outcomes = await self._send([owned.action for owned in part], more=not last)
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
