"""Which dead letters are meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.errors import Misconfigured
from shared.kafka.letter import Letter

_PLACE = re.compile(r"(\d{1,6}):(\d{1,18})", re.ASCII)
_NAMED = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choice:
    """All conditions hold together; an empty one holds for everything. `since` is inclusive, `until` is not."""

    feeds: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    ids: frozenset[str] = frozenset()
    """Places on the topic (`3:17`), receipts, item ids, article ids."""

    @property
    def is_all(self) -> bool:
        """Whether nothing is ruled out."""
        return self == Choice()

    def takes(self, letter: Letter) -> bool:
        """Whether this letter is meant."""
        return (
            _holds(self.feeds, letter.feed)
            and _holds(self.codes, letter.code)
            and _holds(self.stages, letter.stage)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at < self.until)
            and (not self.ids or not self.ids.isdisjoint({letter.id, letter.receipt, letter.item, letter.article}))
        )


def _holds(wanted: frozenset[str], found: str | None) -> bool:
    return not wanted or found in wanted


def place(text: str) -> tuple[int, int] | None:
    """Partition and offset of `3:17`; None for any other name."""
    match = _PLACE.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def names(given: Sequence[str]) -> frozenset[str]:
    """Names of letters as they were typed.

    Raises:
        Misconfigured: one is no name, so it could never be found.
    """
    cleaned = [text.strip().lower() for text in given]
    for text in cleaned:
        if not (_PLACE.fullmatch(text) or _NAMED.fullmatch(text)):
            raise Misconfigured(
                f"no dead letter is called {text[:60]!r}: give a place as in 3:17, a receipt, an item id or an article id"
            )
    # '03:17' is the place '3:17'
    return frozenset(f"{at[0]}:{at[1]}" if (at := place(text)) else text for text in cleaned)
