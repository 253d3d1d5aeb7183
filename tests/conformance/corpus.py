"""The sample material: files by name, with what their manifest says of them. Read into memory, written nowhere."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True)
class Sample:
    """One file and its entry in the manifest."""

    name: str
    content: bytes
    entry: dict[str, Any]


def samples(folder: Path, kind: str) -> list[Sample]:
    """Every file that the manifest of `folder/kind` names, in its order.

    Raises:
        KeyError: the archive lacks a file.
    """
    manifest = orjson.loads((folder / kind / "manifest.json").read_bytes())
    contents: dict[str, bytes] = {}
    with tarfile.open(folder / kind / f"{kind}.tar.gz") as archive:
        for member in archive:
            if member.isfile() and (file := archive.extractfile(member)):
                contents[member.name.removeprefix("./").removeprefix(f"{kind}/")] = file.read()
    return [Sample(entry["file"], contents[entry["file"]], entry) for entry in manifest["files"]]
