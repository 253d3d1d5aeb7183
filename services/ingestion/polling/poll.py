"""One poll of one feed: ask, split, tell what is new, hand it to Kafka, and say what to remember.

Nothing is remembered as seen before Kafka has acknowledged it. What was sent and not yet remembered when the process dies is
sent again under the same receipts, and recognised further on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import random
from typing import Final

from services.ingestion.inflate import Inflate
from services.ingestion.polling.delivery import Delivery, Lease, Run, news, tell
from services.ingestion.polling.discovery import header_links
from services.ingestion.polling.entries import FeedDocument, split
from services.ingestion.polling.feed_state import FeedState, validator
from services.ingestion.polling.fetch import Fetched, Fetcher, FetchFailed
from services.ingestion.polling.hosts import Turn
from services.ingestion.polling.pages import Pages, rest_of
from services.ingestion.polling.schedule import (
    Bounds,
    Outcome,
    after,
    first_pace,
    fresh_s,
    outcome_of_status,
    retry_after_s,
)
from services.ingestion.polling.seen import KEEP
from services.ingestion.polling.sitemaps import MAX_FETCHED, Child, worth_a_look
from services.ingestion.polling.tombstones import orders
from shared.errors import Refused
from shared.events import now
from shared.failpoints import failpoint
from shared.feeds import Feed, PollRules
from shared.kafka.ports import Publisher
from shared.metrics import POLLS
from shared.problems import Problem
from shared.settings import MIB

ACCEPT: Final = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
FOR_GOOD: Final = frozenset(
    {"http-404", "http-410", "not-a-feed", "bad-url", "blocked-address", "too-large", "bad-encoding"}
)
"""Why a sitemap of an index is not asked for again before it says that it has changed (without such a word: for a week)."""
GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a hub has sent."""

    body: bytes
    content_type: str | None


def first_state(rules: PollRules, moment: datetime) -> FeedState:
    """The state of a feed that was never polled: due at once."""
    return FeedState(rules.url, first_pace(Bounds(rules.min_interval_s, rules.max_interval_s)), moment)


class Poll:
    """Polls feeds one at a time; the caller decides which and when."""

    def __init__(
        self,
        fetcher: Fetcher,
        pages: Pages,
        publisher: Publisher,
        *,
        item_limit: int,
        kafka_wait_s: float,
        unpacked_limit: int = 16 * MIB,
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random,
    ) -> None:
        self._fetcher = fetcher
        self._pages = pages
        self._clock = clock
        self._delivery = Delivery(pages, publisher, item_limit=item_limit, kafka_wait_s=kafka_wait_s, clock=clock)
        self._unpacked_limit = unpacked_limit
        self._chance = chance

    async def poll(self, feed: Feed, rules: PollRules, state: FeedState, turn: Turn, lease: Lease) -> None:
        """Ask `feed` once and note in `state` what to remember. `turn` is ended once the feed's server has answered.

        Raises:
            Transient: Kafka did not take the stories, or the feed is no longer ours: nothing is held against the feed.
        """
        bounds = Bounds(rules.min_interval_s, rules.max_interval_s)
        began, before = self._clock(), state.polled
        run = Run(state)
        answer = await self._ask(rules.url, run, turn)
        failpoint("poller.after-fetch")
        if answer is not None:
            await self._take(feed, rules, answer, run, lease)
        if run.outcome not in {Outcome.FAILED, Outcome.GONE}:
            state.succeeded = began
        state.url, state.polled, state.why = rules.url, began, run.why
        state.pace, wait = after(
            state.pace,
            run.outcome,
            bounds,
            wish_s=run.wish_s,
            hint_s=state.hints.interval_s,
            chance=self._chance(),
        )
        state.next = self._clock() + timedelta(seconds=self._wait(run, wait, bounds, before))
        POLLS.labels(run.outcome.value).inc()
        tell(feed, run, (state.next - self._clock()) / timedelta(seconds=1))

    def _wait(self, run: Run, wait: float, bounds: Bounds, before: datetime | None) -> float:
        """The wait for the next poll: the longest that the feed's bounds allow while its hub can be relied on.

        `before` is when it was polled last; if that was under the lease, news now is news that the hub did not send.
        """
        state, held = run.state, run.state.websub.current
        if run.sent and held and held.since and before and held.since <= before:
            state.websub.put(replace(held, trusted=False))
        if run.waiting or run.outcome in {Outcome.FAILED, Outcome.GONE}:
            return wait
        if state.websub.relies(self._clock()):
            return max(wait, bounds.greatest_s)
        return state.hints.wait_s(self._clock(), wait, bounds.greatest_s)

    async def ping(self, feed: Feed, rules: PollRules, sent: Sent, state: FeedState, lease: Lease) -> None:
        """Take what a hub has sent: the feed as it is now, or only what is new in it. What was seen before is not sent again.

        Raises:
            Transient: as `poll`.
        """
        run = Run(state)
        document = await self._split(sent.body, sent.content_type, state.websub.topic or rules.url, run)
        if document is not None:
            await self._news_of(feed, rules, document, run, lease)
            state.seen.trim(KEEP)  # it may be a part of the feed: how much the feed holds is for polls to say
            run.outcome = Outcome.NEW if run.sent or run.waiting else Outcome.NOTHING_NEW
            if run.sent and state.websub.current is not None:
                state.websub.put(replace(state.websub.current, trusted=True))
            if run.waiting:
                state.next = min(state.next, self._clock() + timedelta(seconds=rules.min_interval_s))
        tell(feed, run, (state.next - self._clock()) / timedelta(seconds=1), "ping")

    async def _ask(self, url: str, run: Run, turn: Turn) -> Fetched | None:
        """The answer with a body to read, or None, with the outcome in `run`."""
        conditions = run.state.conditions(url, self._clock())
        rest = 0.0
        try:
            answer = await self._fetcher.get(url, {"Accept": ACCEPT, **conditions})
            rest = rest_of(answer)
        except FetchFailed as failed:
            run.why = failed.code
            return None
        finally:
            turn.end(rest_s=rest)
        run.status = answer.status
        # Without its query, which may hold a token.
        run.moved_to = answer.url.partition("?")[0] if answer.moved else None
        outcome = outcome_of_status(answer.status)
        if outcome is None:
            return answer
        run.outcome = outcome
        if outcome is Outcome.NOT_MODIFIED and conditions:
            run.wish_s = fresh_s(answer.headers.get("cache-control"))
            return None
        run.outcome = Outcome.FAILED if outcome is Outcome.NOT_MODIFIED else outcome
        run.why = f"http-{answer.status}"
        run.wish_s = retry_after_s(answer.headers.get("retry-after"), self._clock())
        return None

    async def _take(self, feed: Feed, rules: PollRules, answer: Fetched, run: Run, lease: Lease) -> None:
        document = await self._split(answer.body, answer.headers.get("content-type"), answer.url, run)
        if document is None:
            return
        if document.children:
            await self._children(feed, rules, document.children, run, lease)
        else:
            await self._news_of(feed, rules, document, run, lease)
        state = run.state
        state.hints = document.hints
        links = document.links.under(header_links(answer.headers.get("link"), answer.url))
        if links.hubs:  # one that is named no longer ends with its lease
            state.websub.hub, state.websub.topic = links.hubs[0], links.own
        # Of an index, only the sitemaps that changed are read: how much they hold together is not known.
        state.seen.trim(KEEP if document.children else len(document.entries))
        whole = not run.waiting and not run.partial and not document.broken_off
        state.etag = validator(answer.headers.get("etag")) if whole else None
        state.modified = validator(answer.headers.get("last-modified")) if whole else None
        state.whole = self._clock()
        if run.why is not None and not run.sent:
            return  # none of an index's sitemaps could be had
        run.outcome = Outcome.NEW if run.sent or run.waiting else Outcome.NOTHING_NEW
        run.wish_s = None if run.waiting else fresh_s(answer.headers.get("cache-control"))

    async def _split(self, body: bytes, content_type: str | None, address: str, run: Run) -> FeedDocument | None:
        """The document, or None, with the reason in `run`."""
        try:
            # A thread: a feed may have megabytes, and lxml lets go of the interpreter while it parses.
            return await asyncio.to_thread(self._unpacked, body, content_type, address)
        except Refused as refused:
            run.why = refused.code
            return None

    def _unpacked(self, body: bytes, content_type: str | None, address: str) -> FeedDocument:
        """`split`, of a document that may be packed as a file (a sitemap in `.xml.gz`)."""
        if not body.startswith(GZIP):
            return split(body, content_type, address)
        inflate = Inflate("gzip", self._unpacked_limit)
        try:
            plain = b"".join(inflate.feed(body))
            inflate.finish()
        except Problem as problem:
            raise Refused("not-a-feed", f"a packed document that cannot be unpacked ({problem.code})") from None
        return split(plain, None, address)

    async def _children(self, feed: Feed, rules: PollRules, children: Sequence[Child], run: Run, lease: Lease) -> None:
        """Read the sitemaps of an index that may hold something new, within bounds."""
        state, moment = run.state, self._clock()
        fresh = worth_a_look(children, state.seen.is_news, moment)
        run.waiting += max(len(fresh) - MAX_FETCHED, 0)
        run.partial = any(not child.lastmod for child in children)  # the index may stay as it is while they change
        failed: list[str] = []
        minute = int(moment.timestamp() // 60)
        for child in fresh[:MAX_FETCHED]:
            why = await self._child(feed, rules, child, run, lease)
            if why is not None:
                failed.append(why)
                if why in FOR_GOOD:  # as long as it stays what it is
                    state.seen.hold([child.pair if child.lastmod else child.no_news(moment)], minute)
        run.partial = run.partial or bool(failed)
        if failed and len(failed) == len(fresh) == len(children):
            run.why = failed[0]
        state.seen.hold(
            (
                pair
                for child in children
                for pair in (child.pair, child.no_news(moment))
                if not state.seen.is_news(pair)
            ),
            minute,
        )

    async def _child(self, feed: Feed, rules: PollRules, child: Child, run: Run, lease: Lease) -> str | None:
        """Read one sitemap; why it could not be."""
        try:
            answer = await self._pages.document(child.address, ACCEPT)
        except FetchFailed as failed:
            return failed.code
        if not 200 <= answer.status < 300:
            return f"http-{answer.status}"
        one = Run(run.state, traceparent=run.traceparent)
        document = await self._split(answer.body, answer.headers.get("content-type"), answer.url, one)
        if document is None or document.children:
            return one.why or "not-a-feed"  # an index in an index is none (sitemaps.org)
        if document.has_news:
            await self._news_of(feed, rules, document, one, lease)
        run.entries, run.sent, run.refused = run.entries + one.entries, run.sent + one.sent, run.refused + one.refused
        run.waiting, run.pages = run.waiting + one.waiting, run.pages + one.pages
        if not one.waiting and not document.broken_off:
            minute = int(self._clock().timestamp() // 60)
            run.state.seen.hold([child.pair if document.has_news else child.no_news(self._clock())], minute)
        return None

    async def _news_of(self, feed: Feed, rules: PollRules, document: FeedDocument, run: Run, lease: Lease) -> None:
        """Send what is new in a document, and remember what stands in it."""
        run.entries = len(document.entries)
        run.deleted = len(document.deleted)
        if document.deleted and rules.deleted_entries != "ignore":
            names = (entry.name for entry in document.entries)
            document.entries.extend(orders(document.deleted, names, rules.deleted_entries))
        state, minute = run.state, int(self._clock().timestamp() // 60)
        await self._delivery.send(feed, rules, news(document.entries, state), run, lease)
        state.seen.hold((entry.pair for entry in document.entries if not state.seen.is_news(entry.pair)), minute)
