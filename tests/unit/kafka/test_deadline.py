"""One budget for all steps: what one step takes, the next has not got."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.kafka.deadline import Deadline


class Budget(RuleBasedStateMachine):
    BUDGET = 30.0

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.deadline = Deadline(self.BUDGET, clock=lambda: self.now)
        self.spent = 0.0

    @rule(seconds=st.floats(0, 20))
    def spend(self, seconds):
        self.now += seconds
        self.spent += seconds

    @rule(at_most=st.floats(0, 40))
    def a_step_gets_no_more_than_is_left(self, at_most):
        step = self.deadline.remaining(at_most=at_most)
        assert 0 <= step <= at_most
        assert step <= max(self.BUDGET - self.spent, 0.0) + 1e-6

    @rule(taken=st.floats(0, 1))
    def a_step_spends_its_share(self, taken):
        step = self.deadline.remaining() * taken
        self.now += step
        self.spent += step

    @invariant()
    def what_is_left_is_the_budget_less_what_was_spent(self):
        assert self.deadline.remaining() == pytest.approx(max(self.BUDGET - self.spent, 0.0), abs=1e-6)

    @invariant()
    def expired_means_nothing_is_left(self):
        assert self.deadline.expired == (self.deadline.remaining() == 0.0)


TestBudget = Budget.TestCase


def test_a_negative_budget_is_none():
    assert Deadline(-1.0).expired
