"""How a wire story opens: its byline line, its dateline, and what may stand above them. Pure.

'TITLE / By Ann Holm, Reuters / PARIS, 22 mars (AFP) - Le port …': what is surely byline and dateline is taken off the text, and
all above them is the head of the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.normalization import dateline
from services.normalization.cleanup import Line
from services.normalization.page import names_in
from shared.events import Dateline

FARTHEST = 10
"""Lines above a dateline: headlines, slugs, bylines."""
_BYLINE = re.compile(r"(?i:by|von|par|por|di|του|της|από)\s+(?P<names>[^\W\d_][^.:;!?…\d]{2,100})$")
MANY_OPENINGS = 2
"""Further paragraphs that open as the first does make a digest: none of its datelines is the whole's."""


@dataclass(slots=True)
class Opening:
    """What was found: `start` is the place of the line that the dateline opened, behind which the story goes on.

    `lead` is the dateline's words as they stood, for a summary that can be found by its place.
    """

    start: int
    dateline: Dateline
    lead: str = ""
    byline: list[str] = field(default_factory=list)
    agency: str | None = None
    """Named in the byline."""


def take_opening(lines: list[Line], *, pasted: bool) -> Opening | None:
    """Find the dateline and take it, where sure, and the byline above it off `lines`.

    In a story as filed nothing but a byline stands above it; in a `pasted` text its whole head, which is no prose.
    """
    for place, line in enumerate(lines[: FARTHEST if pasted else 3]):
        found = dateline.read_opening(line.text)
        if found is not None:
            return _taken(lines, place, found)
        if not _byline_of(line.text) and (not pasted or line.code in "PT"):
            return None
    return None


def _taken(lines: list[Line], place: int, found: dateline.Opening) -> Opening | None:
    line = lines[place]
    if not found.sure and sum(1 for other in lines[place + 1 :] if _opens_so(other.text)) >= MANY_OPENINGS:
        return None
    opening = Opening(place, found.dateline)
    if found.byline:
        _sign(opening, found.byline)
    if place and (names := _byline_of(lines[place - 1].text)):
        _sign(opening, names)
        del lines[place - 1]
        opening.start = place - 1
    if found.sure:
        opening.lead = line.text[: found.end]
        line.text = line.text[found.end :]
        if not line.text:
            del lines[opening.start]
    return opening


def _opens_so(text: str) -> bool:
    found = dateline.read_opening(text)
    return found is not None and not found.sure


def _byline_of(text: str) -> str | None:
    match = _BYLINE.match(text)
    return match["names"] if match else None


def _sign(opening: Opening, names: str) -> None:
    """Persons to the byline, an agency to the credit."""
    for name in names_in(names):
        if dateline.is_agency(name):
            opening.agency = opening.agency or name
        elif name not in opening.byline:
            opening.byline.append(name)
