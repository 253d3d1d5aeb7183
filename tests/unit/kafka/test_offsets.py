"""The watermark: an offset is committable only when everything delivered before it is acknowledged."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from shared.kafka.offsets import OffsetTracker
from shared.kafka.ports import Record, TopicPartition

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


def record(partition: TopicPartition, offset: int) -> Record:
    return Record(partition.topic, partition.partition, offset, 0, None, b"")


def test_the_watermark_waits_for_the_oldest():
    tracker = OffsetTracker([A])
    one, two, three = (record(A, offset) for offset in (1, 2, 3))
    tracker.delivered([one, two, three])
    tracker.acknowledged([three, two])
    assert tracker.committable() == {}
    tracker.acknowledged([one])
    assert tracker.committable() == {A: 4}


def test_gaps_in_the_offsets_are_no_holes():
    tracker = OffsetTracker([A])
    records = [record(A, offset) for offset in (5, 9, 40)]
    tracker.delivered(records)
    tracker.acknowledged(records[:2])
    assert tracker.committable() == {A: 10}


def test_what_is_committed_is_not_committed_again():
    tracker = OffsetTracker([A])
    tracker.delivered([record(A, 0)])
    tracker.acknowledged([record(A, 0)])
    tracker.committed(tracker.committable())
    assert tracker.committable() == {}


def test_a_revoked_partition_is_forgotten_and_late_words_change_nothing():
    tracker = OffsetTracker([A, B])
    tracker.delivered([record(A, 0), record(B, 0)])
    tracker.revoke([A])
    tracker.acknowledged([record(A, 0), record(B, 0)])
    tracker.committed({A: 1})
    assert tracker.committable() == {B: 1}
    assert tracker.partitions == {B}
    assert tracker.unacknowledged() == {}


def test_an_acknowledgement_of_what_was_never_delivered_is_ignored():
    tracker = OffsetTracker([A])
    tracker.delivered([record(A, 0)])
    tracker.acknowledged([record(A, 7)])
    assert tracker.committable() == {}
    tracker.acknowledged([record(A, 0)])
    assert tracker.committable() == {A: 1}


def test_offsets_that_go_back_are_found_and_refused():
    tracker = OffsetTracker([A, B])
    tracker.delivered([record(A, 9), record(B, 1)])
    assert tracker.gone_back([record(A, 3), record(B, 2)]) == {A}
    with pytest.raises(ValueError, match="went back"):
        tracker.delivered([record(A, 3)])
    tracker.start_over([A])
    tracker.delivered([record(A, 3)])
    tracker.acknowledged([record(A, 3)])
    assert tracker.committable() == {A: 4}


def test_a_partition_that_was_never_assigned_is_refused():
    with pytest.raises(ValueError, match="never assigned"):
        OffsetTracker([A]).delivered([record(B, 0)])


class Watermark(RuleBasedStateMachine):
    """Against a model that knows every delivered record: deliveries, acknowledgements in any order, commits, rebalances."""

    delivered = Bundle("delivered")

    def __init__(self) -> None:
        super().__init__()
        self.generation = 0
        self.committed: dict[TopicPartition, int] = {}
        self.end = {A: 0, B: 0}
        self._assign({A, B})

    def _assign(self, partitions) -> None:
        self.tracker = OffsetTracker(partitions)
        self.open: dict[TopicPartition, list[int]] = {p: [] for p in partitions}
        self.acked: dict[TopicPartition, set[int]] = {p: set() for p in partitions}
        self.position = {p: self.committed.get(p, 0) for p in partitions}

    @rule(target=delivered, partition=st.sampled_from([A, B]), gaps=st.lists(st.integers(1, 5), max_size=4))
    def deliver(self, partition, gaps):
        if partition not in self.open:
            return multiple()
        records = []
        for gap in gaps:
            offset = self.position[partition] + gap - 1
            self.position[partition] = offset + 1
            self.open[partition].append(offset)
            records.append(record(partition, offset))
        self.tracker.delivered(records)
        return multiple(*((self.generation, one) for one in records))

    @rule(entry=consumes(delivered))
    def acknowledge(self, entry):
        generation, one = entry
        if generation != self.generation:
            return  # a late word about an older assignment goes to that assignment's tracker, see `late`
        self.tracker.acknowledged([one])
        if one.source in self.open:
            self.acked[one.source].add(one.offset)

    @rule(entry=delivered)
    def acknowledge_twice(self, entry):
        generation, one = entry
        if generation == self.generation:
            self.tracker.acknowledged([one])
            self.tracker.acknowledged([one])
            if one.source in self.open:
                self.acked[one.source].add(one.offset)

    @rule()
    def commit(self):
        offsets = self.tracker.committable()
        for partition, offset in offsets.items():
            assert offset > self.committed.get(partition, 0) or partition not in self.committed
            self.committed[partition] = offset
        self.tracker.committed(offsets)
        assert self.tracker.committable() == {}

    @rule(kept=st.sets(st.sampled_from([A, B])))
    def rebalance(self, kept):
        old = self.tracker
        records = [record(p, offset) for p, offsets in self.open.items() for offset in offsets]
        old.revoke(old.partitions)
        old.acknowledged(records)
        assert old.committable() == {}, "a late acknowledgement made a revoked partition committable"
        self.generation += 1
        self._assign(kept)

    @rule(partition=st.sampled_from([A, B]))
    def lose_one(self, partition):
        self.tracker.revoke([partition])
        self.open.pop(partition, None)
        self.acked.pop(partition, None)
        assert partition not in self.tracker.committable()

    @invariant()
    def nothing_unacknowledged_lies_below_the_watermark(self):
        for partition, watermark in self.tracker.committable().items():
            below = {offset for offset in self.open[partition] if offset < watermark}
            assert below <= self.acked[partition]

    @invariant()
    def the_watermark_is_as_far_as_it_can_be(self):
        committable = self.tracker.committable()
        for partition, offsets in self.open.items():
            reach = None
            for offset in offsets:
                if offset not in self.acked[partition]:
                    break
                reach = offset + 1
            if reach is not None and reach != self.committed.get(partition):
                assert committable[partition] == reach
            else:
                assert partition not in committable

    @invariant()
    def the_count_of_open_records_is_right(self):
        expected = {p: sum(o not in self.acked[p] for o in offsets) for p, offsets in self.open.items()}
        assert self.tracker.unacknowledged() == {p: count for p, count in expected.items() if count}


TestWatermark = Watermark.TestCase
