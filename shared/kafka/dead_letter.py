"""What cannot be handled is kept whole: the original record on `dead-letters`, with headers that say why.

Key, value and headers stay as they were (so `ce_*` still tells which story it is); `dlq-*` headers are added. The
reason is a bounded sentence without story text: it is shown by tools and search.
"""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared import metrics
from shared.errors import Misconfigured, TooLarge
from shared.events import DEAD_LETTERS, rfc3339
from shared.kafka.ports import Message, Publisher, Record
from shared.log import get_logger

PREFIX = "dlq-"
MAX_REASON = 500

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Burial:
    """One record to be kept: `code` is its bounded class, `reason` a sentence, `attempts` how often it was tried."""

    record: Record
    code: str
    reason: str
    attempts: int = 1


def dead_letter(burial: Burial, stage: str, at: datetime, version: str) -> Message:
    """The message that keeps a record. Headers of an earlier burial are replaced, all others are kept."""
    record = burial.record
    why = {
        "class": burial.code,
        "reason": burial.reason[:MAX_REASON],
        "stage": stage,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "at": rfc3339(at),
        "attempts": str(burial.attempts),
        "version": version,
    }
    kept = tuple(header for header in record.headers if not header[0].startswith(PREFIX))
    # A lone surrogate in a reason must not stop the burial.
    added = tuple((PREFIX + name, text.encode("utf-8", "replace")) for name, text in why.items())
    return Message(DEAD_LETTERS, record.key, record.value, kept + added)


class DeadLetters:
    """The dead letters of one stage (`normalization`, `indexing`, …)."""

    def __init__(self, publisher: Publisher, stage: str) -> None:
        self._publisher = publisher
        self._stage = stage
        self._version = _own_version()

    async def bury(self, burials: Sequence[Burial]) -> None:
        """Keep these; returns once Kafka has acknowledged all of them.

        A record that was read from `dead-letters` is there already: it is logged and counted, not written again, or a
        bad dead letter would go round for ever.

        Raises:
            Transient: at least one is not known to be safe; bury all of them again.
            Misconfigured: Kafka will never take one (not authorised, `sizes.dead_letter_message` below the topic's).
        """
        fresh = [burial for burial in burials if burial.record.topic != DEAD_LETTERS]
        now = datetime.now(UTC)
        messages = [dead_letter(burial, self._stage, now, self._version) for burial in fresh]
        for burial, error in zip(fresh, await self._publish(messages), strict=True):
            if isinstance(error, TooLarge):
                raise Misconfigured(f"a dead letter of {burial.record.topic} does not fit: {error.reason}")
            if error is not None:
                raise error
        for code, count in Counter(burial.code for burial in burials).items():
            metrics.DEAD_LETTERS.labels(self._stage, code).inc(count)
        for burial in burials:
            _log.warning(
                "dead letter",
                stage=self._stage,
                **{"class": burial.code},
                reason=burial.reason[:MAX_REASON],
                topic=burial.record.topic,
                partition=burial.record.partition,
                offset=burial.record.offset,
                kept=burial.record.topic != DEAD_LETTERS,
            )

    async def _publish(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        return await self._publisher.publish(messages) if messages else []


def _own_version() -> str:
    try:
        return importlib.metadata.version("newswire")
    except importlib.metadata.PackageNotFoundError:  # a checkout that was never installed
        return "unknown"
