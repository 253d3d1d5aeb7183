"""How a text, a name or a moment is held against what is expected. Pure.

The body's measure is that of scrapinghub's article-extraction-benchmark: runs of four words, counted; F1 of the mean
precision and the mean recall over all pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

_WORD = re.compile(r"\w+")
_RUN = 4


def runs_of_words(text: str) -> Counter[tuple[str, ...]]:
    """Every run of four words with its count; a shorter text is one run."""
    words = _WORD.findall(text)
    return Counter(tuple(words[i : i + _RUN]) for i in range(max(1, len(words) - _RUN + 1)))


def precision_recall(expected: str, found: str) -> tuple[float, float]:
    """Of what was found, how much is right; of what is right, how much was found."""
    want, have = runs_of_words(expected), runs_of_words(found)
    right = (want & have).total()
    too_much, too_little = have.total() - right, want.total() - right
    if not too_much and not too_little:
        return 1.0, 1.0
    return right / (right + too_much) if right else 0.0, right / (right + too_little) if right else 0.0


def f1(scores: Iterable[tuple[float, float]]) -> float:
    """F1 of the means."""
    pairs = list(scores)
    if not pairs:
        return 0.0
    precision = sum(one for one, _ in pairs) / len(pairs)
    recall = sum(two for _, two in pairs) / len(pairs)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def set_scores(expected: Iterable[str], found: Iterable[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of two sets of names, by case-folded words."""
    want, have = ({" ".join(name.casefold().split()) for name in names} for names in (expected, found))
    right = len(want & have)
    precision = right / len(have) if have else 0.0
    recall = right / len(want) if want else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0


def same_title(expected: str, found: str | None) -> bool:
    """Equal but for white space."""
    return found is not None and expected.split() == found.split()


def same_minute(expected: datetime, found: datetime | None) -> bool:
    """Within 60 seconds; an expected time without a zone is UTC."""
    if found is None:
        return False
    want = expected if expected.tzinfo else expected.replace(tzinfo=UTC)
    return abs((found - want).total_seconds()) <= 60


def same_day(expected: datetime, found: datetime | None) -> bool:
    """The same day in UTC, or in the zone that the expected time is given in."""
    if found is None:
        return False
    zone = expected.tzinfo or UTC
    want = expected if expected.tzinfo else expected.replace(tzinfo=UTC)
    return found.astimezone(UTC).date() == want.astimezone(UTC).date() or found.astimezone(zone).date() == want.date()
