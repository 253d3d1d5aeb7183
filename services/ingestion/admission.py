"""How many bytes of bodies this process holds at once: bounded, whatever the senders do."""

from __future__ import annotations

from typing import Self

from shared.metrics import HTTP_IN_FLIGHT_BYTES
from shared.problems import problem


class Admission:
    """The budget of one process, in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes that are reserved now."""
        return self._held

    def reserve(self, size: int) -> Reservation:
        """Room for one body of that size, to be used as a context manager.

        Raises:
            Problem: 503 `overloaded`, there is no room.
        """
        reservation = Reservation(self)
        reservation.cover(size)
        return reservation

    def take(self, size: int) -> None:
        """Hold `size` more bytes (or fewer, if negative); see `reserve`."""
        if size > 0 and self._held + size > self._limit:
            raise problem("overloaded", "too many bytes of other pushes are being held")
        self._held += size
        HTTP_IN_FLIGHT_BYTES.inc(size)  # pushes and hubs' calls have a budget each, and one gauge


class Reservation:
    """What one body holds; given back at the end of the `with` block."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._size = 0

    def cover(self, size: int) -> None:
        """Hold at least `size` bytes; a body may be longer than it said, or unpack to more.

        Raises:
            Problem: 503 `overloaded`.
        """
        if size > self._size:
            self._admission.take(size - self._size)
            self._size = size

    def __enter__(self) -> Self:
        """Hold it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._admission.take(-self._size)
        self._size = 0
