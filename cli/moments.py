"""Moments as people type them: `2h` ago, a day, an RFC 3339 time. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.errors import Misconfigured

_AGO = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """`90m`, `2h`, `3d` before `now`; `2025-03-01` (its start, UTC); `2025-03-01T08:00Z`.

    Raises:
        Misconfigured: it is none of these.
    """
    try:
        if ago := _AGO.fullmatch(text.strip()):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        given = datetime.fromisoformat(text.strip())
        if given.tzinfo is None and _DAY.fullmatch(text.strip()):
            given = given.replace(tzinfo=UTC)
        if given.tzinfo is not None:
            return given.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Misconfigured(f"no moment: {text[:40]!r}; write 2h, 3d, 2025-03-01 or 2025-03-01T08:00Z")
