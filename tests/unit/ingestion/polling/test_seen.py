"""What is news, and what a feed's memory forgets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.seen import KEEP, LEAST, PUT_BACK_MINUTES, Seen, pair_of

A1, A2, B1 = pair_of("a", b"1"), pair_of("a", b"2"), pair_of("b", b"1")


def test_an_entry_is_news_once_and_again_when_it_changes():
    seen = Seen()
    assert seen.is_news(A1)
    seen.hold([A1], 100)
    assert not seen.is_news(A1)
    assert seen.is_news(A2)
    assert seen.is_news(B1)


def test_an_entry_that_leaves_and_returns_is_no_news():
    seen = Seen()
    seen.hold([A1], 100)
    seen.hold([B1], 100 + 10 * PUT_BACK_MINUTES)
    assert not seen.is_news(A1)


def test_caches_that_disagree_send_nothing_twice():
    seen, sent = Seen(), []
    for minute in range(0, 600, 10):
        pair = A1 if (minute // 10) % 2 else A2
        if seen.is_news(pair):
            sent.append(pair)
        seen.hold([pair], minute)
    assert sent == [A2, A1]


def test_an_old_text_put_back_on_purpose_is_news():
    seen = Seen()
    seen.hold([A1], 100)
    for minute in range(110, 110 + PUT_BACK_MINUTES + 10, 10):
        seen.hold([A2], minute)
    assert seen.is_news(A1)
    seen.hold([A1], 1000)
    assert not seen.is_news(A1)


def test_the_memory_is_bounded_and_keeps_what_stands_in_the_feed():
    seen = Seen()
    for n in range(3 * LEAST):
        seen.hold([pair_of(str(n), b"")], n)
        seen.trim(1)
    assert len(seen) == LEAST
    assert not seen.is_news(pair_of(str(3 * LEAST - 1), b""))
    assert seen.is_news(pair_of("0", b""))
    current = [pair_of(f"now {n}", b"") for n in range(10_000)]
    for minute in range(5):
        seen.hold([pair_of(f"{minute} {n}", b"") for n in range(10_000)], minute)
        seen.hold(current, minute)
        seen.trim(len(current))
    assert len(seen) <= KEEP
    assert not any(seen.is_news(pair) for pair in current)
    assert len(seen.text()) < 900_000, "fits into one message of feeds.state"


@given(st.lists(st.tuples(st.sampled_from([A1, A2, B1]), st.integers(0, 2**32 - 1)), max_size=30))
def test_it_survives_its_text(steps):
    seen = Seen()
    for pair, minute in steps:
        seen.hold([pair], minute)
        seen.trim(1)
    again = Seen.of_text(seen.text())
    assert [again.is_news(pair) for pair in (A1, A2, B1)] == [seen.is_news(pair) for pair in (A1, A2, B1)]
    assert again.text() == seen.text()


@pytest.mark.parametrize("text", ["x", "AAAA", "§", "AAAA" * 3 + "=="])
def test_a_broken_text_is_refused(text):
    with pytest.raises(ValueError, match="no list"):
        Seen.of_text(text)
