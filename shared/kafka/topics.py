"""The topics of newswire: what they must look like (pure), and how a difference to what is there is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared import events
from shared.settings import MIB, Settings

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class TopicSpec:
    """One topic: partitions, copies, and its own settings under Kafka's names."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]

    @property
    def max_message_bytes(self) -> int:
        """Largest record batch the broker takes, in bytes."""
        return int(self.configs["max.message.bytes"])


@dataclass(frozen=True)
class TopicsReport:
    """What `ensure_topics` did: names of topics made, and a line for each difference it left alone."""

    created: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)


def topic_specs(settings: Settings) -> list[TopicSpec]:
    """All topics, in the order in which a story meets them."""
    topics, sizes = settings.kafka.topics, settings.sizes

    def spec(name: str, max_bytes: int, *, days: float | None = None) -> TopicSpec:
        policy = {"cleanup.policy": "compact"} if days is None else {"cleanup.policy": "delete"}
        retention = {} if days is None else {"retention.ms": str(round(days * _DAY_MS))}
        configs = {
            **policy,
            **retention,
            "max.message.bytes": str(max_bytes),
            "min.insync.replicas": str(topics.min_insync),
        }
        return TopicSpec(name, topics.partitions, topics.replication, configs)

    return [
        spec(events.STORIES_RAW, sizes.raw_message, days=topics.raw_days),
        spec(events.ARTICLES_NORMALIZED, sizes.normalized_message, days=topics.normalized_days),
        spec(events.ARTICLES_CHANGES, MIB, days=topics.changes_days),
        spec(events.DEAD_LETTERS, sizes.dead_letter_message, days=topics.dead_letters_days),
        spec(events.FEEDS_STATE, MIB),
        spec(events.FEEDS_LINES, MIB),
    ]


def drift(spec: TopicSpec, partitions: int, configs: Mapping[str, str]) -> list[str]:
    """Lines on how a topic that exists differs from its spec; empty if it does not."""
    lines = []
    if partitions != spec.partitions:
        lines.append(
            f"{spec.name}: has {partitions} partitions, the settings say {spec.partitions}; left as it is, "
            "because another number sends the versions of a story to another partition"
        )
    for name, wanted in spec.configs.items():
        found = configs.get(name)
        if found is not None and found != wanted:
            lines.append(f"{spec.name}: {name} is {found}, the settings say {wanted}; left as it is")
    return lines


async def ensure_topics(settings: Settings) -> TopicsReport:
    """Make the topics that are missing; never changes one that exists.

    Raises:
        Unavailable: no broker answered.
        Misconfigured: the broker refused a topic (more copies than brokers, not authorised, …).
    """
    from shared.kafka.client import TopicsAdmin  # noqa: PLC0415 - the specs stay usable without a Kafka client

    async with TopicsAdmin(settings) as admin:
        found = await admin.describe([spec.name for spec in topic_specs(settings)])
        report = TopicsReport()
        missing = []
        for spec in topic_specs(settings):
            if spec.name in found:
                report.drift.extend(drift(spec, *found[spec.name]))
            else:
                missing.append(spec)
        report.created.extend(await admin.create(missing))
        return report
