"""The body of a page: which of its blocks are the story. Pure.

Every block of the outline gets a score by its kind, length and links; the story is the run with the greatest sum, made whole
by its neighbours in the same container and by the standfirst between headline and text, less what is trimmed at its end. The
scores are those of the notes on extraction (a block filter after Kadane); the rest is measured on pages of 95 publishers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from services.normalization.outline import HEADINGS, Outline, Piece
from services.normalization.phrases import Kind, kind_of

LONGEST_HEADING: Final = 200
FIRST_AFTER_HEADLINE: Final = 300
"""What the first paragraph after the headline is worth beyond its length: a short story beats a long imprint."""
NEAR: Final = 60
"""Blocks from the headline to a standfirst or first paragraph, at most."""
NO_CAPTION: Final = 400
"""Characters of a paragraph that is no caption, whatever it stands in."""
MANY_BREAKS: Final = 3
"""Paragraphs right in one container, from which its lines are paragraphs too."""
ALIKE: Final = 60
"""Characters that two blocks have in common at their start, from which they are the same one sent twice."""

_SENTENCE = re.compile(r"[.!?…。！？।:؟۔][\"'”’»“)\]]*(?:\s|$)")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_KEPT = frozenset("ghslbr")
_FURTHER = frozenset({Kind.CREDIT, Kind.REPORTING, Kind.RELATED, Kind.TRAILER})


class Extracted(NamedTuple):
    """The story's blocks in order, and the share of the page's running text that they hold."""

    pieces: list[Piece]
    share: float

    @property
    def length(self) -> int:
        """Characters, those of Chinese, Japanese and Korean counted as two and a half."""
        return sum(len(piece.text) for piece in self.pieces)


def extract(outline: Outline) -> Extracted:
    """The body; no blocks if none was found."""
    pieces = outline.pieces
    _score(outline)
    start, end = _best_run(pieces)
    if start == end:
        return Extracted([], 0.0)
    run = _with_neighbours(pieces, start, end)
    headline_above = any(piece.tag == "h1" for piece in pieces[:start])
    kept = _of_one_story(run, headline_above=headline_above)
    kept = _without_stray_containers(kept, has_headline=headline_above or any(piece.tag == "h1" for piece in run))
    kept = _standfirst(pieces, start) + kept
    kept = _once(_trimmed(kept))
    found = sum(len(piece.text) for piece in kept)
    return Extracted(kept, found / max(outline.total, found, 1))


# Scores.


def _score(outline: Outline) -> None:
    """Give every piece its kind and score.

    Kinds: t headline, h subhead, g prose, s short line, l entry of a list, b prose in a bare container, n short text in one,
    r pointer to another story, x furniture, teasers and links.
    """
    wide = len(_CJK.findall("".join(piece.text[:20] for piece in outline.pieces[:200]))) > 300
    for piece in outline.pieces:
        length = len(piece.text) * (2.5 if wide else 1)
        if outline.is_furniture(piece) and not (length >= NO_CAPTION and _is_in_layout_alone(outline, piece)):
            piece.kind, piece.score = "x", -10 - min(length * 0.1, 40)
        else:
            piece.kind, piece.score = _kind(piece, length)
    _between_breaks(outline.pieces)
    headline = next((n for n, piece in enumerate(outline.pieces) if piece.kind == "t" and len(piece.text) > 15), None)
    if headline is not None:
        after = outline.pieces[headline + 1 : headline + NEAR]
        first = next((piece for piece in after if piece.kind in ("g", "b")), None)
        if first:
            first.score += FIRST_AFTER_HEADLINE


def _is_in_layout_alone(outline: Outline, piece: Piece) -> bool:
    """Whether a paragraph stands in nothing but a layout of pictures: long ones beside a picture are the story's own."""
    return piece.tag == "p" and piece.links < 0.3 and outline.is_in_layout_alone(piece)


def _between_breaks(pieces: list[Piece]) -> None:
    """Short lines in a container whose paragraphs are parted by line breaks alone are the story's own."""
    prose = Counter(piece.holder for piece in pieces if piece.kind == "b")
    for piece in pieces:
        if piece.kind == "n" and piece.links < 0.4 and prose[piece.holder] >= MANY_BREAKS:
            piece.kind, piece.score = "s", 0


def _kind(piece: Piece, length: float) -> tuple[str, float]:
    tag, links = piece.tag, piece.links
    if tag in HEADINGS:
        return _heading(tag, links, length)
    if links > 0.6 and length < 250:
        return _link(piece, length)
    if tag in ("p", "blockquote", "pre"):
        return _paragraph(piece.text, links, length)
    if links >= 0.4:
        return "x", -100
    if tag == "li":
        return "l", 0.2 * min(length, 150) - 5
    return ("b", 0.6 * min(length, 600)) if length >= 80 and _SENTENCE.search(piece.text) else ("n", -30)


def _link(piece: Piece, length: float) -> tuple[str, float]:
    if piece.tag != "li" and _names_a_story(piece.text):
        return "r", 0
    sentence = piece.tag == "p" and length > 70 and piece.links < 0.92 and _SENTENCE.search(piece.text)
    return ("s", 0) if sentence else ("x", -100)


def _paragraph(text: str, links: float, length: float) -> tuple[str, float]:
    if links >= 0.5:
        return "x", -100
    if length >= 40 and (length > 150 or _SENTENCE.search(text)):
        return "g", min(length, 600)
    return "s", 5 if length > 25 else 0


def _names_a_story(text: str) -> bool:
    """Whether a line of links is 'Also read: …', which is no story but is told of (`cleanup` takes it out)."""
    match = kind_of(text)
    return match is not None and match.kind is Kind.RELATED and bool(match.rest.strip(" .:!…"))


def _heading(tag: str, links: float, length: float) -> tuple[str, float]:
    if tag == "h1":
        return "t", -20
    if links > 0.6:
        return "x", -60
    return ("h", -5) if length < LONGEST_HEADING else ("n", -50)


def _best_run(pieces: list[Piece]) -> tuple[int, int]:
    """Start and end of the run with the greatest sum of scores."""
    best, run, start, found = 0.0, 0.0, 0, (0, 0)
    for number, piece in enumerate(pieces):
        if run <= 0:
            run, start = 0.0, number
        run += piece.score
        if run > best:
            best, found = run, (start, number + 1)
    return found


# What belongs to the run, and what does not.


def _containers(pieces: Iterable[Piece]) -> set[object]:
    """The elements that hold paragraphs of prose."""
    return {piece.parent for piece in pieces if piece.kind == "g" and piece.tag == "p"}


def _with_neighbours(pieces: list[Piece], start: int, end: int) -> list[Piece]:
    """The run, and what of its containers stands before and behind it: an advertisement may have cut a story in two."""
    run = pieces[start:end]
    inside = _containers(run)
    prose = [n for n, piece in enumerate(pieces) if piece.kind == "g" and piece.tag == "p" and piece.parent in inside]
    if not prose:
        return run
    before = [piece for piece in pieces[min(prose[0], start) : start] if _is_neighbour(piece, inside)]
    last = max(prose[-1] + 1, end)
    behind = [piece for piece in pieces[end:last] if _is_neighbour(piece, inside)]
    return before + run + behind + _closing_lines(pieces[last:], inside)


def _closing_lines(pieces: list[Piece], inside: set[object]) -> list[Piece]:
    """What stands right behind the text and is its own: a list, and lines of source and reporters, which `cleanup` reads."""
    found = []
    for piece in pieces:
        if piece.kind in ("h", "l") and _is_neighbour(piece, inside):
            found.append(piece)
            continue
        match = kind_of(piece.text) if piece.parent in inside and piece.kind in ("s", "r", "g", "n") else None
        if match is None or match.kind not in _FURTHER:
            break
        found.append(piece)
    return found


def _is_neighbour(piece: Piece, inside: set[object]) -> bool:
    if piece.kind not in ("g", "h", "l", "s", "r"):
        return False
    parent = piece.parent
    return parent in inside or (piece.tag == "li" and parent is not None and parent.getparent() in inside)


def _of_one_story(run: list[Piece], *, headline_above: bool) -> list[Piece]:
    """What of the run is text, from the page's headline to the next story's: some pages go on with another one."""
    headlines = [number for number, piece in enumerate(run) if piece.tag == "h1"]
    total = sum(len(piece.text) for piece in run if piece.kind in _KEPT)
    start, end = 0, len(run)
    if headlines and not headline_above:
        above = sum(len(piece.text) for piece in run[: headlines[0]] if piece.kind in _KEPT)
        start = headlines[0] if above < 0.15 * total else 0
    for number in headlines[0 if headline_above else 1 :]:
        prose = [piece for piece in run[start:number] if piece.kind == "g"]
        if len(prose) >= 3 and run[number].parent not in {piece.parent for piece in prose}:
            end = number
            break
    return [piece for piece in run[start:end] if piece.kind in _KEPT]


def _without_stray_containers(kept: list[Piece], *, has_headline: bool) -> list[Piece]:
    """Where a story is in paragraphs, bare containers among them are captions and boxes, unless they hold paragraphs, too.

    Below a headline and before the first paragraph one is the standfirst.
    """
    prose = [piece for piece in kept if piece.kind == "g"]
    bare = [piece for piece in kept if piece.kind == "b"]
    if not bare or not prose:
        return kept
    length = sum(len(piece.text) for piece in prose)
    paragraphs = sum(piece.tag == "p" for piece in prose)
    if length < 4 * sum(len(piece.text) for piece in bare) and paragraphs < 8 * len(bare):
        return kept
    inside = _containers(kept)
    first = next(number for number, piece in enumerate(kept) if piece.kind == "g")
    return [
        piece
        for number, piece in enumerate(kept)
        if piece.kind != "b" or piece.holder in inside or (has_headline and number < first)
    ]


def _standfirst(pieces: list[Piece], start: int) -> list[Piece]:
    """What stands between the headline and the text, if it is prose."""
    for number in range(start - 1, max(-1, start - NEAR), -1):
        if pieces[number].tag == "h1":
            return [piece for piece in pieces[number + 1 : start] if _is_standfirst(piece)]
    return []


def _is_standfirst(piece: Piece) -> bool:
    if piece.kind in ("g", "b"):
        return True
    wide = len(_CJK.findall(piece.text[:20])) > 8
    return (24 if wide else 60) < len(piece.text) < 400 and (
        piece.kind == "s" or (piece.tag in HEADINGS and piece.kind in ("h", "n"))
    )


def _trimmed(kept: list[Piece]) -> list[Piece]:
    """Without subheads that nothing follows, and without a last line that stands elsewhere than all others."""
    prose = [piece for piece in kept if piece.kind in ("g", "b")]
    places = Counter(_place(piece) for piece in prose)
    around = {piece.parent for piece in prose}
    end = len(kept)
    left = sum(len(piece.text) for piece in kept)
    while end:
        last = kept[end - 1]
        entry = last.tag == "li" and last.parent is not None and last.parent.getparent() in around
        alone = len(prose) >= 6 and not entry and places[_place(last)] < 2 and len(last.text) <= 0.2 * left
        if last.kind != "h" and not alone:
            break
        left -= len(last.text)
        end -= 1
    return kept[:end]


def _place(piece: Piece) -> tuple[object, ...]:
    """Where a piece stands, as names of what holds it: paragraphs of one story agree in it."""
    parent = piece.parent
    above = parent.getparent() if parent is not None else None
    return tuple(None if one is None else (one.tag, one.get("class")) for one in (parent, above))


def _once(kept: list[Piece]) -> list[Piece]:
    """Each block once: some pages hold their text twice, for readers with and without a subscription. A quotation stays."""
    seen: dict[tuple[str, str], str] = {}
    found = []
    for piece in kept:
        if len(piece.text) > ALIKE:
            start = (piece.tag, piece.text[:ALIKE])
            if _is_same(piece.text, seen.get(start)):
                continue
            seen[start] = piece.text
        found.append(piece)
    return found


def _is_same(text: str, other: str | None) -> bool:
    """Whether two blocks of one start are one text, of which one may end a little earlier."""
    if other is None or not 0.8 < len(other) / len(text) < 1.25:
        return False
    most = int(0.8 * min(len(text), len(other)))
    return text[:most] == other[:most]
