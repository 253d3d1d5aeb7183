"""`newswire search WORDS`: a readable table, or the API's own JSON."""

from __future__ import annotations

from collections.abc import Mapping

from cli.addresses import search_url
from cli.finder import Finder
from cli.output import console, print_json, say
from cli.results import results_table
from shared.settings import load_settings


def search(parameters: Mapping[str, str], *, url: str | None, as_json: bool) -> None:
    """Ask the search API and show what it answers."""
    answer = Finder(url or search_url(load_settings())).search(parameters)
    if as_json:
        print_json(answer)
        return
    console().print(results_table(answer))
    if answer.get("next"):
        say(f"More: the same with --cursor {answer['next']}")
