"""How fast one sender may push: a bounded number of requests a minute, in bursts of at most as many. Pure.

The rule is the generic cell rate algorithm (ITU-T I.371): of each name only the moment is kept until which its past requests
'are paid for'. Each replica counts for itself, so a fleet lets through as many times the rate as it has replicas.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MINUTE: Final = 60.0
MOST_NAMES: Final = 50_000
"""Names remembered; the one that was quiet the longest is forgotten first, and may then begin anew."""


class Pace:
    """Requests a minute, by name (a feed, an address)."""

    def __init__(self, most_names: int = MOST_NAMES) -> None:
        self._paid_until: OrderedDict[str, float] = OrderedDict()
        self._most_names = most_names

    def wait(self, name: str, per_minute: int, now: float) -> float:
        """Seconds until the next request is welcome; 0 if this one is, and then it counts.

        Args:
            name: whose requests are counted together.
            per_minute: how many are welcome, at least 1; a name that was quiet for a minute may send all of them at once.
            now: seconds of a clock that never goes back.
        """
        each = MINUTE / per_minute
        paid_until = max(self._paid_until.get(name, now), now)
        early = paid_until + each - (now + MINUTE)
        if early > 1e-9:  # a sum of many steps must not refuse the last one that is due
            return early
        self._paid_until[name] = paid_until + each
        self._paid_until.move_to_end(name)
        if len(self._paid_until) > self._most_names:
            self._paid_until.popitem(last=False)
        return 0.0
