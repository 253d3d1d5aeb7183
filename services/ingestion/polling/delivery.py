"""New entries on their way to Kafka: each as one item, with the page behind it where the feed wants that.

Nothing is remembered as seen before Kafka has acknowledged it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from services.ingestion.envelope import envelope
from services.ingestion.polling.entries import Entry, oldest_first
from services.ingestion.polling.feed_state import FeedState
from services.ingestion.polling.fetch import Fetched
from services.ingestion.polling.pages import NoPage, Pages
from services.ingestion.polling.schedule import Outcome
from services.ingestion.polling.seen import Pair
from shared import ids, tracing
from shared.errors import NewswireError, TooLarge, Transient
from shared.events import STORIES_RAW
from shared.failpoints import failpoint
from shared.feeds import Feed, PollRules
from shared.kafka.ports import Message, Publisher
from shared.log import get_logger
from shared.metrics import STORIES

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
class Run:
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
    deleted: int = 0
    """Entries that the feed says are gone (RFC 6721)."""
    partial: bool = False
    """Whether something of the feed was not looked at, so that 'not modified' would not be the whole truth."""
    moved_to: str | None = None
    traceparent: str = field(default_factory=lambda: tracing.child_of(None))


class Delivery:
    """Hands entries over."""

    def __init__(
        self,
        pages: Pages,
        publisher: Publisher,
        *,
        item_limit: int,
        kafka_wait_s: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._pages = pages
        self._publisher = publisher
        self._item_limit = item_limit
        self._kafka_wait_s = kafka_wait_s
        self._clock = clock

    async def send(self, feed: Feed, rules: PollRules, fresh: Sequence[Entry], run: Run, lease: Lease) -> None:
        """Hand over what is new, in pieces; marks each as seen once Kafka has it."""
        chunk: list[tuple[Pair, Message]] = []
        size = 0
        budget = rules.max_pages if rules.fetch_pages else 0
        for entry in fresh:
            page: Fetched | NoPage | None = None
            if not entry.order and rules.fetch_pages and entry.teaser and entry.link:
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

    def _message(self, feed: Feed, entry: Entry, page: Fetched | None, run: Run) -> Message | None:
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
            # What the feed's own words mean does not touch the word of an order, which is ours.
            feed.model_copy(update={"status_map": {}}) if entry.order else feed,
            receipt,
            self._clock(),
            run.traceparent,
            content_type=_content_type(entry, page),
            content_location=page.url if page else None,
        )
        key = f"{feed.id}:{entry.name or entry.link or item}"
        return Message(STORIES_RAW, key.encode(errors="replace"), value, (("ce_id", item.encode()), *headers))

    async def _publish(self, chunk: Sequence[tuple[Pair, Message]], run: Run, lease: Lease) -> None:
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

    def _refuse(self, pair: Pair, run: Run) -> None:
        """Too large for any topic: it is told, and not looked at again until it changes."""
        run.state.seen.hold([pair], int(self._clock().timestamp() // 60))
        run.refused += 1
        STORIES.labels("refused").inc()


def news(entries: Sequence[Entry], state: FeedState) -> list[Entry]:
    """Entries to be sent, oldest first, each pair once."""
    fresh: dict[Pair, Entry] = {}
    for entry in oldest_first(entries):
        if state.seen.is_news(entry.pair):
            fresh.setdefault(entry.pair, entry)
    return list(fresh.values())


def _content_type(entry: Entry, page: Fetched | None) -> bytes:
    given = page.headers.get("content-type") if page else entry.content_type
    return (given or "text/html")[:200].encode("latin-1", "replace")


def tell(feed: Feed, run: Run, wait_s: float, event: str = "poll") -> None:
    """The log line of a poll, or of what a hub has sent."""
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
        "deleted": run.deleted,
        "moved_to": run.moved_to,
        "trace": tracing.trace_id(run.traceparent),
        "next_s": round(wait_s),
    }
    _log.log(30 if run.outcome in {Outcome.FAILED, Outcome.GONE} else 20, event, **line)
