from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.query.parser import MAX_LENGTH, MAX_TERMS, QueryError, parse
from services.search.query.tree import (
    All,
    And,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
    conjunction,
    disjunction,
    leaves,
    render,
    searches_text,
)

a, b, c = Word("a"), Word("b"), Word("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", All()),
        ("  \n ", All()),
        ("*", All()),
        ("a", a),
        ("a b", And((a, b))),
        ("a AND b", And((a, b))),
        ("a OR b", Or((a, b))),
        ("a b OR c", Or((And((a, b)), c))),
        ("a (b OR c)", And((a, Or((b, c))))),
        ("(a b) c", And((a, b, c))),
        ("NOT a", Not(a)),
        ("-a", Not(a)),
        ("+a", a),
        ("--a", a),
        ("NOT NOT a", a),
        ("-(a OR b) c", And((Not(Or((a, b))), c))),
        ("a -b", And((a, Not(b)))),
        ("a NOT b", And((a, Not(b)))),
        ("a and b", And((a, Word("and"), b))),
        ("a or not b", And((a, Word("or"), Word("not"), b))),
        ('"a  b"', Phrase("a b")),
        ('"a b"~3', Phrase("a b", slop=3)),
        ('-"a b" c', And((Not(Phrase("a b")), c))),
        ('"AND" a', And((Phrase("AND"), a))),
        ("“New York”", Phrase("New York")),
        ("title:a", Word("a", "title")),
        ('section:"World News"', Phrase("World News", "section")),
        ("source:reu* a", And((Prefix("reu", "source"), a))),
        ("title: a", And((Word("title:"), a))),
        ("12:30", Word("12:30")),
        ("http://x.org/a?b=c", Word("http://x.org/a?b=c")),
        ("minsk*", Prefix("minsk")),
        ("anti-war", Word("anti-war")),
        ("U.S. <GLD> Macron's", And((Word("U.S."), Word("<GLD>"), Word("Macron's")))),
        ("a - b", And((a, Word("-"), b))),
        ("a -", And((a, Word("-")))),
        ("what?", Word("what?")),
        ('a"b"c', And((a, Phrase("b"), c))),
    ],
)
def test_text_becomes_the_tree_it_means(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ('"', "bad-query", 0),
        ('a "b', "bad-query", 2),
        ("(a", "bad-query", 0),
        ("a)", "bad-query", 1),
        ("()", "bad-query", 1),
        ("AND a", "bad-query", 0),
        ("a OR", "bad-query", 4),
        ("a AND OR b", "bad-query", 6),
        ("NOT", "bad-query", 3),
        ("-AND", "bad-query", 1),
        ("a title:(b c)", "bad-query", 8),
        ("f*o", "bad-query", 1),
        ("a *foo", "query-too-expensive", 2),
        ("section:*", "query-too-expensive", 8),
        ("**", "query-too-expensive", 0),
        ("ab*", "query-too-expensive", 2),
        ('"a b"~51', "query-too-expensive", 5),
        ("(" * 30 + "a" + ")" * 30, "query-too-expensive", 20),
        ("x" * (MAX_LENGTH + 1), "query-too-expensive", MAX_LENGTH),
        ("a " * MAX_TERMS + "b", "query-too-expensive", 2 * MAX_TERMS),
        ('"' + "a " * (MAX_TERMS + 1) + '"', "query-too-expensive", 0),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_place(text, code, position):
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert (refused.value.code, refused.value.position) == (code, position)


def test_as_many_words_as_allowed_are_taken():
    assert len(list(leaves(parse("a " * MAX_TERMS)))) == MAX_TERMS


def test_only_words_and_text_fields_are_looked_for_in_text():
    assert searches_text(parse("section:a OR b"))
    assert searches_text(parse("title:a"))
    assert not searches_text(parse("section:a -source:b"))
    assert not searches_text(All())


FRAGMENTS = st.sampled_from(
    [
        "AND",
        "OR",
        "NOT",
        "-",
        "+",
        "(",
        ")",
        '"',
        " ",
        "*",
        ":",
        "~2",
        "title:",
        "section:",
        "macron",
        "Αθήνα",
        "記者",
        "'",
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(FRAGMENTS, max_size=40).map("".join))


@given(TEXTS)
def test_any_text_is_a_tree_or_a_refusal_with_a_place_inside_it(text):
    refused = None
    try:
        tree = parse(text)
    except QueryError as error:
        refused = error
    if refused:
        assert 0 <= refused.position <= len(text)
        assert refused.message
    else:
        assert parse(render(tree)) == tree


WORDS = st.from_regex(r"\A[^\W_]{1,8}([.'’&/-][^\W_]{1,4})?\Z").filter(lambda word: word not in ("AND", "OR", "NOT"))
FIELDS = st.sampled_from([None, "title", "body", "section", "place"])
LEAVES = st.one_of(
    st.builds(Word, WORDS, FIELDS),
    st.builds(Prefix, st.from_regex(r"\A[^\W_]{3,8}\Z"), FIELDS),
    st.builds(Phrase, st.lists(WORDS, max_size=3).map(" ".join), FIELDS, st.integers(0, 50)),
    st.just(All()),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda node: node.part if isinstance(node, Not) else Not(node)),
        st.lists(inner, min_size=1, max_size=3).map(conjunction),
        st.lists(inner, min_size=1, max_size=3).map(disjunction),
    ),
    max_leaves=12,
)


@given(TREES)
def test_every_tree_comes_back_from_its_spelling(tree):
    assert parse(render(tree)) == tree
