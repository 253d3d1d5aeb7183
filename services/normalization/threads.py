"""Which messages of a text wire are of one story: the same service and slugline, whatever lead or writethru it is. Pure.

ANPA 1312 and IPTC 7901 have no link between versions: each lead is a message with a number of its own, and says by a tag
('1st Ld-Writethru', 'Zusammenfassung', 'EXTRA', 'RPT') that something came before it. Adds, takes and inserts are parts that
stand beside the first, and join nothing.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from services.normalization.formats import anpa_1312, iptc_7901
from services.normalization.formats import wire_marks as marks
from services.normalization.parts import StoryParts
from shared import ids
from shared.events import Thread

WIRES: Final = frozenset({anpa_1312.NAME, iptc_7901.NAME})
"""The formats whose messages have threads."""
_TAGS: Final = frozenset({"version", "correction", "repeat"})
_PART: Final = re.compile(r"(?:\b|st|nd|rd|th|_)(?:add|take|insert|optional|adv|advance|sub)(?:\b|_)", re.IGNORECASE)
_EXTRA: Final = re.compile(r"extra", re.IGNORECASE)
_CYCLE: Final = re.compile(r"(?:AM|PM|BC|AP|YE|EI)-", re.IGNORECASE)
_LETTERS: Final = re.compile(r"[^\W\d_]*")
_FEWEST: Final = 3
"""Letters and digits of a slugline that tells one story from another."""


def thread_of(parts: StoryParts, provider: str, sent: datetime) -> Thread | None:
    """The thread that a message belongs to; None for other formats, notes and orders to editors, parts, and where it has no slugline.

    Args:
        parts: as its reader gave them.
        provider: namespace of its ids.
        sent: when it was sent, or else taken.
    """
    if parts.format not in WIRES or parts.kind != "story" or parts.reference:
        return None
    if not parts.slugline or not parts.provider_id:
        return None
    slugline, tagged = _untagged(_CYCLE.sub("", parts.slugline.strip(), count=1))
    if len(slugline) < _FEWEST or _PART.search(parts.version or ""):
        return None
    service = _LETTERS.match(parts.provider_id)
    key = ids.content_hash(provider, service[0] if service else "", slugline)
    return Thread(key=key, at=sent, lead=tagged or _is_lead(parts))


def _untagged(slugline: str) -> tuple[str, bool]:
    """A slugline's letters and digits without the tag it ends in, and whether it has one."""
    words = slugline.replace(",", " ").split()
    for place in range(1, len(words)):
        if _is_tag(" ".join(words[place:])) and (place < len(words) - 1 or len(words[place]) > _FEWEST):
            return _squeezed(" ".join(words[:place])), True
    return _squeezed(slugline), False


def _squeezed(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _is_lead(parts: StoryParts) -> bool:
    """Whether its marks say that it goes on from something."""
    tags = (parts.version or "").split(",")
    return any(_is_tag(tag) for tag in tags) or any(_EXTRA.fullmatch(word) for word in parts.keywords)


def _is_tag(words: str) -> bool:
    mark = marks.mark_of(words)
    return mark is not None and mark.kind in _TAGS
