from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.elastic.backoff import Backoff


@given(st.integers(0, 10_000), st.floats(0.01, 5), st.floats(5, 60), st.none() | st.floats(0, 1e9))
def test_no_wait_is_longer_than_the_cap_or_shorter_than_the_wish(attempt, base, cap, wish):
    delay = Backoff(base, cap).delay(attempt, at_least=wish)
    assert 0 <= delay <= cap
    assert delay >= min(wish or 0, cap)


def test_waits_grow_by_doubling_up_to_the_cap():
    top = Backoff(0.5, 6, lambda low, high: high)
    assert [top.delay(attempt) for attempt in range(6)] == [0.5, 1, 2, 4, 6, 6]


def test_waits_are_spread_over_the_whole_span():
    delays = [Backoff(1, 1).delay(0) for _ in range(2000)]
    assert min(delays) < 0.05
    assert max(delays) > 0.95
