from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.indexing.portions import Portion


def test_portions_of_small_documents_grow_to_the_most():
    portion = Portion(1000)
    counts = []
    for _ in range(4):
        counts.append(portion.count)
        portion.came(portion.count, portion.count)
    assert counts == [8, 16, 32, 32]


def test_portions_of_large_documents_come_one_by_one_and_stay_so():
    portion = Portion(1000)
    portion.came(8, 8 * 900)
    assert portion.count == 1
    portion.came(1, 1)
    assert portion.count == 1


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=200))
def test_every_document_comes_and_no_portion_is_empty_or_too_many(sizes):
    portion, left = Portion(1000), list(sizes)
    while left:
        some, left = left[: portion.count], left[portion.count :]
        assert 0 < len(some) <= 32
        portion.came(len(some), sum(some))
