"""Lanes gather what comes while a batch is on the way, keep order, and forget what their publisher gave up."""

from __future__ import annotations

import asyncio

from shared.errors import TooLarge, Unavailable
from shared.kafka.lanes import Lanes
from shared.kafka.ports import Message, TopicPartition

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


def message(text: str) -> Message:
    return Message("t", None, text.encode())


class Wire:
    """Stands for a producer: batches of at most `room` messages, sent when `open` is set."""

    def __init__(self, room: int = 100) -> None:
        self.room = room
        self.open = asyncio.Event()
        self.open.set()
        self.sent: list[tuple[TopicPartition, list[str]]] = []
        self.outcome = lambda texts: None

    async def new_batch(self, partition: TopicPartition):
        return _Batch(self, partition)


class _Batch:
    def __init__(self, wire: Wire, partition: TopicPartition) -> None:
        self.wire, self.partition, self.texts = wire, partition, []

    def append(self, one: Message) -> bool:
        if len(self.texts) >= self.wire.room:
            return False
        self.texts.append(one.value.decode())
        return True

    async def send(self):
        await self.wire.open.wait()
        self.wire.sent.append((self.partition, self.texts))
        return self.wire.outcome(self.texts)


async def send(lanes: Lanes, *parcels: tuple[TopicPartition, str], timeout_s: float = 5.0):
    outcomes = [None] * len(parcels)
    await lanes.send(
        [(i, partition, message(text)) for i, (partition, text) in enumerate(parcels)], outcomes, timeout_s
    )
    return outcomes


async def test_each_partition_gets_its_own_batch_in_order():
    wire = Wire()
    assert await send(Lanes(wire.new_batch, 0.0), (A, "1"), (B, "2"), (A, "3")) == [None, None, None]
    assert dict(wire.sent) == {A: ["1", "3"], B: ["2"]}


async def test_what_comes_while_a_batch_is_on_the_way_goes_together():
    wire = Wire()
    wire.open.clear()
    lanes = Lanes(wire.new_batch, 0.0)
    calls = [asyncio.create_task(send(lanes, (A, str(n)))) for n in range(5)]
    first = asyncio.create_task(send(lanes, (A, "x")))
    await asyncio.sleep(0.01)
    late = asyncio.create_task(send(lanes, (A, "late"), (A, "later")))
    await asyncio.sleep(0.01)
    wire.open.set()
    await asyncio.gather(*calls, first, late)
    assert [text for _, texts in wire.sent for text in texts] == ["0", "1", "2", "3", "4", "x", "late", "later"]
    assert len(wire.sent) == 2


async def test_a_full_batch_is_followed_by_another():
    wire = Wire(room=2)
    await send(Lanes(wire.new_batch, 0.0), *((A, str(n)) for n in range(5)))
    assert [texts for _, texts in wire.sent] == [["0", "1"], ["2", "3"], ["4"]]


async def test_the_outcome_goes_to_the_messages_of_the_batch_only():
    wire = Wire(room=1)
    wire.outcome = lambda texts: Unavailable("away") if texts == ["b"] else None
    first, second, third = await send(Lanes(wire.new_batch, 0.0), (A, "a"), (A, "b"), (A, "c"))
    assert (first, third) == (None, None)
    assert isinstance(second, Unavailable)


async def test_one_too_large_does_not_take_its_neighbours_along():
    wire = Wire()
    wire.outcome = lambda texts: TooLarge("x") if "big" in texts else None
    outcomes = await send(Lanes(wire.new_batch, 0.0), (A, "a"), (A, "big"), (A, "c"))
    assert [type(one) for one in outcomes] == [type(None), TooLarge, type(None)]
    assert [texts for _, texts in wire.sent] == [["a", "big", "c"], ["a"], ["big"], ["c"]]


async def test_what_times_out_is_unknown_and_what_had_not_left_never_leaves():
    wire = Wire(room=1)
    wire.open.clear()
    lanes = Lanes(wire.new_batch, 0.0)
    outcomes = await send(lanes, (A, "on the way"), (A, "waiting"), timeout_s=0.02)
    assert all(isinstance(one, Unavailable) for one in outcomes)
    wire.open.set()
    assert await send(lanes, (A, "next")) == [None]
    assert [texts for _, texts in wire.sent] == [["on the way"], ["next"]]


async def test_a_timeout_leaves_outcomes_that_are_known():
    wire = Wire()
    lanes = Lanes(wire.new_batch, 0.0)
    blocked = asyncio.Event()

    class Slow(_Batch):
        async def send(self):
            await blocked.wait()

    async def by_partition(partition):
        return Slow(wire, partition) if partition == B else await wire.new_batch(partition)

    lanes = Lanes(by_partition, 0.0)
    outcomes = await send(lanes, (A, "safe"), (B, "stuck"), timeout_s=0.02)
    assert outcomes[0] is None
    assert isinstance(outcomes[1], Unavailable)
    blocked.set()
    await lanes.close(1.0)


async def test_a_cancelled_publisher_leaves_nothing_behind():
    wire = Wire(room=1)
    wire.open.clear()
    lanes = Lanes(wire.new_batch, 0.0)
    call = asyncio.create_task(send(lanes, (A, "1"), (A, "2")))
    await asyncio.sleep(0.01)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    wire.open.set()
    await asyncio.sleep(0.01)
    assert [texts for _, texts in wire.sent] == [["1"]]


async def test_a_lane_that_just_sent_lingers():
    wire = Wire()
    lanes = Lanes(wire.new_batch, 0.05)
    await send(lanes, (A, "1"))
    calls = [asyncio.create_task(send(lanes, (A, "2")))]
    await asyncio.sleep(0.01)
    calls.append(asyncio.create_task(send(lanes, (A, "3"))))
    await asyncio.gather(*calls)
    assert [texts for _, texts in wire.sent] == [["1"], ["2", "3"]]


async def test_closing_gives_up_what_no_broker_takes():
    wire = Wire()
    wire.open.clear()
    lanes = Lanes(wire.new_batch, 0.0)
    call = asyncio.create_task(send(lanes, (A, "1"), timeout_s=0.05))
    await asyncio.sleep(0.01)
    await lanes.close(0.01)
    assert isinstance((await call)[0], Unavailable)
