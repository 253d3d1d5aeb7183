"""Idempotency-Keys that this process has seen: tells a retry from a key used twice. Pure.

Across processes a retry is harmless without it: the receipt is made of feed and key, so the same items have the same ids.
Only what was answered 202 is remembered; a push that failed or was refused took no effect and may be sent again, mended.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.problems import problem

MAX_BYTES: Final = 64 * 1024 * 1024
"""Answers remembered, in bytes; most are one item's, a hundred bytes each."""
_OVERHEAD: Final = 400


@dataclass(frozen=True, slots=True)
class _Entry:
    body: str
    answer: bytes | None  # None: still under way


class IdempotencyKeys:
    """The last `capacity` keys, each with the hash of its body and its answer."""

    def __init__(self, capacity: int, max_bytes: int = MAX_BYTES) -> None:
        self._capacity = capacity
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[UUID, _Entry] = OrderedDict()

    def begin(self, receipt: UUID, body: str) -> bytes | None:
        """Start a push under this receipt, whose body has that hash. Returns the first answer if this is a retry.

        Raises:
            Problem: 422, the key was used with another body; 409, it is still under way.
        """
        entry = self._entries.get(receipt)
        if entry is None:
            self._put(receipt, _Entry(body, None))
            return None
        if entry.body != body:
            raise problem("idempotency-key-reused", "use a fresh key for every push; the first body stays")
        if entry.answer is None:
            raise problem("idempotency-in-progress", "wait for its answer", headers={"Retry-After": "1"})
        self._entries.move_to_end(receipt)
        return entry.answer

    def keep(self, receipt: UUID, answer: bytes) -> None:
        """The push was answered: a retry gets the same."""
        entry = self._entries.get(receipt)
        if entry is not None:
            self._put(receipt, _Entry(entry.body, answer))
            self._shrink()

    def forget(self, receipt: UUID) -> None:
        """The push took no effect, or none that is known: a retry is a first try."""
        entry = self._entries.pop(receipt, None)
        if entry:
            self._bytes -= _size(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def _put(self, receipt: UUID, entry: _Entry) -> None:
        self.forget(receipt)
        self._entries[receipt] = entry
        self._bytes += _size(entry)

    def _shrink(self) -> None:
        """Drop the oldest answers; what is under way is bounded by admission and must stay."""
        for _ in range(len(self._entries)):
            if not self._is_over():
                return
            oldest = next(iter(self._entries))
            if self._entries[oldest].answer is None:
                self._entries.move_to_end(oldest)
            else:
                self.forget(oldest)

    def _is_over(self) -> bool:
        return len(self._entries) > self._capacity or self._bytes > self._max_bytes


def _size(entry: _Entry) -> int:
    return _OVERHEAD + len(entry.answer or b"")
