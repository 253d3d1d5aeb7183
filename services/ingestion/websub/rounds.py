"""The rounds of the owner: notes from other replicas dealt with, hubs asked when their time has come. Run by the poller's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

import httpx2

from services.ingestion.polling.feed_state import FeedState, state_message
from services.ingestion.polling.hosts import Hosts
from services.ingestion.polling.jobs import Jobs, Lease
from services.ingestion.polling.poll import Poll, Sent
from services.ingestion.polling.share import Part, Share
from services.ingestion.websub.notes import Note, body_of, done_message
from services.ingestion.websub.owner import Subscriber, needs_look
from services.ingestion.websub.subscription import Mode, Subscription
from shared.errors import Transient
from shared.events import now
from shared.feeds import Feed, FeedList
from shared.kafka.ports import Message, Publisher
from shared.log import bound_contextvars, get_logger
from shared.metrics import WEBSUB_LEASES

AGAIN_S: Final = 2.0
"""After which a note that Kafka did not let us finish is taken up again."""

_log = get_logger()


class Rounds(Protocol):
    """The rounds as the poller's loop sees them."""

    async def go(self, room: int) -> None:
        """Begin what is to be done now, at most `room` jobs.

        Raises:
            Transient: nobody can tell whether the feeds are still ours.
        """


class HubRounds:
    """One for a replica. Jobs of a feed's notes bear its id, so that they never run beside a poll of it."""

    def __init__(  # noqa: PLR0917 - one caller
        self,
        feeds: FeedList,
        share: Share,
        jobs: Jobs,
        publisher: Publisher,
        subscriber: Subscriber,
        poll: Poll,
        hosts: Hosts,
        body_limit: int,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._feeds = feeds
        self._share = share
        self._jobs = jobs
        self._publisher = publisher
        self._subscriber = subscriber
        self._poll = poll
        self._hosts = hosts
        self._body_limit = body_limit
        self._clock = clock

    async def go(self, room: int) -> None:
        """See `Rounds.go`."""
        parts = [part for part in self._share.ready() if part.notes or self._interesting(part)]
        if not parts or room <= 0:
            WEBSUB_LEASES.set(0)
            return
        await self._share.confirm()
        moment = self._clock()
        live = 0
        for part in parts:
            self._deal_with_notes(part, room)
            for feed_id in self._interesting(part):
                live += part.states[feed_id].websub.relies(moment)
                if len(self._jobs.running) < room:
                    self._ask_if_due(part, feed_id)
        WEBSUB_LEASES.set(live)

    def _interesting(self, part: Part) -> list[str]:
        feeds = self._feeds.current()
        return [feed_id for feed_id, state in part.states.items() if needs_look(feeds, feed_id, state)]

    def _deal_with_notes(self, part: Part, room: int) -> None:
        for note in list(part.notes.values()):
            if len(self._jobs.running) >= room:
                return  # each may hold a body, unpacked
            if note.feed not in self._jobs.running:  # one after another, in the order in which they came
                self._jobs.start(note.feed, part, lambda lease, note=note: self._note(note, lease), _nothing)  # type: ignore[misc]  # a default binds it

    def _ask_if_due(self, part: Part, feed_id: str) -> None:
        name = f"{feed_id}~hub"
        if name in self._jobs.running:
            return
        feed, state = self._feeds.current().get(feed_id), part.states[feed_id]
        due = self._subscriber.next(feed, state.websub)
        host = _host(due[1].hub) if due else None
        if due is None or host is None or self._hosts.wait_s(host) != 0:
            return
        turn = self._hosts.begin(host)
        self._jobs.start(name, part, lambda lease: self._ask(feed_id, feed, state, due, lease), turn.end)

    async def _ask(
        self, feed_id: str, feed: Feed | None, state: FeedState, due: tuple[Mode, Subscription], lease: Lease
    ) -> None:
        async def store(changed: FeedState) -> None:
            await self._write([state_message(feed_id, changed)], lease)

        with bound_contextvars(feed=feed_id):
            try:
                await self._subscriber.ask((feed_id, feed), state, *due, store)
            except Transient as error:
                _log.warning("hub not asked, or that it was is not stored", reason=str(error))
            except Exception:
                _log.exception("asking a hub failed in an unexpected way")

    async def _note(self, note: Note, lease: Lease) -> None:
        """Deal with one note. Its end is written together with the state that it led to."""
        feed, part = self._feeds.current().get(note.feed), lease.part
        state = part.states.get(note.feed)
        with bound_contextvars(feed=note.feed):
            try:
                if state is not None:
                    await self._heard(feed, state, note, lease)
                kept = [state_message(note.feed, state)] if state is not None else []
                await self._write([*kept, done_message(note)], lease)
            except Transient as error:
                _log.warning("a hub's call is not dealt with, is taken up again", reason=str(error))
                await asyncio.sleep(AGAIN_S)
                return
            except Exception:
                _log.exception("a hub's call could not be dealt with, the feed's next poll brings what was in it")
            part.forget(note.key)

    async def _heard(self, feed: Feed | None, state: FeedState, note: Note, lease: Lease) -> None:
        if not self._subscriber.hear(feed, state, note) or feed is None or feed.poll is None:
            return
        body = await asyncio.to_thread(body_of, note, self._body_limit)
        if body is not None:
            await self._poll.ping(feed, feed.poll, Sent(body, note.content_type), state, lease)

    async def _write(self, messages: list[Message], lease: Lease) -> None:
        """Write what is to be remembered, if the feed is still ours.

        Raises:
            Transient: it is not, or Kafka did not take it.
        """
        await lease.confirm()
        lease.delivering = True
        try:
            outcomes = await self._publisher.publish(messages)
        finally:
            lease.delivering = False
        failed = next((outcome for outcome in outcomes if outcome is not None), None)
        if failed is not None:
            raise Transient(f"not stored: {failed}")


def _host(url: str) -> str | None:
    try:
        return httpx2.URL(url).host
    except (httpx2.InvalidURL, ValueError):
        return None


def _nothing() -> None:
    return None
