"""What a story orders about others by their ids: NITF's `management-doc-idref`, 'please kill item dpa 157'. Pure.

An order becomes a version of its target, keyed by it, so that the target's owner applies it in order; a target not yet seen
gets its tombstone at once. Where the id is only the likeliest (numbers begin anew every day), the others go with it, and the
owners of these are asked before that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from shared import ids
from shared.errors import Refused
from shared.events import Reference

KILL_UNMATCHED = "kill-unmatched"


def orders_of(parts: StoryParts) -> Iterator[StoryParts]:
    """The orders that a story gives, each as parts of its target."""
    for target, status in [
        *((name, "canceled") for name in parts.kills),
        *((name, "withheld") for name in parts.holds),
    ]:
        yield StoryParts(
            format=parts.format,
            provider_id=target,
            status=status,
            version_time=parts.version_time,
            slugline=parts.slugline,
            ednote=parts.ednote,
            notes=[f"ordered by {parts.provider_id or 'a message without an id'}"],
            reference=[target, *parts.alternatives.get(target, ())],
        )


def read_for_orders(raw: RawStory) -> RawStory:
    """The record as its orders are read: their status words are ours, not the feed's, and none has a version number.

    A hold that was refused for want of a number would leave its target to be read.
    """
    return replace(raw, status_map={}, order_by=None if raw.order_by == "version" else raw.order_by)


def reference_of(parts: StoryParts, raw: RawStory) -> Reference | None:
    """The articles that an order may mean; None for a story."""
    if not parts.reference:
        return None
    return Reference(articles=[ids.article_id(raw.provider, name) for name in parts.reference])


def unmatched(parts: StoryParts) -> Refused | None:
    """The dead letter of an order that names nothing by its number: a person must say what it means."""
    if parts.unmatched is None:
        return None
    todo = "newswire kill" if parts.unmatched == "kill" else "newswire withhold"
    return Refused(
        KILL_UNMATCHED, f"a {parts.unmatched} that names no story by its number: find the story, then {todo} ID"
    )
