"""Plain text to paragraphs: hard-wrapped lines joined, indented starts and blank lines honoured. Pure.

Three layouts are told apart by the text itself: one line a paragraph (pages copied as text), wire text wrapped at 60 to 80
columns with indented paragraph starts, and blocks between blank lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

WIDEST_WRAPPED = 100
"""Columns: no wire wraps wider, and hardly a paragraph is shorter than that in a text with a line a paragraph."""
NARROWEST_WRAPPED = 25
MANY_LOWER = 0.25
"""Share of lines going on in lower case from which a text is wrapped; where a line is a paragraph it is next to none."""

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
_ENDS = frozenset(".!?…:\"”»'’)")
_COLUMNS = re.compile(r"\S {3,}\S")
_AFTER_HYPHEN = {"and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e", "και", "ή"}
"""'short- and long-term': here the hyphen ends a word, and no line break split one."""


class Paragraph(NamedTuple):
    """A paragraph in one line; `blank_before`: a blank line, or the text's start, stands before it."""

    text: str
    blank_before: bool = False


def strip_invisible(text: str) -> tuple[str, int]:
    """`text` with line breaks as LF and without control and invisible characters, and how many those were."""
    if text.replace("\n", "").isprintable():
        return text, 0
    return _INVISIBLE.subn("", _BREAKS.sub("\n", text))


def squeeze(text: str) -> str:
    """Runs of white space as one blank, none at the ends."""
    stripped = text.strip()
    return stripped if "  " not in stripped and stripped.isprintable() else " ".join(stripped.split())


def paragraphs(text: str, stands_alone: Callable[[str], bool] = lambda _: False) -> list[Paragraph]:
    """The paragraphs of `text`, which has LF line breaks; `stands_alone` names lines that are never joined to others."""
    lines = text.split("\n")
    squeezed = [squeeze(line) for line in lines]
    if len(lines) > 1 and is_wrapped(squeezed):
        return _joined(lines, squeezed, stands_alone)
    found, blank = [], True
    for line in squeezed:
        if line:
            found.append(Paragraph(line, blank))
        blank = not line
    return found


def is_wrapped(lines: list[str]) -> bool:
    """Whether line breaks fall inside sentences: lines are short and many go on in lower case."""
    pairs = lower = wide = filled = 0
    before = ""
    for line in lines:
        if line:
            filled += 1
            if len(line) > WIDEST_WRAPPED:
                wide += 1
            if before:
                pairs += 1
                if line[0].islower() and len(before) >= NARROWEST_WRAPPED:
                    lower += 1
        before = line
    return lower >= MANY_LOWER * pairs > 0 and wide * 20 <= filled


def _joined(lines: list[str], squeezed: list[str], stands_alone: Callable[[str], bool]) -> list[Paragraph]:
    """Paragraphs of wrapped text. A set phrase counts only where a sentence has just ended, for 'share on' may
    open any line; but the last line is often a sign-off, under a table, too.
    """
    indents = [len(line) - len(line.lstrip()) for line in lines]
    base = Counter([indent for indent, line in zip(indents, squeezed, strict=True) if line]).most_common(1)[0][0]
    found: list[Paragraph] = []
    block: list[str] = []
    blank = block_blank = True
    alone = False
    last = max(place for place, line in enumerate(squeezed) if line)
    for place, (line, short, indent) in enumerate(zip(lines, squeezed, indents, strict=True)):
        if short:
            starts = blank or alone or indent > base or not block
            by_itself = "   " in line and _COLUMNS.search(line) is not None
            if not by_itself and (starts or place == last or block[-1][-1] in _ENDS) and not short[0].islower():
                by_itself = stands_alone(short)
            if block and (starts or by_itself):
                found.append(Paragraph(_glue(block), block_blank))
                block = []
            if not block:
                block_blank = blank
            block.append(short)
            alone = by_itself
        blank = not short
    if block:
        found.append(Paragraph(_glue(block), block_blank))
    return found


def _glue(block: list[str]) -> str:
    """Lines as one; a hyphen at a line's end stays, without a blank behind it ('one-billion-' + 'dlr')."""
    if not any(line[-1] == "-" for line in block):
        return " ".join(block)
    text = block[0]
    for line in block[1:]:
        broken = text[-1] == "-" and text[-2:-1].isalpha() and line[0].islower()
        text += line if broken and line.partition(" ")[0] not in _AFTER_HYPHEN else " " + line
    return text
