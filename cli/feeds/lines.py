"""What `newswire feeds lines` does: show which lines of a feed are repeated, as the workers have told in `feeds.lines`."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any, Final

import orjson
from rich.table import Table

from cli.output import console, count, fail, print_json, say
from cli.quiet import log_to
from cli.topics import on_the_kafka_that_runs
from services.normalization.learning import ENOUGH, heard_lines
from shared.errors import Misconfigured, Transient
from shared.events import FEEDS_LINES
from shared.kafka.client import AiokafkaReader
from shared.settings import Settings, load_settings

_EPOCH: Final = date(1970, 1, 1)


def lines(feed: str, *, as_json: bool) -> None:
    """Show the lines that the feed repeats: those left out first, then those that may come to be."""
    settings = on_the_kafka_that_runs(load_settings())
    log_to(None)  # a broker that is away is told in one line of ours
    try:
        values = asyncio.run(_values(settings, feed))
    except (Transient, Misconfigured) as error:
        fail(str(error), 1)
    found = told(values)
    if as_json:
        print_json({"feed": feed, "lines": found})
    elif not found:
        say(f"Nothing is known of lines that {feed} repeats.")
    else:
        console().print(_table(found))
        left_out = sum(one["learned"] for one in found)
        say(f"{count(left_out, 'line')} left out, {count(len(found) - left_out, 'line')} watched")


async def _values(settings: Settings, feed: str) -> dict[str, bytes]:
    """The newest value of each site of the feed."""
    found: dict[str, bytes | None] = {}
    start = f"{feed}|".encode()
    async with AiokafkaReader(settings) as reader:
        async for records in reader.read(await reader.spans(FEEDS_LINES)):
            for record in records:
                if record.key is not None and record.key.startswith(start):
                    found[record.key[len(start) :].decode("utf-8", "replace")] = record.value
    return {site: value for site, value in found.items() if value is not None}


def told(values: dict[str, bytes]) -> list[dict[str, Any]]:
    """A row for each line of the sites' values; what cannot be read is passed over."""
    rows: list[dict[str, Any]] = []
    for site, value in values.items():
        try:
            parsed = orjson.loads(value)
            learned = {one["hash"]: bool(one.get("learned")) for one in parsed["lines"]}
            heard = list(heard_lines(parsed))
        except (ValueError, KeyError, TypeError):
            continue
        for hash_, line, seen in heard:
            name = f"{hash_:016x}"
            rows.append(
                {
                    "site": site,
                    "hash": name,
                    "learned": learned.get(name, False),
                    "stories": len(line.proofs),
                    "share": round(line.hits / seen, 3),
                    "last": (_EPOCH + timedelta(days=line.last)).isoformat(),
                    "sample": line.sample,
                }
            )
    return sorted(rows, key=lambda row: (not row["learned"], -row["stories"], -row["share"], row["site"], row["hash"]))


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("line", "site", "left out", "stories", "share", "last seen", "begins"):
        table.add_column(column)
    for row in rows:
        stories = f"{row['stories']}+" if row["stories"] >= ENOUGH else str(row["stories"])
        left_out = "yes" if row["learned"] else "no"
        begins = row["sample"] or ""
        table.add_row(row["hash"], row["site"], left_out, stories, f"{row['share']:.0%}", row["last"], begins)
    return table
