"""`newswire trace ID`: the way of one story, hop by hop."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from rich.table import Table

from cli.addresses import search_url
from cli.finder import Finder
from cli.output import console, print_json, say
from shared.settings import load_settings


def trace(identity: str, *, url: str | None, as_json: bool) -> None:
    """Ask where the story is. Exit code 1 if nothing is known of it (yet)."""
    answer = Finder(url or search_url(load_settings())).get(f"/v1/trace/{quote(identity, safe='')}")
    if as_json:
        print_json(answer)
    else:
        show(answer)
    raise SystemExit(1 if answer.get("known") is False else 0)


def show(answer: dict[str, Any]) -> None:
    """The answer for a person."""
    if answer.get("known") is False:
        say("Nothing is known of it (yet).")
        return
    say(f"receipt {answer.get('receipt')}, feed {answer.get('feed')}, received {answer.get('received')}")
    if hops := answer.get("hops"):
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for column in ("stage", "at", "after", "outcome"):
            table.add_column(column)
        for hop in hops:
            at = hop.get("at")
            table.add_row(
                str(hop.get("stage")), str(at or ""), after(answer.get("received"), at), str(hop.get("outcome") or "")
            )
        console().print(table)
    for article in answer.get("articles") or []:
        say(f"article {article.get('id')}: {article.get('change')}, {_state(article)}")
    for letter in answer.get("dead_letters") or []:
        say(f"dead letter at {letter.get('stage')}: {letter.get('class')}: {letter.get('reason')}")


def _state(article: dict[str, Any]) -> str:
    """Since when it is how; only what readers may have is called searchable."""
    status, since = article.get("status"), article.get("searchable")
    if not since:
        return f"{status}, not searchable yet"
    return f"{status}, searchable since {since}" if status == "usable" else f"{status} since {since}"


def after(received: str | None, at: str | None) -> str:
    """Time between two RFC 3339 moments, as in `+84 ms`; empty where one is missing."""
    if not received or not at:
        return ""
    seconds = (datetime.fromisoformat(at) - datetime.fromisoformat(received)).total_seconds()
    return f"+{seconds * 1000:.0f} ms" if abs(seconds) < 10 else f"+{seconds:.1f} s"
