"""Batches: bounded by count and bytes, never older than they may be, in order."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.kafka.batching import BUSY_PER_S, Batcher
from shared.kafka.ports import Record

WAIT = 0.01


def record(offset: int, size: int = 1, partition: int = 0) -> Record:
    return Record("t", partition, offset, 0, None, bytes(size))


def test_an_idle_worker_gets_a_single_record_at_once():
    batcher = Batcher(100, 10_000, WAIT)
    batcher.add([record(0)], now=5.0)
    assert batcher.take(5.0) == [record(0)]


def test_after_a_batch_the_next_may_fill_for_a_moment():
    batcher = Batcher(100, 10_000, WAIT)
    batcher.add([record(0)], now=5.0)
    batcher.take(5.0)
    batcher.add([record(1)], now=5.002)
    assert batcher.take(5.004) == []
    assert batcher.next_deadline() == 5.0 + WAIT
    batcher.add([record(2)], now=5.006)
    assert batcher.take(5.0 + WAIT) == [record(1), record(2)]


def test_while_many_records_come_a_batch_may_fill_for_longer():
    batcher = Batcher(1000, 10_000, WAIT, 0.1)
    for number in range(BUSY_PER_S // 2):
        batcher.add([record(number)], now=5.0 + number / 1000)
    assert len(batcher.take(5.0 + WAIT)) == BUSY_PER_S // 2
    batcher.add([record(100)], now=5.02)
    assert batcher.next_deadline() == pytest.approx(5.0 + WAIT + 0.1)
    assert batcher.take(5.1) == []
    assert batcher.take(5.12) == [record(100)]
    # Half a second later nothing of that counts any more.
    batcher.add([record(101)], now=5.8)
    assert batcher.take(5.8) == [record(101)]
    batcher.add([record(102)], now=5.801)
    assert batcher.next_deadline() == pytest.approx(5.8 + WAIT)


def test_a_full_batch_waits_for_nothing():
    batcher = Batcher(2, 10_000, WAIT)
    batcher.add([record(0)], now=1.0)
    batcher.take(1.0)
    batcher.add([record(1), record(2), record(3)], now=1.001)
    assert batcher.take(1.001) == [record(1), record(2)]
    assert batcher.take(1.001) == []


def test_bytes_bound_a_batch_and_a_giant_is_one_of_its_own():
    batcher = Batcher(100, 10, 0.0)
    batcher.add([record(0, 6), record(1, 6), record(2, 50), record(3, 1)], now=1.0)
    assert [len(batcher.take(1.0)) for _ in range(4)] == [1, 1, 1, 1]
    assert len(batcher) == 0
    assert batcher.size == 0


def test_nothing_waits_nothing_is_due():
    batcher = Batcher(10, 10, WAIT)
    assert batcher.next_deadline() is None
    assert batcher.take(1.0) == []
    batcher.add([], now=1.0)
    assert batcher.next_deadline() is None


def test_what_is_given_up_is_returned_whole():
    batcher = Batcher(10, 1000, WAIT)
    batcher.add([record(0), record(1)], now=1.0)
    assert batcher.clear() == [record(0), record(1)]
    assert (len(batcher), batcher.size) == (0, 0)


class Batches(RuleBasedStateMachine):
    """Against a plain queue: nothing is lost, doubled or reordered, bounds hold, and nothing waits past its time."""

    COUNT, BYTES = 5, 40

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.batcher = Batcher(self.COUNT, self.BYTES, WAIT)
        self.queue: deque[tuple[Record, float]] = deque()
        self.offsets = {0: 0, 1: 0}
        self.last_take = float("-inf")

    @rule(partition=st.sampled_from([0, 1]), sizes=st.lists(st.integers(0, 60), max_size=7))
    def add(self, partition, sizes):
        records = []
        for size in sizes:
            records.append(record(self.offsets[partition], size, partition))
            self.offsets[partition] += 1
        assert self.batcher.add(records, self.now) == sum(sizes)
        self.queue.extend((one, self.now) for one in records)

    @rule(seconds=st.floats(0, 3 * WAIT))
    def pass_time(self, seconds):
        self.now += seconds

    @rule()
    def take(self):
        oldest = self.queue[0][1] if self.queue else None
        batch = self.batcher.take(self.now)
        if not batch:
            # Only a batch that is not full, and that has waited no longer than it may, stays.
            if oldest is not None:
                assert not self.batcher.is_full()
                assert self.now < max(oldest, self.last_take) + WAIT
            return
        self.last_take = self.now
        assert len(batch) <= self.COUNT
        assert len(batch) == 1 or sum(one.size for one in batch) <= self.BYTES
        assert batch == [self.queue.popleft()[0] for _ in batch]

    @rule()
    def rebalance(self):
        assert self.batcher.clear() == [one for one, _ in self.queue]
        self.queue.clear()
        self.offsets = {0: 0, 1: 0}

    @invariant()
    def sizes_add_up(self):
        assert len(self.batcher) == len(self.queue)
        assert self.batcher.size == sum(one.size for one, _ in self.queue)

    @invariant()
    def something_is_due_exactly_when_something_waits(self):
        assert (self.batcher.next_deadline() is None) == (not self.queue)


TestBatches = Batches.TestCase
