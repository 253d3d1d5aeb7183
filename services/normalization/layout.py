"""Plain text to paragraphs: hard-wrapped lines joined, indented starts and blank lines honoured. Pure.

Three layouts are told apart by the text itself: one line a paragraph (pages copied as text), wire text wrapped at 60 to 80
columns with indented paragraph starts, and blocks between blank lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from services.normalization import hyphens

WIDEST_WRAPPED = 100
"""Columns: no wire wraps wider, and hardly a paragraph is shorter than that in a text with a line a paragraph."""
NARROWEST_WRAPPED = 25
ENOUGH_LINES = 12
"""Whose indent tells that of all that go on."""
MANY_LOWER = 0.25
"""Share of lines going on in lower case from which a text is wrapped; where a line is a paragraph it is next to none."""

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
_ASCII = {code: None for code in range(128) if _INVISIBLE.match(chr(code))} | {
    code: "\n" for code in range(128) if _BREAKS.match(chr(code))
}
"""The same for text of nothing but ASCII, which is faster."""
_SOFT = re.compile("[\u00ad\u00ac][ \t]*(?:\r\n?|\n)[ \t]*(?=[^\\W\\d_])")
"""A soft hyphen at a line's end (some charsets show it as '¬'): the word goes on in the next line."""
_ENDS = frozenset(".!?…:\"”»'’)")
_HYPHENS = "-\u2010"
_COLUMNS = re.compile(r"\S {3,}\S")


class Paragraph(NamedTuple):
    """A paragraph in one line; `blank_before`: a blank line, or the text's start, stands before it."""

    text: str
    blank_before: bool = False


def strip_invisible(text: str) -> tuple[str, int]:
    """`text` with line breaks as LF and without control and invisible characters, and how many those were."""
    if not text.isascii() and ("\u00ad" in text or "\u00ac" in text):
        text = _SOFT.sub("", text)
    if text.replace("\n", "").isprintable():
        return text, 0
    if text.isascii():
        text = text.replace("\r\n", "\n")
        clean = text.translate(_ASCII)
        return clean, len(text) - len(clean)
    return _INVISIBLE.subn("", _BREAKS.sub("\n", text))


def is_visible(text: str) -> bool:
    """Whether `strip_invisible` would leave each line of `text` as it is."""
    return "\u00ac" not in text and text.replace("\n", "").isprintable()


def squeeze(text: str) -> str:
    """Runs of white space as one blank, none at the ends."""
    stripped = text.strip()
    return stripped if "  " not in stripped and stripped.isprintable() else " ".join(stripped.split())


def paragraphs(text: str, stands_alone: Callable[[str], bool] = lambda _: False) -> list[Paragraph]:
    """The paragraphs of `text`, which has LF line breaks; `stands_alone` names lines that are never joined to others."""
    lines = text.split("\n")
    if text.replace("\n", "").isprintable():
        squeezed = [line if "  " not in line else " ".join(line.split()) for line in map(str.strip, lines)]
    else:
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
    base = _base(lines, squeezed)
    text = hyphens.Text(squeezed)
    found: list[Paragraph] = []
    block: list[str] = []
    blank = block_blank = True
    alone = False
    last = len(squeezed) - 1
    while not squeezed[last]:
        last -= 1
    for place, short in enumerate(squeezed):
        if not short:
            blank = True
            continue
        line = lines[place]
        starts = blank or alone or not block or (line[0] == " " and len(line) - len(line.lstrip()) > base)
        by_itself = "   " in line and _COLUMNS.search(line) is not None
        if not by_itself and (starts or block[-1][-1] in _ENDS or place == last) and not short[0].islower():
            by_itself = stands_alone(short)
        if starts or by_itself:
            if block:
                found.append(Paragraph(_glue(block, text), block_blank))
            block, block_blank = [short], blank
        else:
            block.append(short)
        alone, blank = by_itself, False
    if block:
        found.append(Paragraph(_glue(block, text), block_blank))
    return found


def _base(lines: list[str], squeezed: list[str]) -> int:
    """The indent of lines that go on: of those in lower case behind another line; a deeper one starts a paragraph.

    In a table with a few sentences most lines may be indented, so the most usual indent of all would not do.
    """
    indents: list[int] = []
    before = ""
    for line, short in zip(lines, squeezed, strict=True):
        if before and short and short[0].islower():
            indents.append(0 if line[0] == short[0] else len(line) - len(line.lstrip()))
            if len(indents) == ENOUGH_LINES:
                break
        before = short
    return Counter(indents).most_common(1)[0][0] if any(indents) else 0


def _glue(block: list[str], text: hyphens.Text) -> str:
    """Lines as one; what a hyphen at a line's end means is for `hyphens` to tell."""
    if len(block) == 1:
        return block[0]
    joined = " ".join(block)
    if "- " not in joined and "\u2010 " not in joined:
        return joined
    glued = block[0]
    for line in block[1:]:
        glued = text.glued(glued, line) if glued[-1] in _HYPHENS else f"{glued} {line}"
    return glued
