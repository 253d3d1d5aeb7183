from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indexing.history import Late, judge
from services.indexing.plan import Plan, fold
from services.indexing.versions import (
    AFTER_KILL,
    BY_RECEPTION,
    STALE,
    Stored,
    Verdict,
    Version,
    base_of,
    decide,
    given_of,
)
from shared import ids
from shared.errors import Refused
from shared.events import Article, Change
from tests.unit.indexing.samples import START, article, version

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


def received(seconds: float, body: str = "Same.", **fields) -> Article:
    """A version without a number or a time of its own."""
    stamp = START + timedelta(seconds=seconds)
    base = ids.ext_version(ids.micros(stamp)) + (ids.KILL_BASE if fields.get("status") == "killed" else 0)
    return article(version=0, seconds=seconds, body=body, versioned_by="received", ext_version=base, **fields)


def timed(seconds: float, moment: float, body: str | None = None) -> Article:
    """A version numbered by its own time."""
    stamp = START + timedelta(seconds=moment)
    given = {"versioned_by": "version-time", "version_time": stamp, "ext_version": ids.ext_version(ids.micros(stamp))}
    return article(version=0, seconds=seconds, body=body or f"At {moment}.", **given)


def test_reception_time_is_no_version_so_the_same_content_is_a_duplicate_that_raises_the_number():
    first, later = received(0), received(5)
    plan = fold(stored(first), [version(later)], place, STAMP)
    assert [step.decision.verdict for step in plan.duplicates] == [Verdict.RAISE]
    assert plan.after == stored(first)._replace(ext_version=later.ext_version)
    assert (plan.taken, plan.replaces) == ([], False)
    assert [(step.decision.change, step.decision.ext_version) for step in plan.announced] == [
        (Change.CREATED, first.ext_version)
    ], "told again under the event id of the first"


def test_the_first_item_of_a_raised_version_is_redelivered_and_not_late():
    first, later = received(0), received(5)
    raised = fold(None, [version(first), version(later, 1)], place, STAMP)
    assert raised.live.version.item == first.item
    again = fold(raised.after, [version(first)], place, STAMP)
    assert again.after == raised.after
    assert [(step.decision.verdict, step.decision.ext_version) for step in again.announced] == [
        (Verdict.REWRITE, first.ext_version)
    ]


def test_a_raised_version_goes_to_history_under_the_number_it_came_with():
    first, later, other = received(0), received(5), received(9, "Other.")
    now = fold(None, [version(first), version(later, 1)], place, STAMP).after
    plan = fold(now, [version(other), version(first, 1)], place, STAMP)
    assert plan.overtaken == [], "the stored document itself goes to history, with its span"
    assert plan.replaces
    [late] = judge(plan, {})
    assert late.late is Late.REDELIVERED


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_repeat_of_content_in_any_order_ends_in_what_was_received_last(order):
    events = [received(0), received(1, "Other."), received(2)]
    end, _ = run([events[number] for number in order], set())
    assert (end.source_hash, base_of(end.ext_version)) == (events[0].source_hash, base_of(events[2].ext_version))


def test_numbers_and_times_in_one_article_go_by_reception_and_no_later_one_is_lost():
    sequence = [
        article(version=2, seconds=0),
        received(1, "No number."),
        article(version=3, seconds=2),
        timed(3, -86_400),
        article(version=4, seconds=4),
        received(5, "None again."),
    ]
    now = None
    for offset, made in enumerate(sequence):
        plan = fold(now, [version(made, offset)], place, STAMP)
        assert plan.after.source_hash == made.source_hash, "the one received last is live"
        assert now is None or plan.after.ext_version > now.ext_version
        now = plan.after
    assert now.by_reception
    assert base_of(now.ext_version) == ids.micros(sequence[-1].received)
    again = fold(now, [version(made, offset) for offset, made in enumerate(sequence)], place, STAMP)
    assert again.after == now, "a replay changes nothing"
    assert [step.decision.verdict for step in again.taken] == [Verdict.REWRITE]


def test_what_follows_a_time_far_ahead_is_not_lost_and_stays_below_a_kill():
    ahead, number = timed(0, 80 * 365 * 86_400), article(version=1, seconds=1)
    now, _ = run([ahead, number, article(version=2, seconds=2), received(3)], set())
    assert now.source_hash == received(3).source_hash
    assert base_of(ahead.ext_version) < base_of(now.ext_version) < ids.KILL_BASE // ids.SUBS
    killed, _ = run([ahead, number, article(version=2, seconds=9, status="killed")], set())
    assert killed.killed


def test_no_number_reaches_the_kills():
    last = ids.ext_version(ids.KILL_BASE // ids.SUBS - 1)
    with pytest.raises(Refused, match="too-many-versions"):
        decide(stored(article(), ext_version=last, versioned_by="version-time"), version(article(version=2, seconds=1)))


def test_two_kills_by_different_rules_stay_kills():
    first, second = article(version=3, status="killed"), received(5, status="killed")
    now, _ = run([first, second], set())
    assert now.killed
    assert first.ext_version < now.ext_version < 2**63
    assert base_of(now.ext_version) == ids.micros(second.received)


def test_the_number_a_version_came_with_is_read_from_its_document():
    for made in (
        article(version=7),
        timed(5, 3),
        received(4),
        article(version=7, status="killed"),
        received(4, status="killed"),
    ):
        kill = ids.KILL_BASE if made.status == "killed" else 0
        source = made.model_dump(mode="json")
        assert given_of(source) == made.ext_version
        assigned = kill + ids.ext_version(10**15 + 10, BY_RECEPTION)
        assert given_of(source | {"ext_version": assigned}) == made.ext_version
        assert given_of(source | {"ext_version": made.ext_version + 2}) == made.ext_version


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
    full = stored(first, ext_version=first.ext_version + ids.SUBS - 2)
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


def one_rule() -> st.SearchStrategy[list[Article]]:
    """Versions by one rule; numbers repeat with other contents, and by reception contents repeat, too."""
    bodies = st.sampled_from(["One.", "Two.", "Three."])
    numbers = st.builds(
        lambda v, s, b: article(version=v, seconds=s, body=b), st.integers(0, 3), st.integers(0, 9), bodies
    )
    times = st.builds(timed, st.integers(0, 9), st.integers(0, 3), bodies)
    stamps = st.builds(received, st.integers(0, 5), bodies)
    return st.one_of(
        st.lists(numbers, min_size=1, max_size=6, unique_by=_base_and_content),
        st.lists(times, min_size=1, max_size=6, unique_by=_base_and_content),
        st.lists(stamps, min_size=1, max_size=6, unique_by=lambda made: made.ext_version),
    )


def _base_and_content(made: Article) -> tuple[int, str]:
    return made.ext_version, made.source_hash


@st.composite
def many_rules(draw: st.DrawFn) -> list[Article]:
    """Versions by different rules, each rule's rising with reception; contents repeat."""
    made: list[Article] = []
    number = moment = 0
    for seconds in range(1, draw(st.integers(2, 6)) + 1):
        body = draw(st.sampled_from(["One.", "Two.", f"Own {seconds}."]))
        kind = draw(st.sampled_from(["version", "version-time", "received"]))
        if kind == "version":
            number += draw(st.integers(1, 3))
            made.append(article(version=number, seconds=seconds, body=body))
        elif kind == "version-time":
            moment += draw(st.integers(1, 10_000_000))
            made.append(timed(seconds, moment - 5_000_000, body))
        else:
            made.append(received(seconds, body))
    return made


def delivered(data: st.DataObject, events: list[Article]) -> list[Article]:
    order = data.draw(st.permutations(events))
    return order + data.draw(st.lists(st.sampled_from(order), max_size=4))


@given(st.data())
def test_one_rule_ends_alike_in_every_order(data):
    events = data.draw(one_rule())
    ends = [run(delivered(data, events), data.draw(st.sets(st.integers(0, 9)))) for _ in range(2)]
    assert len({(end.status, base_of(end.ext_version), end.source_hash) for end, _ in ends}) == 1


@given(st.data())
def test_many_rules_that_rise_end_in_what_was_received_last_in_every_order(data):
    events = data.draw(many_rules())
    end, _ = run(delivered(data, events), data.draw(st.sets(st.integers(0, 9))))
    assert end.source_hash == events[-1].source_hash
    assert end.reception == ids.micros(events[-1].received)


@given(st.data())
def test_whatever_rules_meet_a_number_only_rises_and_redelivery_changes_nothing(data):
    """Here nothing is promised of the order but this: nothing goes back, and doing it again ends the same."""
    made = st.one_of(
        st.builds(lambda v, s: article(version=v, seconds=s), st.integers(0, 3), st.integers(0, 9)),
        st.builds(timed, st.integers(0, 9), st.integers(-10, 10**9)),
        st.builds(received, st.integers(0, 9), st.sampled_from(["One.", "Two."])),
    )
    events = data.draw(st.lists(made, min_size=1, max_size=6))
    now = None
    for offset, event in enumerate(events):
        plan = fold(now, [version(event, offset)], place, STAMP)
        assert now is None or plan.after.ext_version >= now.ext_version
        assert plan.after.ext_version < ids.KILL_BASE
        now = plan.after
    whole, _ = run(events, data.draw(st.sets(st.integers(0, 9))))
    assert whole == now, "where batches end changes nothing"
    live = next(event for event in reversed(events) if event.item == now.item)
    again, _ = run_on(now, [live])
    assert again == now
    assert run_on(now, events)[0].ext_version >= now.ext_version


def run_on(now: Stored, sequence: list[Article]) -> tuple[Stored, Plan]:
    plan = fold(now, [version(made, offset) for offset, made in enumerate(sequence)], place, STAMP)
    assert plan.after is not None
    return plan.after, plan
