"""`make fidelity`: what newswire makes of real pages and stories, each figure beside a named library's and its goal.

The material is named by NEWSWIRE_CORPORA. Ends with 1 where a goal is missed, with 2 where nothing could be measured.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

from tests.fidelity.table import Row, bar, console, missed, printed

TASKS = (
    # Each is a module of this folder with `rows(corpora: Path) -> Iterable[Row]`, in the order of the table.
    "made_up_pages",
    "pages",
    "language",
    "wire_text",
    "copies",
    "hygiene",
    "wire_formats",
)
UNSET = (
    "newswire: NEWSWIRE_CORPORA is not set: it names the folder of sample material (news-pages/, reuters/ and so on)"
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fidelity", description=__doc__)
    parser.add_argument("--only", action="append", choices=TASKS, metavar="TASK", help=f"one of {', '.join(TASKS)}")
    return parser.parse_args()


def measured(task: str, corpora: Path) -> list[Row]:
    """The rows of one task; material that is missing is a row that does not hold."""
    started = time.monotonic()
    try:
        rows = list(importlib.import_module(f"tests.fidelity.{task}").rows(corpora))
    except FileNotFoundError as error:
        return [Row(task, "not measured", "-", f"{Path(str(error.filename)).name} is missing", holds=False)]
    print(f"newswire: {task} took {time.monotonic() - started:.0f} s", file=sys.stderr)
    return rows


def main() -> int:
    options = arguments()
    named = os.environ.get("NEWSWIRE_CORPORA")
    if not named:
        print(UNSET, file=sys.stderr)
        return 2
    corpora = Path(named)
    if not corpora.is_dir():
        print(f"newswire: NEWSWIRE_CORPORA={corpora} is no folder", file=sys.stderr)
        return 2
    with bar():
        rows = [row for task in options.only or TASKS for row in measured(task, corpora)]
    console.print(printed(rows))
    return 1 if missed(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
