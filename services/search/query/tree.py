"""The syntax tree of a query, and its canonical spelling.

`parse(render(tree)) == tree` holds for every tree that `parse` makes (tests/unit/search/test_query_parser.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

TEXT_FIELDS = ("title", "body")
"""Fields that are analysed text; without a field a word is looked for in title, summary and body together."""

FACT_FIELDS = ("section", "source", "byline", "language", "topic", "place", "kind")
"""Fields that are facts, matched whole and without regard to case."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as typed; inner punctuation ('anti-war', 'U.S.') is left to each language's analyzer."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """`word*`: everything that begins so."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side in this order; `slop` is how many places they may be moved in all."""

    text: str
    field: str | None = None
    slop: int = 0


@dataclass(frozen=True, slots=True)
class All:
    """`*`: every story."""


@dataclass(frozen=True, slots=True)
class Not:
    """Stories that `part` does not match."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """Stories that every part matches; two parts or more, none of them an And."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Stories that at least one part matches; two parts or more, none of them an Or."""

    parts: tuple[Node, ...]


Leaf = Word | Prefix | Phrase
Node = Word | Prefix | Phrase | All | Not | And | Or


def conjunction(parts: list[Node]) -> Node:
    """The parts joined by AND, flat; one part is itself."""
    return parts[0] if len(parts) == 1 else And(tuple(_flat(parts, And)))


def disjunction(parts: list[Node]) -> Node:
    """The parts joined by OR, flat; one part is itself."""
    return parts[0] if len(parts) == 1 else Or(tuple(_flat(parts, Or)))


def _flat(parts: list[Node], kind: type[And | Or]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def leaves(node: Node) -> Iterator[Leaf]:
    """Every word, prefix and phrase of the tree, from left to right."""
    match node:
        case Not(part):
            yield from leaves(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case All():
            return
        case _:
            yield node


def searches_text(node: Node) -> bool:
    """Whether any leaf looks into analysed text (and so must be asked per language)."""
    return any(leaf.field is None or leaf.field in TEXT_FIELDS for leaf in leaves(node))


def render(node: Node) -> str:
    """The tree as text that parses to the same tree."""
    match node:
        case All():
            return "*"
        case Not(part):
            return f"NOT {_grouped(part, (And, Or))}"
        case And(parts):
            return " ".join(_grouped(part, (Or,)) for part in parts)
        case Or(parts):
            return " OR ".join(render(part) for part in parts)
        case _:
            return (f"{node.field}:" if node.field else "") + _spelled(node)


def _spelled(leaf: Leaf) -> str:
    match leaf:
        case Word(text):
            return text
        case Prefix(text):
            return f"{text}*"
        case Phrase(text, _, slop):
            return f'"{text}"' + (f"~{slop}" if slop else "")


def _grouped(node: Node, kinds: tuple[type, ...]) -> str:
    return f"({render(node)})" if isinstance(node, kinds) else render(node)
