"""The poller: a replica's share of the polled feeds, each asked when it is due.

Runs beside the front door in every replica. A broken feed, a broken state or an outage of Kafka costs polls, never the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx2

from services.ingestion.polling.feed_state import FeedState, state_message
from services.ingestion.polling.hosts import Hosts, Turn
from services.ingestion.polling.jobs import Jobs, Lease
from services.ingestion.polling.poll import Poll, first_state
from services.ingestion.polling.schedule import Bounds, Outcome, after
from services.ingestion.polling.share import Part, Share
from services.ingestion.websub.rounds import Rounds
from shared.errors import Misconfigured, Transient
from shared.events import FEEDS_STATE, now
from shared.feeds import Feed, FeedList, PollRules
from shared.kafka.ports import Publisher, Source, TopicPartition
from shared.log import bound_contextvars, get_logger
from shared.metrics import FAILING_FEEDS, POLL_DELAY, POLLED_FEEDS

GROUP: Final = "ingestion-poller"
TICK_S: Final = 0.5
"""How long the loop waits for records of `feeds.state` before it looks for due feeds again."""
AGAIN_S: Final = 5.0
"""After which a poll that Kafka or the group cut short is tried again."""
LET_GO_S: Final = 8.0
"""How long what is on its way to Kafka may take when the feeds are given up."""
MISCONFIGURED_S: Final = 30.0
FAILING: Final = 3

_log = get_logger()


@dataclass(frozen=True, slots=True)
class _Due:
    late_s: float
    feed: Feed
    rules: PollRules
    part: Part
    state: FeedState


class Poller:
    """Polls this replica's share of the feeds until it is stopped."""

    def __init__(
        self,
        feeds: FeedList,
        source: Source,
        publisher: Publisher,
        *,
        share: Share,
        poll: Poll,
        hosts: Hosts,
        concurrency: int,
        jobs: Jobs | None = None,
        rounds: Rounds | None = None,
        clock: Callable[[], datetime] = now,
        tick_s: float = TICK_S,
    ) -> None:
        self._feeds = feeds
        self._source = source
        self._publisher = publisher
        self._share = share
        self._poll = poll
        self._hosts = hosts
        self._concurrency = concurrency
        self._clock = clock
        self._tick_s = tick_s
        self._jobs = Jobs(share) if jobs is None else jobs
        self._running = self._jobs.running
        self._rounds = rounds

    async def run(self, stop: asyncio.Event) -> None:
        """Take part in the polling until `stop`; without a polled feed in the feeds file nothing is asked of Kafka."""
        while not stop.is_set() and not any(feed.poll for feed in self._feeds.current().values()):
            await _pause(stop, 1.0)
        if stop.is_set():
            return
        joining = asyncio.create_task(self._source.start([FEEDS_STATE], self._assigned, self._revoked))
        try:
            if await _first(joining, stop):
                await self._loop(stop)
        finally:
            joining.cancel()
            await asyncio.gather(joining, return_exceptions=True)
            await self._give_up()
            await self._source.stop()

    async def _loop(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                self._share.take(await self._source.poll(1000, self._tick_s))
                await self._share.mark()
                if self._rounds is not None:
                    await self._rounds.go(self._concurrency)
                await self._start_due()
            except Misconfigured as error:
                _log.error("polling waits for a person", reason=str(error))
                await _pause(stop, MISCONFIGURED_S)
            except Transient as error:
                _log.warning("polling waits", reason=str(error))
                await _pause(stop, 1.0)
            except Exception:
                _log.exception("polling stumbled, goes on")
                await _pause(stop, AGAIN_S)

    async def _start_due(self) -> None:
        due = self._due()
        room = self._concurrency - len(self._running)
        if not due or room <= 0:
            return
        await self._share.confirm()
        for one in due:
            if room <= 0:
                break
            host = _host(one.rules.url)
            if self._hosts.wait_s(host) != 0 or not self._share.holds(one.part):
                continue
            room -= 1
            self._start(one, self._hosts.begin(host))

    def _due(self) -> list[_Due]:
        """Feeds to be polled now, the most overdue first."""
        moment = self._clock()
        ours, failing, due = 0, 0, []
        for feed in self._feeds.current().values():
            part = self._share.part_of(feed.id) if feed.poll else None
            if part is None or feed.poll is None:
                continue
            ours += 1
            state = part.states.get(feed.id)
            if state is None:
                state = part.states[feed.id] = first_state(feed.poll, moment)
            failing += state.pace.failures >= FAILING
            late_s = (moment - _when(state, feed.poll, moment)) / timedelta(seconds=1)
            if late_s >= 0 and feed.id not in self._running:
                due.append(_Due(late_s, feed, feed.poll, part, state))
        due.sort(key=lambda one: -one.late_s)
        POLLED_FEEDS.set(ours)
        POLL_DELAY.set(due[0].late_s if due else 0)
        FAILING_FEEDS.set(failing)
        return due

    def _start(self, one: _Due, turn: Turn) -> None:
        self._jobs.start(one.feed.id, one.part, lambda lease: self._one(one, turn, lease), turn.end)

    async def _one(self, one: _Due, turn: Turn, lease: Lease) -> None:
        state = one.state
        with bound_contextvars(feed=one.feed.id):
            try:
                await self._poll.poll(one.feed, one.rules, state, turn, lease)
            except Transient as error:
                state.next = self._clock() + timedelta(seconds=AGAIN_S)
                _log.warning("poll cut short, is done again", reason=str(error))
                return
            except Exception:
                _log.exception("poll failed in an unexpected way")
                bounds = Bounds(one.rules.min_interval_s, one.rules.max_interval_s)
                state.pace, wait = after(state.pace, Outcome.FAILED, bounds)
                state.why, state.next = "internal-error", self._clock() + timedelta(seconds=wait)
            if self._share.holds(one.part):
                lease.delivering = True
                outcome = (await self._publisher.publish([state_message(one.feed.id, state)]))[0]
                if outcome is not None:
                    # The state of a later poll covers it; until then a new owner would send again, and that is recognised.
                    _log.warning("state of a feed not stored", reason=str(outcome))

    async def _assigned(self, partitions: frozenset[TopicPartition]) -> None:
        self._share.assigned(partitions)

    async def _revoked(self, _: frozenset[TopicPartition]) -> None:
        """No poll goes on after this returns: the group gives the feeds to others."""
        await self._give_up()

    async def _give_up(self) -> None:
        self._share.revoked()
        await self._jobs.give_up(LET_GO_S)


def _host(url: str) -> str:
    """Whose turn it is; an address that cannot be read is nobody's, and its poll will say so."""
    try:
        return httpx2.URL(url).host
    except (httpx2.InvalidURL, ValueError):
        return ""


def _when(state: FeedState, rules: PollRules, moment: datetime) -> datetime:
    """When a feed is due: a new address at once, and never later than its bounds of now say."""
    if state.url != rules.url:
        return min(state.next, (state.polled or state.next) + timedelta(seconds=rules.min_interval_s))
    if state.pace.failures or state.polled is None:
        return state.next
    if state.websub.current is not None and not state.websub.relies(moment):
        # The wait was made while a hub could be relied on.
        return min(state.next, state.polled + timedelta(seconds=state.pace.interval_s * 1.1))
    return min(state.next, state.polled + timedelta(seconds=rules.max_interval_s * 1.2))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Until `stop`, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _first(joining: asyncio.Task[None], stop: asyncio.Event) -> bool:
    """Whether the group was joined before `stop` was set."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({joining, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    if joining.done():
        joining.result()
        return True
    return False
