"""One line of the table of `make fidelity`, the table itself, and the bar that runs while a figure is taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import NamedTuple, TypeVar

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

T = TypeVar("T")
console = Console(width=None if Console().is_terminal else 150, highlight=False, markup=False, emoji=False)
_bar = Progress(console=Console(stderr=True), transient=True)


class Row(NamedTuple):
    """One figure: ours, the named library's taken in the same process (or '-'), the goal, and whether ours reaches it.

    A row without a goal (`goal` empty) only informs: its `holds` is not asked.
    """

    task: str
    ours: str
    beside: str
    goal: str
    holds: bool


class bar:  # noqa: N801 - used as `with bar():`, like a function
    """Shows the bar of `each` while it is open; nothing where standard error is no terminal."""

    def __enter__(self) -> None:
        if _bar.console.is_terminal:
            _bar.start()

    def __exit__(self, *_: object) -> None:
        if _bar.console.is_terminal:
            _bar.stop()


def each(things: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """`things` one by one, told on the bar as `what`."""
    count = total if total is not None or not isinstance(things, Sized) else len(things)
    task = _bar.add_task(what, total=count)
    try:
        for thing in things:
            yield thing
            _bar.advance(task)
    finally:
        _bar.remove_task(task)


def printed(rows: Iterable[Row]) -> Table:
    """The rows as a table."""
    table = Table(title="newswire fidelity", header_style="bold")
    for heading, justify in (
        ("task", "left"),
        ("ours", "right"),
        ("beside", "right"),
        ("goal", "right"),
        ("holds", "left"),
    ):
        table.add_column(heading, justify=justify)
    for row in rows:
        said, style = ("", "") if not row.goal else ("yes", "green") if row.holds else ("NO", "bold red")
        table.add_row(row.task, row.ours, row.beside, row.goal, said, style=style if said == "NO" else None)
    return table


def missed(rows: Iterable[Row]) -> list[Row]:
    """The rows whose goal is not reached."""
    return [row for row in rows if row.goal and not row.holds]
