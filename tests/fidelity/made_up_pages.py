"""Pages whose story is known to the letter: ten made up in seven languages, and a real one that lies beside the corpora."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from services.normalization.normalize import normalize
from tests.fidelity.table import Row
from tests.unit.normalization.made_up import NAMES, expected, facts_of, read
from tests.unit.normalization.raws import raw

SEED_LINES = range(4, 14)
"""Lines (from 1) of the real page that are its story, a pointer to another story among them."""
SEED_POINTER = 8


def rows(corpora: Path) -> Iterable[Row]:
    exact = sum(facts_of(read(name)) | {"address": expected(name)["address"]} == expected(name) for name in NAMES)
    yield Row("made-up pages in seven languages, exact", f"{exact} of {len(NAMES)}", "-", "all", exact == len(NAMES))
    seeds = sorted((corpora.parent / "seed").glob("*.txt"))
    if not seeds:
        yield Row("the real page sent as text", "none beside the corpora", "-", "", holds=True)
    for path in seeds:
        yield Row(
            "the real page sent as text, exact", "yes" if _is_exact(path) else "no", "-", "exact", _is_exact(path)
        )


def _is_exact(path: Path) -> bool:
    """Whether section, body, pointer and credit are what stands at their lines, and the teasers below are named once each."""
    lines = path.read_text("utf-8").split("\n")
    (one,) = normalize(raw(path.read_bytes(), "text/plain"), datetime.now(UTC))
    body = [lines[number - 1].strip() for number in SEED_LINES if number != SEED_POINTER]
    pointer = lines[SEED_POINTER - 1].partition(": ")[2].strip()
    credit = lines[SEED_LINES.stop - 1].partition(": ")[2].strip()
    titles = [one.title for one in one.related]
    teasers = {title.strip() for title in lines[SEED_LINES.stop + 1 :: 2] if title.strip()}
    return (
        one.section == lines[0].strip()
        and (one.body or "").split("\n\n") == body
        and one.credit == credit
        and titles[0] == pointer
        and set(titles[1:]) == teasers
        and len(titles) == len(set(titles))
    )
