"""`make bench`: every figure of the speed table beside its floor, in one run on fresh servers; writes bench.json.

`python -m tests.bench --quick` measures a tenth of it, to see whether the harness works; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
import psutil
from rich.console import Console
from rich.table import Table

from deploy.local.ports import free_port
from deploy.local.servers import LocalServers
from shared.settings import LocalSettings
from tests.bench import rows as measure
from tests.bench.load import percentile
from tests.bench.rows import FLOOR_INDEX, Bench
from tests.bench.stories import load_rows
from tests.fidelity.wire_formats import own_items, reading
from tests.harness import Pipeline

TURNS = 3
console = Console()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, only to see that it runs")
    parser.add_argument("--only", default="throughput,latency,search,growth,formats", help="figures to take, by comma")
    return parser.parse_args()


async def measure_all(bench: Bench, scale: float, only: set[str]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    say = console.log
    say("warming up: stories through the whole pipeline, so that both JVMs have compiled what they run")
    _warm, source = await measure.push_run(bench, int(30_000 * scale), 100, 4)
    bodies = measure.documents_as_bulk(bench, source, FLOOR_INDEX)[: max(1, int(12 * scale))]
    count = sum(body.count(b"\n") for body in bodies) // 2
    measure.create_floor_index(bench)
    await measure.bulk_floor(bench, bodies, count)
    await measure.search_runs(bench, measure.queries(bench, int(500 * scale)), 4)
    if "throughput" in only:
        figures |= await throughput(bench, scale, bodies, count)
    if "latency" in only:
        figures |= await latency(bench, scale, bodies)
    if "search" in only:
        figures |= await searching(bench, scale)
    if "growth" in only:
        figures |= await growth(bench, scale)
    return figures


async def throughput(bench: Bench, scale: float, bodies: list[bytes], count: int) -> dict[str, Any]:
    batch, single, floor = [], [], []
    for turn in range(TURNS):
        console.log(f"throughput, turn {turn + 1} of {TURNS}")
        floor.append(await measure.bulk_floor(bench, bodies, count))
        batch.append((await measure.push_run(bench, int(6000 * scale), 100, 4))[0])
        single.append((await measure.push_run(bench, int(2000 * scale), 1, 16))[0])
    services = ("ingestion", "normalization", "indexing", "search")
    ours = [sum(run.micros(name) for name in services) for run in batch]
    elastic = [run.micros("elasticsearch") for run in batch]
    ratio = measure.ratio
    return {
        "throughput_batch_ratio": ratio([r.per_second for r in batch], [r.per_second for r in floor], "stories/s"),
        "throughput_single_ratio": ratio([r.per_second for r in single], [r.per_second for r in floor], "stories/s"),
        "cpu_ratio": ratio(ours, elastic, "µs/story"),
        "indexing_cpu_ratio": ratio([r.micros("indexing") for r in batch], elastic, "µs/story"),
        "cpu_micros_by_process": {name: measure.spread([r.micros(name) for r in batch]) for name in batch[0].cpu},
        "cpu_micros_by_process_single": {
            name: measure.spread([r.micros(name) for r in single]) for name in batch[0].cpu
        },
        "floor_elasticsearch_micros": measure.spread([r.micros("elasticsearch") for r in floor]),
    }


async def latency(bench: Bench, scale: float, bodies: list[bytes]) -> dict[str, Any]:
    ours, floor = [], []
    for turn in range(TURNS):
        console.log(f"latency, turn {turn + 1} of {TURNS}")
        floor.append(await measure.refresh_floor(bench, bodies, int(200 * scale), 20))
        ours.append(await measure.latency_run(bench, 10 * scale, 20))
    p50 = [percentile(run, 0.5) * 1000 for run in ours]
    return {
        "latency_p50_ratio": measure.ratio(p50, [percentile(run, 0.5) * 1000 for run in floor], "ms"),
        "latency_p50_ms": measure.spread(p50),
        "latency_p99_ms": measure.spread([percentile(run, 0.99) * 1000 for run in ours]),
    }


async def searching(bench: Bench, scale: float) -> dict[str, Any]:
    one, many = [], []
    for turn in range(TURNS):
        console.log(f"search, turn {turn + 1} of {TURNS}")
        one.append(await measure.search_runs(bench, measure.queries(bench, int(400 * scale)), 1))
        many.append(await measure.search_runs(bench, measure.queries(bench, int(1200 * scale)), 16))

    def p50(load: Any) -> float:
        return percentile(load.seconds, 0.5) * 1000

    return {
        "search_p50_ratio": measure.ratio([p50(ours) for ours, _ in one], [p50(raw) for _, raw in one], "ms"),
        "search_p50_ratio_16_clients": measure.ratio(
            [p50(ours) for ours, _ in many], [p50(raw) for _, raw in many], "ms"
        ),
        "search_rps_ratio": measure.ratio(
            [o.per_second for o, _ in many], [r.per_second for _, r in many], "requests/s"
        ),
    }


async def growth(bench: Bench, scale: float) -> dict[str, Any]:
    services = ("ingestion", "normalization", "indexing", "search")
    console.log("growth: 5,000 stories, then up to 80,000, then 5,000 again")
    first, _ = await measure.push_run(bench, int(5000 * scale), 100, 4)
    before = bench.memory()
    await measure.push_run(bench, int(75_000 * scale), 100, 4)
    last, _ = await measure.push_run(bench, int(5000 * scale), 100, 4)
    after = bench.memory()
    ours, floor = (sum(run.micros(name) for name in services) for run in (last, first))
    return {
        "growth_cpu_ratio": measure.ratio([ours], [floor], "µs/story"),
        "growth_memory_mib": {name: {"before": before[name], "after": after[name]} for name in before},
    }


GOALS = {
    "throughput_batch_ratio": "≥ 0.25",
    "throughput_single_ratio": "≥ 0.12",
    "latency_p50_ratio": "≤ 4",
    "latency_p50_ms": "≤ 100",
    "latency_p99_ms": "≤ 400",
    "search_p50_ratio": "≤ 1.3",
    "search_rps_ratio": "≥ 0.75",
    "cpu_ratio": "≤ 5",
    "indexing_cpu_ratio": "≤ 0.8",
    "growth_cpu_ratio": "≤ 1.1",
}


def print_table(figures: dict[str, Any], corpus: str) -> None:
    table = Table(title=f"newswire bench · {corpus} · {os.cpu_count()} cores")
    for heading, justify in (
        ("figure", "left"),
        ("median", "right"),
        ("min – max", "right"),
        ("goal", "right"),
        ("ours beside the floor", "left"),
    ):
        table.add_column(heading, justify=justify)
    for name, goal in GOALS.items():
        if name not in figures:
            continue
        figure = figures[name]
        beside = ""
        if "ours" in figure:
            beside = f"{figure['ours']['median']:,.1f} : {figure['floor']['median']:,.1f} {figure['unit']}"
        table.add_row(name, f"{figure['median']:,.2f}", f"{figure['min']:,.2f} – {figure['max']:,.2f}", goal, beside)
    console.print(table)
    for name in ("cpu_micros_by_process", "cpu_micros_by_process_single"):
        if name in figures:
            parts = ", ".join(f"{process} {value['median']:.0f}" for process, value in figures[name].items())
            console.print(f"CPU µs a story ({'one a request' if 'single' in name else 'batches of 100'}): {parts}")
    if "growth_memory_mib" in figures:
        parts = ", ".join(f"{n} {v['before']:.0f} → {v['after']:.0f}" for n, v in figures["growth_memory_mib"].items())
        console.print(f"resident MiB before and after 80,000 more stories: {parts}")


def formats() -> dict[str, str]:
    """What it costs to read an item of each wire format: a table, and the same for the report. Needs no server."""
    console.log("formats: reading an item of each")
    rows = list(reading(own_items()))
    table = Table(title="CPU to read an item")
    for heading in ("item", "µs", "goal", "holds"):
        table.add_column(heading)
    for row in rows:
        table.add_row(row.task.removeprefix("read an item of "), row.ours, row.goal, "yes" if row.holds else "NO")
    console.print(table)
    return {row.task: row.ours for row in rows}


def main() -> None:
    options = arguments()
    scale = 0.1 if options.quick else 1.0
    stories, corpus = load_rows()
    console.print(f"measuring with {corpus}" + (" — quick: the figures mean nothing" if options.quick else ""))
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="newswire-bench-") as folder:
        local = LocalSettings(kafka_port=free_port(), elasticsearch_port=free_port(), elasticsearch_heap_mb=1024)
        servers = LocalServers(local, Path(folder) / "servers")
        servers.start()
        pipeline = Pipeline(servers.bootstrap_servers, servers.elasticsearch_url, Path(folder))
        try:
            pipeline.start()
            pids = {"kafka": servers.brokers[0].pid, "elasticsearch": servers.nodes[0].pid}
            figures = asyncio.run(measure_all(Bench(pipeline, pids, stories), scale, set(options.only.split(","))))
        finally:
            pipeline.stop()
            servers.stop()
    print_table(figures, corpus)
    if "formats" in options.only.split(","):
        figures["format_read"] = formats()
    machine = {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
    }
    report = {
        "corpus": corpus,
        "quick": options.quick,
        "machine": machine,
        "seconds": round(time.time() - started),
    } | figures
    Path("bench.json").write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    console.print(f"written to bench.json; took {report['seconds']} s")


if __name__ == "__main__":
    main()
