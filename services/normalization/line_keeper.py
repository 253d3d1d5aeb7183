"""What one worker has learned of its feeds' lines, and the topic `feeds.lines` that shares it and keeps it over a restart.

One record a site of a feed, key `feed|site`, compacted. Every worker writes what it knows of a site and reads what others
wrote; knowledge is merged (`learning.py`), so it matters little whose record came last. The topic holds hashes, and the
beginning of a line once it has been left out of a usable story. Nothing of this may ever hold a story up: whatever goes
wrong with it is logged once, and the stories go on with the lines in them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import orjson

from services.normalization.chunk import Item, Outcome
from services.normalization.feed_lines import LINES_HEADER, header_of, packed
from services.normalization.learning import Learner
from shared.errors import Misconfigured, NewswireError
from shared.events import FEEDS_LINES, header
from shared.kafka.ports import Message, Publisher, Record, TopicPartition
from shared.kafka.reading import Reader
from shared.log import get_logger

LOOKED_AT: Final = 12
"""Stories of one feed in one chunk that are looked at for repeated lines: under load, not every one needs to be."""
LOOKED_AT_A_SECOND: Final = 20
LOOKED_AT_AT_ONCE: Final = 120
"""Stories of all feeds that are looked at: so many a second on the average, with a reserve for a burst."""
TOLD_EVERY_S: Final = 60.0
"""What is known of a site is written so often; a line that has come to be learned, at once."""
HEARD_EVERY_S: Final = 20.0
RETRY_S: Final = 1.0
"""While nothing has been read yet."""
FIRST_S: Final = 10.0
"""How long the first stories wait for what was learned before."""
PUBLISH_S: Final = 5.0
_DAY_S: Final = 86_400

Readers = Callable[[], AbstractAsyncContextManager[Reader]]
_log = get_logger()


class LineKeeper:
    """Adds what is learned to what the pool is given, and learns from what comes back."""

    def __init__(
        self, publisher: Publisher, readers: Readers | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._publisher = publisher
        self._readers = readers
        self._clock = clock
        self._learner = Learner()
        self._packed: dict[str, tuple[frozenset[int], bytes]] = {}
        self._told = self._filled = clock()
        self._reserve: float = LOOKED_AT_AT_ONCE
        self._next: dict[TopicPartition, int] = {}
        self._first = asyncio.Event()
        self._silent = False

    @property
    def learner(self) -> Learner:
        """What was learned."""
        return self._learner

    def items(self, records: Sequence[Record]) -> list[Item]:
        """The records as the pool takes them, with the lines that their feeds repeat."""
        looked = Counter[str]()
        found: list[Item] = []
        self._fill()
        for record in records:
            feed = header(record.headers, "ce_feed") or ""
            wanted = self._reserve >= 1 and looked[feed] < LOOKED_AT
            if wanted:
                looked[feed] += 1
                self._reserve -= 1
            found.append(
                ((*record.headers, (LINES_HEADER, header_of(self._hashes(feed), wanted=wanted))), record.value)
            )
        return found

    def _fill(self) -> None:
        now = self._clock()
        gained = max(now - self._filled, 0.0) * LOOKED_AT_A_SECOND
        self._reserve, self._filled = min(self._reserve + gained, LOOKED_AT_AT_ONCE), now

    def _hashes(self, feed: str) -> bytes:
        learned = self._learner.learned(feed)
        if not learned:
            return b""
        known = self._packed.get(feed)
        if known is None or known[0] is not learned:
            known = self._packed[feed] = (learned, packed(learned))
        return known[1]

    def take(self, records: Sequence[Record], outcomes: Sequence[Outcome]) -> None:
        """Learn from what a chunk's stories told."""
        day = self._day()
        for record, outcome in zip(records, outcomes, strict=True):
            if outcome.sightings:
                self._learner.see(header(record.headers, "ce_feed") or "", outcome.sightings, day)

    def _day(self) -> int:
        return int(self._clock() // _DAY_S)

    async def tell(self) -> None:
        """Write what others and the next start should know, if it is time."""
        now = self._clock()
        if not self._learner.urgent and now - self._told < TOLD_EVERY_S:
            return
        self._told = now
        told = list(self._learner.tell())
        if not told:
            return
        messages = [Message(FEEDS_LINES, f"{feed}|{site}".encode(), orjson.dumps(value)) for feed, site, value in told]
        outcomes = await self._publisher.publish(messages, timeout_s=PUBLISH_S)
        for (feed, site, _), error in zip(told, outcomes, strict=True):
            if error is not None:
                self._learner.changed.add((feed, site))
        self._complain(next((error for error in outcomes if error is not None), None))

    def _complain(self, error: Exception | None) -> None:
        if error is not None and not self._silent:
            _log.warning("repeated lines are not shared for now; stories go on", error=str(error))
        self._silent = error is not None

    async def ready(self) -> None:
        """Wait until what was learned before has been read, or `FIRST_S` have passed."""
        if self._readers is not None and not self._first.is_set():
            try:
                async with asyncio.timeout(FIRST_S):
                    await self._first.wait()
            except TimeoutError:
                _log.warning("lines learned before are not read yet; stories go on")
                self._first.set()

    async def follow(self) -> None:
        """Read what others write, from the topic's start on; ends only by being cancelled."""
        if self._readers is None:
            return
        while True:
            try:
                async with self._readers() as reader:
                    while True:
                        await self._catch_up(reader)
                        self._first.set()
                        self._complain(None)
                        await asyncio.sleep(HEARD_EVERY_S)
                        self._learner.forget(self._day())
            except NewswireError as error:
                self._complain(error)
                if isinstance(error, Misconfigured):  # no such topic: there is nothing to wait for
                    self._first.set()
                await asyncio.sleep(HEARD_EVERY_S if self._first.is_set() else RETRY_S)

    async def _catch_up(self, reader: Reader) -> None:
        spans = {
            partition: (max(start, self._next.get(partition, start)), end)
            for partition, (start, end) in (await reader.spans(FEEDS_LINES)).items()
        }
        stale: dict[bytes, bool] = {}
        async for records in reader.read({p: span for p, span in spans.items() if span[0] < span[1]}):
            for record in records:
                if record.key is not None:
                    stale[record.key] = record.value is not None and not self._hear(record.key, record.value)
        self._next |= {partition: end for partition, (_, end) in spans.items()}
        gone = [Message(FEEDS_LINES, key, None) for key, is_stale in stale.items() if is_stale]
        if gone:
            await self._publisher.publish(gone, timeout_s=PUBLISH_S)

    def _hear(self, key: bytes, value: bytes) -> bool:
        """Whether a record holds anything that is still remembered; one that cannot be read is left alone."""
        feed, _, site = key.decode("utf-8", "replace").partition("|")
        try:
            return self._learner.hear(feed, site, orjson.loads(value), self._day())
        except ValueError as error:
            _log.warning("a record of repeated lines cannot be read", feed=feed[:64], reason=str(error)[:200])
            return True
