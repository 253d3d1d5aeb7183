"""A broker inside the process, for tests: groups that rebalance, fenced commits, pause, a message size limit.

It behaves as the real one where the runtime could notice: eager rebalances (every member gives up everything, and
nothing is given on before all `on_revoked` have returned or the rebalance time-out has thrown a member out), commits
fenced by the group's generation, keys on the same partitions as Kafka's own clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from shared.errors import NewswireError, TooLarge, Transient, Unavailable
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import Assigned, Message, PartitionsLost, Record, TopicPartition
from shared.settings import MIB

Log = list[Record]

_OUTSIDE = -1
"""Generation of a source that is in no group: its commits are refused."""


class MemoryBroker:
    """Topics spring up with `partitions` partitions when first used. `available = False` plays an outage."""

    def __init__(
        self, partitions: int = 6, *, max_message_bytes: int = 13 * MIB, rebalance_timeout_s: float = 60.0
    ) -> None:
        self.partitions = partitions
        self.max_message_bytes = max_message_bytes
        self.rebalance_timeout_s = rebalance_timeout_s
        self._up = asyncio.Event()
        self._up.set()
        self.commits: list[tuple[str, dict[TopicPartition, int]]] = []
        self._logs: dict[str, list[Log]] = {}
        self._groups: dict[str, _Group] = {}
        self._arrivals = asyncio.Event()

    @property
    def available(self) -> bool:
        """Whether the broker answers."""
        return self._up.is_set()

    @available.setter
    def available(self, up: bool) -> None:
        (self._up.set if up else self._up.clear)()
        self.wake()

    async def up(self) -> None:
        """Until the broker answers."""
        await self._up.wait()

    def publisher(self) -> MemoryPublisher:
        """A publisher to this broker."""
        return MemoryPublisher(self)

    def source(self, group: str) -> MemorySource:
        """A new member of a consumer group."""
        return MemorySource(self, self._groups.setdefault(group, _Group(self, group)))

    def records(self, topic: str) -> list[Record]:
        """All records of a topic, partition by partition."""
        return list(itertools.chain.from_iterable(self._logs.get(topic, [])))

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """What a group has committed."""
        return dict(self._groups[group].offsets) if group in self._groups else {}

    def log(self, partition: TopicPartition) -> Log:
        """One partition's records, to be appended to by the publisher (or by a test that wants gaps in the offsets)."""
        return self.topic(partition.topic)[partition.partition]

    def topic(self, name: str) -> list[Log]:
        """The partitions of a topic."""
        return self._logs.setdefault(name, [[] for _ in range(self.partitions)])

    def append(self, message: Message) -> Record:
        """Write one record now."""
        count = len(self.topic(message.topic))
        number = partition_for(message.key, count) if message.key is not None else random.randrange(count)  # noqa: S311 - no secret
        log = self.log(TopicPartition(message.topic, number))
        offset = log[-1].offset + 1 if log else 0
        record = Record(
            message.topic, number, offset, time.time_ns() // 1_000_000, message.key, message.value, message.headers
        )
        log.append(record)
        self.wake()
        return record

    def wake(self) -> None:
        """Let everybody who waits for records look again."""
        self._arrivals.set()
        self._arrivals = asyncio.Event()

    async def wait(self, timeout_s: float) -> None:
        """Until something arrives, at most `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._arrivals.wait()


class MemoryPublisher:
    """`Publisher` on a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    async def start(self) -> None:
        """Wait while the broker is away."""
        await self._broker.up()

    async def publish(
        self,
        messages: Sequence[Message],
        *,
        timeout_s: float | None = None,  # noqa: ARG002 - the port's; here all is known at once
    ) -> list[NewswireError | None]:
        """See `Publisher.publish`; in an outage all is `Unavailable` at once."""
        await asyncio.sleep(0)  # a real publisher gives way, too
        outcomes: list[NewswireError | None] = []
        for message in messages:
            size = (
                len(message.key or b"") + len(message.value or b"") + sum(len(k) + len(v) for k, v in message.headers)
            )
            if not self._broker.available:
                outcomes.append(Unavailable("Kafka is away"))
            elif size > self._broker.max_message_bytes:
                outcomes.append(
                    TooLarge(f"{size} bytes for {message.topic}, the limit is {self._broker.max_message_bytes}")
                )
            else:
                self._broker.append(message)
                outcomes.append(None)
        return outcomes

    async def stop(self) -> None:
        """Nothing is buffered."""


class MemorySource:
    """`Source` on a `MemoryBroker`. `crash()` makes the member vanish as a killed process does."""

    def __init__(self, broker: MemoryBroker, group: _Group) -> None:
        self._broker = broker
        self._group = group
        self.topics: frozenset[str] = frozenset()
        self.on_assigned: Assigned = _ignore
        self.on_revoked: Assigned = _ignore
        self.generation = _OUTSIDE
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._settled = False

    async def start(self, topics: Sequence[str], on_assigned: Assigned, on_revoked: Assigned) -> None:
        """See `Source.start`."""
        await self._broker.up()
        self.topics = frozenset(topics)
        self.on_assigned, self.on_revoked = on_assigned, on_revoked
        await self._group.join(self)

    async def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """See `Source.poll`."""
        records = self._take(max_records)
        if not records and timeout_s > 0:
            await self._broker.wait(timeout_s)
            records = self._take(max_records)
        else:
            await asyncio.sleep(0)
        return records

    def _take(self, max_records: int) -> list[Record]:
        taken: list[Record] = []
        if not self._settled or not self._broker.available:
            return taken
        for partition, position in self._positions.items():
            if partition in self._paused:
                continue
            log = self._broker.log(partition)
            start = _index(log, position)
            fresh = log[start : start + max_records - len(taken)]
            if fresh:
                self._positions[partition] = fresh[-1].offset + 1
                taken += fresh
            if len(taken) >= max_records:
                break
        return taken

    def pause(self, partitions: frozenset[TopicPartition]) -> None:
        """See `Source.pause`."""
        self._paused |= partitions & self._positions.keys()

    def resume(self, partitions: frozenset[TopicPartition]) -> None:
        """See `Source.resume`."""
        self._paused -= partitions
        self._broker.wake()

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """See `Source.commit`."""
        await asyncio.sleep(0)
        if not self._broker.available:
            raise Transient("Kafka is away")
        if not self._group.owns(self) or not offsets.keys() <= self._positions.keys():
            raise PartitionsLost("the group has moved on")
        self._group.offsets.update(offsets)
        self._broker.commits.append((self._group.name, dict(offsets)))

    def lag(self) -> Mapping[TopicPartition, int]:
        """See `Source.lag`."""
        return {
            partition: len(log) - _index(log, position)
            for partition, position in self._positions.items()
            for log in [self._broker.log(partition)]
        }

    async def stop(self) -> None:
        """See `Source.stop`."""
        self.forget()
        await self._group.leave(self)

    async def crash(self) -> None:
        """Vanish as a killed process does: no commit, no leave; its session times out and others get its partitions."""
        self.forget()
        await self.expire()

    async def expire(self) -> None:
        """The session times out, unnoticed by this member: the group gives its partitions to others without asking it."""
        self.generation = _OUTSIDE
        await self._group.leave(self)

    async def rejoin(self) -> None:
        """The member notices that it was thrown out: it gives up what it had and joins again."""
        await self.revoke()
        await self._group.join(self)

    def forget(self) -> None:
        """No partitions and no records any more."""
        self._settled = False
        self._positions.clear()
        self._paused.clear()

    async def revoke(self) -> None:
        """Give up everything; used by the group."""
        self._settled = False
        await self.on_revoked(frozenset(self._positions))
        self.forget()

    async def assign(self, partitions: frozenset[TopicPartition], generation: int) -> None:
        """Own these from the committed offsets on; used by the group."""
        self.generation = generation
        self._paused.clear()
        self._positions = {partition: self._start_of(partition) for partition in sorted(partitions)}
        await self.on_assigned(partitions)
        self._settled = True
        self._broker.wake()

    def _start_of(self, partition: TopicPartition) -> int:
        return self._group.offsets.get(partition, 0)


class _Group:
    """One consumer group: members, generation, offsets. Rebalances run one at a time."""

    def __init__(self, broker: MemoryBroker, name: str) -> None:
        self.name = name
        self.offsets: dict[TopicPartition, int] = {}
        self._broker = broker
        self._members: list[MemorySource] = []
        self._generation = 0
        self._lock = asyncio.Lock()
        self._late: set[asyncio.Task[None]] = set()

    def owns(self, member: MemorySource) -> bool:
        return member in self._members and member.generation == self._generation

    async def join(self, member: MemorySource) -> None:
        async with self._lock:
            await self._rebalance(joining=member)

    async def leave(self, member: MemorySource) -> None:
        async with self._lock:
            if member in self._members:
                self._members.remove(member)
                await self._rebalance()

    async def _rebalance(self, joining: MemorySource | None = None) -> None:
        late = await self._revoke_all()
        self._members = [member for member in self._members if member not in late]
        if joining is not None:
            self._members.append(joining)
        self._generation += 1
        shares: dict[MemorySource, set[TopicPartition]] = defaultdict(set)
        for topic in sorted({topic for member in self._members for topic in member.topics}):
            takers = [member for member in self._members if topic in member.topics]
            for number in range(len(self._broker.topic(topic))):
                shares[takers[number % len(takers)]].add(TopicPartition(topic, number))
        await asyncio.gather(*(m.assign(frozenset(shares[m]), self._generation) for m in self._members))

    async def _revoke_all(self) -> set[MemorySource]:
        """Everybody gives up everything; those who take longer than the rebalance time-out are returned."""
        calls = {asyncio.create_task(member.revoke()): member for member in self._members}
        if not calls:
            return set()
        _, late = await asyncio.wait(calls, timeout=self._broker.rebalance_timeout_s)
        for task in late:
            self._late.add(rejoining := asyncio.create_task(self._take_back(task, calls[task])))
            rejoining.add_done_callback(self._late.discard)
        return {calls[task] for task in late}

    async def _take_back(self, revoking: asyncio.Task[None], member: MemorySource) -> None:
        """A member that took too long joins again once it has let go."""
        member.generation = _OUTSIDE
        await asyncio.wait({revoking})
        await self.join(member)


async def _ignore(_: frozenset[TopicPartition]) -> None:
    return None


def _index(log: Log, offset: int) -> int:
    """Where in a log the first record at or above `offset` stands; offsets may have gaps."""
    low, high = 0, len(log)
    while low < high:
        middle = (low + high) // 2
        if log[middle].offset < offset:
            low = middle + 1
        else:
            high = middle
    return low
