"""The bundled sample stories: pushed through the front door once per data folder, then found again by a search."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cli.door import Door, Tally
from cli.manifest import expand, parcels

FOLDER = Path(__file__).parent / "samples"
MARK = "samples.pushed"
"""In the data folder: the digest of the samples that went in."""

QUERY = "harbour"
SINCE, UNTIL = "2025-03", "2025-04"
"""The search that `up` shows: a word, and the months in which the samples have stories with it."""
HITS = 3
"""How many samples that search finds."""


def digest() -> str:
    """Which samples these are; another release may bring others."""
    total = hashlib.sha256()
    for file in expand([str(FOLDER)]):
        total.update(Path(file).name.encode() + b"\0" + Path(file).read_bytes())
    return total.hexdigest()


def pushed_before(data_dir: Path) -> bool:
    """Whether these very samples went into this data folder already."""
    try:
        return (data_dir / MARK).read_text("utf-8").strip() == digest()
    except OSError:
        return False


def push_samples(door: Door, data_dir: Path) -> Tally:
    """Push them all. Every push carries an Idempotency-Key made of its content, so a repeat adds nothing.

    Raises:
        Unavailable, Misconfigured: as `Door.push`.
    """
    tally = Tally()
    for file in expand([str(FOLDER)]):
        for parcel in parcels(file):
            status, answer = door.push(parcel)
            tally.enter(parcel, status, answer)
    (data_dir / MARK).write_text(digest() + "\n", "utf-8")
    return tally
