"""Lines that a feed or a site repeats from story to story: found in one story, and left out of it. Pure.

What is learned from many stories stands in `learning.py`; here is what one story tells (`sighting_of`), and what is left of
it without the lines that were learned (`without_repeated`). A line is a whole paragraph of the cleaned body. Not every line
can be one that a feed repeats and nobody needs:

- up to 300 characters, mostly letters, no 'By …', no dateline, nothing that ends in a colon (it introduces what follows);
- not beside a line of figures: units, headings and notes of a table are the same every day, and are its substance;
- near the head or the tail, or by itself between two paragraphs of prose.

A line is known by a hash under its site, so that nothing but hashes has to be kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import xxhash

from services.normalization.cleanup import Line
from services.normalization.dateline import read_dateline
from services.normalization.feed_lines import FeedLines, Proof, Sighting
from services.normalization.story_text import StoryText
from shared.events import Status

LONGEST: Final = 300
SHORTEST: Final = 3
HEAD: Final = 2
"""Lines from the start that are looked at."""
TAIL: Final = 6
MIDDLE: Final = 8
PROSE: Final = 80
"""Characters from which a line beside one in the middle counts as a paragraph of prose."""
SAMPLE: Final = 160
"""Characters of a learned line that are kept to be shown to an operator."""

_DIGITS: Final = b"0123456789"
_MOST_DIGITS: Final = 0.15
_FEW_DIGITS: Final = 0.08
_INTRODUCES: Final = (":", "：")
_ENDS: Final = (".", "!", "?", "…", "»", "”", '"')
_BYLINE: Final = re.compile(
    r"(?:by|von|par|por|di|da|de|van|af|av|του|της|των|από)\s+\S+(?:\s+\S+){0,7}$", re.IGNORECASE
)
_USABLE: Final = Status.USABLE
"""By the class, it is found in ten times the time."""
_NO_WORD: Final = re.compile(r"[\W\d_]+")
_CALENDAR: Final = frozenset(
    """
mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october
november december jan feb mar apr jun jul aug sep sept oct nov dec am pm noon midday morning afternoon evening daily weekly
montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz mai juni juli oktober dezember lundi mardi
mercredi jeudi vendredi samedi dimanche janvier février mars avril juin juillet août septembre octobre novembre décembre
lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril mayo junio julio agosto septiembre octubre
noviembre diciembre lunedì martedì mercoledì giovedì venerdì sabato domenica gennaio febbraio aprile maggio giugno luglio
settembre ottobre dicembre segunda terça quarta quinta sexta feira janeiro fevereiro março maio junho julho setembro outubro
novembro dezembro δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου
ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου δεκεμβρίου
""".split()  # noqa: SIM905 - a list of words reads best as words
)
"""Words by which the headlines of a daily form differ."""
_ASCII_CALENDAR: Final = frozenset(word.encode() for word in _CALENDAR)
_ASCII_WORDS: Final = bytes(code if chr(code).isalpha() else 32 for code in bytes(range(128)).lower()) + bytes(128)
"""ASCII in lower case, with blanks for what is no letter: the same words as `_NO_WORD` parts, in a tenth of the time."""


def site_of(url: str | None) -> str:
    """The host in an absolute address, in lower case and without `www.`; '' without one."""
    parts = url.split("/", 3) if url else ()
    return parts[2].lower().removeprefix("www.")[:100] if len(parts) > 2 else ""


def shape_of(text: str) -> int:
    """The hash of a headline or first line without what changes from day to day."""
    if text.isascii():
        words = text.encode().translate(_ASCII_WORDS).split()
        return xxhash.xxh32_intdigest(b" ".join([word for word in words if word not in _ASCII_CALENDAR]))
    found = [word for word in _NO_WORD.split(text.lower()) if word and word not in _CALENDAR]
    return xxhash.xxh32_intdigest(" ".join(found).encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1024)
def _seed(site: str) -> int:
    return xxhash.xxh32_intdigest(site.encode("utf-8", "surrogatepass"))


def _places(count: int) -> list[int]:
    """Where to look: the head, the tail, and the first lines between."""
    if count <= HEAD + MIDDLE + TAIL:
        return list(range(count))
    return [*range(HEAD + MIDDLE), *range(count - TAIL, count)]


def _hash(text: str, seed: int) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"), seed)


def hash_of(text: str, site: str) -> int:
    """What a line of a site is known by."""
    return _hash(text, _seed(site))


def _digits(text: str) -> int:
    raw = text.encode("utf-8", "surrogatepass")
    return len(raw) - len(raw.translate(None, _DIGITS))


def _is_figures(text: str) -> bool:
    """Whether a line is a row of figures, or a short one with figures in it and no end of a sentence."""
    size = len(text)
    if size > LONGEST or not (digits := _digits(text)):
        return False
    return digits > _MOST_DIGITS * size or (size <= PROSE and digits > _FEW_DIGITS * size and not text.endswith(_ENDS))


def may_be_repeated(lines: Sequence[Line], place: int) -> bool:
    """Whether the line at `place` can be one that nobody needs."""
    return place in _may_be_repeated(lines, [place])


def _may_be_repeated(lines: Sequence[Line], places: Sequence[int]) -> set[int]:
    """The places of lines that can be such; what the lines beside them are is asked once."""
    found: set[int] = set()
    figures: dict[int, bool] = {-1: False, len(lines): False}
    for place in places:
        text = lines[place].text
        size = len(text)
        if not SHORTEST <= size <= LONGEST or text.endswith(_INTRODUCES) or (size <= PROSE and _BYLINE.match(text)):
            continue
        for beside in (place, place - 1, place + 1):
            if (known := figures.get(beside)) is None:
                known = figures[beside] = _is_figures(lines[beside].text)
            if known:
                break
        else:
            found.add(place)
    return found


def without_repeated(lines: Sequence[Line], site: str, known: FeedLines, *, keep_first: bool) -> Sequence[Line]:
    """The lines without those that the feed repeats; all of them where nothing would be left.

    `keep_first`: the story's dateline or byline was taken off its first line, which so is the story's own.
    """
    learned, seed = known.learned, _seed(site)
    if not learned or len(lines) < 2:
        return lines
    found = [
        place
        for place in _places(len(lines))
        if len(lines[place].text) <= LONGEST and _hash(lines[place].text, seed) in learned
    ]
    repeated = {
        place
        for place in found
        if (place or not keep_first) and may_be_repeated(lines, place) and read_dateline(lines[place].text) is None
    }
    dropped = _droppable(lines, repeated) if repeated else repeated
    if not dropped or len(dropped) == len(lines):
        return lines
    return [line for place, line in enumerate(lines) if place not in dropped]


def _droppable(lines: Sequence[Line], repeated: set[int]) -> set[int]:
    """Those at the head and the tail without a gap, and those that stand between prose."""
    start, end = 0, len(lines)
    while start in repeated:
        start += 1
    while end - 1 in repeated:
        end -= 1
    inner = {place for place in repeated if start <= place < end}
    alone = {
        place
        for place in inner
        if inner.isdisjoint((place - 1, place + 1))
        and min(len(lines[place - 1].text), len(lines[place + 1].text)) >= PROSE
    }
    return (repeated - inner) | alone


def leave_out(text: StoryText, known: FeedLines, fields: Mapping[str, Any]) -> StoryText:
    """A story's text without the lines that its feed repeats, told in its notes; a usable story is looked at for more of them.

    `fields` are those of the article as far as they are known.
    """
    lines = text.cleaned.lines
    if len(lines) != len(text.body):
        return text  # it stands as it was filed, for cleaning would have left nothing
    if not lines:
        return text
    site = site_of(fields["url"])
    left = without_repeated(lines, site, known, keep_first=text.opening is not None)
    if known.wanted and _may_be_read(fields):
        article: UUID = fields["article_id"]
        at = fields["dates"].get("published") or fields["dates"].get("version_time")
        day = (at.value if at else fields["received"]).toordinal()
        known.sightings.append(
            sighting_of(lines, left, site=site, article=article.bytes, title=text.title or text.body[0], day=day)
        )
    if len(left) == len(lines):
        return text
    count = len(lines) - len(left)
    fields["notes"].append(f"{count} {'line' if count == 1 else 'lines'} that the feed repeats left out")
    text.cleaned.lines = list(left)
    return text._replace(body=[line.text for line in left])


def _may_be_read(fields: Mapping[str, Any]) -> bool:
    """Nothing is learned from what is withheld or under embargo, so that no text of it can come to be shown."""
    until: datetime | None = fields["embargoed_until"]
    held = fields["embargo_open"] or (until is not None and until > fields["normalized"])
    return fields["status"] is _USABLE and not held


def sighting_of(
    lines: Sequence[Line], left: Sequence[Line], *, site: str, article: bytes, title: str, day: int
) -> Sighting:
    """What a usable story tells: `lines` is its body as cleaned, `left` that without the lines that were left out."""
    seed = _seed(site)
    places = _places(len(lines))
    hashes = {place: _hash(lines[place].text, seed) for place in places}
    may_be = _may_be_repeated(lines, places)
    own = {id(line) for line in left} if len(left) < len(lines) else None
    return Sighting(
        site=site,
        proof=Proof(xxhash.xxh32_intdigest(article), shape_of(title), shape_of(lines[0].text), day),
        lead=hashes[0],
        lines=tuple(dict.fromkeys(hashes[place] for place in places if place in may_be)),
        others=tuple(dict.fromkeys(hashes[place] for place in places if place not in may_be)),
        samples=()
        if own is None
        else tuple((hashes[place], lines[place].text[:SAMPLE]) for place in places if id(lines[place]) not in own),
    )
