"""`newswire status`: health, lag, rates and dead letters of what runs here, as a table or as JSON."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson
from rich.table import Table
from rich.text import Text

from cli.addresses import address, door_url, search_url
from cli.ask import fetch
from cli.metrics import DEAD_LETTERS, Reading, lag, rate, read_metrics
from cli.output import console, print_json, say
from cli.runfile import Place, Run, running
from cli.services import MODULES
from shared.settings import Settings, load_settings

ASK_S = 3.0


@dataclass(frozen=True)
class Seen:
    """One process as it answered: `ready` and `live` with the service's own words, and two readings of its metrics."""

    place: Place
    ready: bool
    live: bool
    word: str
    before: Reading
    after: Reading


def status(*, as_json: bool, seconds: float) -> None:
    """Look at everything and show it. Exit code 1 if a service is not ready."""
    settings = load_settings()
    run = running(settings.data_dir.resolve())
    places = run.places if run and run.places else places_of(settings)
    seen = look(places, seconds)
    report = summarize(run, seen, settings, seconds)
    if as_json:
        print_json(report)
    else:
        show(report)
    raise SystemExit(0 if report["ready"] else 1)


def places_of(settings: Settings) -> list[Place]:
    """Where the services of the settings would answer, if something else runs them."""
    return [
        Place(name, name, address(getattr(settings, name).host, getattr(settings, name).port), 0, "")
        for name in MODULES
    ]


def look(places: Sequence[Place], seconds: float) -> list[Seen]:
    """Ask every process, twice for its metrics, `seconds` apart."""
    with ThreadPoolExecutor(max(1, len(places))) as pool:
        before = list(pool.map(_metrics, places))
        time.sleep(seconds)
        return [
            Seen(place, *probes, first, after)
            for place, first, probes, after in zip(
                places, before, pool.map(_probe, places), pool.map(_metrics, places), strict=True
            )
        ]


def _metrics(place: Place) -> Reading:
    code, body = fetch(f"{place.url}/metrics", ASK_S)
    return read_metrics(body.decode(errors="replace")) if code == 200 else Reading()


def _probe(place: Place) -> tuple[bool, bool, str]:
    ready, body = fetch(f"{place.url}/readyz", ASK_S)
    live, _ = fetch(f"{place.url}/livez", ASK_S)
    try:
        word = str(orjson.loads(body)["status"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        word = body.decode(errors="replace")[:100] or f"answered {ready}"
    return ready == 200, live == 200, word


def summarize(run: Run | None, seen: Sequence[Seen], settings: Settings, seconds: float) -> dict[str, Any]:
    """The report, as `--json` prints it. Pure."""
    services = [
        {
            "name": one.place.label,
            "service": one.place.service,
            "url": one.place.url,
            "ready": one.ready,
            "live": one.live,
            "status": one.word,
            "pid": one.place.pid or None,
            "log": one.place.log or None,
            "rate_per_s": round(rate(one.place.service, one.before, one.after, seconds), 1),
        }
        for one in seen
    ]
    waiting = [
        {"group": name, "topic": topic, "records": int(records)}
        for name in MODULES
        for topic, records in lag([one.after for one in seen if one.place.service == name]).items()
    ]
    letters: dict[tuple[str, ...], float] = {}
    for one in seen:
        for key, value in one.after.by(DEAD_LETTERS, "stage", "reason").items():
            letters[key] = letters.get(key, 0) + value
    classes = [
        {"stage": stage, "class": reason, "count": int(value)} for (stage, reason), value in letters.items() if value
    ]
    return {
        "ready": bool(services) and all(one["ready"] for one in services),
        "run": {"pid": run.pid, "state": run.state} if run else None,
        "services": services,
        "lag": waiting,
        "dead_letters": {"since_start": sum(int(value) for value in letters.values()), "classes": classes},
        "addresses": {
            "page": f"{search_url(settings)}/",
            "search": f"{search_url(settings)}/v1/search",
            "front_door": door_url(settings),
            "kafka": run.kafka if run else settings.kafka.bootstrap_servers,
            "elasticsearch": run.elasticsearch if run else settings.elasticsearch.url,
        },
    }


def show(report: dict[str, Any]) -> None:
    """The report for a person."""
    run = report["run"]
    say(f"newswire up runs (pid {run['pid']}, {run['state']})" if run else "No `newswire up` runs on this data folder.")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("service", "ready", "live", "per second", "waiting", "address", "says"):
        table.add_column(column, justify="right" if column in ("per second", "waiting") else "left")
    for one in report["services"]:
        waiting = sum(entry["records"] for entry in report["lag"] if entry["group"] == one["service"])
        table.add_row(
            one["name"],
            _yes(one["ready"]),
            _yes(one["live"]),
            f"{one['rate_per_s']:,.1f}",
            f"{waiting:,}" if one["name"] == one["service"] and _has_lag(report, one["service"]) else "",
            one["url"],
            one["status"],
        )
    console().print(table)
    letters = report["dead_letters"]
    detail = ", ".join(f"{one['stage']}/{one['class']} {one['count']:,}" for one in letters["classes"])
    say(f"Dead letters since the start: {letters['since_start']:,}{f' ({detail})' if detail else ''}")
    addresses = report["addresses"]
    say(f"Page {addresses['page']}  Kafka {addresses['kafka']}  Elasticsearch {addresses['elasticsearch']}")


def _has_lag(report: dict[str, Any], service: str) -> bool:
    return any(entry["group"] == service for entry in report["lag"])


def _yes(value: bool) -> Text:
    return Text("yes", style="green") if value else Text("no", style="bold red")
