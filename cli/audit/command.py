"""`newswire audit`: asks Elasticsearch, Kafka and the services, and tells what it found."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.addresses import given
from cli.audit.clusters import split_clusters
from cli.audit.findings import CHECKS, Report
from cli.audit.work import Counted, Progress, Silent, audit_counts, audit_index, audit_receipts, findings_of_clusters
from cli.metrics import STORIES, Reading
from cli.output import console, count, print_json, say
from cli.quiet import log_to
from cli.runfile import running
from cli.status import look, places_of
from cli.topics import on_the_kafka_that_runs
from shared.elastic.scan import ElasticIndex
from shared.events import now
from shared.kafka.client import AiokafkaReader
from shared.settings import Settings, load_settings

_ARTICLES = "newswire_articles_total"
_STARTED = "process_start_time_seconds"


def audit(*, patience_s: float, receipts: bool, as_json: bool) -> None:
    """Look at everything and tell. Exit code 0 every promise holds, 1 one is broken, 2 it could not be looked at."""
    settings = _on_what_runs(load_settings())
    log_to(None)
    with _bars() as progress:
        report = asyncio.run(_audit(settings, progress, patience_s=patience_s, receipts=receipts))
    if as_json:
        print_json(as_document(report))
    else:
        show(report)
    raise SystemExit(0 if report.good else 1)


async def _audit(settings: Settings, progress: Progress, *, patience_s: float, receipts: bool) -> Report:
    report = Report()
    async with ElasticIndex(settings.elasticsearch) as index, AiokafkaReader(settings) as reader:
        if receipts:
            await audit_receipts(index, reader, report, progress, patience_s=patience_s)
        else:
            report.skipped.append("lost: not asked for")
        await index.refresh()
        await audit_index(index, report, now, progress)
        report.add(findings_of_clusters(await split_clusters(index, settings.indexing, patience_s=patience_s)))
        await audit_counts(index, reader, report, _counted(settings))
    return report


def _on_what_runs(settings: Settings) -> Settings:
    """The settings with the servers of the `newswire up` on this data folder, unless the environment names others."""
    import os  # noqa: PLC0415 - only here is the environment looked at

    settings = on_the_kafka_that_runs(settings)
    run = running(settings.data_dir.resolve())
    if run is None or not run.elasticsearch or given(os.environ, "NEWSWIRE_ELASTICSEARCH__URL"):
        return settings
    elastic = settings.elasticsearch.model_copy(update={"url": run.elasticsearch})
    return settings.model_copy(update={"elasticsearch": elastic})


def _counted(settings: Settings) -> Counted:
    run = running(settings.data_dir.resolve())
    seen = look(run.places if run and run.places else places_of(settings), 0)
    return counted({(one.place.service, one.place.label): one.after for one in seen})


def counted(readings: dict[tuple[str, str], Reading]) -> Counted:
    """What the metrics of the processes say together. Pure.

    Args:
        readings: by service and label; a process that did not answer has none.
    """
    doors = [reading for (service, _), reading in readings.items() if service == "ingestion" and reading.values]
    indexers = [reading for (service, _), reading in readings.items() if service == "indexing"]
    return Counted(
        accepted=int(sum(reading.total(STORIES, outcome="accepted") for reading in doors)),
        created=int(sum(reading.total(_ARTICLES, change="created") for reading in indexers)),
        # The earliest start: what came in before the others were started is counted as stored, and by the first.
        since=min((reading.total(_STARTED) for reading in doors), default=None),
    )


def show(report: Report) -> None:
    """The report for a person."""
    say(
        ", ".join(
            count(number, what.removesuffix("s"), what) if what.endswith("s") else f"{number:,} {what}"
            for what, number in report.looked_at.items()
        )
        + " looked at."
    )
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    skipped = {line.partition(":")[0] for line in report.skipped}
    for check, promise in CHECKS.items():
        broken = report.counts.get(check, 0)
        if broken:
            table.add_row(Text("broken", style="bold red"), promise, count(broken, "time"))
        elif check in skipped:
            table.add_row(Text("not checked", style="yellow"), promise, "")
        else:
            table.add_row(Text("holds", style="green"), promise, "")
    console().print(table)
    for finding in report.named:
        say(f"{finding.check}: {finding.about}: {finding.detail}")
    for line in [*report.skipped, *report.remarks]:
        say(line)


def as_document(report: Report) -> dict[str, Any]:
    """The report as `--json` prints it."""
    return {
        "good": report.good,
        "looked_at": report.looked_at,
        "broken": report.counts,
        "findings": [{"check": one.check, "about": one.about, "detail": one.detail} for one in report.named],
        "skipped": report.skipped,
        "remarks": report.remarks,
    }


@contextlib.contextmanager
def _bars() -> Iterator[Progress]:
    """Bars on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield Silent()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - scripts need no bar
    from rich.progress import Progress as Bars  # noqa: PLC0415 - as above

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console(stderr=True), transient=True) as bars:
        yield _Watched(bars)


class _Watched:
    """A `Progress` of rich's bars."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None

    def begin(self, what: str, total: int) -> None:
        """A bar of its own."""
        self._task = self._bars.add_task(what, total=total)

    def advance(self, count: int = 1) -> None:
        """Move it."""
        self._bars.update(self._task, advance=count)
