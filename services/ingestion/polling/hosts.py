"""Politeness: one request at a time to a host, a pause between two, and a longer one when it asks for it. Pure.

Kept per replica: with n replicas a host with many feeds may meet n requests at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MAX_HOSTS: Final = 10_000


class Turn:
    """A request to a host that is under way; `end` may be called any number of times."""

    def __init__(self, hosts: Hosts, host: str) -> None:
        self._hosts = hosts
        self._host = host

    def end(self, *, rest_s: float = 0.0) -> None:
        """The request is over; the host is left alone for the usual gap, or for `rest_s` if that is longer."""
        self._hosts.ended(self, self._host, rest_s)


class Hosts:
    """Which host may be asked now. Times are of `clock`, in seconds."""

    def __init__(self, gap_s: float, clock: Callable[[], float]) -> None:
        self._gap_s = gap_s
        self._clock = clock
        self._busy: dict[str, Turn] = {}
        self._not_before: dict[str, float] = {}

    def wait_s(self, host: str) -> float | None:
        """Seconds until the host may be asked, 0 for now; None while a request to it is under way."""
        if host in self._busy:
            return None
        return max(self._not_before.get(host, 0.0) - self._clock(), 0.0)

    def begin(self, host: str) -> Turn:
        """A request to it starts. The caller has asked `wait_s`."""
        turn = self._busy[host] = Turn(self, host)
        return turn

    def ended(self, turn: Turn, host: str, rest_s: float) -> None:
        """See `Turn.end`."""
        if self._busy.get(host) is not turn:
            return
        del self._busy[host]
        now = self._clock()
        if len(self._not_before) >= MAX_HOSTS:
            self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        self._not_before[host] = now + max(self._gap_s, rest_s)
