"""The bulk writer: every action ends as OK, STALE or POISON, however often Elasticsearch says 'not now'.

Only what was not written is sent again, after full-jitter waits and without a limit on tries (the caller cancels); a
request refused as a whole is halved until the one bad document is found. Sending again is always safe: a write under
`external_gte` repeats itself, and a repeated `create` finds its own document. One request is in flight a writer: more
gain nothing on a node whose cores are busy indexing, and workers are scaled by partition.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from shared import metrics
from shared.backoff import Backoff
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action, ItemOutcome, OnWait
from shared.errors import Misconfigured
from shared.log import get_logger
from shared.settings import MIB

log = get_logger()

TOO_LARGE = "too-large"
_HALVE_AFTER = 5
"""Failures of a whole request in a row after which it goes on in halves."""
_SUSPICIOUS = 10
PROBE_ID = "newswire-probe"
"""Of a document that is never written (see `Action.op`)."""
_FAULTS_OF_A_DOCUMENT = frozenset(
    {"document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception"}
)
OVERLOADED = Backoff(base_s=0.1, cap_s=10.0)
"""After 429, 5xx, time-outs and broken connections."""
BLOCKED = Backoff(base_s=2.0, cap_s=30.0)
"""After a cluster block: it lasts until space is made."""
_FINAL = frozenset({Outcome.OK, Outcome.STALE, Outcome.POISON})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer says of one item, or of a whole request. `status` 0: there was no answer."""

    outcome: Outcome
    status: int
    code: str | None = None
    """Error type of Elasticsearch, or our own word for what went wrong; bounded."""
    reason: str | None = None
    retry_after: float | None = None
    over_memory: bool = False
    """RETRY of an item: its request alone is more than the node's memory for indexing will ever hold."""


Send = Callable[[Sequence[Action], bool], Awaitable[Verdict | list[Verdict]]]
"""One bulk request (actions, refresh): a verdict for the whole request, or one an action, in order."""

Sleep = Callable[[float], Awaitable[None]]

WRITTEN = Verdict(Outcome.OK, 200)


def chunks(actions: Sequence[Action], max_records: int, max_bytes: int) -> Iterator[list[Action]]:
    """Cut into requests, in order: at most so many records and bytes, and no document twice in one.

    A document alone over `max_bytes` gets a request of its own. A partial retry reorders a request's items, so two
    versions of one document never share one.
    """
    chunk: list[Action] = []
    size = 0
    seen: set[tuple[str, str]] = set()
    for action in actions:
        weight = len(action.source)
        key = (action.index, action.id)
        if chunk and (len(chunk) >= max_records or size + weight > max_bytes or key in seen):
            yield chunk
            chunk, size, seen = [], 0, set()
        chunk.append(action)
        size += weight
        seen.add(key)
    if chunk:
        yield chunk


class BulkWriter:
    """Writes actions by bulk requests until each has an outcome.

    Args:
        send: makes one request (see `request.py`; `memory.py` has the fake).
        refresh: makes indices searchable, for writes that take several requests.
        max_records: actions a request.
        max_bytes: bytes of documents a request.
        on_wait: called before each wait.
        overloaded: waits after 429, 5xx and broken connections.
        blocked: waits after cluster blocks.
        sleep: the clock's, but for tests.
    """

    def __init__(
        self,
        send: Send,
        refresh: Callable[[set[str]], Awaitable[None]],
        *,
        max_records: int = 500,
        max_bytes: int = 8 * MIB,
        on_wait: OnWait | None = None,
        overloaded: Backoff = OVERLOADED,
        blocked: Backoff = BLOCKED,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._send = send
        self._refresh = refresh
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._on_wait = on_wait
        self._overloaded = overloaded
        self._blocked = blocked
        self._sleep = sleep

    async def write(self, actions: Sequence[Action], *, refresh: bool = False) -> list[ItemOutcome]:
        """Write all; one outcome an action, in order. Writes to one id happen in the order given.

        Args:
            actions: any number, of any slices.
            refresh: what was written is searchable when this returns.

        Raises:
            Misconfigured: credentials, address or index are wrong. Part may have been written; write all again.
            Transient: only from the refresh that follows several requests.
        """
        parts = list(chunks(actions, self._max_records, self._max_bytes))
        outcomes: list[ItemOutcome] = []
        for part in parts:
            written = await self._deliver(part, refresh and len(parts) == 1, 0)
            if _is_suspicious(written):
                await self._prove(part[0].index, written[0])
            outcomes += written
        if refresh and len(parts) > 1:
            await self._refresh({action.index for action in actions})
        return outcomes

    async def _prove(self, index: str, refused: ItemOutcome) -> None:
        """Whether the index takes a document of our own: then those that it has just refused are bad, however many.

        Raises:
            Misconfigured: it does not.
        """
        [answer] = await self._deliver([Action(index, PROBE_ID, None, b"{}", "probe")], False, 0)
        if answer.outcome is Outcome.POISON:
            raise Misconfigured(f"Elasticsearch, bulk to {index}: every document is refused: 400 {refused.reason}")
        log.warning("many documents in a row are refused", index=index, why=refused.reason)

    async def _deliver(self, actions: Sequence[Action], refresh: bool, attempt: int) -> list[ItemOutcome]:
        """Send until nothing is left to be sent again."""
        outcomes: dict[int, ItemOutcome] = {}
        pending = list(range(len(actions)))
        while pending:
            unsent = actions if len(pending) == len(actions) else [actions[i] for i in pending]
            answer = await self._request(unsent, refresh)
            if isinstance(answer, Verdict):
                if answer.outcome is Outcome.BISECT:
                    outcomes.update(zip(pending, await self._halve(unsent, refresh, answer), strict=True))
                    break
                await self._wait(answer, attempt)
                attempt += 1
                if len(unsent) > 1 and _wants_less(answer, attempt):
                    outcomes.update(zip(pending, await self._in_two(unsent, refresh, attempt), strict=True))
                    break
                continue
            again = _settle(pending, answer, outcomes)
            if again:
                attempt = attempt + 1 if len(again) == len(pending) else 1
                await self._wait(_longest(again), attempt - 1)
            pending = [i for i, _ in again]
            if len(pending) > 1 and attempt >= _HALVE_AFTER:
                rest = await self._in_two([actions[i] for i in pending], refresh, attempt)
                outcomes.update(zip(pending, rest, strict=True))
                break
        return [outcomes[i] for i in range(len(actions))]

    async def _request(self, actions: Sequence[Action], refresh: bool) -> Verdict | list[Verdict]:
        """One request, counted and timed.

        Raises:
            Misconfigured: the answer, or one of its items, says HALT.
        """
        begun = time.perf_counter()
        answer = await self._send(actions, refresh)
        metrics.BULK_SECONDS.observe(time.perf_counter() - begun)
        if isinstance(answer, list) and len(answer) != len(actions):
            answer = Verdict(Outcome.RETRY, 0, "count-mismatch")
        verdicts = [answer] * len(actions) if isinstance(answer, Verdict) else answer
        _count(verdicts)
        for action, verdict in zip(actions, verdicts, strict=True):
            if verdict.outcome is Outcome.HALT:
                raise Misconfigured(
                    f"Elasticsearch, bulk to {action.index}: {verdict.status} {verdict.reason or verdict.code or ''}".strip()
                )
        return answer

    async def _halve(self, actions: Sequence[Action], refresh: bool, verdict: Verdict) -> list[ItemOutcome]:
        """Send a refused request in two halves; a single action that is refused is poison."""
        if len(actions) > 1:
            return await self._in_two(actions, refresh, 0)
        metrics.BULK_ITEMS.labels(outcome=Outcome.POISON.value).inc()
        code = TOO_LARGE if verdict.status == 413 else verdict.code
        return [ItemOutcome(Outcome.POISON, verdict.status, code, verdict.reason)]

    async def _in_two(self, actions: Sequence[Action], refresh: bool, attempt: int) -> list[ItemOutcome]:
        middle = len(actions) // 2
        first = await self._deliver(actions[:middle], refresh, attempt)
        return first + await self._deliver(actions[middle:], refresh, attempt)

    async def _wait(self, verdict: Verdict, attempt: int) -> None:
        backoff = self._blocked if verdict.outcome is Outcome.PAUSE else self._overloaded
        delay = backoff.delay(attempt, at_least=verdict.retry_after)
        reason = str(verdict.status) if verdict.status else verdict.code or "unknown"
        metrics.RETRIES.labels(operation="bulk", reason=reason).inc()
        log.warning(
            "bulk is sent again",
            outcome=verdict.outcome.value,
            status=verdict.status,
            code=verdict.code,
            attempt=attempt + 1,
            wait_s=round(delay, 3),
        )
        if self._on_wait:
            self._on_wait(reason, delay)
        await self._sleep(delay)


def _wants_less(verdict: Verdict, attempt: int) -> bool:
    """Whether the same request again might never be taken, so that smaller ones are better.

    A 429 for a whole request says that it does not fit into the memory that is left. A server that slams the door on a
    body over its limit, or takes longer than we wait, looks like one that is away: hence after some failures in a row.
    Halves cost little: once the first small one is through, the others double in size again.
    """
    return verdict.outcome is Outcome.RETRY and (verdict.status == 429 or attempt >= _HALVE_AFTER)


def _is_suspicious(written: list[ItemOutcome]) -> bool:
    """Whether ten and more documents were all refused, for a reason that may be in none of them.

    A request that the server (or a proxy) cannot take as we make it is answered 400 each time, down to its last
    document; a flood of dead letters would hide that. But a hostile feed can make as many documents of one fault.
    """
    first = written[0]
    if len(written) < _SUSPICIOUS or first.status != 400 or first.error_type in _FAULTS_OF_A_DOCUMENT:
        return False
    return all(result.outcome is Outcome.POISON and result.error_type == first.error_type for result in written)


_WRITTEN = ItemOutcome(Outcome.OK, 200)


def _settle(pending: list[int], answer: list[Verdict], outcomes: dict[int, ItemOutcome]) -> list[tuple[int, Verdict]]:
    """Note the outcomes that are final; what is to be sent again is returned.

    A document that was sent alone and is more than the node can ever hold is too large, and not a matter of waiting.
    """
    again: list[tuple[int, Verdict]] = []
    for i, verdict in zip(pending, answer, strict=True):
        if verdict is WRITTEN:
            outcomes[i] = _WRITTEN
        elif verdict.outcome in _FINAL:
            outcomes[i] = _item(verdict)
        elif verdict.over_memory and len(pending) == 1:
            outcomes[i] = ItemOutcome(Outcome.POISON, verdict.status, TOO_LARGE, verdict.reason)
            metrics.BULK_ITEMS.labels(outcome=Outcome.POISON.value).inc()
        else:
            again.append((i, verdict))
    return again


def _item(verdict: Verdict) -> ItemOutcome:
    return ItemOutcome(verdict.outcome, verdict.status, verdict.code, verdict.reason)


def _longest(again: list[tuple[int, Verdict]]) -> Verdict:
    """The verdict to wait for: a block, if there is one among them."""
    return next((verdict for _, verdict in again if verdict.outcome is Outcome.PAUSE), again[0][1])


def _count(verdicts: Sequence[Verdict]) -> None:
    if all(verdict is WRITTEN for verdict in verdicts):
        metrics.BULK_ITEMS.labels(outcome=Outcome.OK.value).inc(len(verdicts))
        return
    for verdict in verdicts:
        if verdict.outcome is not Outcome.BISECT:
            metrics.BULK_ITEMS.labels(outcome=verdict.outcome.value).inc()
