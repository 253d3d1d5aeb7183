"""Full jitter: anywhere between nothing and the doubling limit, which is capped; a wish is a lower bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.retry import Backoff


def test_the_limit_doubles_up_to_the_cap():
    limits = []
    backoff = Backoff(0.2, 15.0, uniform=lambda low, high: limits.append((low, high)) or high)
    for _ in range(9):
        backoff.next()
    assert [low for low, _ in limits] == [0.0] * 9
    assert [high for _, high in limits] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0])


def test_after_a_success_it_begins_anew():
    backoff = Backoff(0.2, 15.0, uniform=lambda _, high: high)
    backoff.next()
    backoff.next()
    backoff.reset()
    assert backoff.next() == pytest.approx(0.2)


@given(tries=st.integers(0, 5000), wish=st.one_of(st.none(), st.floats(-5, 10_000)))
def test_a_wait_is_never_below_the_wish_nor_endless(tries, wish):
    backoff = Backoff(0.2, 15.0, tries=tries)
    wait = backoff.next(wish)
    assert 0 <= wait <= 15.0 * 5
    if wish is not None and 0 < wish <= 60:
        assert wait >= wish
