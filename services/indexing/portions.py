"""How many documents to fetch at once when nobody knows their sizes beforehand. Pure."""

from __future__ import annotations

_FIRST = 8
_MOST = 32
"""The worst case is this many documents of the largest size, once: after that the next portions are small."""


class Portion:
    """`count` documents are asked for next: few at first, twice as many while they are small, fewer when they are not.

    Args:
        max_bytes: what a portion may weigh, going by the heaviest portion so far.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._heaviest = 0.0
        self.count = _FIRST

    def came(self, count: int, size: int) -> None:
        """So many documents were asked for, and so many bytes came."""
        self._heaviest = max(self._heaviest, size / count)
        fitting = int(self._max_bytes / self._heaviest) if self._heaviest else _MOST
        self.count = max(1, min(2 * self.count, _MOST, fitting))
