"""What the services' metrics say, added up for a person. Pure: text in, figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reading:
    """The samples of one process at one moment."""

    values: Mapping[tuple[str, Labels], float] = field(default_factory=dict)

    def total(self, name: str, **labels: str) -> float:
        """The sum over all series of that name that carry those labels."""
        wanted = labels.items()
        return sum(value for (found, has), value in self.values.items() if found == name and wanted <= set(has))

    def by(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The sums of that name, grouped by the values of those labels."""
        sums: dict[tuple[str, ...], float] = {}
        for (found, has), value in self.values.items():
            if found == name:
                group = tuple(dict(has).get(label, "") for label in labels)
                sums[group] = sums.get(group, 0.0) + value
        return sums


def read_metrics(text: str) -> Reading:
    """Metrics in Prometheus' text format; anything else reads as nothing."""
    try:
        return Reading(
            {
                (sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }
        )
    except ValueError:
        return Reading()


STORIES, RECORDS = "newswire_stories_total", "newswire_records_total"
LAG, DEAD_LETTERS, SEARCHES = "newswire_consumer_lag_records", "newswire_dead_letters_total", "newswire_searches_total"
WORK = {"ingestion": STORIES, "normalization": RECORDS, "indexing": RECORDS, "search": SEARCHES}
"""What a service counts as its work."""


def rate(service: str, before: Reading, after: Reading, seconds: float) -> float:
    """Pieces of work a second between two readings; a restart in between counts from zero."""
    name = WORK[service]
    done = after.total(name) - before.total(name)
    return max(0.0, done if done >= 0 else after.total(name)) / seconds


def lag(readings: Sequence[Reading]) -> dict[str, float]:
    """Records waiting by topic, over the processes of one service."""
    sums: dict[str, float] = {}
    for reading in readings:
        for (topic,), value in reading.by(LAG, "topic").items():
            sums[topic] = sums.get(topic, 0.0) + value
    return sums
