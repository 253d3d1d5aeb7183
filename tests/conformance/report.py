"""The printed report: tables first, then each fact that is not matched with both values, then what we hold otherwise and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.dead_letters.shown import calm
from tests.conformance.compare import Compared, FileResult, Outcome, compare
from tests.conformance.corpus import samples
from tests.conformance.disagreements import Known

console = Console(width=None if Console().is_terminal else 170, highlight=False, markup=False, emoji=False)
_HOW = ("read", "no news", "refused", "no reader", "other reader")
_OUTCOMES: tuple[Outcome, ...] = ("matched", "held otherwise", "differs", "not kept")


def wire_results(folder: Path, known: Known, only: str | None = None) -> list[FileResult]:
    """Every wire file held against its facts; `only` names one format of the manifest."""
    now = datetime.now(UTC)
    chosen = (each for each in samples(folder, "wire") if only is None or each.entry["format"] == only)
    return [compare(sample, known, now) for sample in chosen]


def wire_report(results: Sequence[FileResult], *, details: bool) -> bool:
    """Print how the wire files stand; whether all were read and every fact is matched or explained."""
    console.print(wire_table(results))
    if details:
        _print_facts(results)
    return all(
        result.how in ("read", "no news") and not any(fact.is_open for fact in result.facts) for result in results
    )


def known_report(known: Known) -> None:
    """Print what is held otherwise than the manifests, and why."""
    console.print("\nHeld otherwise than the manifests (tests/conformance/disagreements.toml):")
    for rule in known.disagreements:
        if rule.explained:
            console.print(f"  {rule.explained:>3} × {', '.join(rule.facts)}: {rule.reason}")
    for refusal in known.refusals:
        if refusal.explained:
            console.print(f"  {refusal.explained:>3} × refused as {refusal.code}: {refusal.reason}")


def wire_table(results: Sequence[FileResult]) -> Table:
    """A row a format and provider, a sum a format, and the whole."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("format")
    table.add_column("provider")
    for name in ("files", *_HOW, "facts", *_OUTCOMES):
        table.add_column(name, justify="right")
    formats: dict[str, dict[str, list[FileResult]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        formats[result.format][result.provider].append(result)
    for name, providers in sorted(formats.items()):
        for provider, found in sorted(providers.items()):
            table.add_row(name, provider, *_numbers(found))
        if len(providers) > 1:
            table.add_row(
                name, "all", *_numbers([each for found in providers.values() for each in found]), style="bold"
            )
    table.add_row("all", "", *_numbers(results), style="bold")
    return table


def _numbers(results: Sequence[FileResult]) -> list[str]:
    by = [sum(result.how == how for result in results) for how in _HOW]
    outcomes = [sum(result.count(each) for result in results) for each in _OUTCOMES]
    return [str(number or "-") for number in (len(results), *by, sum(outcomes), *outcomes)]


def _print_facts(results: Iterable[FileResult]) -> None:
    for result in results:
        open_facts = [fact for fact in result.facts if fact.is_open]
        if not open_facts and result.how in ("read", "no news"):
            continue
        reading = result.reading
        by = reading.format or "nobody"
        why = f", {reading.refused.code}: {reading.refused.reason}" if reading.refused else ""
        console.print(f"\n{result.file} ({result.format}): {result.how}, by {by}{why}")
        for fact in open_facts:
            console.print(f"  {line(fact)}")


def line(fact: Compared) -> str:
    ours = " | ".join(shown(each) for each in fact.ours[:4]) or "nothing"
    return f"{fact.outcome}: {fact.fact}: manifest {shown(fact.theirs)}; newswire {ours}"


def shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    return calm(repr(getattr(value, "raw", value)), 160)
