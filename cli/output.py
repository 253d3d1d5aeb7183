"""What the command line says and how: plain lines where nobody watches, colour and movement on a terminal.

NO_COLOR is honoured (rich does). Results go to standard output, everything about the work to standard error.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import orjson
from rich.console import Console

PIPE_WIDTH = 160
"""Width of tables when standard output is no terminal."""


def console(*, stderr: bool = False) -> Console:
    """A console on standard output or error; off a terminal it neither colours nor wraps at 80 columns."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False)


def say(text: str = "") -> None:
    """One line of news, at once."""
    print(text, flush=True)


def complain(text: str) -> None:
    """One line on what went wrong, on standard error."""
    print(f"newswire: {text}", file=sys.stderr, flush=True)


def fail(text: str, code: int = 2) -> NoReturn:
    """Say what went wrong and end the command."""
    complain(text)
    raise SystemExit(code)


def print_json(value: Any) -> None:
    """A value as JSON, readable."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 story`, `1,200 stories`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
