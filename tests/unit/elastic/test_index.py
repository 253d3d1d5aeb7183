from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, DEAD_LETTERS_ALIAS, KINDS, slice_name, template
from shared.elastic.languages import TEXT_FIELDS
from shared.elastic.mapping import ANALYSIS, IGNORE_ABOVE
from shared.events import Article
from shared.settings import ElasticsearchSettings


@pytest.mark.parametrize(
    ("moment", "since", "name"),
    [
        (None, "2015-01", "articles-before"),
        (datetime(2014, 12, 31, 23, 59, 59, tzinfo=UTC), "2015-01", "articles-before"),
        (datetime(2015, 1, 1, tzinfo=UTC), "2015-01", "articles-2015.01"),
        (datetime(1987, 3, 1, tzinfo=UTC), "1987-03", "articles-1987.03"),
        (datetime(1987, 2, 28, tzinfo=UTC), "1987-03", "articles-before"),
        (datetime(2015, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2015-01", "articles-before"),
        (datetime(2024, 5, 31, 23, tzinfo=timezone(timedelta(hours=-5))), "2015-01", "articles-2024.06"),
        (datetime(1, 1, 2, tzinfo=UTC), "0001-01", "articles-0001.01"),
    ],
)
def test_slice_of_a_moment(moment, since, name):
    assert slice_name(ARTICLES, moment, since) == name


@given(st.integers(-62_000_000_000, 253_000_000_000))
def test_slice_depends_on_the_instant_alone(seconds):
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    elsewhere = moment.astimezone(timezone(timedelta(hours=9, minutes=30)))
    assert slice_name(ARTICLE_VERSIONS, moment, "2015-01") == slice_name(ARTICLE_VERSIONS, elsewhere, "2015-01")


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_of_one_alias_never_take_another_s_slices(kind):
    patterns = {other: template(other, ElasticsearchSettings())["index_patterns"] for other in KINDS}
    name = slice_name(kind, None, "2015-01")
    assert [other for other, given in patterns.items() if any(name.startswith(p.rstrip("*")) for p in given)] == [kind]


def leaves(properties, path=""):
    for name, mapping in properties.items():
        if "properties" in mapping:
            assert mapping["dynamic"] == "strict", f"{path}{name} would take unknown fields"
            yield from leaves(mapping["properties"], f"{path}{name}.")
        else:
            yield f"{path}{name}", mapping


def properties(kind):
    mappings = template(kind, ElasticsearchSettings())["template"]["mappings"]
    assert mappings["dynamic"] == "strict"
    return mappings["properties"]


def test_every_field_of_an_article_has_a_place():
    assert set(Article.model_fields) <= set(properties(ARTICLES))


def test_history_has_all_of_an_article_its_span_and_how_it_is_held():
    more = {"live_from", "live_until", "held", "held_until"}
    assert set(properties(ARTICLE_VERSIONS)) - set(properties(ARTICLES)) == more


@pytest.mark.parametrize("kind", KINDS)
def test_no_string_is_refused_for_its_length(kind):
    for path, mapping in leaves(properties(kind)):
        if mapping["type"] == "keyword":
            assert mapping["ignore_above"] == IGNORE_ABOVE, path
    assert IGNORE_ABOVE * 3 < 32_766


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_fields_stays_under_elasticsearch_s_limit(kind):
    def count(given):
        return sum(1 + count(mapping.get("properties", {})) for mapping in given.values())

    assert count(properties(kind)) < 500


@pytest.mark.parametrize("name", ["title", "summary", "body"])
def test_each_language_has_its_analyzer(name):
    fields = properties(ARTICLES)[name]["properties"]
    assert {key: mapping["analyzer"] for key, mapping in fields.items()} == TEXT_FIELDS


def test_own_analyzers_are_defined_and_use_filters_that_stand_before_them():
    own = {name for name in TEXT_FIELDS.values() if name.startswith("newswire_")}
    assert own == set(ANALYSIS["analyzer"])


def test_dead_letters_hold_no_value():
    assert {"value", "body", "title", "source"}.isdisjoint(properties(DEAD_LETTERS_ALIAS))


def test_settings_reach_the_template():
    given = ElasticsearchSettings(shards=3, replicas=2, refresh_interval="5s")
    settings = template(ARTICLES, given)["template"]["settings"]
    assert (settings["number_of_shards"], settings["number_of_replicas"], settings["refresh_interval"]) == (3, 2, "5s")


def test_slices_are_never_made_by_a_stray_write():
    assert all(template(kind, ElasticsearchSettings())["allow_auto_create"] is False for kind in KINDS)
