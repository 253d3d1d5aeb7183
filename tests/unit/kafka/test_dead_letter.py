"""A dead letter keeps the record as it was and says why; it counts as kept only when Kafka has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from shared import metrics
from shared.errors import Misconfigured, NewswireError, TooLarge, Unavailable
from shared.events import DEAD_LETTERS
from shared.kafka.dead_letter import MAX_REASON, Burial, DeadLetters, dead_letter
from shared.kafka.ports import Message, Record

RECORD = Record(
    "stories.raw", 3, 41, 1, b"feed:1", b"\xff\x00raw", (("ce_id", b"r.1"), ("ce_time", b"2022-02-08T10:00:00.000000Z"))
)
AT = datetime(2022, 2, 8, 10, 5, tzinfo=UTC)


class FakePublisher:
    def __init__(self, *outcomes: NewswireError | None) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[Message] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def publish(self, messages: Sequence[Message], *, timeout_s: float | None = None):
        self.sent += messages
        return [self.outcomes.pop(0) if self.outcomes else None for _ in messages]


def test_key_value_and_headers_stay_and_the_reason_is_added():
    message = dead_letter(Burial(RECORD, "not-json", "byte 0 is no JSON", 2), "normalization", AT, "1.2.3")
    assert (message.topic, message.key, message.value) == (DEAD_LETTERS, RECORD.key, RECORD.value)
    assert message.headers[:2] == RECORD.headers
    assert dict(message.headers[2:]) == {
        "dlq-class": b"not-json",
        "dlq-reason": b"byte 0 is no JSON",
        "dlq-stage": b"normalization",
        "dlq-topic": b"stories.raw",
        "dlq-partition": b"3",
        "dlq-offset": b"41",
        "dlq-at": b"2022-02-08T10:05:00.000000Z",
        "dlq-attempts": b"2",
        "dlq-version": b"1.2.3",
    }


def test_headers_of_an_earlier_burial_are_replaced():
    again = Record(
        "stories.raw", 0, 1, 1, None, b"x", (("dlq-class", b"old"), ("ce_id", b"1"), ("dlq-reason", b"older"))
    )
    headers = dead_letter(Burial(again, "new", "why"), "s", AT, "v").headers
    assert [name for name, _ in headers].count("dlq-class") == 1
    assert dict(headers)["dlq-class"] == b"new"
    assert ("ce_id", b"1") in headers


def test_a_null_value_and_a_broken_reason_are_kept():
    message = dead_letter(Burial(Record("t", 0, 0, 1, None, None), "null-value", "\ud800" + "x" * 9999), "s", AT, "v")
    assert message.value is None
    assert len(dict(message.headers)["dlq-reason"]) == MAX_REASON


async def test_burying_counts_and_waits_for_the_acknowledgement():
    publisher = FakePublisher()
    before = metrics.DEAD_LETTERS.labels("stage-a", "not-json")._value.get()
    await DeadLetters(publisher, "stage-a").bury([Burial(RECORD, "not-json", "x"), Burial(RECORD, "not-json", "y")])
    assert len(publisher.sent) == 2
    assert metrics.DEAD_LETTERS.labels("stage-a", "not-json")._value.get() == before + 2


async def test_one_unknown_outcome_means_none_is_buried():
    letters = DeadLetters(FakePublisher(None, Unavailable("away")), "stage-b")
    with pytest.raises(Unavailable):
        await letters.bury([Burial(RECORD, "c", "x"), Burial(RECORD, "c", "y")])
    assert metrics.DEAD_LETTERS.labels("stage-b", "c")._value.get() == 0


async def test_a_dead_letter_that_can_never_fit_asks_for_a_person():
    with pytest.raises(Misconfigured, match="does not fit"):
        await DeadLetters(FakePublisher(TooLarge("14 MiB")), "s").bury([Burial(RECORD, "c", "x")])


async def test_a_bad_dead_letter_does_not_go_round_for_ever():
    publisher = FakePublisher()
    await DeadLetters(publisher, "stage-c").bury([Burial(Record(DEAD_LETTERS, 0, 7, 1, None, None), "null-value", "x")])
    assert publisher.sent == []
    assert metrics.DEAD_LETTERS.labels("stage-c", "null-value")._value.get() == 1
