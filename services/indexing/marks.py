"""How far kills have come, for whoever lists them: written once they are searchable, before their offsets are committed. Pure.

A list of kills that is paged by the place of their records must not pass a place whose kill is written but not searchable
yet, as happens within a batch: of two kills the later one may be seen first. Up to the mark of its partition all are.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from services.indexing.orders import Ordered
from services.indexing.versions import Version
from shared.elastic.index import MARKS, slice_name
from shared.elastic.ports import Action

KILLS = "kills"
SLICE = slice_name(MARKS, None, "")


def of_kills(came: Iterable[Version | Ordered]) -> list[Action]:
    """The marks of a batch: one a partition with kills, which never goes back."""
    reached: dict[int, int] = {}
    for one in came:
        if one.killed:
            _, partition, offset = one.position
            reached[partition] = max(offset, reached.get(partition, 0))
    return [_mark(partition, offset) for partition, offset in sorted(reached.items())]


def _mark(partition: int, offset: int) -> Action:
    id_ = f"{KILLS}:{partition}"
    told = {"id": id_, "name": KILLS, "partition": partition, "offset": offset}
    return Action(SLICE, id_, offset, orjson.dumps(told))
