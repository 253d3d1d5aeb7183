from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indexing.history import Late, judge
from services.indexing.plan import Plan, fold
from services.indexing.versions import AFTER_KILL, STALE, Stored, Verdict, Version, base_of, decide
from shared import ids
from shared.errors import Refused
from shared.events import Article, Change
from tests.unit.indexing.samples import article, version

STAMP = "2026-03-05T12:00:10.000000Z"


def place(_: Version) -> str:
    return "articles-2026.03"


def stored(made: Article, **other) -> Stored:
    plan = fold(None, [version(made)], place, STAMP)
    assert plan.after is not None
    return plan.after._replace(**other)


def test_first_version_creates():
    decision = decide(None, version(article()))
    assert (decision.verdict, decision.change, decision.revision) == (Verdict.REPLACE, Change.CREATED, 1)


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ({}, {"body": "New."}, Change.UPDATED),
        ({}, {"body": "New.", "correction": True}, Change.CORRECTED),
        ({}, {"status": "withheld"}, Change.WITHHELD),
        ({"status": "withheld"}, {}, Change.RELEASED),
        ({"status": "withheld"}, {"status": "withheld", "body": "New."}, Change.WITHHELD),
        ({}, {"status": "killed"}, Change.KILLED),
    ],
)
def test_higher_version_replaces(before, now, change):
    old = stored(article(**before))
    decision = decide(old, version(article(version=2, **now)))
    assert (decision.verdict, decision.change, decision.revision) == (Verdict.REPLACE, change, 2)


def test_higher_version_with_the_same_content_replaces_silently():
    old = stored(article(body="Same."))
    again = article(version=2, body="Same.", seconds=5)
    plan = fold(old, [version(again)], place, STAMP)
    assert plan.live is not None
    assert plan.live.decision.change == Change.DUPLICATE
    assert plan.after.ext_version == again.ext_version
    assert plan.announced == []


def test_reception_time_is_no_version_so_the_same_content_is_a_duplicate():
    first = article(version=10, versioned_by="received", body="Same.")
    later = article(version=20, versioned_by="received", body="Same.", seconds=5)
    decision = decide(stored(first), version(later))
    assert (decision.verdict, decision.ext_version) == (Verdict.DUPLICATE, first.ext_version)


def test_same_item_again_is_a_rewrite_even_if_its_hash_has_changed():
    first = article()
    decision = decide(stored(first, source_hash="of an older release"), version(first))
    assert (decision.verdict, decision.change, decision.revision) == (Verdict.REWRITE, Change.CREATED, 1)


def test_same_version_and_content_from_another_item_is_a_duplicate():
    decision = decide(stored(article(body="Same.")), version(article(body="Same.", seconds=9)))
    assert decision.verdict is Verdict.DUPLICATE


def test_same_version_other_content_later_received_wins():
    first, later = article(body="One."), article(body="Two.", seconds=1)
    decision = decide(stored(first), version(later))
    assert (decision.verdict, decision.ext_version) == (Verdict.REPLACE, first.ext_version + 1)


def test_same_version_other_content_earlier_received_is_late():
    first, later = article(body="One."), article(body="Two.", seconds=1)
    decision = decide(stored(later), version(first))
    assert (decision.verdict, decision.change) == (Verdict.LATE, STALE)


def test_two_contents_of_one_version_in_one_push_are_ordered_by_their_place():
    receipt = ids.fresh_receipt()
    second = article(body="Two.", receipt=receipt, item=f"{receipt}.2")
    tenth = article(body="Ten.", receipt=receipt, item=f"{receipt}.10")
    assert decide(stored(second), version(tenth)).verdict is Verdict.REPLACE
    assert decide(stored(tenth), version(second)).verdict is Verdict.LATE


def test_too_many_contents_of_one_version_are_refused():
    first = article(body="One.")
    full = stored(first, ext_version=first.ext_version + ids.SUBS - 1)
    with pytest.raises(Refused, match="too-many-versions"):
        decide(full, version(article(body="Two.", seconds=1)))


def test_nothing_comes_after_a_kill():
    killed = stored(article(status="killed", version=3))
    decision = decide(killed, version(article(version=9)))
    assert (decision.verdict, decision.change) == (Verdict.LATE, AFTER_KILL)


def test_kill_beats_a_higher_version():
    decision = decide(stored(article(version=9)), version(article(status="killed", version=3)))
    assert (decision.verdict, decision.change) == (Verdict.REPLACE, Change.KILLED)
    assert decision.ext_version > ids.KILL_BASE


def test_base_of_a_kill_is_the_providers():
    assert base_of(ids.KILL_BASE + ids.ext_version(7, 3)) == base_of(ids.ext_version(7)) == 7


EVENTS = {
    "v0": article(version=0, seconds=40),
    "v1": article(version=1, seconds=1),
    "v2": article(version=2, seconds=2, body="Two."),
    "v2'": article(version=2, seconds=3, body="Two, again."),
    "v3": article(version=3, seconds=4, correction=True),
}
KILL = article(version=1, seconds=5, status="killed")


def run(sequence: list[Article], cuts: set[int]) -> tuple[Stored, list[Plan]]:
    """Folds a sequence, handed over in batches that end at `cuts`."""
    now: Stored | None = None
    plans = []
    batch: list[Version] = []
    for offset, made in enumerate(sequence):
        batch.append(version(made, offset))
        if offset in cuts or offset == len(sequence) - 1:
            plan = fold(now, batch, place, STAMP)
            plans.append(plan)
            now, batch = plan.after, []
    assert now is not None
    return now, plans


def essence(state: Stored) -> tuple:
    return state.status, base_of(state.ext_version), state.source_hash, state.received


@pytest.mark.parametrize("with_kill", [False, True])
def test_every_order_ends_in_the_same_live_version(with_kill):
    events = [*EVENTS.values(), *([KILL] if with_kill else [])]
    ends = {essence(run(list(order), set())[0]) for order in itertools.permutations(events)}
    assert len(ends) == 1
    assert next(iter(ends))[0] == ("killed" if with_kill else "usable")


@given(st.data())
def test_redeliveries_and_batch_borders_change_nothing(data):
    events = [*EVENTS.values(), *([KILL] if data.draw(st.booleans()) else [])]
    order = data.draw(st.permutations(events))
    order = order + data.draw(st.lists(st.sampled_from(order), max_size=6))
    cuts = data.draw(st.sets(st.integers(0, len(order))))
    whole, plans_whole = run(order, set())
    cut, plans_cut = run(order, cuts)
    assert cut == whole

    def announced(plans):
        return {
            (step.decision.change, step.decision.ext_version, step.decision.revision)
            for plan in plans
            for step in plan.announced
        }

    assert announced(plans_cut) == announced(plans_whole)
    assert essence(whole) == essence(run(events, set())[0])


@given(st.permutations([*EVENTS.values(), KILL]), st.sets(st.integers(0, 6)))
def test_live_number_never_goes_back_and_only_one_is_written_a_batch(order, cuts):
    _, plans = run(order, cuts)
    numbers = [plan.after.ext_version for plan in plans]
    assert numbers == sorted(numbers)
    for plan in plans:
        written = [plan.live] if plan.live else []
        went_by = len(plan.overtaken) + len(plan.late) + len(plan.duplicates)
        assert len(written) + went_by <= len(order)
        if plan.live:
            assert plan.live.decision.ext_version == plan.after.ext_version


def test_versions_overtaken_in_their_batch_are_kept_and_announced():
    first, second, third = article(), article(version=2), article(version=3)
    plan = fold(None, [version(made, n) for n, made in enumerate((first, second, third))], place, STAMP)
    assert [step.version.ext_version for step in plan.overtaken] == [first.ext_version, second.ext_version]
    assert [step.decision.change for step in plan.announced] == ["created", "updated", "updated"]
    assert plan.after.revision == 3


def test_rewritten_version_keeps_its_stamp_and_is_not_overtaken_by_the_next():
    first = article()
    old = stored(first, indexed="2026-03-05T12:00:00.000000Z")
    rewritten = fold(old, [version(first)], place, STAMP)
    assert rewritten.after.indexed == old.indexed
    assert not rewritten.replaces
    both = fold(old, [version(first), version(article(version=2), 1)], place, STAMP)
    assert both.overtaken == []  # the stored document itself goes to history, with its span
    assert both.replaces


def test_late_versions_are_told_from_redelivered_and_repeated_ones():
    first, second = article(body="One."), article(version=2)
    plan = fold(
        stored(second), [version(first), version(first, 1), version(article(body="One.", seconds=7), 2)], place, STAMP
    )
    assert [judged.late for judged in judge(plan, {})] == [Late.NEW, Late.REDELIVERED, Late.DUPLICATE]


def test_version_superseded_by_the_same_batch_is_known_as_late():
    first, second = article(body="One."), article(version=2)
    plan = fold(stored(first), [version(second), version(first, 1)], place, STAMP)
    assert [judged.late for judged in judge(plan, {})] == [Late.REDELIVERED]
