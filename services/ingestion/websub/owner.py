"""The owner's side: which hub is asked when, and what a note from another replica changes. Beside the poller, under its leases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from random import random
from typing import Final
from urllib.parse import urlsplit

from services.ingestion.polling.feed_state import FeedState
from services.ingestion.polling.fetch import Fetcher, FetchPolicy
from services.ingestion.websub.hub import ask_hub
from services.ingestion.websub.names import PATH, Names
from services.ingestion.websub.notes import Kind, Note
from services.ingestion.websub.subscription import (
    Mode,
    Subscription,
    Wanted,
    WebSubState,
    ask,
    denied,
    refused,
    verified,
)
from shared.events import now
from shared.feeds import Feed
from shared.log import get_logger
from shared.metrics import WEBSUB

DEFAULT_LEASE_S: Final = 10 * 86_400
"""Asked for where the feeds file says nothing; a hub gives what it likes."""
SOON: Final = timedelta(seconds=10)
"""Between two polls that pings ask for, unless the feed's own least interval is shorter."""

_log = get_logger()


Store = Callable[[FeedState], Awaitable[None]]
"""Writes a feed's state down; returns once that is acknowledged, raises Transient if it is not known to be."""


class Subscriber:
    """Keeps the subscriptions of the feeds that are ours."""

    def __init__(
        self,
        names: Names,
        public_url: str,
        fetcher: Fetcher,
        policy: FetchPolicy,
        *,
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random,
    ) -> None:
        self._names = names
        self._public_url = public_url.rstrip("/")
        self._fetcher = fetcher
        self._policy = policy
        self._clock = clock
        self._chance = chance

    def wanted(self, feed: Feed | None, state: WebSubState) -> Wanted | None:
        """The subscription that a feed should have now; None without a hub, or with one that may not be called."""
        if feed is None or feed.websub is None or feed.poll is None:
            return None
        hub = feed.websub.hub or state.hub
        topic = feed.websub.topic or state.topic or feed.poll.url
        if hub is None or self._policy.refusal_of_url(hub) or self._policy.refusal_of_url(topic):
            return None
        return Wanted(hub, topic, self._names.token(feed.id, hub, topic))

    def next(self, feed: Feed | None, state: WebSubState) -> tuple[Mode, Subscription] | None:
        """Which hub is to be asked for what now; takes in what the feeds file says today."""
        moment = self._clock()
        state.want(self.wanted(feed, state), moment)
        return state.due(moment)

    async def ask(
        self, whose: tuple[str, Feed | None], state: FeedState, mode: Mode, asked: Subscription, store: Store
    ) -> None:
        """Ask a hub for a feed (its id, and its rules if it still has any). That we did is written down before, or the hub's call to verify would come for nobody.

        Raises:
            Transient: it could not be written down; nothing was asked.
        """
        feed_id, feed = whose
        waiting = ask(asked, mode, self._clock())
        state.websub.put(waiting)
        await store(state)
        rules = feed.websub if feed else None
        why = await ask_hub(
            self._fetcher,
            mode,
            waiting,
            callback=f"{self._public_url}{PATH}{feed_id}/{waiting.token}",
            secret=self._names.secret(feed_id, waiting.token) if self.keeps_secrets(waiting.hub) else None,
            lease_s=(rules.lease_seconds if rules else None) or DEFAULT_LEASE_S,
        )
        if why is not None:
            # What a call-back has changed meanwhile stands: only what is still waiting was refused.
            held = state.websub.find(waiting.token)
            if held is not None and held.waiting:
                state.websub.put(refused(held, why, self._clock(), self._chance()))
            WEBSUB.labels("not-taken").inc()
        (_log.info if why is None else _log.warning)(
            "hub asked", feed=feed_id, mode=mode.value, hub=urlsplit(waiting.hub).hostname, why=why
        )
        await store(state)

    def keeps_secrets(self, hub: str) -> bool:
        """Whether a hub is told a secret: only where nobody can listen (WebSub, 5.1), or within a closed network."""
        return hub.startswith("https://") or self._policy.allow_private

    def hear(self, feed: Feed | None, state: FeedState, note: Note) -> bool:
        """Take in a note about a subscription; whether its body is to be read as the feed's news."""
        websub, moment = state.websub, self._clock()
        held = websub.find(note.token)
        if held is None:
            WEBSUB.labels("ignored").inc()
            return False
        current = held is websub.current
        if note.kind is Kind.SUBSCRIBED and current:
            self._subscribed(feed, websub, held, note)
        elif note.kind is Kind.UNSUBSCRIBED:
            websub.left(note.token)
        elif note.kind is Kind.DENIED and current:
            websub.put(denied(held, moment))
        elif note.kind in {Kind.CONTENT, Kind.WAKE, Kind.UNSIGNED} and current:
            return self._pinged(feed, state, held, note)
        return False

    def _subscribed(self, feed: Feed | None, websub: WebSubState, held: Subscription, note: Note) -> None:
        if held.asked_for is not Mode.SUBSCRIBE:
            return  # denied, or given up meanwhile
        rules = feed.websub if feed else None
        asked_s = (rules.lease_seconds if rules else None) or DEFAULT_LEASE_S
        # From when the hub called, not from when we came to read of it.
        changed = verified(held, note.lease_s, asked_s, min(note.at, self._clock()))
        websub.put(changed)
        _log.info("hub sends news", feed=note.feed, hub=urlsplit(held.hub).hostname, until=str(changed.until))

    def _pinged(self, feed: Feed | None, state: FeedState, held: Subscription, note: Note) -> bool:
        if feed is None or feed.poll is None or not held.is_live(self._clock()):
            WEBSUB.labels("ignored").inc()
            return False
        if note.kind is Kind.CONTENT:
            return True
        if note.kind is Kind.UNSIGNED and self.keeps_secrets(held.hub):
            WEBSUB.labels("ignored").inc()  # this hub was told to sign
            return False
        soon = (state.polled or self._clock()) + min(SOON, timedelta(seconds=feed.poll.min_interval_s))
        state.next = min(state.next, max(soon, self._clock()))
        return False


def needs_look(feeds: Mapping[str, Feed], feed_id: str, state: FeedState) -> bool:
    """Whether a feed has, or should have, anything to do with a hub."""
    feed = feeds.get(feed_id)
    return bool(state.websub) or (feed is not None and feed.websub is not None)
