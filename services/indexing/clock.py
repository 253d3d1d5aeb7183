"""The clock: tells the owners of articles that an embargo has ended or a story expired. Run by the owner of partition 0.

How far it has come is a mark in the index, which never goes back; so what fell due while nobody ran it is told once somebody
does. It looks again at the last minute each time, for a story may have been written with an instant that its own worker's
clock, which is behind ours, still saw ahead. Nothing is announced here: an order goes to the article's owner, who announces it
in its order if it is still so. Two clocks at once, for a moment of a rebalance, tell the same: the event ids are the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson

from services.indexing import marks
from shared.backoff import Tries
from shared.elastic.ports import Action, After, ArticleStore, Due, Instant
from shared.errors import Misconfigured, NewswireError
from shared.events import (
    ARTICLE_ORDERED,
    ARTICLES_NORMALIZED,
    CLOUDEVENTS_JSON,
    Change,
    Order,
    rfc3339,
    structured,
)
from shared.failpoints import failpoint
from shared.ids import NEWSWIRE, micros
from shared.kafka.ports import Message, Publisher, Record, TopicPartition
from shared.kafka.work import Handler
from shared.log import get_logger
from shared.places import where

OWNED: Final = TopicPartition(ARTICLES_NORMALIZED, 0)
"""Whoever owns this partition runs the clock."""
NAME: Final = "clock"
LOOK_BACK: Final = timedelta(minutes=1)
"""How far the clocks of two workers may differ."""
PAGE: Final = 500
_HALT_S: Final = 30.0
_CHANGES: Final[dict[Instant, Change]] = {"embargoed_until": Change.RELEASED, "expires": Change.EXPIRED}

log = get_logger()


def is_told(one: Due, instant: Instant) -> bool:
    """Whether this instant is for the clock to tell: it came after the version was written, and readers can have it."""
    moment = one.embargoed_until if instant == "embargoed_until" else one.expires
    if moment is None or one.indexed >= moment:
        return False
    return instant == "embargoed_until" or one.embargoed_until is None or one.embargoed_until < moment


def order_of(one: Due, instant: Instant) -> Message:
    """The order to the article's owner; the same instant of the same version is the same order."""
    moment = one.embargoed_until if instant == "embargoed_until" else one.expires
    if moment is None:
        raise ValueError("an article without that instant is never due")
    change = _CHANGES[instant]
    name = str(uuid.uuid5(NEWSWIRE, f"due:{one.article_id}:{one.ext_version}:{change}:{rfc3339(moment)}"))
    data = {
        "article_id": one.article_id,
        "id": name,
        "order": Order.DUE.value,
        "at": rfc3339(moment),
        "due": rfc3339(moment),
        "ext_version": one.ext_version,
        "change": change.value,
    }
    return Message(
        ARTICLES_NORMALIZED,
        one.article_id.encode(),
        structured(ARTICLE_ORDERED, name, one.article_id, moment, orjson.dumps(data)),
        (("content-type", CLOUDEVENTS_JSON.encode()),),
    )


class Clock:
    """Looks what has fallen due since the mark, and tells.

    Args:
        store: the index.
        publisher: where orders go.
        now: the present moment, aware.
    """

    def __init__(self, store: ArticleStore, publisher: Publisher, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._publisher = publisher
        self._now = now
        self._told: dict[bytes, datetime] = {}

    async def tick(self) -> int:
        """Tell of all that has fallen due, and move the mark; how many orders were sent.

        Raises:
            Transient, Misconfigured: as the store and the publisher say; nothing is lost, call again.
        """
        moment = self._now()
        until = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        mark = await self._mark()
        sent = 0
        if mark is not None:
            since = min(mark, until) - LOOK_BACK
            for instant in _CHANGES:
                async for found in self._due(instant, (since, until)):
                    sent += await self._tell([order_of(one, instant) for one in found if is_told(one, instant)], until)
            self._told = {name: told for name, told in self._told.items() if told > until - 2 * LOOK_BACK}
        failpoint("indexing.clock")
        if mark is None or until > mark:
            await self._move(until)
        return sent

    async def _due(self, instant: Instant, span: tuple[datetime, datetime]) -> AsyncIterator[list[Due]]:
        after: After | None = None
        while found := await self._store.due(instant, span, after, PAGE):
            yield found
            after = found[-1].place

    async def _tell(self, orders: Sequence[Message], moment: datetime) -> int:
        new = [order for order in orders if order.value is not None and order.value not in self._told]
        for error in await self._publisher.publish(new) if new else ():
            if error is not None:
                raise error
        self._told |= {order.value: moment for order in new if order.value is not None}
        return len(new)

    async def _mark(self) -> datetime | None:
        place = (marks.SLICE, NAME)
        found = (await self._store.fetch([place])).get(place)
        return datetime.fromisoformat(found.source["at"]) if found else None

    async def _move(self, until: datetime) -> None:
        await self._store.ensure_slice(marks.SLICE)
        told = {"id": NAME, "name": NAME, "at": rfc3339(until)}
        # Its number is the moment itself: a clock that lost its partition and writes late moves nothing back.
        await self._store.write([Action(marks.SLICE, NAME, micros(until), orjson.dumps(told))])


class Clocked:
    """A handler beside which the clock runs while it owns the partition that the clock belongs to.

    Args:
        handler: does the work.
        clock: is looked at again and again.
        interval_s: how often.
    """

    def __init__(self, handler: Handler, clock: Clock, interval_s: float) -> None:
        self._handler = handler
        self._clock = clock
        self._interval_s = interval_s
        self._running: asyncio.Task[None] | None = None

    async def assigned(self, partitions: frozenset[TopicPartition]) -> None:
        """See `shared.kafka.work.Handler`; starts the clock if its partition is among them."""
        await self._handler.assigned(partitions)
        if OWNED in partitions and self._running is None:
            self._running = asyncio.create_task(self._run(), name="clock")

    async def revoked(self, partitions: frozenset[TopicPartition]) -> None:
        """See `shared.kafka.work.Handler`; stops the clock."""
        if OWNED in partitions:
            await self.stop()
        await self._handler.revoked(partitions)

    async def handle(self, records: Sequence[Record]) -> None:
        """See `shared.kafka.work.Handler`."""
        await self._handler.handle(records)

    async def stop(self) -> None:
        """End the clock, if it runs."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _run(self) -> None:
        """Tick until cancelled. An error stops no clock: what is due waits, and the log says why."""
        tries = Tries()
        log.info("clock runs")
        while True:
            wait, trouble = self._interval_s, ""
            try:
                if sent := await self._clock.tick():
                    log.info("instants have come", orders=sent)
                tries.reset()
            except Misconfigured as error:
                wait, trouble = _HALT_S, f"a person must act: {error}"
            except NewswireError as error:
                wait, trouble = tries.next(), str(error)
            except Exception as error:
                wait, trouble = _HALT_S, f"a bug: {where(error)}"
            if trouble:
                log.error("the clock stands still", why=trouble, retry_in_s=round(wait, 2))
            await asyncio.sleep(wait)
