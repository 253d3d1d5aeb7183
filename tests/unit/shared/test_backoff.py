"""Full jitter: anywhere between nothing and the doubling limit, which is capped; a wish is a lower bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.backoff import LONGEST_WISH_S, Backoff, Tries


def test_the_limit_doubles_up_to_the_cap():
    limits = []
    tries = Tries(Backoff(0.2, 15.0, lambda low, high: limits.append((low, high)) or high))
    for _ in range(9):
        tries.next()
    assert [low for low, _ in limits] == [0.0] * 9
    assert [high for _, high in limits] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0])


def test_after_a_success_it_begins_anew():
    tries = Tries(Backoff(0.2, 15.0, lambda _, high: high))
    assert [tries.next(), tries.next()] == pytest.approx([0.2, 0.4])
    tries.reset()
    assert (tries.next(), tries.count) == (pytest.approx(0.2), 1)


@given(st.integers(0, 10_000), st.floats(0.01, 5), st.floats(5, 60), st.none() | st.floats(-5, 1e9))
def test_no_wait_is_shorter_than_the_wish_or_endless(attempt, base, cap, wish):
    wait = Backoff(base, cap).delay(attempt, at_least=wish)
    assert 0 <= wait <= cap + LONGEST_WISH_S
    assert wait >= min(wish or 0.0, LONGEST_WISH_S)


def test_waits_are_spread_over_the_whole_span_also_after_a_wish():
    for wish in (None, 7.0):
        waits = [Backoff(1, 1).delay(0, at_least=wish) - (wish or 0.0) for _ in range(2000)]
        assert min(waits) < 0.05
        assert max(waits) > 0.95
