from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from services.search.body import Languages, search_body
from services.search.cursor import Position
from services.search.request import read_search
from shared.elastic.languages import TEXT_FIELDS
from tests.unit.search.fakes import NOW

SEEN = Languages(("en", "el"), NOW - timedelta(seconds=3))


def body(*pairs, languages=SEEN, **more):
    return search_body(read_search(pairs, NOW), NOW, size=20, languages=languages, timeout_ms=5000, **more)


def text_of(found):
    return found["query"]["bool"]["must"][0]


def test_every_search_carries_the_readers_filter():
    for pairs in ([], [("q", "a")], [("q", "-a")], [("facets", "section")], [("source", "x")]):
        first = body(*pairs)["query"]["bool"]["filter"][0]["bool"]
        assert first["filter"] == [{"term": {"status": "usable"}}]
        assert first["must_not"] == [
            {"term": {"embargo_open": True}},
            {"range": {"embargoed_until": {"gte": "2024-05-01T12:00:00.000Z"}}},
            {"range": {"expires": {"lte": "2024-05-01T12:00:00.000Z"}}},
        ]


def test_languages_that_occur_are_asked_and_all_others_among_the_newly_indexed():
    known, fresh = text_of(body(("q", "Macron")))["bool"]["should"]
    assert len(known["bool"]["should"]) == 2
    assert fresh["bool"]["filter"] == [{"range": {"indexed": {"gte": "2024-05-01T11:54:57.000Z"}}}]
    assert len(fresh["bool"]["must"][0]["bool"]["should"]) == len(TEXT_FIELDS) - 2


def test_before_anything_is_known_all_languages_are_asked():
    assert len(text_of(body(("q", "Macron"), languages=Languages()))["bool"]["should"]) == len(TEXT_FIELDS)


def test_an_empty_index_is_asked_among_the_newly_indexed_only():
    none, fresh = text_of(body(("q", "Macron"), languages=Languages((), NOW)))["bool"]["should"]
    assert none == {"match_none": {}}
    assert len(fresh["bool"]["must"][0]["bool"]["should"]) == len(TEXT_FIELDS)


@pytest.mark.parametrize(
    ("language", "keys"),
    [
        ("en", {"en"}),
        ("en-GB", {"en"}),
        ("zh", {"cjk"}),
        ("xx", {"und"}),
        ("pt", {"pt", "pt_br"}),
        ("pt-BR", {"pt_br"}),
    ],
)
def test_a_language_filter_asks_its_fields_alone(language, keys):
    text = orjson.dumps(text_of(body(("q", "Macron"), ("language", language)))).decode()
    assert {key for key in TEXT_FIELDS if f'"body.{key}"' in text} == keys


def test_the_range_is_half_open_and_absent_unless_asked_for():
    clauses = body(("from", "2022-02"), ("to", "2022-02"))["query"]["bool"]["filter"]
    assert {"range": {"published": {"gte": "2022-02-01T00:00:00.000Z", "lt": "2022-03-01T00:00:00.000Z"}}} in clauses
    assert "published" not in str(body()["query"])


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
def test_every_order_ends_in_the_id(sort):
    assert body(("q", "a"), ("sort", sort))["sort"][-1] == {"id": "asc"}


def test_highlights_are_escaped_and_bounded_and_only_where_text_is_sought():
    found = body(("q", "Macron"))["highlight"]
    assert found["encoder"] == "html"
    assert set(found["fields"]) == {"title.en", "body.en", "title.el", "body.el"}
    assert "highlight" not in body(("q", "Macron"), ("highlight", "false"))
    assert "highlight" not in body(("q", "section:Sport"))
    assert "highlight" not in body()


def test_facets_and_histogram_count_everything():
    found = body(("facets", "section,topic"), ("histogram", "day"), ("tz", "+02:00"))
    assert set(found["aggs"]) == {"facet:section", "facet:topic", "histogram"}
    assert found["aggs"]["histogram"]["date_histogram"]["time_zone"] == "+02:00"
    assert found["track_total_hits"] is True
    assert body(("tz", "Europe/Athens"), ("histogram", "day"))["aggs"]["histogram"]["date_histogram"]["time_zone"] == (
        "Europe/Athens"
    )


def test_no_text_of_a_story_is_fetched_for_a_list():
    assert "body" not in body()["_source"]


def test_by_relevance_pages_count_rows_as_deep_as_they_can():
    assert body(("q", "a"), after=Position([1.5, 2, "id"], None, None, 9_980))["from"] == 9_980
    assert body(("q", "a"), after=Position([1.5, 2, "id"], None, None, 9_981))["search_after"] == [1.5, 2, "id"]
