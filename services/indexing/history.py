"""History: which documents of `article-versions` a version makes, and under which id. Pure.

The id names the version as it came (article, base, content), not the sub or the number that this index gave it: so a
redelivery of any version, whenever it comes, finds its own document, and two contents of one version never share one.
What was live is stored with the span in which it was; what never was has none, and is only created, never overwritten.

History is written before the live document. So after a crash between the two, or where Elasticsearch refuses the next
version, there is a row of the version that is still live: readers leave out the row whose `revision` is the live
document's. It is overwritten, with the right span, when that version does give way.

Each row also says how its article stands now (`standing.py`): nothing of a killed or withheld article may be found in its
history. `holding.py` rewrites the rows whenever that changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.indexing import document
from services.indexing.placement import history_slice
from services.indexing.plan import Plan, Step
from services.indexing.standing import Standing
from services.indexing.versions import AFTER_KILL, STALE, UNANNOUNCED, Stored, announced_as, given_of
from shared.elastic.ports import Action
from shared.ids import KILL_BASE, SUBS

_HASH_LENGTH = 12
"""Hex digits of the content hash in an id: 48 bits tell the few contents of one version apart."""


def history_id(article_id: str, ext_version: int, source_hash: str, order_id: str | None = None) -> str:
    """Id of a version's history document: by the number it came with, in which the sub does not count.

    What an order made out of a version is a document of its own.
    """
    kill = KILL_BASE if ext_version >= KILL_BASE else 0
    as_sent = kill + (ext_version - kill) // SUBS * SUBS
    return f"{article_id}:{as_sent}:{source_hash[:_HASH_LENGTH]}" + (f":{order_id}" if order_id else "")


def of_live(
    article_slice: str, source: Mapping[str, Any], *, live_until: str, superseded_by: int, standing: Standing
) -> Action:
    """The history of what is live now and is about to be replaced. Written before the live document, so it is never lost.

    Its Elasticsearch version is its own number, or where the article is held that of the version which holds it (see
    `holding.py`): a worker that has lost its partition and writes late cannot open what the next one has closed.
    """
    return Action(
        history_slice(article_slice),
        history_id(source["article_id"], given_of(source), source["source_hash"], source.get("order_id")),
        superseded_by if standing.held else source["ext_version"],
        document.superseded(dict(source), live_until=live_until, superseded_by=superseded_by, standing=standing),
    )


def of_step(after: Stored, step: Step, standing: Standing) -> Action:
    """The history of a version that no reader saw live. Created only: a redelivery changes nothing."""
    version, decision = step.version, step.decision
    source = document.unspanned(
        version,
        ext_version=decision.ext_version,
        revision=decision.revision or None,
        change=decision.change,
        superseded_by=after.ext_version,
        standing=standing,
        overlay=after.overlay if decision.revision else None,
        first_published=after.first_published if decision.revision else None,
        erased=after.overlay is not None and after.overlay.erased,
    )
    return Action(history_slice(after.slice), late_id(step), None, source, "create")


class Late(StrEnum):
    """What a late version turns out to be once history has been asked."""

    NEW = "new"
    """Never seen: into history, and for what came after a kill also a record for the trace."""
    REDELIVERED = "redelivered"
    """The very item that history (or the plan) holds: announced again, if it was announced."""
    DUPLICATE = "duplicate"
    """Its content is there already, from another item."""


@dataclass(slots=True, frozen=True)
class Judged:
    """A late step with what it is, and the history document (or as much of it as is known) that says so."""

    step: Step
    late: Late
    known: Mapping[str, Any]

    @property
    def ext_version(self) -> int:
        """The number under which it was announced."""
        return announced_as(self.known["ext_version"], self.step.version.ext_version)

    @property
    def was_announced(self) -> bool:
        """Whether this version took its turn once, and was announced."""
        return self.known.get("change") not in {None, STALE, AFTER_KILL, UNANNOUNCED}


def late_id(step: Step) -> str:
    """Id of the history document of a step, by what it came with."""
    version = step.version
    return history_id(version.article_id, version.ext_version, version.source_hash)


def judge(plan: Plan, stored: Mapping[str, Mapping[str, Any]]) -> list[Judged]:
    """What the late steps of a plan are, in order.

    Args:
        plan: its own history counts as there already.
        stored: history documents by id, as many as there are.
    """
    known: dict[str, Mapping[str, Any]] = {id_: {"item": item} for id_, item in _own(plan)} if plan.late else {}
    judged = []
    for step in plan.late:
        id_ = late_id(step)
        found = known.get(id_) or stored.get(id_)
        if found is None:
            known[id_] = {"item": step.version.item, "change": step.decision.change}
            judged.append(Judged(step, Late.NEW, known[id_]))
        else:
            same = found.get("item") == step.version.item
            judged.append(Judged(step, Late.REDELIVERED if same else Late.DUPLICATE, found))
    return judged


def _own(plan: Plan) -> Iterator[tuple[str, str]]:
    for step in plan.overtaken:
        yield late_id(step), step.version.item
    if plan.before is not None and plan.replaces and not plan.before.by_order:
        yield history_id(plan.article_id, plan.before.given, plan.before.source_hash), plan.before.item
