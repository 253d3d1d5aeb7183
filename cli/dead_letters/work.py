"""Going through the topic `dead-letters`: counting, finding, sending back. Over the ports, so that tests need no broker.

The topic is read up to where it ended at the first look: what is sent back and fails again comes after that and is not
sent a second time.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cli.dead_letters.choice import Choice, place
from shared.backoff import Backoff, Tries
from shared.errors import NewswireError, TooLarge, Transient
from shared.events import DEAD_LETTERS
from shared.kafka.letter import Drop, Letter, drop_message, drop_of, letter_of, mark_of, original_of
from shared.kafka.ports import Message, Publisher, Record, TopicPartition
from shared.kafka.reading import Reader, Spans

CHUNK: Final = 100
"""Letters sent back at once, at most."""
CLOCKS: Final = timedelta(minutes=10)
"""How far the clocks of a service and of Kafka may stand apart."""

Group = tuple[str, str, str]
"""Class, stage and feed; `-` where one is not known."""


@dataclass(slots=True)
class Survey:
    """What a choice means, as of `spans`."""

    spans: Spans
    total: int = 0
    groups: Counter[Group] = field(default_factory=Counter)
    newest: list[Letter] = field(default_factory=list)
    """The newest letters, newest first."""
    to_send: int = 0
    """What a replay would send: each record once, however often it was buried."""
    origins: Counter[str] = field(default_factory=Counter)
    """Where that would go, by topic."""
    stuck: int = 0
    """Letters that cannot be sent back: it is not known where they came from."""
    oldest: dict[Group, datetime] = field(default_factory=dict)
    """When the oldest letter of each group was buried."""
    drops: dict[str, Drop] = field(default_factory=dict)
    """Letters that a person has dropped, by their place. They are none of the above, unless the choice names letters outright."""
    dropped: Counter[Group] = field(default_factory=Counter)
    """How many of those there are."""


@dataclass(slots=True)
class Replayed:
    """How far a replay, or a drop, has come."""

    sent: int = 0
    refused: list[str] = field(default_factory=list)
    """Letters that Kafka will never take back, each with the reason."""


async def where(reader: Reader, choice: Choice) -> Spans:
    """The part of the topic in which the choice can be found."""
    since = None if choice.since is None else max(round((choice.since - CLOCKS).timestamp() * 1000), 0)
    spans = await reader.spans(DEAD_LETTERS, since_ms=since)
    places = [place(name) for name in choice.ids]
    if not places or None in places:
        return spans
    wanted: dict[TopicPartition, tuple[int, int]] = {}
    for at in places:
        partition, offset = TopicPartition(DEAD_LETTERS, at[0]), at[1]  # type: ignore[index]  # None is ruled out above
        start, end = spans.get(partition, (0, 0))
        if start <= offset < end:
            first, last = wanted.get(partition, (offset, offset + 1))
            wanted[partition] = min(first, offset), max(last, offset + 1)
    return wanted


async def chosen(reader: Reader, spans: Spans, choice: Choice) -> AsyncIterator[tuple[Letter, Record]]:
    """The letters of the choice with their records, dropped ones too, in offset order per partition."""
    async for records in reader.read(spans):
        for record in records:
            letter = letter_of(record)
            if choice.takes(letter) and drop_of(record) is None:
                yield letter, record


async def drops_in(reader: Reader, spans: Spans) -> dict[str, Drop]:
    """What was dropped, by the letters' places."""
    found: dict[str, Drop] = {}
    async for records in reader.read(spans):
        for record in records:
            drop = drop_of(record)
            if drop is not None and not ((before := found.get(drop.letter)) and before.erased):  # for good
                found[drop.letter] = drop
    return found


def _stays(choice: Choice, letter: Letter, drops: Mapping[str, Drop]) -> bool:
    """Whether a letter is left out because somebody dropped it; not if it was asked for by name, unless its article was erased."""
    dropped = drops.get(letter.id)
    return dropped is not None and (dropped.erased or not choice.ids)


async def survey(reader: Reader, choice: Choice, limit: int) -> Survey:
    """Count what the choice means and keep its `limit` newest letters."""
    found = Survey(await where(reader, choice))
    found.drops = await drops_in(reader, found.spans)
    newest: list[tuple[tuple[object, ...], Letter]] = []
    marks: set[str] = set()
    async for letter, record in chosen(reader, found.spans, choice):
        group = letter.code, letter.stage or "-", letter.feed or "-"
        if _stays(choice, letter, found.drops):
            found.dropped[group] += 1
            continue
        found.total += 1
        found.groups[group] += 1
        found.oldest[group] = min(letter.at, found.oldest.get(group, letter.at))
        (heapq.heappush if len(newest) < limit else heapq.heappushpop)(
            newest, ((letter.at, record.partition, record.offset), letter)
        )
        original = original_of(record)
        if original is None:
            found.stuck += 1
        elif (mark := mark_of(original)) not in marks:
            marks.add(mark)
            found.origins[original.topic] += 1
    found.to_send = len(marks)
    found.newest = [letter for _, letter in sorted(newest, key=lambda pair: pair[0], reverse=True)]
    return found


async def replay(
    reader: Reader,
    publisher: Publisher,
    spans: Spans,
    choice: Choice,
    progress: Replayed,
    *,
    rate: float,
    drops: Mapping[str, Drop] | None = None,
    advance: Callable[[int], None] = lambda _: None,
    patience_s: float = 60.0,
) -> None:
    """Send the chosen letters back to where they came from, `rate` a second at most; `progress` tells how far it came.

    Raises:
        Transient: Kafka took nothing for `patience_s`.
        Misconfigured: Kafka refuses the credentials.
    """
    pace = _Pace(rate)
    marks: set[str] = set()
    waiting: list[tuple[str, Message]] = []
    size = max(1, min(CHUNK, round(rate)))
    async for letter, record in chosen(reader, spans, choice):
        original = original_of(record)
        if original is None or _stays(choice, letter, drops or {}) or (mark := mark_of(original)) in marks:
            continue
        marks.add(mark)
        waiting.append((letter.id, original))
        if len(waiting) == size:
            await _send(publisher, waiting, progress, pace, patience_s)
            advance(len(waiting))
            waiting = []
    if waiting:
        await _send(publisher, waiting, progress, pace, patience_s)
        advance(len(waiting))


async def drop(
    reader: Reader,
    publisher: Publisher,
    found: Survey,
    choice: Choice,
    progress: Replayed,
    *,
    by: str,
    why: str,
    at: datetime,
    erased: bool = False,
    patience_s: float = 60.0,
) -> None:
    """Mark the chosen letters as dropped (or `erased`), those that were before left out. No byte of a letter is touched.

    Raises:
        Transient: Kafka took nothing for `patience_s`.
        Misconfigured: Kafka refuses the credentials.
    """
    pace = _Pace(CHUNK * 100)
    waiting: list[tuple[str, Message]] = []
    async for letter, record in chosen(reader, found.spans, choice):
        before = found.drops.get(letter.id)
        if before is None or (erased and not before.erased):
            waiting.append((letter.id, drop_message(letter, record, Drop(letter.id, by, why, at, erased))))
        if len(waiting) == CHUNK:
            await _send(publisher, waiting, progress, pace, patience_s)
            waiting = []
    if waiting:
        await _send(publisher, waiting, progress, pace, patience_s)


async def _send(
    publisher: Publisher, letters: Sequence[tuple[str, Message]], progress: Replayed, pace: _Pace, patience_s: float
) -> None:
    """Send these and wait for the acknowledgement of each; what is not known to be safe is sent again."""
    await pace.wait(len(letters))
    backoff, end = Tries(Backoff(cap_s=5.0)), time.monotonic() + patience_s
    while letters:
        outcomes = await publisher.publish([message for _, message in letters], timeout_s=patience_s)
        again, why = [], None
        for (name, message), outcome in zip(letters, outcomes, strict=True):
            if outcome is None:
                progress.sent += 1
            elif isinstance(outcome, TooLarge):
                progress.refused.append(f"{name}: {outcome.reason}")
            else:
                again.append((name, message))
                why = outcome
        letters = again
        if why is not None:
            await _hold_out(why, backoff, end)


async def _hold_out(why: NewswireError, backoff: Tries, end: float) -> None:
    """Wait before another try, unless it is no use."""
    if not isinstance(why, Transient) or time.monotonic() > end:
        raise why
    await asyncio.sleep(backoff.next())


class _Pace:
    """Lets `rate` letters a second through, evenly."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free_at = 0.0

    async def wait(self, count: int) -> None:
        """Until `count` more may go."""
        now = time.monotonic()
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)
        self._free_at = max(self._free_at, now) + count / self._rate
