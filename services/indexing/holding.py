"""History told how its article stands now: rows are rewritten whenever what may be done with the article changes.

What closes goes before the live document, what opens after it. So a crash anywhere in between leaves history closed rather
than open, and the batch that comes again sets it right: a live version that comes again has its history looked over, too.
A row is written under the number of the version that it speaks of (`external_gte`), so a worker that has lost its partition
and writes late cannot open again what a kill has closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from services.indexing.placement import history_slice
from services.indexing.plan import Plan
from services.indexing.portions import Portion
from services.indexing.standing import FREE, Standing, is_looser, retold, stricter, told
from services.indexing.versions import Stored
from shared.elastic.index import ARTICLE_VERSIONS
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action, ArticleStore, Row
from shared.failpoints import failpoint
from shared.log import get_logger

ROWS = 500
"""Rows that are asked for at once."""
PART_BYTES = 8 * 2**20

log = get_logger()


class Wanted(NamedTuple):
    """How the history of an article is to stand, in which slice, and the number of the version that says so."""

    article_id: str
    standing: Standing
    ext_version: int
    slice: str

    @classmethod
    def of(cls, article_id: str, standing: Standing, after: Stored) -> Wanted:
        """What an article wants that stands as `after`."""
        return cls(article_id, standing, after.ext_version, history_slice(after.slice))


def during(plan: Plan) -> Standing:
    """What a plan's article allows from its first write to its last: what both ends allow."""
    if plan.after is None:
        return Standing()
    return plan.after.standing if plan.before is None else stricter(plan.before.standing, plan.after.standing)


def closing(plans: Iterable[Plan]) -> list[Wanted]:
    """What must be closed before the live documents are written."""
    return [
        Wanted.of(plan.article_id, during(plan), plan.after)
        for plan in plans
        if plan.after is not None and _closes(plan)
    ]


def opening(plans: Iterable[Plan]) -> list[Wanted]:
    """What is to be set right once they are written: what opens, and all that a crash may have left."""
    return [
        Wanted.of(plan.article_id, plan.after.standing, plan.after)
        for plan in plans
        if plan.after is not None
        and (_opens(plan, plan.after) or (plan.again and plan.after.revision > 1) or plan.leftover)
    ]


def _closes(plan: Plan) -> bool:
    if plan.leftover and during(plan) != FREE:
        return True
    return plan.before is not None and is_looser(plan.before.standing, during(plan))


def _opens(plan: Plan, after: Stored) -> bool:
    return plan.before is not None and is_looser(after.standing, plan.before.standing)


class Holding:
    """Rewrites rows of history by what their articles allow; only ever used by the articles' owner."""

    def __init__(self, store: ArticleStore) -> None:
        self._store = store

    async def apply(self, wanted: Sequence[Wanted]) -> None:
        """Make history stand so; all that was written to it before is looked at, and searchable afterwards.

        Raises:
            Transient, Misconfigured: as the store says; the same batch is to be handed over again.
        """
        if not wanted:
            return
        await self._store.refresh({one.slice for one in wanted})
        groups: dict[Standing, dict[str, int]] = {}
        for one in wanted:
            groups.setdefault(one.standing, {})[one.article_id] = one.ext_version
        for standing, articles in groups.items():
            await self._apply(standing, articles)

    async def _apply(self, standing: Standing, articles: Mapping[str, int]) -> None:
        says = {"held": None, "held_until": None} | told(standing)
        while rows := await self._store.rows(ARTICLE_VERSIONS, list(articles), says, ROWS):
            written = await self._rewrite(rows, standing, articles)
            await self._store.refresh({row.index for row in rows})
            if written == 0:
                # A later state of their articles has been written by another worker, or they cannot be written at all.
                log.error("rows of history cannot be told how their article stands", rows=len(rows))
                return

    async def _rewrite(self, rows: Sequence[Row], standing: Standing, articles: Mapping[str, int]) -> int:
        written, portion, left = 0, Portion(PART_BYTES), list(rows)
        while left:
            some, left = left[: portion.count], left[portion.count :]
            whole = await self._store.fetch([(row.index, row.id) for row in some])
            actions = [
                Action(row.index, row.id, articles[row.article_id], orjson.dumps(retold(found.source, standing)))
                for row in some
                if (found := whole.get((row.index, row.id))) is not None
            ]
            if actions:
                outcomes = await self._store.write(actions)
                failpoint("indexing.holding")
                written += sum(outcome.outcome is Outcome.OK for outcome in outcomes)
                portion.came(len(some), sum(len(action.source) for action in actions))
        return written
