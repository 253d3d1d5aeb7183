"""A story's life in every order, decided by the pure core: whatever comes first, it ends in the same, and tells no more than was.

*The same end* is the live version with its number, the contents in history, and what history says of the article's standing.

*The same set of announced changes* means, of one order of the log: how it is cut into batches, how often a part of it comes
again, who handles it and where they die changes nothing about the set of event ids. Between two orders of the log the sets
differ, for an announcement tells what readers could have, and that differs: of 2, 1 nobody ever had 1. What holds in all:

* the event id is made of article, number and change alone;
* told of is every version that took its turn as the live one, once, and no other: not what came late, not what came after the
  kill, not what came again; and nothing of a version under embargo, but that it took back what readers had;
* where a kill came it is told, under one number in every order, and nothing after it;
* the last told change (by number) is what stands: a reader who goes by numbers ends where the index ends.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from services.indexing import history
from services.indexing.announce import Announcement, message, tellable
from services.indexing.history import Late
from services.indexing.plan import Plan, fold
from services.indexing.standing import Standing
from services.indexing.versions import Stored, Version, base_of
from shared.ids import KILL_BASE, event_id
from tests.unit.indexing.lives import (
    DIALECTS,
    FAR,
    LIFE,
    PROMISED,
    Dialect,
    Expected,
    expected,
    marks_corrections,
    ninjs,
    sample,
    told,
)
from tests.unit.indexing.samples import version as parsed

STAMP = "2026-03-05T13:00:00.000000Z"
NOW = datetime(2026, 3, 5, 13, 0, tzinfo=UTC)


@functools.cache
def version(dialect: Dialect, name: str) -> Version:
    return parsed(told(dialect, "a", name))


def place(_: Version) -> str:
    return "articles-2026.03"


class Core:
    """The decisions without the writing: history is a dict, announcements a set."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.stored: Stored | None = None
        self.rows: dict[str, dict] = {}
        self.announced: dict[str, tuple[str, int]] = {}
        self.letters: set[tuple[str, str]] = set()
        self.numbers: list[int] = []

    def batch(self, names: Sequence[str]) -> None:
        versions = [dataclasses.replace(version(self.dialect, name)) for name in names]
        plan = fold(self.stored, versions, place, STAMP)
        assert not plan.refused
        judged = history.judge(plan, self.rows)
        self._past(plan)
        for one in judged:
            row = {"item": one.step.version.item, "change": one.step.decision.change, "revision": None}
            row |= {"ext_version": one.step.decision.ext_version, "indexed": None}
            if one.late is Late.NEW:
                self.rows.setdefault(history.late_id(one.step), row)
        self._tell(plan, judged)
        if plan.live is not None and plan.after is not None:
            assert self.stored is None or plan.after.ext_version >= self.stored.ext_version, "a number never goes back"
            self.stored = plan.after
        assert self.stored is not None

    def _past(self, plan: Plan) -> None:
        """History as the indexer writes it: what gives way, then what was overtaken in the batch."""
        if plan.replaces and plan.before is not None:
            before = plan.before
            row = {"item": before.item, "change": before.change, "revision": before.revision}
            id_ = history.history_id(plan.article_id, before.given, before.source_hash)
            self.rows[id_] = row | {"ext_version": before.ext_version, "indexed": before.indexed}
        for step in plan.overtaken:
            made = step.decision
            row = {"item": step.version.item, "change": made.change, "revision": made.revision}
            self.rows.setdefault(history.late_id(step), row | {"ext_version": made.ext_version, "indexed": None})

    def _tell(self, plan: Plan, judged: list[history.Judged]) -> None:
        found = [
            Announcement(step.version, step.decision.change, step.decision.ext_version, step.decision.revision, STAMP)
            for step in plan.announced
        ]
        found += [
            Announcement(one.step.version, one.known["change"], one.ext_version, 1, STAMP, late=True)
            for one in judged
            if one.late is Late.REDELIVERED and one.was_announced
        ]
        for one in tellable(found, NOW):
            id_ = str(event_id(one.version.article_id, one.ext_version, one.change))
            assert f'"{id_}"'.encode() in (message(one).value or b"")
            assert self.announced.setdefault(id_, (one.change, one.ext_version)) == (one.change, one.ext_version)
        self.letters |= {(one.step.version.item, "after-kill") for one in judged
                         if one.late is Late.NEW and one.step.decision.change == "after-kill"}  # fmt: skip


def check(core: Core, names: Sequence[str]) -> Expected:
    end = expected(names, corrections=marks_corrections(core.dialect))
    stored = core.stored
    assert stored is not None
    live = version(core.dialect, end.live)
    assert stored.ext_version == live.ext_version + end.sub
    assert (stored.source_hash, stored.status, stored.item) == (live.source_hash, live.status, live.item)
    until = FAR.replace("Z", "") if LIFE[end.live].embargoed else None
    assert stored.standing.held is end.held
    assert (stored.standing.until or "").startswith(until) if until else stored.standing == Standing(end.held)
    assert {row["item"] for row in core.rows.values()} == {version(core.dialect, name).item for name in end.history}
    assert len(core.rows) == len(end.history)
    numbers = {item.version: version(core.dialect, name).ext_version for name, item in LIFE.items()}
    assert set(core.announced.values()) == {(change, numbers[of] + sub) for change, of, sub in end.announced}
    if end.announced and not LIFE[end.live].embargoed and stored.change != "duplicate":
        assert max(number for _, number in core.announced.values()) == stored.ext_version
    after_kill = {version(core.dialect, name).item for name, why in end.letters if why == "after-kill"}
    assert {item for item, _ in core.letters} == after_kill
    return end


def one_by_one(dialect: Dialect, names: Sequence[str]) -> Core:
    core = Core(dialect)
    for name in names:
        core.batch([name])
    check(core, names)
    return core


def orders(size: int, names: Iterable[str] = LIFE) -> Iterator[tuple[str, ...]]:
    for subset in itertools.combinations(names, size):
        yield from itertools.permutations(subset)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_order_of_every_four_ends_as_the_rules_say(dialect):
    count = 0
    for names in orders(4):
        core = one_by_one(dialect, names)
        whole = Core(dialect)
        whole.batch(names)
        check(whole, names)
        assert whole.announced == core.announced, "a batch tells what its versions tell one by one"
        count += 1
    assert count == 7920


def test_every_order_of_every_five_ends_as_the_rules_say():
    for names in orders(5, PROMISED):
        one_by_one(ninjs, names)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_of_it_with_repeats_cut_into_batches_anywhere(dialect):
    dice = random.Random(6)
    ends = set()
    for names in sample(dice, 1500):
        core, left, done = Core(dialect), list(names), []
        while left:
            size = dice.randint(1, 5)
            core.batch(left[:size])
            done += left[:size]
            left = left[size:]
            if dice.random() < 0.3:  # the commit was lost: some of it comes again, from there on
                again = dice.randint(1, len(done))
                left = done[-again:] + left
                done = done[:-again]
        check(core, names)
        ends.add((core.stored.ext_version, core.stored.source_hash, core.stored.status, frozenset(core.rows)))
        kills = [number for change, number in core.announced.values() if change == "killed"]
        assert kills == [version(dialect, "kill").ext_version]
    assert len(ends) == 1, "one end, whatever the order"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_any_part_of_it_ends_the_same_in_every_order(dialect):
    """Without a kill too, where it is the newest version that stands."""
    dice = random.Random(7)
    for _ in range(300):
        some = dice.sample(list(LIFE), dice.randint(2, 8))
        ends = set()
        for _ in range(5):
            dice.shuffle(some)
            stored, end = one_by_one(dialect, some).stored, expected(some)
            contents = {LIFE[name].content for name in end.history}
            ends.add((base_of(stored.ext_version), stored.source_hash, stored.standing, frozenset(contents)))
        assert len(ends) == 1, some


def test_the_kill_has_one_number_above_all_others():
    for dialect in DIALECTS:
        kill = version(dialect, "kill").ext_version
        assert kill >= KILL_BASE
        assert all(version(dialect, name).ext_version < KILL_BASE for name in LIFE if name != "kill")


def test_the_items_are_numbered_as_their_providers_mean_them():
    """The model counts on it: each way of numbering has the same order, and contents are told apart."""
    for dialect in DIALECTS:
        made = {name: version(dialect, name) for name in LIFE}
        by_number = sorted((name for name in LIFE if name != "kill"), key=lambda name: made[name].ext_version)
        assert [LIFE[name].version for name in by_number] == sorted(
            LIFE[name].version for name in LIFE if name != "kill"
        )
        assert made["v1"].source_hash == made["v1 again"].source_hash
        assert len({one.source_hash for one in made.values()}) == len(LIFE) - 1
        assert made["correction"].correction is marks_corrections(dialect)
        assert made["embargoed"].data["embargoed_until"]
        assert {one.versioned_by for one in made.values()} == {"version-time" if dialect is DIALECTS[2] else "version"}
