"""`newswire topics`: what the Kafka topics look like, and making those that are missing."""

from __future__ import annotations

import asyncio
import os

from rich.table import Table

from cli.addresses import given
from cli.output import complain, console, say
from cli.quiet import log_to
from cli.runfile import running
from shared.kafka.topics import TopicSpec, ensure_topics, topic_specs
from shared.local_feed import ensure_local_key
from shared.settings import Settings, load_settings


def topics(*, dry_run: bool, local_key: bool = False) -> None:
    """Show the topics of the settings; unless `dry_run`, make what is missing, and with `local_key` that key too."""
    settings = on_the_kafka_that_runs(load_settings())
    console().print(table(topic_specs(settings)))
    if dry_run:
        return
    log_to(None)  # a broker that is away is told in one line of ours
    report = asyncio.run(ensure_topics(settings))
    for line in report.drift:
        complain(line)
    say(f"Made {', '.join(report.created)}." if report.created else "All topics are there.")
    if local_key:
        say(f"The key of the feed `local` is in {ensure_local_key(settings.data_dir)}")


def on_the_kafka_that_runs(settings: Settings) -> Settings:
    """The settings with the Kafka of the `newswire up` on this data folder, unless the environment names one."""
    run = running(settings.data_dir.resolve())
    if run is None or not run.kafka or given(os.environ, "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS"):
        return settings
    return settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"bootstrap_servers": run.kafka})})


def table(specs: list[TopicSpec]) -> Table:
    """The topics for a person."""
    shown = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("topic", "partitions", "copies", "kept", "largest message"):
        shown.add_column(column)
    for spec in specs:
        shown.add_row(
            spec.name,
            str(spec.partitions),
            str(spec.replication),
            kept(spec),
            f"{spec.max_message_bytes / 1024 / 1024:.0f} MiB",
        )
    return shown


def kept(spec: TopicSpec) -> str:
    """How long a topic keeps its records."""
    milliseconds = spec.configs.get("retention.ms")
    return f"{int(milliseconds) / 86_400_000:g} days" if milliseconds else "last of each key"
