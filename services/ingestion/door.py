"""The front door itself, without HTTP: a decoded body in, an answer out, and nothing claimed that Kafka has not.

Body → items → each let through or refused → one publish of all that were let through → 202 with a status for each. An item
is `accepted` only once Kafka has acknowledged it. If that is not known for one item, the whole push is answered 503: sending it
again under the same Idempotency-Key gives the same item ids, and what was stored is recognised further on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.ingestion.bodies import MAX_ITEMS, Item, split_lines
from services.ingestion.envelope import envelope
from services.ingestion.idempotency import IdempotencyKeys
from services.ingestion.items import check_item
from services.ingestion.media import Family
from services.ingestion.spent import SpentIds
from shared import ids
from shared.errors import NewswireError, Refused, TooLarge, Transient
from shared.events import STORIES_RAW, now
from shared.failpoints import failpoint
from shared.feeds import Feed
from shared.kafka.ports import Message, Publisher
from shared.log import get_logger
from shared.metrics import PROBLEMS, STORIES
from shared.problems import RETRY_AFTER_S, Problem, of_refusal, problem

YIELD_EVERY: Final = 256 * 1024
"""Bytes checked before other requests get their turn: a few milliseconds."""
IN_A_THREAD: Final = 1024 * 1024
"""Bytes from which on an item is checked beside the loop: at most some 20 ms pass within one call that holds it up."""
MAX_TOLD: Final = 1000
"""Refused items of one batch whose mistakes are told one by one; the rest get code and status."""


@dataclass(frozen=True, slots=True)
class Push:
    """One push: who sends it, its decoded body, and what its headers said, checked.

    `signed_id` is the id of a signed push: as good as an Idempotency-Key, and good only once.
    """

    feed: Feed
    body: bytes
    family: Family
    traceparent: str
    content_type: bytes | None = None
    content_location: str | None = None
    idempotency_key: str | None = None
    signed_id: str | None = None

    @property
    def receipt(self) -> UUID | None:
        """The receipt that every retry of this push has, if the sender gave it a name."""
        if self.signed_id is not None:  # no Idempotency-Key holds a line's end: the two kinds of names never meet
            return ids.receipt_for_key(self.feed.id, f"webhook-id\n{self.signed_id}")
        return ids.receipt_for_key(self.feed.id, self.idempotency_key) if self.idempotency_key is not None else None


@dataclass(slots=True)
class Tally:
    """What is told of a push in its log line, filled in as it goes."""

    receipt: UUID | None = None
    accepted: int = 0
    refused: int = 0
    repeated: bool = False


@dataclass(slots=True)
class _Checked:
    """A push's items after the check: an entry for each, and a message for each that was let through."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Index in `entries` of each message."""
    refusals: list[Problem] = field(default_factory=list)


class Door:
    """Takes pushes and hands their items to a publisher."""

    def __init__(
        self,
        publisher: Publisher,
        *,
        item_limit: int,
        kafka_wait_s: float,
        keys: IdempotencyKeys,
        clock: Callable[[], datetime] = now,
        spent: SpentIds | None = None,
    ) -> None:
        self._publisher = publisher
        self._item_limit = item_limit
        self._kafka_wait_s = kafka_wait_s
        self._keys = keys
        self._clock = clock
        self._spent = SpentIds() if spent is None else spent

    async def take(self, push: Push, tally: Tally) -> bytes:
        """The JSON of a 202 answer: at least one item is safe in Kafka, and each has its status.

        Raises:
            Problem: nothing was accepted (the first item's problem), Kafka is away (503), or the key or
                signed id was used (409, 422).
        """
        receipt = tally.receipt = push.receipt or ids.fresh_receipt()
        if push.receipt is None:
            return await self._take(push, receipt, tally)
        first = self._keys.begin(receipt, ids.content_hash(push.body, push.content_type, push.content_location))
        if first is not None:
            tally.repeated = True
            STORIES.labels("duplicate").inc(orjson.loads(first)["items"].__len__())
            return first
        answer = None
        try:
            if push.signed_id is not None:
                self._spent.check(receipt, time.monotonic())
            answer = await self._take(push, receipt, tally)
            if push.signed_id is not None:
                self._spent.spend(receipt, time.monotonic())
        finally:
            if answer is None:
                self._keys.forget(receipt)
            else:
                self._keys.keep(receipt, answer)
        return answer

    async def _take(self, push: Push, receipt: UUID, tally: Tally) -> bytes:
        checked = await self._check(push, str(receipt))
        if checked.messages:
            failpoint("ingestion.before-publish")
            outcomes = await self._publisher.publish(checked.messages, timeout_s=self._kafka_wait_s)
            failpoint("ingestion.after-publish")
            _settle(checked, outcomes, receipt)
        tally.refused = len(checked.refusals)
        tally.accepted = len(checked.entries) - tally.refused
        STORIES.labels("accepted").inc(tally.accepted)
        STORIES.labels("refused").inc(tally.refused)
        if not tally.accepted:
            raise _nothing_accepted(checked, receipt)
        for refusal in checked.refusals:
            PROBLEMS.labels(refusal.code).inc()
        failpoint("ingestion.before-answer")
        return orjson.dumps({"receipt": str(receipt), "items": checked.entries})

    async def _check(self, push: Push, receipt: str) -> _Checked:
        checked = _Checked()
        limits = push.feed.limits
        item_limit = min(self._item_limit, limits.item_bytes or self._item_limit)
        common = envelope(
            push.feed,
            receipt,
            self._clock(),
            push.traceparent,
            content_type=push.content_type,
            content_location=push.content_location,
        )
        since_yield = 0
        for item in _items(push):
            item_id = f"{receipt}.{item.n}"
            try:
                name = await _look(item.raw, push.family, item_limit)
            except Refused as refused:
                _refuse(checked, {"id": item_id}, refused, item.line)
            else:
                key = f"{push.feed.id}:{name or push.content_location or item_id}"
                checked.places.append(len(checked.entries))
                checked.entries.append({"id": item_id, "status": "accepted"})
                headers = (("ce_id", item_id.encode()), *common)
                checked.messages.append(Message(STORIES_RAW, key.encode(), item.raw, headers))
            since_yield += len(item.raw)
            if since_yield > YIELD_EVERY:
                since_yield = 0
                await asyncio.sleep(0)
        if not checked.entries:
            raise problem("empty-body", "there is no item in the body")
        return checked


async def _look(raw: bytes, family: Family, limit: int) -> str | None:
    if len(raw) < IN_A_THREAD or len(raw) > limit:
        return check_item(raw, family, limit)
    return await asyncio.to_thread(check_item, raw, family, limit)


def _items(push: Push) -> Iterable[Item]:
    if push.family is not Family.NDJSON:
        return (Item(1, 0, push.body),)
    return split_lines(push.body, push.feed.limits.batch_items or MAX_ITEMS)


def _refuse(checked: _Checked, entry: dict[str, Any], refused: Refused, line: int) -> None:
    refusal = of_refusal(refused)
    if len(checked.refusals) >= MAX_TOLD:
        refusal.errors = ()
    if line:
        refusal.members["line"] = line
    entry.update(status="refused", problem=refusal.document())
    checked.entries.append(entry)
    checked.refusals.append(refusal)


def _settle(checked: _Checked, outcomes: Sequence[NewswireError | None], receipt: UUID) -> None:
    """Turn what Kafka said into statuses.

    Raises:
        Problem: 503, an item is not known to be safe.
    """
    for place, outcome in zip(checked.places, outcomes, strict=True):
        if outcome is None:
            continue
        if not isinstance(outcome, TooLarge):
            raise _unavailable(checked, outcome, receipt)
        refusal = of_refusal(outcome)
        checked.refusals.append(refusal)
        checked.entries[place].update(status="refused", problem=refusal.document())


def _unavailable(checked: _Checked, outcome: NewswireError, receipt: UUID) -> Problem:
    STORIES.labels("unavailable").inc(len(checked.messages))
    wish = outcome.retry_after if isinstance(outcome, Transient) else None
    get_logger().warning("push not acknowledged", receipt=str(receipt), reason=type(outcome).__name__)
    return problem(
        "unavailable",
        "the stories are not known to be stored; send them again, with the same Idempotency-Key if there was one",
        headers={"Retry-After": str(max(1, round(wish or RETRY_AFTER_S)))},
        members={"receipt": str(receipt)},
    )


def _nothing_accepted(checked: _Checked, receipt: UUID) -> Problem:
    """The first item's problem, with all items beside it."""
    for refusal in checked.refusals[1:]:
        PROBLEMS.labels(refusal.code).inc()
    first = checked.refusals[0]
    first.members.update(receipt=str(receipt), items=checked.entries)
    return first
