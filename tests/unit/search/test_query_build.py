from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given

from services.search.query.build import fact, text_query
from services.search.query.parser import parse
from tests.unit.search.test_query_parser import TREES


def built(text: str, *keys: str) -> Any:
    return text_query(parse(text), keys or ("en",))


def match(text, operator="and", zero="none", key="en"):
    fields = [f"title.{key}^3", f"summary.{key}^1.5", f"body.{key}"]
    asked = {"query": text, "fields": fields, "type": "cross_fields", "operator": operator, "zero_terms_query": zero}
    return {"multi_match": asked}


def phrase(text, zero="none", **more):
    fields = ["title.en^3", "summary.en^1.5", "body.en"]
    return {"multi_match": {"query": text, "fields": fields, "type": "phrase", "zero_terms_query": zero, **more}}


def test_words_side_by_side_are_one_clause_over_all_text():
    assert built("Macron Minsk") == match("Macron Minsk")
    assert built("Macron OR Minsk") == match("Macron Minsk", "or")


def test_each_language_is_asked_with_its_own_fields():
    assert built("Macron", "en", "el")["bool"]["should"] == [match("Macron"), match("Macron", key="el")]


def test_a_field_is_the_only_one_asked():
    assert built("title:Macron")["multi_match"]["fields"] == ["title.en"]


@pytest.mark.parametrize("word", ["anti-war", "U.S.", "Macron's", "AT&T", "12:30", "記者会見", "กรุงเทพ"])
def test_what_an_analyzer_may_cut_is_a_phrase(word):
    expected = phrase(word)
    assert built(word) == expected


@pytest.mark.parametrize("word", ["<GLD>", "what?", "Minsk.", "'quoted'", "Αθήνα"])
def test_marks_around_a_word_leave_it_a_word(word):
    assert built(word) == match(word)


def test_a_phrase_may_leave_room():
    assert built('"a b"~4') == phrase("a b", slop=4)


def test_a_clause_of_dropped_words_asks_for_nothing_while_another_is_sought():
    found = built('the "prime minister"')["bool"]
    assert found["must"] == [match("the", zero="all"), phrase("prime minister", zero="all")]
    assert found["filter"] == [match("the prime minister", "or")]


def test_no_guard_is_needed_where_a_clause_is_never_dropped():
    found = built("the econom*")["bool"]
    assert found["must"][0] == match("the", zero="all")
    assert "filter" not in found


def test_negation_is_a_must_not_and_never_asks_for_dropped_words():
    assert built("Macron -the")["bool"] == {"must": [match("Macron")], "must_not": [match("the")]}


@pytest.mark.parametrize("text", ["-Macron", "* -Macron", "Macron OR -Minsk", "Macron OR section:Sport"])
def test_what_holds_without_a_word_in_the_text_is_tied_to_the_language(text):
    scope = built(text)["bool"]["filter"][0]["bool"]["should"]
    assert scope == [{"exists": {"field": "title.en"}}, {"exists": {"field": "body.en"}}]


@pytest.mark.parametrize("text", ["Macron", "Macron -Minsk", "Macron section:Sport", '"a b" OR Minsk', "title:Minsk"])
def test_what_needs_a_word_in_the_text_is_not(text):
    assert b"exists" not in orjson.dumps(built(text))


def test_facts_are_asked_once_whatever_the_languages():
    found = built('section:"World News"', "en", "el")
    assert found == {"term": {"section": {"value": "World News", "case_insensitive": True}}}


def test_facts_in_other_scripts_are_asked_in_their_spellings():
    assert set(fact("section", ["πολιτική"])["terms"]["section"]) == {"πολιτική", "ΠΟΛΙΤΙΚΉ", "Πολιτική"}


def test_a_language_finds_its_regions_and_several_values_are_alternatives():
    found = fact("language", ["en", "el"])["bool"]["should"]
    assert {"prefix": {"language": {"value": "en-", "case_insensitive": True}}} in found
    assert len(found) == 4


def test_a_prefix_is_sought_as_typed_and_as_stemmed():
    queries = built("Economies*")["dis_max"]["queries"]
    assert {"prefix": {"body.en": {"value": "economies"}}} in queries
    assert queries[-1]["multi_match"]["type"] == "bool_prefix"
    assert queries[-1]["multi_match"]["operator"] == "and", "of a word in pieces all must be there"


def test_no_language_at_all_finds_nothing():
    assert text_query(parse("a"), ()) == {"match_none": {}}


@given(TREES)
def test_every_tree_makes_a_body_of_known_clauses(tree):
    known = {"bool", "multi_match", "match_all", "exists", "term", "terms", "prefix", "dis_max"}

    def clauses(node):
        (kind,) = node
        assert kind in known
        if kind == "bool":
            for name in ("must", "should", "filter", "must_not"):
                for inner in node["bool"].get(name, ()):
                    clauses(inner)
        if kind == "dis_max":
            for inner in node["dis_max"]["queries"]:
                clauses(inner)

    clauses(text_query(tree, ("en", "el")))
    orjson.dumps(text_query(tree, ("en", "el")))
