"""One poll of one feed: ask, split, tell what is new, hand it to Kafka, and say what to remember.

Nothing is remembered as seen before Kafka has acknowledged it. What was sent and not yet remembered when the process dies is
sent again under the same receipts, and recognised further on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import random
from typing import Any, Final, Protocol

from services.ingestion.envelope import envelope
from services.ingestion.polling.discovery import header_links
from services.ingestion.polling.entries import Entry, FeedDocument, oldest_first, split
from services.ingestion.polling.feed_state import FeedState, validator
from services.ingestion.polling.fetch import Fetched, Fetcher, FetchFailed
from services.ingestion.polling.hosts import Turn
from services.ingestion.polling.pages import NoPage, Pages, rest_of
from services.ingestion.polling.schedule import (
    Bounds,
    Outcome,
    after,
    first_pace,
    fresh_s,
    outcome_of_status,
    retry_after_s,
)
from services.ingestion.polling.seen import KEEP, Pair
from shared import ids, tracing
from shared.errors import NewswireError, Refused, TooLarge, Transient
from shared.events import STORIES_RAW, now
from shared.failpoints import failpoint
from shared.feeds import Feed, PollRules
from shared.kafka.ports import Message, Publisher
from shared.log import get_logger
from shared.metrics import POLLS, STORIES

ACCEPT: Final = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
CHUNK_BYTES: Final = 4 * 1024 * 1024
CHUNK_ITEMS: Final = 200

_log = get_logger()


class Lease(Protocol):
    """The right to poll a feed, which the group may take away."""

    delivering: bool
    """Set while something is on its way to Kafka: better let it arrive."""

    async def confirm(self) -> None:
        """Make sure that it is still ours.

        Raises:
            Transient: it is not, or nobody can tell.
        """


@dataclass(slots=True)
class _Run:
    """What one poll has found so far, for its log line and its state."""

    state: FeedState
    outcome: Outcome = Outcome.FAILED
    why: str | None = None
    wish_s: float | None = None
    status: int | None = None
    entries: int = 0
    sent: int = 0
    refused: int = 0
    waiting: int = 0
    pages: int = 0
    moved_to: str | None = None
    traceparent: str = field(default_factory=lambda: tracing.child_of(None))


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
        clock: Callable[[], datetime] = now,
        chance: Callable[[], float] = random,
    ) -> None:
        self._fetcher = fetcher
        self._pages = pages
        self._publisher = publisher
        self._item_limit = item_limit
        self._kafka_wait_s = kafka_wait_s
        self._clock = clock
        self._chance = chance

    async def poll(self, feed: Feed, rules: PollRules, state: FeedState, turn: Turn, lease: Lease) -> None:
        """Ask `feed` once and note in `state` what to remember. `turn` is ended once the feed's server has answered.

        Raises:
            Transient: Kafka did not take the stories, or the feed is no longer ours: nothing is held against the feed.
        """
        bounds = Bounds(rules.min_interval_s, rules.max_interval_s)
        began, before = self._clock(), state.polled
        run = _Run(state)
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
        _told(feed, run, (state.next - self._clock()) / timedelta(seconds=1))

    def _wait(self, run: _Run, wait: float, bounds: Bounds, before: datetime | None) -> float:
        """The wait for the next poll: the longest that the feed's bounds allow while its hub can be relied on.

        `before` is when it was polled last; if that was under the lease, news now is news that the hub did not send.
        """
        state, held = run.state, run.state.websub.current
        if run.sent and held and held.asked and before and held.asked < before:
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
        run = _Run(state)
        document = await self._split(sent.body, sent.content_type, state.websub.topic or rules.url, run)
        if document is not None:
            await self._news_of(feed, rules, document, run, lease)
            state.seen.trim(KEEP)  # it may be a part of the feed: how much the feed holds is for polls to say
            run.outcome = Outcome.NEW if run.sent or run.waiting else Outcome.NOTHING_NEW
            if run.sent and state.websub.current is not None:
                state.websub.put(replace(state.websub.current, trusted=True))
            if run.waiting:
                state.next = min(state.next, self._clock() + timedelta(seconds=rules.min_interval_s))
        _told(feed, run, (state.next - self._clock()) / timedelta(seconds=1), "ping")

    async def _ask(self, url: str, run: _Run, turn: Turn) -> Fetched | None:
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

    async def _take(self, feed: Feed, rules: PollRules, answer: Fetched, run: _Run, lease: Lease) -> None:
        document = await self._split(answer.body, answer.headers.get("content-type"), answer.url, run)
        if document is None:
            return
        await self._news_of(feed, rules, document, run, lease)
        state = run.state
        state.hints = document.hints
        links = document.links.under(header_links(answer.headers.get("link"), answer.url))
        if links.hubs:  # one that is named no longer ends with its lease
            state.websub.hub, state.websub.topic = links.hubs[0], links.own
        state.seen.trim(len(document.entries))
        whole = not run.waiting and not document.broken_off
        state.etag = validator(answer.headers.get("etag")) if whole else None
        state.modified = validator(answer.headers.get("last-modified")) if whole else None
        state.whole = self._clock()
        run.outcome = Outcome.NEW if run.sent or run.waiting else Outcome.NOTHING_NEW
        run.wish_s = None if run.waiting else fresh_s(answer.headers.get("cache-control"))

    async def _split(self, body: bytes, content_type: str | None, address: str, run: _Run) -> FeedDocument | None:
        """The document, or None, with the reason in `run`."""
        try:
            # A thread: a feed may have megabytes, and lxml lets go of the interpreter while it parses.
            return await asyncio.to_thread(split, body, content_type, address)
        except Refused as refused:
            run.why = refused.code
            return None

    async def _news_of(self, feed: Feed, rules: PollRules, document: FeedDocument, run: _Run, lease: Lease) -> None:
        """Send what is new in a document, and remember what stands in it."""
        run.entries = len(document.entries)
        state, minute = run.state, int(self._clock().timestamp() // 60)
        await self._send(feed, rules, _news(document, state), run, lease)
        state.seen.hold((entry.pair for entry in document.entries if not state.seen.is_news(entry.pair)), minute)

    async def _send(self, feed: Feed, rules: PollRules, fresh: Sequence[Entry], run: _Run, lease: Lease) -> None:
        """Hand over what is new, in pieces; marks each as seen once Kafka has it."""
        chunk: list[tuple[Pair, Message]] = []
        size = 0
        budget = rules.max_pages if rules.fetch_pages else 0
        for entry in fresh:
            page: Fetched | NoPage | None = None
            if rules.fetch_pages and entry.teaser and entry.link:
                if run.pages >= budget:
                    run.waiting += 1
                    continue
                run.pages += 1
                page = await self._pages.page(entry.link, entry.pair)
                if isinstance(page, NoPage) and not page.for_good:
                    run.waiting += 1
                    continue
            message = self._message(feed, entry, page if isinstance(page, Fetched) else None, run)
            if message is None:
                continue
            chunk.append((entry.pair, message))
            size += len(message.value or b"")
            if size >= CHUNK_BYTES or len(chunk) >= CHUNK_ITEMS or run.pages:
                await self._publish(chunk, run, lease)
                chunk, size = [], 0
        await self._publish(chunk, run, lease)

    def _message(self, feed: Feed, entry: Entry, page: Fetched | None, run: _Run) -> Message | None:
        limit = min(self._item_limit, feed.limits.item_bytes or self._item_limit)
        if page is not None and len(page.body) > limit:
            page = None
        value = entry.document if page is None else page.body
        if len(value) > limit:
            self._refuse(entry.pair, run)
            return None
        # The newline keeps it apart from Idempotency-Keys, which hold none.
        receipt = str(ids.receipt_for_key(feed.id, f"poll\n{entry.pair[0].hex()}{entry.pair[1].hex()}"))
        item = f"{receipt}.1"
        headers = envelope(
            feed,
            receipt,
            self._clock(),
            run.traceparent,
            content_type=_content_type(entry, page),
            content_location=page.url if page else None,
        )
        key = f"{feed.id}:{entry.name or entry.link or item}"
        return Message(STORIES_RAW, key.encode(errors="replace"), value, (("ce_id", item.encode()), *headers))

    async def _publish(self, chunk: Sequence[tuple[Pair, Message]], run: _Run, lease: Lease) -> None:
        if not chunk:
            return
        await lease.confirm()
        lease.delivering = True
        try:
            outcomes = await self._publisher.publish([message for _, message in chunk], timeout_s=self._kafka_wait_s)
        finally:
            lease.delivering = False
        failpoint("poller.after-publish")
        minute = int(self._clock().timestamp() // 60)
        failure: NewswireError | None = None
        for (pair, _), outcome in zip(chunk, outcomes, strict=True):
            if outcome is None:
                run.state.seen.hold([pair], minute)
                run.sent += 1
                STORIES.labels("accepted").inc()
            elif isinstance(outcome, TooLarge):
                self._refuse(pair, run)
            else:
                failure = outcome
        if failure is not None:
            raise Transient(f"stories are not known to be stored: {failure}")

    def _refuse(self, pair: Pair, run: _Run) -> None:
        """Too large for any topic: it is told, and not looked at again until it changes."""
        run.state.seen.hold([pair], int(self._clock().timestamp() // 60))
        run.refused += 1
        STORIES.labels("refused").inc()


def _news(document: FeedDocument, state: FeedState) -> list[Entry]:
    """Entries to be sent, oldest first, each pair once."""
    fresh: dict[Pair, Entry] = {}
    for entry in oldest_first(document.entries):
        if state.seen.is_news(entry.pair):
            fresh.setdefault(entry.pair, entry)
    return list(fresh.values())


def _content_type(entry: Entry, page: Fetched | None) -> bytes:
    given = page.headers.get("content-type") if page else entry.content_type
    return (given or "text/html")[:200].encode("latin-1", "replace")


def _told(feed: Feed, run: _Run, wait_s: float, event: str = "poll") -> None:
    line: Mapping[str, Any] = {
        "feed": feed.id,
        "outcome": run.outcome.value,
        "why": run.why,
        "status": run.status,
        "entries": run.entries,
        "sent": run.sent,
        "refused": run.refused,
        "waiting": run.waiting,
        "pages": run.pages,
        "moved_to": run.moved_to,
        "trace": tracing.trace_id(run.traceparent),
        "next_s": round(wait_s),
    }
    _log.log(30 if run.outcome in {Outcome.FAILED, Outcome.GONE} else 20, event, **line)
