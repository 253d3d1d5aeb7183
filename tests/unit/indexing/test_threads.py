"""What a lead goes on from: the latest message of its thread before it, within 48 hours, whichever was written last."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from services.indexing.threads import WINDOW, links
from shared.elastic.ports import Threaded
from tests.unit.indexing.samples import START


def one(name: str, hours: float, *, lead: bool = False, key: str = "k") -> Threaded:
    return Threaded(name, key, START + timedelta(hours=hours), lead)


def linked(written: list[Threaded], found: list[Threaded]) -> set[tuple[str, str]]:
    said = links({each.article_id: each for each in written}, found)
    return {(lead.article_id, before.article_id) for lead, before in said}


THREAD = [one("a", 0), one("b", 1, lead=True), one("c", 2, lead=True), one("d", 30), one("e", 31, lead=True)]


@pytest.mark.parametrize("order", list(itertools.permutations(THREAD)))
def test_in_whatever_order_they_are_written_each_lead_is_told_the_latest_before_it(order):
    told: dict[str, tuple[timedelta, str]] = {}
    by_name = {each.article_id: each for each in THREAD}
    for place, each in enumerate(order):
        for lead, before in linked([each], list(order[: place + 1])):
            found = (by_name[before].at - START, before)
            told[lead] = max(told.get(lead, found), found)
    assert {lead: before for lead, (_, before) in told.items()} == {"b": "a", "c": "b", "e": "d"}


def test_all_in_one_batch():
    assert linked(THREAD, []) == {("b", "a"), ("c", "b"), ("e", "d")}


def test_a_lead_that_is_too_late_or_of_another_thread_stands_alone():
    late = WINDOW.total_seconds() / 3600
    assert linked([one("b", late, lead=True)], [one("a", 0)]) == {("b", "a")}
    assert linked([one("b", late + 0.001, lead=True)], [one("a", 0)]) == set()
    assert linked([one("b", 1, lead=True, key="other")], [one("a", 0)]) == set()
    assert linked([one("b", 0, lead=True)], [one("a", 1)]) == set(), (
        "what comes after it is nothing that it goes on from"
    )


def test_a_first_version_joins_nothing():
    assert linked([one("b", 1)], [one("a", 0)]) == set()


def test_of_others_that_are_known_already_nothing_is_said_again():
    assert linked([one("z", 40)], THREAD) == set()
