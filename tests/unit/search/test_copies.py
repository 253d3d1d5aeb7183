"""Copies as readers are told of them, and folded pages, without a server."""

from __future__ import annotations

import pytest

from services.search import collapse, copies
from services.search.cursor import Position


def standing(total, *, named, itself, least="b"):
    hits = {"total": {"value": total}, "hits": [{"_source": {"id": least}}] if total else []}
    return {"hits": hits, "aggregations": {"named": {"doc_count": named}, "itself": {"doc_count": itself}}}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (standing(1, named=0, itself=1, least="c"), {"cluster_id": "c", "copies": 0}),
        (standing(0, named=0, itself=0), {"cluster_id": "c", "copies": 0}),
        (standing(3, named=1, itself=1), {"cluster_id": "root", "copies": 2}),
        (standing(3, named=0, itself=1), {"cluster_id": "b", "copies": 2}),
        (standing(1, named=0, itself=0, least="d"), {"cluster_id": "c", "copies": 1}),
    ],
)
def test_only_what_may_be_seen_counts_and_names(answer, expected):
    assert copies.told_of({"id": "c", "cluster_id": "root"}, answer) == expected


def test_the_share_that_changed_and_the_words():
    one = {"title": {"en": "A  headline"}, "body": {"en": "one two three four five six"}}
    assert copies.changed(one, one) == {"same_title": True, "changed": 0.0, "words_added": 0, "words_removed": 0}
    other = {"title": {"en": "Another"}, "body": {"en": "one two three four five seven eight"}}
    found = copies.changed(one, other)
    assert (found["same_title"], found["words_added"], found["words_removed"]) == (False, 2, 1)
    assert 0 < found["changed"] < 1
    assert copies.changed(one, None)["changed"] is None


def hit(moment, id_):
    return {"sort": [moment, id_]}


@pytest.mark.parametrize(
    ("sort", "shown"),
    [("newest", [(5, "c"), (4, "a")]), ("oldest", [(5, "c"), (6, "a")])],
)
def test_a_later_page_leaves_out_what_does_not_come_after_the_last_row(sort, shown):
    rows = sorted([(6, "a"), (5, "a"), (5, "b"), (5, "c"), (4, "a")], reverse=sort == "newest")
    answer = {"hits": {"hits": [hit(*row) for row in rows]}}
    kept = collapse.after_last(answer, Position([5, "b"], None, None, 3), sort)
    assert [tuple(one["sort"]) for one in kept["hits"]["hits"]] == shown


def test_pages_begin_early_by_date_and_end_at_the_depth():
    assert collapse.onward(Position([], None, None, 200), 21, by_date=True) == {"from": 150, "size": 71}
    assert collapse.onward(Position([], None, None, 200), 21, by_date=False) == {"from": 200, "size": 21}
    assert collapse.onward(Position([], None, None, 9_990), 21, by_date=True) == {"from": 9_940, "size": 60}
    full = {"hits": {"hits": [hit(1, "a")] * 60}}
    assert collapse.deeper({"from": 9_940, "size": 60}, full) is None
    assert collapse.deeper({"from": 100, "size": 60}, full) == {"from": 160, "size": 60}
    assert collapse.deeper({"from": 100, "size": 61}, full) is None
    assert (collapse.ends(9_999), collapse.ends(10_000)) == (False, True)
