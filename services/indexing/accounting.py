"""What became of a batch, for those who announce, bury, count and trace. Pure.

An `Indexed` is filled round by round; a plan is accounted for once, in the round in which all of it was written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.indexing import chains, letters, references
from services.indexing.announce import Announcement
from services.indexing.clusters import Finding
from services.indexing.history import Judged, Late
from services.indexing.orders import Ordered
from services.indexing.overlay import effective
from services.indexing.plan import Plan
from services.indexing.versions import AFTER_KILL, UNANNOUNCED, Verdict, Version
from shared.elastic.ports import Action, ItemOutcome
from shared.errors import Refused
from shared.kafka.ports import Message

REDELIVERED = "redelivered"


@dataclass(slots=True)
class Indexed:
    """What became of a batch.

    `announcements` are to be made in this order; `buried` is (version, class, reason); `replaced` are the versions that
    became live in their turn; `told` the records for the trace; `counts` versions by what they did; `orders` those that were
    carried out, each with a word for what came of it; `forwards` orders by reference, and what passes along chains, for the owners
    of other articles;
    `unmatched` how many of these found no story; `findings` what the owners of near copies are to be told.
    """

    announcements: list[Announcement] = field(default_factory=list)
    buried: list[tuple[Version | Ordered, Refused]] = field(default_factory=list)
    replaced: list[Version] = field(default_factory=list)
    told: list[Action] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    orders: list[tuple[Ordered, str]] = field(default_factory=list)
    forwards: list[Message] = field(default_factory=list)
    unmatched: int = 0


@dataclass(slots=True)
class Round:
    """One pass over the articles that are not done: its stamp (RFC 3339), and which must be planned again.

    `again` are all of them, `doubted` those that another worker wrote, `poisoned` the places of the versions that
    Elasticsearch will never take.
    """

    result: Indexed
    stamp: str
    since: str
    again: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)
    poisoned: set[tuple[str, int, int]] = field(default_factory=set)

    def redo(self, plan: Plan) -> None:
        """Another worker wrote this article: look it up and plan again."""
        self.redo_article(plan.article_id)

    def redo_article(self, article_id: str) -> None:
        """The same, by the article's id."""
        self.again.add(article_id)
        self.doubted.add(article_id)

    def refuse(self, order: Ordered, refused: Refused) -> None:
        """A dead letter: this order can never be carried out."""
        self.result.buried.append((order, refused))

    def poison(self, plan: Plan, version: Version, outcome: ItemOutcome) -> None:
        """A dead letter; the article's other versions are planned again without it."""
        self.again.add(plan.article_id)
        self.poisoned.add(version.position)
        self.result.buried.append((version, _refusal(outcome)))

    def account(self, plan: Plan, late: Sequence[Judged]) -> None:
        """A plan of which everything is written."""
        self.result.buried += plan.refused
        self._account_references(plan)
        for judged in late:
            self._account_late(judged, plan.after.story_id if plan.after else "")
        if plan.after is None:
            return
        for step in plan.duplicates:
            self.result.counts[letters.DUPLICATE] += 1
            if step.version.item != plan.after.item:
                reason = f"same version and content as item {plan.after.item}"
                self._tell(step.version, letters.DUPLICATE, reason)
        for step in plan.taken:
            if step.decision.verdict is Verdict.REPLACE:
                self.result.replaced.append(step.version)
                self.result.counts[step.decision.change] += 1
            else:
                self.result.counts[REDELIVERED] += 1
        for step in plan.announced:
            decision = step.decision
            self.result.announcements.append(
                Announcement(
                    step.version,
                    decision.change,
                    decision.ext_version,
                    decision.revision,
                    plan.after.indexed,
                    effective(step.version.status, plan.after.overlay),
                    plan.after.overlay,
                    chained=plan.after,
                    story=plan.after.story_id,
                )
            )
        if plan.after.parent or plan.after.overlay is not None or (plan.before is not None and plan.before.parent):
            self.result.forwards += chains.of_plan(plan, self.stamp)

    def _account_references(self, plan: Plan) -> None:
        for version in plan.forwarded:
            if version.reference is not None:
                self.result.forwards.append(references.forwarded(version, version.reference))
        replaced = {step.version.position for step in plan.taken if step.decision.verdict is Verdict.REPLACE}
        for version in plan.unmatched:
            self.result.unmatched += version.position in replaced
            self._tell(version, references.KILL_UNMATCHED, references.UNMATCHED)

    def _account_late(self, judged: Judged, story: str) -> None:
        version, known = judged.step.version, judged.known
        outcome = str(known.get("change", REDELIVERED))
        if judged.late is Late.DUPLICATE:
            outcome = letters.DUPLICATE
            self._tell(version, letters.DUPLICATE, "same version and content as an earlier item")
        elif judged.was_announced:
            outcome = REDELIVERED
            self.result.announcements.append(
                Announcement(
                    version,
                    known["change"],
                    judged.ext_version,
                    known.get("revision") or 1,
                    known.get("indexed") or self.stamp,
                    late=True,
                    story=story,
                )
            )
        elif outcome == UNANNOUNCED:
            outcome = REDELIVERED
        elif outcome == AFTER_KILL:
            self._tell(version, AFTER_KILL, "its article has been killed")
        self.result.counts[outcome] += 1

    def _tell(self, version: Version, code: str, reason: str) -> None:
        self.result.told.append(letters.of_version(version, code, reason, at=self.stamp, since=self.since))


def _refusal(outcome: ItemOutcome) -> Refused:
    if outcome.error_type == "too-large":
        return Refused("too-large", "Elasticsearch does not take a document of this size")
    return Refused("unindexable", outcome.reason or outcome.error_type or f"status {outcome.status}")
