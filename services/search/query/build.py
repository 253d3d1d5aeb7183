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

from collections.abc import Iterator, Sequence
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
    searches_text,
)

Clause = dict[str, Any]
Zero = Literal["all", "none"]

TITLE_BOOST: Final = 3
WEIGHTS: Final = {"title": f"^{TITLE_BOOST}", "summary": "^1.5", "body": ""}
FACTS: Final = {
    "language": ("language",),
    "source": ("source",),
    "section": ("section",),
    "byline": ("byline",),
    "place": ("places", "dateline.place"),
    "topic": ("topics.code", "topics.name"),
}
"""Name of a fact in queries and filters → the index's fields for it."""

MATCH_ALL: Final[Clause] = {"match_all": {}}
MATCH_NONE: Final[Clause] = {"match_none": {}}


def text_query(tree: Node, languages: Sequence[str]) -> Clause:
    """The query of a tree over the text fields of these languages (keys of `shared.elastic.languages.TEXT_FIELDS`)."""
    if not searches_text(tree):
        return _clause(tree, "", "none")
    scoped = not _grounded(tree)
    return any_of([_scoped(tree, key) if scoped else _clause(tree, key, "none") for key in languages])


def any_of(clauses: Sequence[Clause]) -> Clause:
    """At least one of the clauses; none at all matches nothing."""
    if not clauses:
        return MATCH_NONE
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def fact(name: str, values: Sequence[str]) -> Clause:
    """Stories of which the fact `name` is one of the values, whatever their case."""
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


def _scoped(tree: Node, key: str) -> Clause:
    """The tree among the stories whose text is in the fields `key`."""
    has_text = [{"exists": {"field": f"{part}.{key}"}} for part in ("title", "body")]
    return {"bool": {"must": [_clause(tree, key, "none")], "filter": [any_of(has_text)]}}


def _clause(node: Node, key: str, zero: Zero) -> Clause:
    match node:
        case All():
            return MATCH_ALL
        case Not(part):
            return {"bool": {"must_not": [_clause(part, key, "none")]}}
        case And(parts):
            return _joined(parts, key)
        case Or(parts):
            return _either(parts, key, zero)
        case _:
            return _leaf(node, key, zero)


def _joined(parts: Sequence[Node], key: str) -> Clause:
    """All of the parts: plain words share a clause, negations become must_not.

    With several clauses of text, one whose words are all dropped must not ask for anything (`all`), yet one of them must
    find something: the guard, a filter for any one of the words.
    """
    words, others = _plain(parts)
    wanted = [part for part in others if not isinstance(part, Not)]
    texts = [part for part in wanted if _grounded(part)]
    zero: Zero = "all" if len(texts) + bool(words) > 1 else "none"
    must = [_words(words, key, "and", zero)] if words else []
    must += [_clause(part, key, zero) for part in wanted]
    joined: Clause = {"must": must}
    if zero == "all":
        sought = " ".join([*words, *(text for part in texts for text in _sought(part))])
        joined["filter"] = [_match(sought, _fields(None, key), "or", "none")]
    if unwanted := [_clause(part.part, key, "none") for part in others if isinstance(part, Not)]:
        joined["must_not"] = unwanted
    return must[0] if len(must) == 1 and len(joined) == 1 else {"bool": joined}


def _sought(node: Node) -> Iterator[str]:
    """The texts that a match may have, negated ones left out."""
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _sought(part)
        case All() | Not():
            return
        case _:
            if node.field not in FACT_FIELDS:
                yield node.text


def _either(parts: Sequence[Node], key: str, zero: Zero) -> Clause:
    """One of the parts at least; a dropped word is no choice, unless all choices are dropped words."""
    words, others = _plain(parts)
    should = [_words(words, key, "or", "none" if others else zero)] if words else []
    return any_of(should + [_clause(part, key, "none") for part in others])


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


def _leaf(leaf: Leaf, key: str, zero: Zero) -> Clause:
    if leaf.field in FACT_FIELDS:
        return _fact_leaf(leaf)
    fields = _fields(leaf.field, key)
    match leaf:
        case Phrase(text, _, slop):
            return _phrase(text, fields, zero, slop)
        case Prefix(text):
            return _prefix(text, fields)
        case Word(text):
            return _phrase(text, fields, zero, 0) if _compound(text) else _match(text, fields, "and", zero)


def _fields(field: str | None, key: str) -> list[str]:
    if field is not None:
        return [f"{field}.{key}"]
    return [f"{name}.{key}{weight}" for name, weight in WEIGHTS.items()]


def _words(words: Sequence[str], key: str, operator: Literal["and", "or"], zero: Zero) -> Clause:
    return _match(" ".join(words), _fields(None, key), operator, zero)


def _match(text: str, fields: list[str], operator: Literal["and", "or"], zero: Zero) -> Clause:
    asked = {"query": text, "fields": fields, "type": "cross_fields", "operator": operator, "zero_terms_query": zero}
    return {"multi_match": asked}


def _phrase(text: str, fields: list[str], zero: Zero, slop: int) -> Clause:
    asked: Clause = {"query": text, "fields": fields, "type": "phrase", "zero_terms_query": zero}
    if slop:
        asked["slop"] = slop
    return {"multi_match": asked}


def _prefix(text: str, fields: list[str]) -> Clause:
    names = [field.partition("^")[0] for field in fields]
    typed = [{"prefix": {name: {"value": text.lower()}}} for name in names]
    stemmed = {"multi_match": {"query": text, "fields": fields, "type": "bool_prefix"}}
    return {"dis_max": {"queries": [*typed, stemmed]}}


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
