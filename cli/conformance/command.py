"""The command: files and folders in, what was understood of each out. No server is asked and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cli.conformance.reading import Sender, understand
from cli.conformance.shown import Tally, as_json, document_view
from cli.manifest import NotFound, numbered
from cli.output import complain, console, fail, print_json, say
from services.normalization.dates import zone_named

_LINES = {".ndjson", ".jsonl"}
LARGEST = 64 * 1024 * 1024
"""Bytes of a file; what the front door takes is smaller still."""


def conformance(paths: Sequence[str], sender: Sender, *, as_json_: bool, facts: bool, private: bool) -> None:
    """Read everything and tell what was understood. Exit code 1 if a file, or an item in one, cannot be taken."""
    if sender.zone and zone_named(sender.zone) is None:
        fail(f"no zone of that name: {sender.zone[:60]!r}; write one as in Europe/Athens")
    try:
        files = wire_files(paths)
    except NotFound as error:
        fail(str(error))
    if not files:
        fail("no file there")
    tally, told, unread = Tally(), [], 0
    out = console()
    for file in files:
        try:
            for place, value in documents(file):
                reading = understand(place, value, sender, datetime.now(UTC))
                tally.enter(reading)
                if as_json_:
                    told.append(as_json(reading, facts=facts, private=private))
                else:
                    out.print(document_view(reading, facts=facts, private=private))
        except OSError as error:
            complain(f"{file}: {error.strerror or error}")
            unread += 1
    if as_json_:
        print_json(told)
    else:
        say(tally.line())
    raise SystemExit(1 if unread or not tally.sound else 0)


def wire_files(paths: Iterable[str]) -> list[Path]:
    """The files to read: folders give all their files, sorted, whatever their suffix; hidden ones are left out.

    Raises:
        NotFound: a path is not there.
    """
    files: list[Path] = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            files += [
                file
                for file in sorted(path.rglob("*"))
                if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
            ]
        elif path.exists():
            files.append(path)
        else:
            raise NotFound(f"{given}: no such file or folder")
    return files


def documents(file: Path) -> Iterator[tuple[str, bytes]]:
    """The documents of a file with their places: one, or one a line for `.ndjson` and `.jsonl`.

    Raises:
        OSError: it cannot be read, or is larger than anything that a feed may send.
    """
    if file.is_file() and file.stat().st_size > LARGEST:
        raise OSError(0, f"larger than {LARGEST // 1024 // 1024} MB")
    content = file.read_bytes()
    if file.suffix.lower() in _LINES:
        yield from numbered(str(file), content.split(b"\n"))
    else:
        yield str(file), content
