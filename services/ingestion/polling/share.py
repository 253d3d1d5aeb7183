"""Which feeds are ours: a share of the partitions of `feeds.state`, each read to its end before its feeds are polled.

All replicas are members of one group on that topic; a feed belongs to whoever owns the partition of its id. No offset is
ever moved: a new owner reads its partitions from the start (they are compacted), up to the mark that it has written itself.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.ingestion.polling.feed_state import MARK, FeedState, load_state, mark_message, mark_of
from services.ingestion.websub.notes import Kind, Note, is_note, note_of
from shared.errors import Transient
from shared.events import FEEDS_STATE
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import PartitionsLost, Publisher, Record, Source, TopicPartition
from shared.log import get_logger

MAX_HELD: Final = 32 * 1024 * 1024
"""Bytes of notes held of one partition."""

_log = get_logger()


@dataclass(eq=False, slots=True)
class Part:
    """One partition that is ours, since one assignment. `ready` once all that was in it has been read.

    `notes` are what other replicas have heard of hubs and nobody has dealt with yet, by key, oldest first.
    """

    number: int
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)
    marked: bool = False
    ready: bool = False
    states: dict[str, FeedState] = field(default_factory=dict)
    notes: dict[bytes, Note] = field(default_factory=dict)
    held: int = 0
    """Bytes of the notes, about."""

    def take_note(self, record: Record) -> None:
        """Take in a note, or (a null value) that it is dealt with. Bodies are held within bounds: beyond, the feed is polled."""
        key = record.key or b""
        self.forget(key)
        note = note_of(record)
        if note is None:
            return
        if note.packed and self.held + note.size > MAX_HELD:
            note = replace(note, kind=Kind.WAKE, packed=b"")
        self.notes[key] = note
        self.held += note.size

    def forget(self, key: bytes) -> None:
        """A note is dealt with."""
        note = self.notes.pop(key, None)
        if note is not None:
            self.held -= note.size


class Share:
    """The partitions that this replica owns now, with the states in them."""

    def __init__(
        self,
        source: Source,
        publisher: Publisher,
        count: Callable[[], Awaitable[int]],
        *,
        certain_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`count` asks how many partitions the topic has. `certain_s`: for so long a confirmation is good."""
        self._source = source
        self._publisher = publisher
        self._count = count
        self._certain_s = certain_s
        self._clock = clock
        self._parts: dict[int, Part] = {}
        self._total = 0
        self._confirmed = -1e9

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """The group has given us these."""
        self._parts = {one.partition: Part(one.partition) for one in partitions}
        self._confirmed = self._clock()

    def revoked(self) -> list[Part]:
        """The group takes all back; returns what was ours."""
        gone, self._parts = list(self._parts.values()), {}
        return gone

    def holds(self, part: Part) -> bool:
        """Whether this very assignment still stands."""
        return self._parts.get(part.number) is part

    def ready(self) -> list[Part]:
        """The partitions that are ours and were read."""
        return [part for part in self._parts.values() if part.ready]

    def part_of(self, feed_id: str) -> Part | None:
        """The partition of a feed, if it is ours and was read."""
        part = self._parts.get(partition_for(feed_id.encode(), self._total)) if self._total else None
        return part if part is not None and part.ready else None

    async def mark(self) -> None:
        """Write the marks that are still missing.

        Raises:
            Transient: Kafka is away; call again.
        """
        fresh = [part for part in self._parts.values() if not part.marked]
        if not fresh:
            return
        self._total = await self._count()
        messages = [mark_message(part.number, self._total, part.nonce) for part in fresh]
        for part, outcome in zip(fresh, await self._publisher.publish(messages), strict=True):
            if outcome is not None:
                raise Transient(f"the mark of partition {part.number} is not written: {outcome}")
            part.marked = True

    def take(self, records: Sequence[Record]) -> None:
        """Records of the topic, in order: states up to our mark, after it only echoes of what we write; and notes."""
        for record in records:
            part = self._parts.get(record.partition)
            if part is None or record.key is None:
                continue
            if is_note(record.key):
                part.take_note(record)
            elif part.ready:
                continue
            elif record.key.startswith(MARK):
                part.ready = mark_of(record.value) == part.nonce
                if part.ready:
                    _log.info("feeds taken over", partition=part.number, feeds=len(part.states))
            else:
                _read(part.states, record.key.decode("utf-8", "replace"), record.value)

    async def confirm(self, part: Part | None = None) -> None:
        """Make sure that what is ours still is: the group's coordinator takes a commit only from the owner.

        A process that was stopped for a while does not know that its share was given away; this finds out before it polls
        or sends. The commit is of offset 0, so that whoever comes next reads from the start.

        Raises:
            Transient: it is not, or Kafka is away.
        """
        if part is not None and not self.holds(part):
            raise Transient("the feed has another owner by now")
        if self._clock() - self._confirmed < self._certain_s:
            return
        asked = self._clock()
        offsets: Mapping[TopicPartition, int] = {TopicPartition(FEEDS_STATE, number): 0 for number in self._parts}
        try:
            await self._source.commit(offsets)
        except PartitionsLost as lost:
            raise Transient(f"the group has moved on: {lost}") from None
        self._confirmed = asked
        if part is not None and not self.holds(part):
            raise Transient("the feed has another owner by now")


def _read(states: dict[str, FeedState], feed_id: str, value: bytes | None) -> None:
    if value is None:
        states.pop(feed_id, None)
        return
    try:
        states[feed_id] = load_state(value)
    except ValueError as error:
        states.pop(feed_id, None)
        _log.warning("state of a feed not readable, it begins anew", feed=feed_id[:64], reason=str(error)[:200])
