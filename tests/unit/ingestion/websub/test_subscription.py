"""The life of a subscription: what may follow what, and when a hub is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.ingestion.websub.subscription import (
    BACK_OFF_CAP_S,
    DENIED,
    LEAST_ASK_S,
    LEAVE_TRIES,
    MAX_LEASE_S,
    PENDING,
    VERIFY,
    Mode,
    Subscription,
    Wanted,
    WebSubState,
    ask,
    back_off,
    denied,
    load_websub,
    refused,
    renewal,
    verified,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WANTED = Wanted("https://hub.example.org/", "https://example.org/feed", "t")


def fresh() -> Subscription:
    return Subscription(WANTED.hub, WANTED.topic, WANTED.token, NOW)


@given(st.floats(1, MAX_LEASE_S))
def test_a_lease_is_renewed_before_its_end_but_no_hub_is_asked_without_a_pause(lease_s: float):
    at = renewal(lease_s)
    assert at >= LEAST_ASK_S
    if lease_s >= 2 * LEAST_ASK_S:
        assert lease_s - at >= min(lease_s / 3, 86_400) - 1e-6
        assert at >= lease_s / 2


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_failing_hub_is_asked_ever_more_seldom_within_bounds(failures: int, chance: float):
    wait = back_off(failures, chance).total_seconds()
    assert LEAST_ASK_S <= wait <= BACK_OFF_CAP_S * 1.2
    assert back_off(failures + 1, 0.5) >= back_off(failures, 0.5)


def test_a_request_that_is_never_verified_is_a_failure():
    asked = ask(fresh(), Mode.SUBSCRIBE, NOW)
    assert (asked.failures, asked.waiting, asked.next - NOW) == (0, True, VERIFY)
    again = ask(asked, Mode.SUBSCRIBE, asked.next)
    assert (again.failures, again.why) == (1, "unverified")


def test_a_call_is_expected_for_what_was_asked_and_for_an_hour():
    asked = ask(fresh(), Mode.SUBSCRIBE, NOW)
    assert asked.expects(Mode.SUBSCRIBE, WANTED.topic, NOW + PENDING)
    assert not asked.expects(Mode.SUBSCRIBE, WANTED.topic, NOW + PENDING + timedelta(seconds=1))
    assert not asked.expects(Mode.SUBSCRIBE, WANTED.topic + "/", NOW)
    assert not asked.expects(Mode.UNSUBSCRIBE, WANTED.topic, NOW)
    assert not fresh().expects(Mode.SUBSCRIBE, WANTED.topic, NOW)
    assert verified(asked, 60, 60, NOW).expects(Mode.SUBSCRIBE, WANTED.topic, NOW), "its answer may have been lost"
    assert not denied(asked, NOW).expects(Mode.SUBSCRIBE, WANTED.topic, NOW)
    assert not refused(asked, "http-500", NOW).expects(Mode.SUBSCRIBE, WANTED.topic, NOW)


@pytest.mark.parametrize(("given_s", "held_s"), [(None, 864_000), (3600, 3600), (0, 1), (-5, 1), (10**11, MAX_LEASE_S)])
def test_the_hubs_lease_counts_within_reason(given_s: float | None, held_s: float):
    held = verified(ask(fresh(), Mode.SUBSCRIBE, NOW), given_s, 864_000, NOW)
    assert held.until
    assert (held.until - NOW).total_seconds() == held_s
    assert held.is_live(NOW)
    assert not held.is_live(held.until)


def test_a_renewal_that_fails_leaves_the_lease_to_its_end():
    held = verified(ask(fresh(), Mode.SUBSCRIBE, NOW), 3600, 0, NOW)
    failed = refused(ask(held, Mode.SUBSCRIBE, held.next), "timeout", held.next)
    assert failed.until == held.until
    assert failed.next < held.until, "there is time for more tries"
    assert denied(held, NOW).until is None
    assert denied(held, NOW).next - NOW == DENIED


def test_a_renewal_makes_no_hub_trusted_again_that_was_found_silent():
    held = verified(ask(fresh(), Mode.SUBSCRIBE, NOW), 300, 0, NOW)
    assert (held.trusted, held.since) == (True, NOW)
    silent = replace(held, trusted=False)
    renewed = verified(ask(silent, Mode.SUBSCRIBE, held.next), 300, 0, held.next)
    assert (renewed.trusted, renewed.since) == (False, NOW)
    assert renewed.until
    anew = verified(ask(renewed, Mode.SUBSCRIBE, renewed.until), 300, 0, renewed.until)
    assert (anew.trusted, anew.since) == (True, renewed.until), "its lease had run out: it is a new one"


def test_what_is_wanted_no_more_is_left_if_a_hub_knows_of_it():
    state = WebSubState()
    state.want(WANTED, NOW)
    assert state.current
    state.want(None, NOW)
    assert not state, "nobody was asked yet"
    state.want(WANTED, NOW)
    state.put(verified(ask(state.current, Mode.SUBSCRIBE, NOW), 3600, 0, NOW))
    other = Wanted("https://other.example.org/", WANTED.topic, "o")
    state.want(other, NOW)
    assert [one.token for one in state.leaving] == ["t"]
    due = state.due(NOW)
    assert due
    assert (due[0], due[1].token) == (Mode.SUBSCRIBE, "o")
    state.want(WANTED, NOW)
    assert state.leaving == (), "it is wanted again: a yes to leaving it would end it"


def test_leaving_is_tried_a_few_times_and_never_after_the_lease():
    state = WebSubState()
    state.want(WANTED, NOW)
    assert state.current
    state.put(verified(ask(state.current, Mode.SUBSCRIBE, NOW), 10 * 86_400, 0, NOW))
    state.want(None, NOW)
    moment, tries = NOW, 0
    while (due := state.due(moment)) is not None:
        tries += 1
        assert due[0] is Mode.UNSUBSCRIBE
        state.put(ask(due[1], due[0], moment))
        moment = state.leaving[0].next
    assert tries == LEAVE_TRIES
    assert not state
    state.want(WANTED, NOW)
    assert state.current
    state.put(verified(ask(state.current, Mode.SUBSCRIBE, NOW), 60, 0, NOW))
    state.want(None, NOW)
    assert state.due(NOW + timedelta(seconds=61)) is None
    assert not state


class Life(RuleBasedStateMachine):
    """Whatever happens in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.state = WebSubState()
        self.now = NOW
        self.asked_at: list[datetime] = []

    @rule(wanted=st.sampled_from([None, WANTED, Wanted("https://b.example.org/", "https://b.example.org/f", "b")]))
    def wants(self, wanted: Wanted | None) -> None:
        self.state.want(wanted, self.now)
        held = self.state.current
        assert (held.token if held else None) == (wanted.token if wanted else None)

    @rule(seconds=st.floats(0, 86_400))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(taken=st.booleans())
    def due_is_asked(self, taken: bool) -> None:
        due = self.state.due(self.now)
        if due is None:
            return
        mode, one = due
        assert (mode is Mode.SUBSCRIBE) == (one is self.state.current)
        self.state.put(ask(one, mode, self.now))
        held = self.state.find(one.token)
        assert held
        assert held.expects(mode, held.topic, self.now)
        assert held.next >= self.now + VERIFY
        if not taken:
            self.state.put(refused(held, "http-500", self.now))

    @rule(lease=st.none() | st.floats(-1, 10**9))
    def hub_verifies(self, lease: float | None) -> None:
        held = self.state.current
        if held and held.expects(Mode.SUBSCRIBE, held.topic, self.now):
            self.state.put(verified(held, lease, 864_000, self.now))

    @rule()
    def hub_denies(self) -> None:
        if self.state.current:
            self.state.put(denied(self.state.current, self.now))
            assert not self.state.relies(self.now)

    @rule()
    def hub_confirms_the_end(self) -> None:
        for one in self.state.leaving:
            self.state.left(one.token)

    @invariant()
    def holds_together(self) -> None:
        tokens = [one.token for one in (self.state.current, *self.state.leaving) if one]
        assert len(tokens) == len(set(tokens))
        if self.state.relies(self.now):
            assert self.state.current
            assert self.state.current.until
            assert self.state.current.until > self.now
        kept = load_websub(orjson.loads(orjson.dumps(self.state.dump())))
        assert kept == self.state


TestLife = Life.TestCase


@pytest.mark.parametrize("data", [{}, {"current": {}, "leaving": []}, {"current": None, "leaving": [1]}, [], 5])
def test_a_damaged_state_is_told(data):
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        load_websub(data)


def test_a_state_of_before_websub_is_an_empty_one():
    assert load_websub(None) == WebSubState()
