"""`newswire push`: files and folders through the front door, with progress and a summary."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cli.addresses import door_url
from cli.door import Door, Tally
from cli.manifest import NotFound, expand, parcels, size_of
from cli.output import complain, count, fail, say
from shared.errors import Misconfigured, Unavailable
from shared.local_feed import read_key
from shared.settings import Settings, load_settings

Advance = Callable[[int, str], None]


def push(
    paths: Sequence[str], *, feed: str, key: str | None, key_file: Path | None, url: str | None, patience_s: float
) -> None:
    """Push everything; ends with the summary and its exit code (0 all taken, 1 refused, 2 no way through)."""
    settings = load_settings()
    try:
        files = expand(paths)
        total = size_of(files)
    except (NotFound, OSError) as error:
        fail(str(error))
    if not files:
        fail("nothing to push: no .json, .ndjson, .jsonl, .txt, .html or .xml file there")
    door = Door(
        url or door_url(settings),
        feed,
        key or the_key(settings, key_file),
        patience_s=patience_s,
        on_wait=complain,
    )
    tally = Tally()
    trouble = None
    with progress(total) as advance:
        try:
            send(files, door, tally, advance)
        except (Unavailable, Misconfigured, NotFound) as error:
            trouble = str(error)
        except KeyboardInterrupt:
            trouble = "stopped; the same command again goes on, and nothing arrives twice"
    door.close()
    if not trouble or tally.receipts or tally.refused:
        summary(tally)
    if trouble:
        fail(trouble)
    raise SystemExit(1 if tally.refused else 0)


def the_key(settings: Settings, key_file: Path | None) -> str:
    """The key to push with: of the file named, else of the data folder.

    Raises:
        Misconfigured: there is none.
    """
    if key_file is None:
        found = read_key(settings.local_key_path)
        if found:
            return found
        raise Misconfigured(
            f"no key in {settings.local_key_path}: `newswire up` makes one; another feed's key comes by --key-file"
        )
    try:
        text = key_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot read the key in {key_file}: {error}") from None
    if not text:
        raise Misconfigured(f"{key_file} is empty")
    return text


def send(files: Sequence[str], door: Door, tally: Tally, advance: Advance) -> None:
    """Push every parcel in order. A file that cannot be read ends it, for what follows may depend on it."""
    for file in files:
        for parcel in parcels(file):
            status, answer = door.push(parcel)
            tally.enter(parcel, status, answer)
            advance(len(parcel.body), file)


def summary(tally: Tally) -> None:
    """What became of it all; the first refusals with their places on standard error."""
    for place, why in tally.reasons:
        complain(f"refused {place}: {why}")
    if tally.refused > len(tally.reasons):
        complain(f"… and {count(tally.refused - len(tally.reasons), 'more refusal')}")
    say(f"{tally.accepted:,} accepted, {tally.duplicate:,} duplicate, {tally.refused:,} refused")
    if tally.receipts:
        say(f"Where is it? newswire trace {tally.receipts[-1]}")


@contextlib.contextmanager
def progress(total: int) -> Iterator[Advance]:
    """A bar on a terminal, nothing elsewhere. The total is unknown (0) for standard input alone."""
    if not sys.stderr.isatty():
        yield lambda _size, _file: None
        return
    from rich.console import Console  # noqa: PLC0415 - scripts need no bar
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pushing", total=total or None)
        yield lambda size, file: bar.update(task, advance=size, description=Path(file).name[:30])
