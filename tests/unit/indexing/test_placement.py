from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indexing.placement import Memory, history_slice, place
from services.indexing.plan import fold
from services.indexing.versions import Stored
from shared.errors import Refused
from tests.unit.indexing.samples import START, article, version

SINCE = "2015-01"


@pytest.mark.parametrize(
    ("first", "version_time", "slice_"),
    [
        (datetime(2024, 2, 29, 23, 59, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC), "articles-2024.02"),
        (None, datetime(2025, 1, 1, tzinfo=UTC), "articles-2025.01"),
        (None, None, "articles-2026.03"),
        (datetime(1987, 2, 26, tzinfo=UTC), None, "articles-before"),
        (datetime(2014, 12, 31, 23, 59, tzinfo=UTC), None, "articles-before"),
        # Ahead in the month of reception, and ahead of it: no slice for the future.
        (datetime(2026, 3, 31, tzinfo=UTC), None, "articles-2026.03"),
        (datetime(2026, 4, 1, tzinfo=UTC), None, "articles-2026.03"),
        (datetime(9999, 12, 31, tzinfo=UTC), None, "articles-2026.03"),
    ],
)
def test_slice_of_a_new_article(first, version_time, slice_):
    assert place(version(article(first_published=first, version_time=version_time)), SINCE) == slice_


def test_published_decides_nothing():
    came = version(article(published=datetime(2020, 1, 1, tzinfo=UTC), first_published=None))
    assert place(came, SINCE) == "articles-2026.03"


def test_time_that_cannot_be_read_is_refused():
    came = version(article())
    came.data["first_published"] = "soon"
    with pytest.raises(Refused, match="first_published"):
        place(came, SINCE)


def test_history_stands_beside_its_articles():
    assert history_slice("articles-2026.03") == "article-versions-2026.03"
    assert history_slice("articles-before") == "article-versions-before"


def a_state() -> Stored:
    plan = fold(None, [version(article())], lambda _: "articles-2026.03", "2026-03-05T12:00:00.000000Z")
    assert plan.after is not None
    return plan.after


STATE = a_state()


def test_least_recently_used_leaves_first():
    memory = Memory(2)
    for name in "abc":
        memory.learn(name, STATE)
    assert memory.get("a") is not None
    memory.end_refresh()
    assert [memory.get(name) is not None for name in "abc"] == [True, False, True]


def test_what_was_written_stays_until_a_refresh_that_began_after_it():
    memory = Memory(0)
    memory.put("a", STATE)
    memory.begin_refresh()
    memory.put("b", STATE)  # acknowledged while the refresh was under way
    memory.put("a", STATE)
    memory.end_refresh()
    assert memory.get("b") is not None
    assert memory.get("a") is not None
    memory.begin_refresh()
    memory.end_refresh()
    assert len(memory) == 0


def test_failed_refresh_frees_nothing():
    memory = Memory(0)
    memory.put("a", STATE)
    memory.begin_refresh()  # fails: no end
    memory.learn("b", STATE)
    assert memory.get("a") is not None
    memory.begin_refresh()
    memory.end_refresh()
    assert len(memory) == 0


@given(
    st.lists(st.tuples(st.sampled_from(["put", "learn", "begin", "end"]), st.sampled_from("abcdef"))), st.integers(0, 4)
)
def test_memory_never_forgets_an_unrefreshed_write(steps, limit):
    memory = Memory(limit)
    unsafe: set[str] = set()
    begun: set[str] = set()
    running = False
    for step, name in steps:
        if step == "put":
            memory.put(name, STATE)
            unsafe.add(name)
            begun.discard(name)
        elif step == "learn":
            memory.learn(name, STATE)
        elif step == "begin":
            memory.begin_refresh()
            begun, running = set(unsafe), True
        elif running:
            memory.end_refresh()
            unsafe -= begun
            begun, running = set(), False
            assert len(memory) <= max(limit, len(unsafe))
        assert all(memory.get(article_id) is not None for article_id in unsafe)


def test_forgetting_and_clearing():
    memory = Memory(10)
    memory.put("a", STATE)
    memory.put("b", STATE)
    memory.forget(["a", "x"])
    assert memory.get("a") is None
    memory.clear()
    assert len(memory) == 0


def test_received_in_another_zone_counts_in_utc():
    came = version(
        article(first_published=START.astimezone().replace(microsecond=0), seconds=timedelta(0).total_seconds())
    )
    assert place(came, SINCE) == "articles-2026.03"
