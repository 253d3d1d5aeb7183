"""Which headline the notice of a kill carries, by what its article's history knows."""

from __future__ import annotations

import pytest

from services.search import kills
from services.search.notices import Past, past_body, pasts_of, told
from tests.unit.search.fakes import ID, NOW, document

NEWEST = {"title": {"en": "As it was free"}, "slugline": "FREE"}


def tombstone(**more):
    return document(**{"status": "killed", "notice_title": "Headline", "slugline": "SLUG", "title": None} | more)


@pytest.mark.parametrize(
    ("more", "past", "headline", "slugline"),
    [
        ({"revision": 1}, None, "Headline", "SLUG"),  # the kill came first
        ({"revision": 2}, None, None, None),  # there is a history, and it cannot be found yet
        ({}, Past(None), None, None),  # never free
        ({"revision": 1}, Past(None), None, None),  # never free, and came after its kill
        ({}, Past(NEWEST), "Headline", "SLUG"),  # the provider's own kill of a free story
        ({"order_id": "o"}, Past(NEWEST), "As it was free", "FREE"),
        ({"order_id": "o"}, Past(None), None, None),
        ({"order_id": "o", "erased": True, "notice_title": None, "slugline": None}, Past(NEWEST), None, None),
    ],
)
def test_a_headline_that_was_never_free_is_not_told(more, past, headline, slugline):
    for found in (told(tombstone(**more), past), kills.told(tombstone(**more), past)):
        assert (found["title"], found["slugline"], found["id"]) == (headline, slugline, ID)


def test_what_the_list_of_kills_fetches_is_all_that_its_notices_need():
    stored = tombstone(order_id="o", version_time="2024-01-01T00:00:00Z")
    fetched = {name: value for name, value in stored.items() if name in kills.SHOWN}
    assert kills.told(fetched, Past(NEWEST)) == kills.told(stored, Past(NEWEST))


def test_the_answer_of_history_by_article():
    assert past_body(["a", "b"], NOW)["aggs"]["articles"]["terms"]["size"] == 2
    buckets = [
        {"key": "a", "free": {"newest": {"hits": {"hits": [{"_source": NEWEST}]}}}},
        {"key": "b", "free": {"newest": {"hits": {"hits": []}}}},
    ]
    found = pasts_of({"aggregations": {"articles": {"buckets": buckets}}})
    assert found == {"a": Past(NEWEST), "b": Past(None)}
    assert pasts_of({}) == {}, "an empty system"
