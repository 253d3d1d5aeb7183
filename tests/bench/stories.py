"""Stories to measure with: Reuters-21578 where sample material is at hand, else generated ones, said so in the output."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

REUTERS = Path("reuters/reuters.ndjson.gz")
_TIMES = itertools.count()
"""How often the rows were begun anew in this process."""
_WORDS = [
    "market",
    "trade",
    "bank",
    "dollar",
    "exports",
    "minister",
    "growth",
    "shares",
    "company",
    "prices",
    "quarter",
    "production",
    "government",
    "rates",
    "agreement",
    "analysts",
    "supply",
    "demand",
    "credit",
    "reserves",
    "crude",
    "wheat",
    "cocoa",
    "copper",
    "merger",
    "dividend",
    "deficit",
    "surplus",
    "talks",
    "accord",
    "union",
    "strike",
    "tariff",
    "budget",
    "policy",
    "inflation",
    "currency",
    "loan",
    "bond",
    "yield",
    "harvest",
    "shipment",
    "refinery",
    "pipeline",
]


def reuters_story(row: dict[str, Any], prefix: str = "reut") -> dict[str, Any]:
    """A Reuters-21578 row as a plain JSON story. The collection's clock is New York's (UTC-5 in winter)."""
    date = row["date"] if "T" in row["date"] else row["date"] + "T00:00:00"
    return {
        "id": f"{prefix}-{row['id']}",
        "title": row["title"],
        "body": row["body"] or row.get("text"),
        "published": date + "-05:00",
        "topics": row["topics"],
        "language": "en",
        "source": "Reuters",
    }


def all_reuters_rows(corpora: Path) -> list[dict[str, Any]]:
    """All rows of the collection: stories, flashes that are a title alone, and texts without fields."""
    with gzip.open(corpora / REUTERS, "rt", encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def reuters_rows(corpora: Path) -> list[dict[str, Any]]:
    """The rows that have a title and a body, in the file's order."""
    return [row for row in all_reuters_rows(corpora) if row["title"] and row["body"]]


def generated_rows(count: int = 8000, seed: int = 1987) -> list[dict[str, Any]]:
    """Rows of the same shape and of about the same length, from a fixed seed."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        paragraphs = [" ".join(rng.choices(_WORDS, k=rng.randint(20, 60))) + "." for _ in range(rng.randint(1, 6))]
        rows.append(
            {
                "id": number,
                "title": " ".join(rng.choices(_WORDS, k=7)).upper(),
                "body": "\n\n".join(paragraphs),
                "date": f"1987-{rng.randint(3, 10):02d}-{rng.randint(1, 28):02d}T{rng.randint(0, 23):02d}:15:00",
                "topics": rng.sample(_WORDS, 2),
            }
        )
    return rows


def load_rows() -> tuple[list[dict[str, Any]], str]:
    """Rows to measure with, and the name of where they are from."""
    folder = os.environ.get("NEWSWIRE_CORPORA")
    if folder and (Path(folder) / REUTERS).exists():
        return reuters_rows(Path(folder)), "Reuters-21578, Distribution 1.0"
    return generated_rows(), "generated stories (NEWSWIRE_CORPORA is not set)"


def endless(rows: list[dict[str, Any]], mark: str, source: str) -> Iterator[dict[str, Any]]:
    """The rows over and over as stories with ids of their own, all of the given source.

    Each time they are dated ten days after the last, also in another call: they stand for the news of other days. The same texts
    on the same day would all be copies of each other, which no wire sends, and what is done with copies would be measured.
    """
    turn = 0
    while True:
        turn += 1
        later = timedelta(days=10 * next(_TIMES))
        for row in rows:
            story = reuters_story(row, f"{mark}-{turn}")
            published = datetime.fromisoformat(story["published"]) + later
            yield story | {"source": source, "published": published.isoformat()}
