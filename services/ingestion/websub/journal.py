"""What the owner of a feed has written of its subscriptions, read by whichever replica a hub happens to call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final

from services.ingestion.polling.feed_state import load_state
from services.ingestion.websub.subscription import PENDING, WebSubState
from shared.errors import Unavailable
from shared.events import FEEDS_STATE, now
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import TopicPartition
from shared.kafka.reading import Reader

READ_S: Final = 10.0
CLOCKS: Final = timedelta(minutes=10)
"""How far the clocks of a replica and of Kafka may stand apart."""

OpenReader = Callable[[], AbstractAsyncContextManager[Reader]]


class Journal:
    """Looks up a feed's subscriptions as they were written within the last hour: older requests are nobody's any more.

    Read anew each time: that a hub was asked is acknowledged before it is, so a call to verify always finds it.
    """

    def __init__(self, open_reader: OpenReader, *, clock: Callable[[], datetime] = now) -> None:
        self._open = open_reader
        self._clock = clock
        self._one = asyncio.Lock()

    async def subscriptions(self, feed: str, partitions: int) -> WebSubState | None:
        """The last that was written; None if there is none of late.

        Raises:
            Transient: Kafka is away.
            Misconfigured: it has no such topic, or refuses us.
        """
        try:
            async with asyncio.timeout(READ_S), self._one, self._open() as reader:
                return await self._read(reader, feed, partitions)
        except TimeoutError:
            raise Unavailable("the state of the feed cannot be read in time") from None

    async def _read(self, reader: Reader, feed: str, partitions: int) -> WebSubState | None:
        since = self._clock() - PENDING - CLOCKS
        spans = await reader.spans(FEEDS_STATE, since_ms=round(since.timestamp() * 1000))
        wanted = TopicPartition(FEEDS_STATE, partition_for(feed.encode(), partitions))
        value: bytes | None = None
        async for records in reader.read({wanted: spans[wanted]} if wanted in spans else {}):
            for record in records:
                if record.key == feed.encode():
                    value = record.value
        try:
            return load_state(value).websub if value is not None else None
        except ValueError:  # another release's
            return None
