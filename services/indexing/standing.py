"""What may be done with an article as it stands now, and what its history must say of it. Pure.

Every row of an article's history carries it (`held`, `held_until`), so that a search over history needs no second look
at the article: a story that is killed, withheld or under an embargo takes all its earlier versions with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.events import Status


class Standing(NamedTuple):
    """`held`: nothing of the article may be shown (killed, withheld, embargo without an end); `until`: nor before then.

    `until` is the embargo as it was given, RFC 3339; one that has passed is as good as none, but is kept as it stands.
    """

    held: bool = False
    until: str | None = None


FREE = Standing()
_USABLE = Status.USABLE.value


def standing_of(status: str, source: Mapping[str, Any]) -> Standing:
    """The standing of an article whose live version has this status and these fields."""
    if status != _USABLE or source.get("embargo_open"):
        return Standing(held=True)
    until = source.get("embargoed_until")
    if until is None:
        return FREE
    # An embargo that cannot be read is an embargo.
    return Standing(held=False, until=until) if _moment(until) is not None else Standing(held=True)


def stricter(one: Standing, other: Standing) -> Standing:
    """What both allow."""
    if one.held or other.held:
        return Standing(held=True)
    return max(one, other, key=_strictness)


def is_looser(one: Standing, other: Standing) -> bool:
    """Whether `one` allows something that `other` does not."""
    return stricter(one, other) != one


def is_open(standing: Standing, at: str) -> bool:
    """Whether readers may see the article at that moment (RFC 3339), as far as its provider and its operators go."""
    if standing.held:
        return False
    if standing.until is None:
        return True
    until, moment = _moment(standing.until), _moment(at)
    return until is not None and moment is not None and until <= moment


def told(standing: Standing) -> dict[str, Any]:
    """The fields of a row of history that say so; none of an article that is free, as most are."""
    found: dict[str, Any] = {"held": True} if standing.held else {}
    if standing.until is not None:
        found["held_until"] = standing.until
    return found


def retold(source: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    """A row of history that says this standing and no other."""
    kept = {name: value for name, value in source.items() if name not in ("held", "held_until")}
    return kept | told(standing)


def _strictness(standing: Standing) -> float:
    moment = _moment(standing.until) if standing.until is not None else None
    return moment.timestamp() if moment is not None else float("-inf")


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None
