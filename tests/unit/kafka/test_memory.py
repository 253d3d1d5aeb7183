"""What only the in-memory broker can stage, so that other tests can rely on it."""

from __future__ import annotations

import asyncio

import pytest

from shared.errors import Transient, Unavailable
from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Message, PartitionsLost, TopicPartition


async def test_a_member_that_lets_go_too_late_is_thrown_out_and_joins_again():
    broker = MemoryBroker(2, rebalance_timeout_s=0.05)
    slow, quick = broker.source("g"), broker.source("g")
    owned: dict[str, frozenset[TopicPartition]] = {}
    release = asyncio.Event()

    async def slow_assigned(partitions):
        owned["slow"] = partitions

    async def slow_revoked(_):
        await release.wait()

    async def quick_assigned(partitions):
        owned["quick"] = partitions

    async def quick_revoked(_): ...

    await slow.start(["t"], slow_assigned, slow_revoked)
    await quick.start(["t"], quick_assigned, quick_revoked)
    assert len(owned["quick"]) == 2, "the late one's share goes to the others"
    with pytest.raises(PartitionsLost):
        await slow.commit({TopicPartition("t", 0): 1})
    release.set()
    async with asyncio.timeout(5):
        while not (len(owned["slow"]) == len(owned["quick"]) == 1):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.01)
    await slow.commit({next(iter(owned["slow"])): 0})


async def test_an_outage_is_felt_on_every_side_and_ends():
    broker = MemoryBroker(1)
    publisher, source = broker.publisher(), broker.source("g")
    await source.start(["t"], _ignore, _ignore)
    assert await publisher.publish([Message("t", b"k", b"1")]) == [None]
    broker.available = False
    assert isinstance((await publisher.publish([Message("t", b"k", b"2")]))[0], Unavailable)
    assert await source.poll(10, 0.01) == []
    with pytest.raises(Transient):
        await source.commit({TopicPartition("t", 0): 1})
    broker.available = True
    assert [record.value for record in await source.poll(10, 1.0)] == [b"1"]


async def _ignore(_: frozenset[TopicPartition]) -> None: ...
