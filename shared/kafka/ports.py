"""What the runtime and the services know of a broker: records, messages, and two ports.

`client.py` (aiokafka) and `memory.py` (in-process, with groups and rebalances) both speak these; one contract suite in
`tests/contract` runs over the two.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.errors import NewswireError
from shared.events import Headers


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came from a broker. `timestamp_ms` is the broker's time, in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def source(self) -> TopicPartition:
        """The partition it came from."""
        return TopicPartition(self.topic, self.partition)

    @property
    def size(self) -> int:
        """Bytes that it takes: key, value and headers."""
        return len(self.key or b"") + len(self.value or b"") + sum(len(k) + len(v) for k, v in self.headers)


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be published; the key picks the partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


class Publisher(Protocol):
    """Writes messages and knows when they are safe."""

    async def start(self) -> None:
        """Connect; waits until a broker answers, however long that takes.

        Raises:
            Misconfigured: the brokers answer, and refuse us; start again later.
        """

    async def publish(
        self, messages: Sequence[Message], *, timeout_s: float | None = None
    ) -> list[NewswireError | None]:
        """Send all, keep their order per key, and wait for the acknowledgement by all in-sync replicas of each.

        Returns one entry a message, in order: None (safe), `TooLarge` (will never fit), or `Transient` (not known to be
        safe; sending it again is right), or `Misconfigured` (the credentials are refused). `timeout_s` bounds the wait;
        what is unknown by then is `Unavailable`.
        """

    async def stop(self) -> None:
        """Flush and disconnect."""


Assigned = Callable[[frozenset[TopicPartition]], Awaitable[None]]


class Source(Protocol):
    """Reads records as a member of a consumer group. Everything is revoked at each rebalance (eager protocol)."""

    async def start(self, topics: Sequence[str], on_assigned: Assigned, on_revoked: Assigned) -> None:
        """Join the group. The call-backs run beside `poll`; partitions are not given on before `on_revoked` has returned.

        Waits until a broker answers, however long that takes.

        Raises:
            Misconfigured: the brokers answer, and refuse us; start again later.
        """

    async def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """Records that are there, in offset order per partition; waits up to `timeout_s` for the first. Never cancel it.

        Raises:
            Transient: no answer; poll again.
            Misconfigured: a person must act; poll again later.
        """

    def pause(self, partitions: frozenset[TopicPartition]) -> None:
        """Fetch no more of these until `resume`; forgotten at a rebalance."""

    def resume(self, partitions: frozenset[TopicPartition]) -> None:
        """Fetch these again."""

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit the next offset to read per partition.

        Raises:
            Transient: not committed; a later commit covers it.
            PartitionsLost: the group has given the partitions to others; forget them.
        """

    def lag(self) -> Mapping[TopicPartition, int]:
        """Records waiting per assigned partition, as far as known without asking the broker."""

    async def stop(self) -> None:
        """Leave the group; no call-back runs, so drain and commit first."""


class PartitionsLost(NewswireError):
    """A commit came too late: the group has moved on."""
