"""Plain wire text: place, day, agency and byline found, dateline and sign-off off the body, against facts read by eye.

The facts (`wire_text_facts.tsv`) were read by a person's way of reading, not by a parser: ids and facts, no text. Each story
goes in as a wire sends it: headline, byline line, dateline line and body as plain text, with line breaks and controls.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.normalization.language import second_opinion
from services.normalization.normalize import normalize
from services.normalization.raw import RawStory
from shared.events import Article
from tests.fidelity.table import Row, each

FACTS: Final = Path(__file__).with_name("wire_text_facts.tsv")
REUTERS: Final = Path("reuters/reuters.ndjson.gz")
GOAL: Final = 0.98
_RECEIPT = UUID(int=1)


class Facts(NamedTuple):
    """What the eye found in one story; None where there is none."""

    place: str | None
    day: str | None
    agency: str | None
    trailer: str | None
    byline: str | None


def facts() -> dict[int, Facts]:
    """The facts by story id."""
    lines = [line for line in FACTS.read_text().splitlines() if not line.startswith("#")]
    cells = [[None if cell == "-" else cell for cell in line.split("\t")] for line in lines[1:]]
    return {int(row[0] or 0): Facts(*row[1:]) for row in cells}


def stories(corpora: Path) -> Iterator[dict[str, Any]]:
    """The Reuters stories, in the order of the file."""
    with gzip.open(corpora / REUTERS, "rt", encoding="utf-8", newline="\n") as lines:
        yield from (json.loads(line) for line in lines)


def as_sent(row: dict[str, Any]) -> str:
    """The story as a wire sends it."""
    author = f"{row['author']}\n" if row["author"] else ""
    return f"{row['title'] or ''}\n{author}{row['dateline'] or ''}{row['body'] or ''}"


def story_of(text: str, received: datetime) -> Article:
    """What normalization makes of the text."""
    raw = RawStory(
        feed="reuters",
        provider="reuters",
        receipt=_RECEIPT,
        item="1",
        received=received,
        value=text.encode(),
        content_type="text/plain; charset=utf-8",
    )
    return normalize(raw, datetime.now(UTC))[0]


def found(article: Article) -> Facts:
    """The same facts as normalization tells them; its body's last line says whether a sign-off was left."""
    dateline = article.dateline
    day = article.dates.get("dateline")
    agency = (dateline.agency if dateline else None) or article.credit
    last = (article.body or "").rsplit("\n\n", 1)[-1].strip().lower()
    return Facts(
        dateline.place if dateline else None,
        f"{day.value:%m-%d}" if day else None,
        agency,
        None if last in ("reuter", "more") else "gone",
        article.byline[0] if article.byline else None,
    )


def expected(seen: Facts) -> Facts:
    """What normalization should tell: every trailer is to be gone."""
    return seen._replace(trailer="gone")


def rows(corpora: Path) -> Iterable[Row]:
    """One row for all facts together, one for each kind, and what it costs."""
    known = facts()
    chosen = [row for row in stories(corpora) if row["id"] in known]
    second_opinion()  # read before the clock starts, as a pool process does
    right = dict.fromkeys(("place", "day", "agency", "trailer", "byline"), 0)
    whole = 0
    started = time.process_time()
    articles = [
        story_of(as_sent(row), datetime.fromisoformat(row["date"][:10]).replace(tzinfo=UTC))
        for row in each(chosen, "wire text")
    ]
    spent = (time.process_time() - started) / max(len(chosen), 1)
    for row, article in zip(chosen, articles, strict=True):
        got, seen = found(article), expected(known[row["id"]])
        for name in right:
            right[name] += getattr(got, name) == getattr(seen, name)
        at_the_start = bool(seen.place and (article.body or "").startswith(seen.place))
        whole += got == seen and not at_the_start and article.title == " ".join((row["title"] or "").split())
    total = len(known)
    yield Row(
        "wire text: all facts of a story, headline, dateline and sign-off off the body",
        f"{whole / total:.3f}",
        "-",
        f">= {GOAL}",
        whole / total >= GOAL,
    )
    for name, count in right.items():
        yield Row(f"wire text: {name}", f"{count / total:.3f}", "-", f">= {GOAL}", count / total >= GOAL)
    yield Row("wire text: whole story, CPU", f"{spent * 1e6:.0f} us", "-", "", holds=True)
