"""All versions of one article in one batch, folded into what is to be written and announced. Pure.

Versions are decided one after another, as if each were written before the next came; so revisions, changes and
announcements do not depend on where a batch begins or ends. Only the last one that takes its turn is written live; those
it overtook inside the batch go to history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.indexing.lineage import NO_CHAIN, line_of
from services.indexing.overlay import Overlay, effective
from services.indexing.references import is_to_be_asked
from services.indexing.standing import standing_of
from services.indexing.versions import (
    NO_EMBARGO,
    UNANNOUNCED,
    Decision,
    Embargo,
    Stored,
    Verdict,
    Version,
    decide,
)
from shared.errors import Refused


class Step(NamedTuple):
    """A version with what was decided on it."""

    version: Version
    decision: Decision


@dataclass(slots=True)
class Plan:
    """What a batch does to one article.

    `before` is what the index holds, `after` what it will hold; `live` the step to be written live (None: nothing),
    `indexed` its stamp. `taken` are the steps that took their turn as the live version, `overtaken` those of them
    that another overtook inside the batch; `late` is to be asked of history; `announced` are the steps to be told of;
    `again`: the live version itself came again, so a crash may have left something half done. `forwarded` are orders that may
    mean another article and are to be sent to its owner, `unmatched` those that meant this one though it was not there.
    """

    article_id: str
    before: Stored | None
    after: Stored | None = None
    live: Step | None = None
    taken: list[Step] = field(default_factory=list)
    overtaken: list[Step] = field(default_factory=list)
    late: list[Step] = field(default_factory=list)
    duplicates: list[Step] = field(default_factory=list)
    announced: list[Step] = field(default_factory=list)
    refused: list[tuple[Version, Refused]] = field(default_factory=list)
    again: bool = False
    leftover: bool = False
    """History had a row of it already: of a batch that was broken off, and cut otherwise than this one."""
    forwarded: list[Version] = field(default_factory=list)
    unmatched: list[Version] = field(default_factory=list)

    @property
    def replaces(self) -> bool:
        """Whether the live document of the index gives way to another version, and must be kept in history first."""
        before, after = self.before, self.after
        return before is not None and after is not None and after.revision != before.revision and not before.bare


def fold(before: Stored | None, versions: Sequence[Version], place: Callable[[Version], str], indexed: str) -> Plan:
    """The plan for one article.

    Args:
        before: what the index holds of it.
        versions: what came, in the order of the partition; at least one.
        place: slice for an article that is not there yet, from its first version.
        indexed: stamp of the writes (RFC 3339).
    """
    plan = Plan(versions[0].article_id, before, before)
    for version in versions:
        try:
            _take(plan, version, place, indexed)
        except Refused as error:
            plan.refused.append((version, error))
    return plan


def _take(plan: Plan, version: Version, place: Callable[[Version], str], indexed: str) -> None:
    now = plan.after
    if version.reference is not None and (now is None or now.bare):
        if is_to_be_asked(version.reference):
            plan.forwarded.append(version)
            return
        plan.unmatched.append(version)
    step = Step(version, decide(now, version, indexed))
    verdict = step.decision.verdict
    if verdict is Verdict.LATE:
        plan.late.append(step)
        return
    if verdict is Verdict.DUPLICATE:
        plan.duplicates.append(step)
    elif verdict is Verdict.RAISE and now is not None:
        plan.duplicates.append(step)
        plan.after = now._replace(ext_version=version.ext_version)
        # The live version's own content: whichever item it is written from, it stays the first one's.
        plan.live = plan.live or step
    else:
        if verdict is Verdict.REWRITE and now is not None:
            # The live version's own item again: its number and stamp, and so the span of its history, stay.
            plan.after = _stored(now.slice, step, now.indexed, now.overlay, now)._replace(
                ext_version=now.ext_version, killed_at=now.killed_at or _killed_at(version)
            )
            plan.again = True
        else:
            if plan.live and _revision(now) != _revision(plan.before):
                plan.overtaken.append(plan.live)
            overlay = now.overlay._replace(order_id="") if now and now.overlay else None
            plan.after = _stored(now.slice if now else place(version), step, indexed, overlay, now)
        plan.live = step
        plan.taken.append(step)
    if step.decision.change != UNANNOUNCED:
        plan.announced.append(step)


def _revision(stored: Stored | None) -> int | None:
    return stored.revision if stored else None


def _stored(slice_: str, step: Step, indexed: str, overlay: Overlay | None, now: Stored | None) -> Stored:
    version, decision = step.version, step.decision
    data, status = version.data, version.status if overlay is None else effective(version.status, overlay)
    parent, chain = _parent(version, overlay, now), overlay.chain if overlay else NO_CHAIN
    return Stored(
        slice_,
        decision.ext_version,
        version.source_hash,
        status,
        decision.revision,
        decision.change,
        version.receipt,
        version.item,
        version.received,
        indexed,
        version.versioned_by,
        version.ext_version,
        str(data.get("normalized") or ""),
        standing_of(status, data),
        _killed_at(version),
        data.get("text_hash"),
        version.article_id if not parent else line_of(version.article_id, parent, chain).root,
        version.status if overlay else "",
        overlay,
        _embargo(data),
        data.get("braked") is True,
        data.get("replaced_by") is not None,
        parent,
        (now.first_published if now else None) or data.get("first_published"),
    )


def _parent(version: Version, overlay: Overlay | None, now: Stored | None) -> str:
    """What an article goes on from: by its provider's word, else by slugline. A kill seldom says so, and changes nothing."""
    given: str = version.data["story_id"]
    if given != version.article_id:
        return given
    if overlay is not None and overlay.chain.linked:
        return overlay.chain.linked
    return now.parent if now is not None and version.killed else ""


def _embargo(data: Mapping[str, Any]) -> Embargo:
    opened, until = data.get("embargo_open"), data.get("embargoed_until")
    return NO_EMBARGO if not opened and until is None else Embargo(bool(opened), until)


def _killed_at(version: Version) -> tuple[int, int] | None:
    return version.position[1:] if version.killed else None
