"""What a reader types → syntax tree, by hand, so that every refusal has a position and nothing costly gets through.

Grammar, loosest first (words side by side mean AND; only upper-case AND, OR, NOT are operators):

    any    := all ("OR" all)*
    all    := one (["AND"] one)*
    one    := ("NOT" | "-" | "+")* ( "(" any ")" | [field ":"] ( phrase ["~" number] | word | word "*" ) | "*" )

`+word` says what AND says already and is accepted for readers who are used to it. A name before a colon that is no
field is part of the word ('12:30', 'http://…'). Typographic quotes count as plain ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.search.query.tree import (
    FACT_FIELDS,
    TEXT_FIELDS,
    All,
    Node,
    Not,
    Phrase,
    Prefix,
    Word,
    conjunction,
    disjunction,
)

MAX_LENGTH = 2000
MAX_TERMS = 64
MAX_DEPTH = 20
MAX_SLOP = 50
MIN_PREFIX = 3

SYNTAX = "bad-query"
EXPENSIVE = "query-too-expensive"

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_RUN = re.compile(r'[^\s()"]+')
_SPACE = re.compile(r"\s*")
_FIELD = re.compile(rf"({'|'.join((*TEXT_FIELDS, *FACT_FIELDS))}):(?=\S)")
_SLOP = re.compile(r"~(\d{1,4})(?=[\s()]|$)")
_OPERATORS = {"AND", "OR", "NOT"}


class QueryError(Exception):
    """A text that is no query, or one that would cost too much.

    `position` counts characters from the start of the text, 0 ≤ position ≤ len(text).
    """

    def __init__(self, code: str, position: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.position = position
        self.message = message


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # an operator's name, "(", ")", "not", "+", "leaf" or "end"
    position: int
    leaf: Node | None = None


def parse(text: str) -> Node:
    """The tree of a text; an empty one is `All`.

    Raises:
        QueryError: with the code, the position and a sentence for the reader.
    """
    if len(text) > MAX_LENGTH:
        raise QueryError(EXPENSIVE, MAX_LENGTH, f"a query may have {MAX_LENGTH} characters")
    tokens = _tokens(text.translate(_QUOTES))
    if tokens[0].kind == "end":
        return All()
    return _Parser(tokens).whole()


class _Parser:
    """Recursive descent over the tokens; depth is bounded, so no text can exhaust the stack."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def _ahead(self) -> _Token:
        return self._tokens[self._next]

    def whole(self) -> Node:
        tree = self._any()
        if self._ahead.kind != "end":  # only a ")" is left over: everything else continues an expression
            raise QueryError(SYNTAX, self._ahead.position, "this parenthesis was never opened")
        return tree

    def _any(self) -> Node:
        parts = [self._all()]
        while self._ahead.kind == "OR":
            self._next += 1
            parts.append(self._all())
        return disjunction(parts)

    def _all(self) -> Node:
        parts = [self._one()]
        while self._ahead.kind not in ("OR", ")", "end"):
            if self._ahead.kind == "AND":
                self._next += 1
            parts.append(self._one())
        return conjunction(parts)

    def _one(self) -> Node:
        negated = False
        while (sign := self._ahead.kind) in ("NOT", "not", "+"):
            negated ^= sign != "+"
            self._next += 1
        primary = self._primary()
        if not negated:
            return primary
        return primary.part if isinstance(primary, Not) else Not(primary)

    def _primary(self) -> Node:
        token = self._ahead
        if token.leaf is not None:
            self._next += 1
            return token.leaf
        if token.kind != "(":
            found = {"end": "the end", ")": "a closing parenthesis"}.get(token.kind, token.kind)
            raise QueryError(SYNTAX, token.position, f"a word or phrase is missing before {found}")
        if self._depth == MAX_DEPTH:
            raise QueryError(EXPENSIVE, token.position, f"parentheses may be {MAX_DEPTH} deep")
        self._next += 1
        self._depth += 1
        tree = self._any()
        self._depth -= 1
        if self._ahead.kind != ")":
            raise QueryError(SYNTAX, token.position, "this parenthesis is never closed")
        self._next += 1
        return tree


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    terms = 0
    at = _skip_space(text, 0)
    while at < len(text):
        token, end = _token(text, at)
        tokens.append(token)
        terms += _terms(token.leaf)
        if terms > MAX_TERMS:
            raise QueryError(EXPENSIVE, at, f"a query may have {MAX_TERMS} words")
        at = _skip_space(text, end)
    tokens.append(_Token("end", len(text)))
    return tokens


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _terms(leaf: Node | None) -> int:
    if leaf is None:
        return 0
    return max(1, len(leaf.text.split())) if isinstance(leaf, Phrase) else 1


def _token(text: str, at: int) -> tuple[_Token, int]:
    """The token that starts at `at` (no space stands there), and where it ends."""
    char = text[at]
    if char in "()":
        return _Token(char, at), at + 1
    if char == '"':
        return _phrase(text, at, at, None)
    if char in "+-" and _signs(text, at + 1):
        return _Token("not" if char == "-" else "+", at), at + 1
    named = _FIELD.match(text, at)
    if named:
        return _field_value(text, at, named.end(), named[1])
    run = _run(text, at)
    if run in _OPERATORS:
        return _Token(run, at), at + len(run)
    return _Token("leaf", at, _word(run, at, None)), at + len(run)


def _signs(text: str, at: int) -> bool:
    """Whether what stands at `at` can be what a sign before it belongs to; a lone sign is a word."""
    return at < len(text) and text[at] != ")" and not text[at].isspace()


def _field_value(text: str, at: int, value_at: int, field: str) -> tuple[_Token, int]:
    if text[value_at] == '"':
        return _phrase(text, at, value_at, field)
    if text[value_at] in "()":
        raise QueryError(SYNTAX, value_at, f"one word or phrase must follow {field}:")
    run = _run(text, value_at)
    return _Token("leaf", at, _word(run, value_at, field)), value_at + len(run)


def _run(text: str, at: int) -> str:
    found = _RUN.match(text, at)
    return found[0] if found else ""


def _phrase(text: str, at: int, quote_at: int, field: str | None) -> tuple[_Token, int]:
    close = text.find('"', quote_at + 1)
    if close < 0:
        raise QueryError(SYNTAX, quote_at, "this quotation mark is never closed")
    words = " ".join(text[quote_at + 1 : close].split())
    end, slop = close + 1, 0
    if near := _SLOP.match(text, end):
        slop = int(near[1])
        if slop > MAX_SLOP:
            raise QueryError(EXPENSIVE, end, f"words of a phrase may be {MAX_SLOP} places apart")
        end = near.end()
    return _Token("leaf", at, Phrase(words, field, slop)), end


def _word(run: str, at: int, field: str | None) -> Node:
    star = run.find("*")
    if star < 0:
        return Word(run, field)
    if run == "*" and field is None:
        return All()
    if star == 0:
        raise QueryError(EXPENSIVE, at, "a * may end a word, but not begin it")
    if star < len(run) - 1:
        raise QueryError(SYNTAX, at + star, "a * may only end a word")
    if sum(char.isalnum() for char in run) < MIN_PREFIX:
        raise QueryError(EXPENSIVE, at + star, f"at least {MIN_PREFIX} letters must stand before a *")
    return Prefix(run[:-1], field)
