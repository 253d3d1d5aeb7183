"""The topics as the design fixes them, and how a difference is told."""

from __future__ import annotations

from shared.kafka.topics import drift, topic_specs
from shared.settings import MIB, Settings


def specs(**topics):
    return {spec.name: spec for spec in topic_specs(Settings(kafka={"topics": topics}))}


def test_names_policies_and_sizes():
    found = specs()
    assert {name: spec.configs["cleanup.policy"] for name, spec in found.items()} == {
        "stories.raw": "delete",
        "articles.normalized": "delete",
        "articles.changes": "delete",
        "dead-letters": "delete",
        "feeds.state": "compact",
        "feeds.lines": "compact",
    }
    sizes = [found[name].max_message_bytes for name in ("stories.raw", "articles.normalized", "dead-letters")]
    assert sizes == [9 * MIB, 12 * MIB, 13 * MIB]


def test_retention_is_days_and_compacted_topics_have_none():
    found = specs(raw_days=0.5)
    assert found["stories.raw"].configs["retention.ms"] == "43200000"
    assert found["articles.normalized"].configs["retention.ms"] == str(30 * 86_400_000)
    assert "retention.ms" not in found["feeds.state"].configs


def test_copies_and_partitions_by_setting():
    for spec in specs(partitions=12, replication=3, min_insync=2).values():
        assert (spec.partitions, spec.replication, spec.configs["min.insync.replicas"]) == (12, 3, "2")


def test_drift_is_told_and_none_is_silent():
    spec = specs()["stories.raw"]
    assert drift(spec, spec.partitions, dict(spec.configs)) == []
    lines = drift(spec, 3, {**spec.configs, "retention.ms": "1"})
    assert len(lines) == 2
    assert lines[0].startswith("stories.raw: has 3 partitions, the settings say 6")
    assert "retention.ms is 1" in lines[1]
