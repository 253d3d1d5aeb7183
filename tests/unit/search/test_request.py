from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.query.tree import All, Word
from services.search.request import MAX_VALUES, PARAMETERS, read_search, spelled_span
from shared.problems import Problem
from tests.unit.search.fakes import NOW


def read(*pairs):
    return read_search(pairs, NOW)


def refused(*pairs):
    with pytest.raises(Problem) as problem:
        read(*pairs)
    return problem.value


def test_nothing_asked_is_everything_newest_first():
    search = read()
    assert (search.tree, search.sort, search.size, search.filters) == (All(), "newest", 20, {})
    assert read(("q", ""), ("from", " "), ("source", "")) == search


def test_a_query_sorts_by_relevance_unless_told():
    assert read(("q", "a")).sort == "relevance"
    assert read(("q", "a"), ("sort", "oldest")).sort == "oldest"
    assert read(("q", "a")).tree == Word("a")


def test_filters_may_be_given_again_and_repeat_no_value():
    search = read(("source", "AP"), ("source", "AFP"), ("source", "AP"), ("language", "el"))
    assert search.filters == {"source": ("AP", "AFP"), "language": ("el",)}


def test_to_takes_in_its_whole_period_and_from_begins_with_its():
    assert spelled_span(read(("from", "2022-02"), ("to", "2022-02"))) == (
        "2022-02-01T00:00:00.000Z",
        "2022-03-01T00:00:00.000Z",
    )
    assert spelled_span(read(("to", "2022-02-08T12:00Z")))[1] == "2022-02-08T12:00:00.000Z"
    assert spelled_span(read(("from", "2022-02-08"), ("tz", "Europe/Athens")))[0] == "2022-02-07T22:00:00.000Z"


@pytest.mark.parametrize(
    ("pairs", "code", "parameter"),
    [
        ([("nosuch", "1")], "unknown-parameter", "nosuch"),
        ([("Q", "1")], "unknown-parameter", "Q"),
        ([("q", "a"), ("q", "b")], "bad-parameter", "q"),
        ([("size", ""), ("size", "5")], "bad-parameter", "size"),
        ([("q", '"')], "bad-query", "q"),
        ([("q", "*a")], "query-too-expensive", "q"),
        ([("from", "yesterday-ish")], "bad-parameter", "from"),
        ([("from", "2023"), ("to", "2022")], "bad-parameter", "from"),
        ([("tz", "Mars/Olympus")], "bad-parameter", "tz"),
        ([("sort", "published")], "bad-parameter", "sort"),
        ([("size", "0")], "bad-parameter", "size"),
        ([("size", "101")], "bad-parameter", "size"),
        ([("size", "-1")], "bad-parameter", "size"),
        ([("size", "1e3")], "bad-parameter", "size"),
        ([("size", "💩")], "bad-parameter", "size"),
        ([("size", "٣")], "bad-parameter", "size"),
        ([("facets", "body")], "bad-parameter", "facets"),
        ([("histogram", "minute")], "bad-parameter", "histogram"),
        ([("histogram", "hour"), ("from", "2020"), ("to", "2022")], "bad-parameter", "histogram"),
        ([("highlight", "maybe")], "bad-parameter", "highlight"),
        ([("cursor", "x" * 3000)], "bad-cursor", "cursor"),
        ([("source", "x" * 600)], "bad-parameter", "source"),
        ([("source", str(n)) for n in range(MAX_VALUES + 1)], "bad-parameter", "source"),
    ],
)
def test_what_cannot_be_asked_is_a_400_that_names_its_parameter(pairs, code, parameter):
    problem = refused(*pairs)
    assert (problem.status, problem.code, problem.errors[0]["parameter"]) == (400, code, parameter)


def test_a_bad_query_says_where():
    assert refused(("q", "a (b")).errors[0]["position"] == 2


def test_a_long_name_is_not_repeated_whole():
    assert len(str(refused(("x" * 5000, "1")).document())) < 1000


def test_from_and_to_may_meet():
    search = read(("from", "2022-02-08T00:00Z"), ("to", "2022-02-08T00:00Z"))
    assert search.start == search.end


def test_a_word_that_is_no_language_is_warned_of():
    assert [warning["code"] for warning in read(("language", "english!")).warnings] == ["unknown-language"]
    assert read(("language", "pt-BR")).warnings == ()


def test_the_fingerprint_is_of_what_decides_the_rows():
    asked = [("q", "a"), ("source", "AP"), ("source", "AFP"), ("from", "now-7d")]
    assert read(*asked).fingerprint == read(*reversed(asked), ("size", "5"), ("highlight", "false")).fingerprint
    others = [[("q", "b")], [("to", "2022")], [("sort", "newest")], [("tz", "+01:00")], [("section", "AP")]]
    prints = {
        read(("q", "a")).fingerprint,
        *(read(*dict([("q", "a"), *other]).items()).fingerprint for other in others),
    }
    assert len(prints) == len(others) + 1


@given(
    st.lists(st.tuples(st.one_of(st.sampled_from(PARAMETERS), st.text(max_size=5)), st.text(max_size=30)), max_size=6)
)
def test_any_parameters_are_a_search_or_a_problem_of_the_asker(pairs):
    problem = None
    try:
        read(*pairs)
    except Problem as error:
        problem = error
    assert problem is None or problem.status == 400
