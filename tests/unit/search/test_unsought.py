from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.search.article import article
from services.search.request import read_search
from services.search.unsought import unsought
from shared.problems import Problem

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
ADVISORY = {"term": {"kind": "advisory"}}
REPLACED = {"exists": {"field": "replaced_by"}}


def left_out(*pairs: tuple[str, str]) -> list:
    return unsought(read_search(pairs, NOW))


def test_by_default_no_notes_to_editors_and_nothing_that_was_replaced():
    assert left_out() == [ADVISORY, REPLACED]
    assert left_out(("q", "ferry"), ("versions", "latest")) == [ADVISORY, REPLACED]


@pytest.mark.parametrize(
    "asked",
    [
        ("kind", "advisory"),
        ("kind", "story"),
        ("q", "kind:advisory"),
        ("q", "ferry OR (harbour AND NOT kind:advisory)"),
    ],
)
def test_whoever_names_a_kind_decides(asked):
    assert left_out(asked) == [REPLACED]


def test_all_versions_bring_back_what_was_replaced():
    assert left_out(("versions", "all")) == [ADVISORY]


def test_as_of_a_moment_what_was_replaced_later_still_stands():
    (_, replaced) = left_out(("as_of", "2026-03-01"))
    assert replaced == {
        "bool": {"filter": [REPLACED], "must_not": [{"range": {"replaced_at": {"gt": "2026-03-01T00:00:00.000Z"}}}]}
    }


def test_another_word_for_versions_is_refused():
    with pytest.raises(Problem) as refused:
        left_out(("versions", "some"))
    assert refused.value.status == 400


def test_a_cursor_of_latest_is_none_of_all():
    assert read_search([], NOW).fingerprint == read_search([("versions", "latest")], NOW).fingerprint
    assert read_search([], NOW).fingerprint != read_search([("versions", "all")], NOW).fingerprint


def test_by_its_id_such_an_article_says_what_it_is():
    stored = {"id": "a", "status": "usable", "replaced_by": "b", "expires": "2026-03-05T11:00:00Z"}
    told = article(stored, NOW)
    assert told is not None
    assert (told["replaced_by"], told["expired"]) == ("b", True)
    plain = article({"id": "a", "status": "usable", "expires": "2026-03-05T13:00:00Z"}, NOW)
    assert plain is not None
    assert {"replaced_by", "expired"}.isdisjoint(plain)
