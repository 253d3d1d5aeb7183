"""Ids of signed pushes that were taken: a signature is good once, for as long as its time is within the tolerance. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final
from uuid import UUID

from services.ingestion.signature import TOLERANCE_S
from shared.problems import problem

KEEP_S: Final = 2 * TOLERANCE_S + 1
"""A signature may be made up to one tolerance ahead of our clock, and is good until one tolerance after its time."""
CAPACITY: Final = 400_000
"""Ids held at once, about 150 bytes each: 660 signed pushes a second."""


class SpentIds:
    """Receipts of the signed pushes of the last ten minutes. None is let go early: rather, no further push is taken."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._spent: set[bytes] = set()
        self._order: deque[tuple[float, bytes]] = deque()

    def check(self, receipt: UUID, now: float) -> None:
        """Whether a push under this receipt may be taken; `now` is in seconds, by a clock that never goes back.

        Raises:
            Problem: 409 `replayed`; 503 `overloaded`, its id could not be remembered.
        """
        while self._order and self._order[0][0] <= now:
            self._spent.discard(self._order.popleft()[1])
        if receipt.bytes in self._spent:
            raise problem("replayed", "a push with this webhook-id was taken; sign a new push with a fresh id")
        if len(self._order) >= self._capacity:
            raise problem("overloaded", "too many signed pushes within ten minutes")

    def spend(self, receipt: UUID, now: float) -> None:
        """The push was taken."""
        if receipt.bytes not in self._spent:
            self._spent.add(receipt.bytes)
            self._order.append((now + KEEP_S, receipt.bytes))
