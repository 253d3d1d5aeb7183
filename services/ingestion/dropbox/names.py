"""Names in a drop folder: which are stories, what they say of the format, what they become. Pure."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Final

from services.ingestion.media import Family

TAKING: Final = ".taking"
DONE: Final = "done"
REFUSED: Final = "refused"
WHY: Final = ".why.json"
"""Ending of the file beside a refused one that says why."""

_UNFINISHED: Final = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
"""Endings that programs give a file while they write it."""
_LINES: Final = (".ndjson", ".jsonl")
_MAX_NAME: Final = 200
"""Bytes of a name that leave room, within the 255 of file systems, for a token before it and `.why.json` behind."""


def is_story(name: str) -> bool:
    """Whether a file of that name is to be taken; hidden ones and those still being written are left alone."""
    return not name.startswith(".") and not name.lower().endswith(_UNFINISHED)


def family_of_name(name: str) -> Family:
    """Formats are found by content; only that each line is an item can't be, so the name says it (`.ndjson`, `.jsonl`)."""
    return Family.NDJSON if name.lower().removesuffix(".gz").endswith(_LINES) else Family.BY_CONTENT


def content_type_of(family: Family) -> bytes | None:
    """The content type that travels with the items."""
    return b"application/x-ndjson" if family is Family.NDJSON else None


def targets(name: str, token: str) -> tuple[str, str]:
    """Names for a file in `done` or `refused`: its own, and one that is surely free, for when the first is taken."""
    if len(os.fsencode(name)) > _MAX_NAME:
        return token, token
    return name, f"{token}-{name}"


def shown(name: str) -> str:
    """A name as text for logs and reasons: what is no UTF-8 or steers a terminal is written out; bounded."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:_MAX_NAME])


def is_hidden(path: str) -> bool:
    """Whether an entry of an archive is a file system's own affair (`.DS_Store`, `__MACOSX/`), as hidden files are."""
    parts = path.replace("\\", "/").split("/")
    return parts[-1].startswith(".") or "__MACOSX" in parts


def is_inside(path: str) -> bool:
    """Whether an archive entry's name stays below the folder it would be unpacked to: no `..`, nothing absolute.

    Nothing is ever unpacked to a disk, so such a name could do no harm; but nobody honest writes one.
    """
    flat = path.replace("\\", "/")
    drive = len(flat) > 1 and flat[1] == ":" and flat[0].isalpha()
    return (
        bool(flat)
        and not drive
        and "\0" not in flat
        and not flat.startswith("/")
        and ".." not in PurePosixPath(flat).parts
    )
