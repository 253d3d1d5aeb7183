"""Syntax tree → Elasticsearch query, pure.

A story's text stands in the fields of one language (`title.en`, `summary.en`, `body.en`), and each language's analyzer
drops and joins words in its own way: 'the' is nothing in English and a word elsewhere. So the whole tree is asked once
per language, over that language's fields, and the answers are joined: any of [the tree in English, the tree in Greek …].

Inside one language:

- Words side by side become one `cross_fields` clause: each must be in the title, the summary or the body, no matter
  which. A word that the analyzer drops asks for nothing; a query of nothing but such words finds nothing in that
  language (German drops 'man' and 'die', which must not put every German story among the English ones).
- What is one word to the reader and several to the analyzer ('anti-war', '記者会見') is a phrase.
- `word*` is looked for as typed (in lower case) and as the analyzer stems it.
- What holds for stories of any language ('NOT x', a fact beside an OR) is tied to the stories of this one, where x
  means what it says: otherwise `NOT x` in Greek would let through every English story that has x.

Facts (`section:`, `source:` …) are matched whole and without regard to case, in every language alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, Literal

from services.search.query.tree import (
    FACT_FIELDS,
    All,
    And,
    Leaf,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Word,
    leaves,
    searches_text,
)
from shared.subjects import same_subject

Clause = dict[str, Any]
InLanguage = Callable[[str], Clause]
"""A clause still without its language: what is the same in all 37 is worked out once."""
Zero = Literal["all", "none"]
"""What a clause finds whose every word the analyzer drops."""

TITLE_BOOST: Final = 3
WEIGHTS: Final = {"title": f"^{TITLE_BOOST}", "summary": "^1.5", "body": ""}
FACTS: Final = {
    "language": ("language",),
    "source": ("source",),
    "section": ("section",),
    "kind": ("kind",),
    "byline": ("byline",),
    "place": ("places", "dateline.place"),
    "topic": ("topics.code", "topics.name"),
}
"""Name of a fact in queries and filters → the index's fields for it."""

MATCH_ALL: Final[Clause] = {"match_all": {}}
MATCH_NONE: Final[Clause] = {"match_none": {}}


def text_query(tree: Node, languages: Sequence[str]) -> Clause:
    """The query of a tree over the text fields of these languages (keys of `shared.elastic.languages.TEXT_FIELDS`)."""
    in_language = by_language(tree)
    return any_of([in_language(key) for key in languages]) if searches_text(tree) else in_language("")


def by_language(tree: Node) -> InLanguage:
    """The query of a tree, still to be put into a language; which one makes no difference to a tree of facts alone."""
    in_language = _clause(tree, "none")
    return in_language if _grounded(tree) or not searches_text(tree) else _scoped(in_language)


def any_of(clauses: Sequence[Clause]) -> Clause:
    """At least one of the clauses; none at all matches nothing."""
    if not clauses:
        return MATCH_NONE
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def fact(name: str, values: Sequence[str]) -> Clause:
    """Stories of which the fact `name` is one of the values, whatever their case."""
    if name == "topic":  # parents are stored with each story; what is left is which codes mean the same
        values = list(dict.fromkeys(code for value in values for code in same_subject(value)))
    return any_of([one for value in values for field in FACTS[name] for one in _equal(name, field, value)])


def _grounded(node: Node) -> bool:
    """Whether whatever matches has a word of the tree in its text, and so is in the language that was asked."""
    match node:
        case And(parts):
            return any(_grounded(part) for part in parts)
        case Or(parts):
            return all(_grounded(part) for part in parts)
        case All() | Not():
            return False
        case _:
            return node.field not in FACT_FIELDS


def _scoped(clause: InLanguage) -> InLanguage:
    """A clause among the stories whose text is in the language's fields."""

    def scoped(key: str) -> Clause:
        has_text = any_of([{"exists": {"field": f"{part}.{key}"}} for part in ("title", "body")])
        return {"bool": {"must": [clause(key)], "filter": [has_text]}}

    return scoped


def _clause(node: Node, zero: Zero) -> InLanguage:
    match node:
        case All():
            return lambda _: MATCH_ALL
        case Not(part):
            return _bool(must_not=[_clause(part, "none")])
        case And(parts):
            return _joined(parts)
        case Or(parts):
            return _either(parts, zero)
        case _:
            return _leaf(node, zero)


def _bool(**clauses: Sequence[InLanguage]) -> InLanguage:
    given = {name: parts for name, parts in clauses.items() if parts}
    return lambda key: {"bool": {name: [part(key) for part in parts] for name, parts in given.items()}}


def _joined(parts: Sequence[Node]) -> InLanguage:
    """All of the parts: plain words share a clause, negations become must_not.

    With several clauses of text, one whose words are all dropped must not ask for anything (`all`), yet one of them must
    find something: where every one could be dropped, a filter asks for any of their words.
    """
    words, others = _plain(parts)
    wanted = [part for part in others if not isinstance(part, Not)]
    texts = [part for part in wanted if _grounded(part)]
    zero: Zero = "all" if len(texts) + bool(words) > 1 else "none"
    must = [_match(" ".join(words), None, "and", zero)] if words else []
    must += [_clause(part, zero) for part in wanted]
    guard = []
    if zero == "all" and all(_droppable(part) for part in texts):
        sought = " ".join([*words, *(leaf.text for part in texts for leaf in leaves(part))])
        guard = [_match(sought, None, "or", "none")]
    unwanted = [_clause(part.part, "none") for part in others if isinstance(part, Not)]
    return (
        must[0] if len(must) == 1 and not guard and not unwanted else _bool(must=must, filter=guard, must_not=unwanted)
    )


def _droppable(part: Node) -> bool:
    """Whether the clause of a part asks for nothing where the analyzer drops all of its words."""
    if isinstance(part, Or):
        return not _plain(part.parts)[1]
    return isinstance(part, Word | Phrase)


def _either(parts: Sequence[Node], zero: Zero) -> InLanguage:
    """One of the parts at least; a dropped word is no choice, unless all choices are dropped words."""
    words, others = _plain(parts)
    should = [_match(" ".join(words), None, "or", "none" if others else zero)] if words else []
    should += [_clause(part, "none") for part in others]
    return should[0] if len(should) == 1 else lambda key: any_of([part(key) for part in should])


def _plain(parts: Sequence[Node]) -> tuple[list[str], list[Node]]:
    """The words that are looked for everywhere and are single words for any analyzer, and all other parts."""
    words: list[str] = []
    others: list[Node] = []
    for part in parts:
        if isinstance(part, Word) and part.field is None and not _compound(part.text):
            words.append(part.text)
        else:
            others.append(part)
    return words, others


def _compound(word: str) -> bool:
    """Whether an analyzer may make several terms of it: inner punctuation, or a script written without spaces."""
    core = word.strip("".join(char for char in word if not char.isalnum()))
    return any(not char.isalnum() or _unspaced(char) for char in core)


def _unspaced(char: str) -> bool:
    point = ord(char)
    return (
        0x0E00 <= point <= 0x0EFF  # Thai, Lao
        or 0x1780 <= point <= 0x17FF  # Khmer
        or 0x3040 <= point <= 0x30FF  # Kana
        or 0x3400 <= point <= 0x9FFF  # Han
        or 0xAC00 <= point <= 0xD7AF  # Hangul: cut into pairs by the cjk analyzer
        or 0x20000 <= point <= 0x3FFFF
    )


def _leaf(leaf: Leaf, zero: Zero) -> InLanguage:
    if leaf.field in FACT_FIELDS:
        found = _fact_leaf(leaf)
        return lambda _: found
    match leaf:
        case Phrase(text, field, slop):
            return _phrase(text, field, zero, slop)
        case Prefix(text, field):
            return _prefix(text, field)
        case Word(text, field):
            return _phrase(text, field, zero, 0) if _compound(text) else _match(text, field, "and", zero)


@cache  # three fields by 37 languages; the lists are never changed
def _fields(field: str | None, key: str) -> list[str]:
    if field is not None:
        return [f"{field}.{key}"]
    return [f"{name}.{key}{weight}" for name, weight in WEIGHTS.items()]


def _match(text: str, field: str | None, operator: Literal["and", "or"], zero: Zero) -> InLanguage:
    asked = {"query": text, "type": "cross_fields", "operator": operator, "zero_terms_query": zero}
    return lambda key: {"multi_match": {**asked, "fields": _fields(field, key)}}


def _phrase(text: str, field: str | None, zero: Zero, slop: int) -> InLanguage:
    asked = {"query": text, "type": "phrase", "zero_terms_query": zero, **({"slop": slop} if slop else {})}
    return lambda key: {"multi_match": {**asked, "fields": _fields(field, key)}}


def _prefix(text: str, field: str | None) -> InLanguage:
    typed = {"value": text.lower()}

    def prefix(key: str) -> Clause:
        fields = _fields(field, key)
        queries: list[Clause] = [{"prefix": {name.partition("^")[0]: typed}} for name in fields]
        # All of a word that an analyzer cuts ('foo-bar*', 'status:12*'), not any one piece of it.
        queries.append({"multi_match": {"query": text, "fields": fields, "type": "bool_prefix", "operator": "and"}})
        return {"dis_max": {"queries": queries}}

    return prefix


def _fact_leaf(leaf: Leaf) -> Clause:
    name = leaf.field or ""
    if not isinstance(leaf, Prefix):
        return fact(name, (leaf.text,))
    return any_of([{"prefix": {field: {"value": leaf.text, "case_insensitive": True}}} for field in FACTS[name]])


def _equal(name: str, field: str, value: str) -> Iterator[Clause]:
    """`case_insensitive` knows ASCII alone, so other scripts are asked for in the spellings that occur."""
    if value.isascii():
        yield {"term": {field: {"value": value, "case_insensitive": True}}}
    else:
        yield {"terms": {field: sorted({value, value.lower(), value.upper(), value.title(), value.capitalize()})}}
    if name == "language":  # en finds en-GB too, as in a browser's language settings (RFC 4647, basic filtering)
        yield {"prefix": {field: {"value": value + "-", "case_insensitive": True}}}
