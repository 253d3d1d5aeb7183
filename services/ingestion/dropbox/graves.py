"""What a drop folder refuses, kept as dead letters: a dropped file has no sender who hears the answer and sends again.

A letter is the item as it would have gone to `stories.raw`, bytes and headers, so that `newswire dead-letters replay` sends it there
once newswire has learned to read it. Taken a second time after a crash, a file gives the very same letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.ingestion.bodies import MAX_ITEMS, split_lines
from services.ingestion.door import Push
from services.ingestion.envelope import envelope
from services.ingestion.media import Family
from shared.errors import Misconfigured
from shared.events import STORIES_RAW
from shared.kafka.dead_letter import Burial, DeadLetters
from shared.kafka.ports import Publisher, Record
from shared.log import get_logger
from shared.problems import Problem

STAGE: Final = "ingestion"
_ROOM: Final = 64 * 1024
"""For key and headers, beside the bytes of an item."""
NOWHERE: Final = -1
"""Partition and offset of what never was on a topic."""

_log = get_logger()


class Graves:
    """Keeps refused items."""

    def __init__(self, publisher: Publisher, largest: int) -> None:
        """`largest`: bytes of a message on `dead-letters`; a larger item stays in `refused/` alone."""
        self._letters = DeadLetters(publisher, STAGE)
        self._largest = largest - _ROOM

    async def keep(self, push: Push, receipt: str, taken: datetime, refused: Sequence[Mapping[str, Any]]) -> None:
        """Keep what was refused of a push that was taken at `taken`: an entry of the door's answer for each, or its problem.

        Raises:
            Transient: it is not known to be safe; call again.
        """
        raws = _items(push, receipt, refused)
        if not raws:
            return
        common = envelope(push.feed, receipt, taken, push.traceparent, content_type=push.content_type)
        burials = []
        for item, raw, problem in raws:
            if not raw or len(raw) > self._largest:
                continue
            headers = (("ce_id", item.encode()), *common)
            record = Record(STORIES_RAW, NOWHERE, NOWHERE, 0, f"{push.feed.id}:{item}".encode(), raw, headers)
            burials.append(Burial(record, code_of(problem), _reason(problem)))
        try:
            await self._letters.bury(burials)
        except Misconfigured as error:  # the folder must not stand still for it, and the file is not lost
            _log.error("drop: dead letters cannot be kept", feed=push.feed.id, reason=str(error))


def refused_of(answer: Problem | Mapping[str, Any], receipt: str) -> list[Mapping[str, Any]]:
    """The refused items of the door's answer: `{"id", "problem"}` each; a push that was refused as a whole is one."""
    if isinstance(answer, Problem):
        items = answer.members.get("items")
        if items is None:
            return [{"id": f"{receipt}.1", "problem": answer.document(), "whole": True}]
    else:
        items = answer["items"]
    return [item for item in items if item["status"] == "refused"]


def code_of(problem: Mapping[str, Any]) -> str:
    """The bounded code of a problem document."""
    return str(problem["type"]).rpartition("/")[2]


def _items(
    push: Push, receipt: str, refused: Sequence[Mapping[str, Any]]
) -> list[tuple[str, bytes, Mapping[str, Any]]]:
    """Item id, bytes and problem of each. Lines that were never parted, for there were too many, are no items."""
    if push.family is not Family.NDJSON:
        return [(str(one["id"]), push.body, one["problem"]) for one in refused]
    wanted = {str(one["id"]): one["problem"] for one in refused if not one.get("whole")}
    if not wanted:
        return []
    lines = split_lines(push.body, push.feed.limits.batch_items or MAX_ITEMS)
    return [(name, item.raw, wanted[name]) for item in lines if (name := f"{receipt}.{item.n}") in wanted]


def _reason(problem: Mapping[str, Any]) -> str:
    """A sentence of codes and places, as the door told them: it never quotes a story."""
    first: Mapping[str, Any] = next(iter(problem.get("errors") or ()), {})
    place = first.get("pointer") or (f"offset {first['offset']}" if "offset" in first else "")
    return f"{problem.get('detail') or problem['title']}{f' at {place}' if place else ''}"
