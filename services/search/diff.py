"""What changed between two versions of a story, word by word, pure.

A difference is a list of `(op, text)`: `equal`, `insert`, `delete`. The texts of `equal` and `delete` in their order are the
earlier text, those of `equal` and `insert` the later one, to the character.

Paragraphs are aligned first, then the words inside what changed: a comparison of all words of two long texts at once costs
too much and matches a 'the' here with a 'the' there. Both use Myers' O(ND) algorithm ('An O(ND) Difference Algorithm and Its
Variations', 1986) under one budget of steps; where it is spent the rest is told as it is, deleted and inserted whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

Op = Literal["equal", "insert", "delete"]

MAX_CHARACTERS: Final = 1_000_000
"""Of both texts together; beyond it a text is not compared at all."""
BUDGET: Final = 200_000
"""Steps of one comparison: under a fifth of a second."""

# Scripts written without spaces are compared by the character.
_UNSPACED: Final = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORDS: Final = re.compile(rf"\s+|[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")
_BREAK: Final = re.compile(r"\n[^\S\n]*\n\s*")


class Piece(NamedTuple):
    """A run of text that both have, or one of them."""

    op: Op
    text: str


@dataclass(slots=True)
class Budget:
    """Steps left; `spent` once there were not enough for all that was asked."""

    steps: int = BUDGET
    spent: bool = False


def text_diff(before: str, after: str, budget: Budget) -> list[Piece]:
    """The difference of two texts of paragraphs."""
    pieces: list[Piece] = []
    for op, old, new in _blocks(_paragraphs(before), _paragraphs(after), budget):
        if op == "equal":
            pieces.append(Piece("equal", "".join(old)))
        else:
            pieces += _changed("".join(old), "".join(new), budget)
    return _joined(pieces)


def list_diff(before: Sequence[str], after: Sequence[str], budget: Budget) -> list[Piece]:
    """The difference of two lists, an entry a piece."""
    pieces: list[Piece] = []
    for op, old, new in _blocks(before, after, budget):
        if op == "equal":
            pieces += [Piece("equal", text) for text in old]
        else:
            pieces += [Piece("delete", text) for text in old] + [Piece("insert", text) for text in new]
    return pieces


def fact_diff(before: str | None, after: str | None) -> list[Piece]:
    """The difference of two facts, each whole; one that is missing is no piece."""
    if before == after:
        return [Piece("equal", before)] if before is not None else []
    old = [Piece("delete", before)] if before is not None else []
    return old + ([Piece("insert", after)] if after is not None else [])


def _paragraphs(text: str) -> list[str]:
    """The paragraphs, each with the blank line after it."""
    ends = [0, *(found.end() for found in _BREAK.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(ends) if end > start]


def _changed(before: str, after: str, budget: Budget) -> Iterator[Piece]:
    """Word by word, where not more is new than is kept; a wholly other text is told as one that went and one that came."""
    old_words, new_words = _WORDS.findall(before), _WORDS.findall(after)
    if "".join(old_words) != before or "".join(new_words) != after:  # nothing of a text may ever be left out
        old_words, new_words = list(before), list(after)
    blocks = list(_blocks(old_words, new_words, budget))
    kept = sum(len(word) for op, old, _ in blocks if op == "equal" for word in old if not word.isspace())
    if kept * 5 < min(len(before), len(after)):
        blocks = [("change", old_words, new_words)]
    for op, old, new in _without_crumbs(blocks):
        if op == "equal":
            yield Piece("equal", "".join(old))
        else:
            yield Piece("delete", "".join(old))
            yield Piece("insert", "".join(new))


Block = tuple[Literal["equal", "change"], Sequence[str], Sequence[str]]


def _without_crumbs(blocks: Sequence[Block]) -> Iterator[Block]:
    """A space or a comma that stays between two changed words belongs to the change: nobody reads it as kept."""
    held: tuple[list[str], list[str]] | None = None
    for number, (op, old, new) in enumerate(blocks):
        inner = 0 < number < len(blocks) - 1
        crumb = op == "equal" and inner and not any(char.isalnum() for word in old for char in word)
        if op == "equal" and not crumb:
            if held is not None:
                yield "change", *held
                held = None
            yield "equal", old, new
        else:
            held = held or ([], [])
            held[0].extend(old)
            held[1].extend(new)
    if held is not None:
        yield "change", *held


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one kind as one; what went before what came; nothing empty."""
    told: list[Piece] = []
    texts: dict[str, list[str]] = {"delete": [], "insert": []}

    def flush() -> None:
        for op in ("delete", "insert"):
            if text := "".join(texts[op]):
                told.append(Piece(op, text))
            texts[op].clear()

    for op, text in pieces:
        if not text:
            continue
        if op != "equal":
            texts[op].append(text)
            continue
        flush()
        if told and told[-1].op == "equal":
            told[-1] = Piece("equal", told[-1].text + text)
        else:
            told.append(Piece("equal", text))
    flush()
    return told


def _blocks(before: Sequence[str], after: Sequence[str], budget: Budget) -> Iterator[Block]:
    """Runs that both have, and runs that changed, in order."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if start:
        yield "equal", before[:start], after[:start]
    yield from _middle(old, new, budget)
    if end:
        yield "equal", before[len(before) - end :], after[len(after) - end :]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


def _middle(old: Sequence[str], new: Sequence[str], budget: Budget) -> Iterator[Block]:
    if not old and not new:
        return
    matches = _matches(old, new, budget) if old and new else []
    at_old = at_new = 0
    for start_old, start_new, length in [*matches, (len(old), len(new), 0)]:
        if start_old > at_old or start_new > at_new:
            yield "change", old[at_old:start_old], new[at_new:start_new]
        at_old, at_new = start_old + length, start_new + length
        if length:
            yield "equal", old[start_old:at_old], new[start_new:at_new]


def _matches(old: Sequence[str], new: Sequence[str], budget: Budget) -> list[tuple[int, int, int]]:
    """Runs that both have, as (start in old, start in new, length); none where the budget does not suffice."""
    numbers: dict[str, int] = {}
    a = [numbers.setdefault(word, len(numbers)) for word in old]
    b = [numbers.setdefault(word, len(numbers)) for word in new]
    reached, trace = {1: 0}, []
    for distance in range(len(a) + len(b) + 1):
        budget.steps -= distance + 1
        if budget.steps < 0:
            budget.spent = True
            return []
        trace.append({k: reached[k] for k in range(-distance - 1, distance + 2) if k in reached})
        if _advance(a, b, distance, reached):
            return _backwards(len(a), len(b), trace)
    return []


def _advance(a: Sequence[int], b: Sequence[int], distance: int, reached: dict[int, int]) -> bool:
    """One more difference on every diagonal; whether the end of both is reached."""
    for k in range(-distance, distance + 1, 2):
        down = k == -distance or (k != distance and reached[k - 1] < reached[k + 1])
        x = reached[k + 1] if down else reached[k - 1] + 1
        y = x - k
        while x < len(a) and y < len(b) and a[x] == b[y]:
            x, y = x + 1, y + 1
        reached[k] = x
        if x >= len(a) and y >= len(b):
            return True
    return False


def _backwards(x: int, y: int, trace: Sequence[dict[int, int]]) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    for distance in range(len(trace) - 1, -1, -1):
        reached, k = trace[distance], x - y
        down = k == -distance or (k != distance and reached[k - 1] < reached[k + 1])
        previous = k + 1 if down else k - 1
        before_x = reached[previous]
        before_y = before_x - previous
        start = before_x if down else before_x + 1
        if x > start:
            found.append((start, start - k, x - start))
        x, y = before_x, before_y
    return found[::-1]
