"""Web pages made up for these tests: `name.html` with the story that newswire should make of it in `name.json` beside it.

Each has what surrounds stories on the web (cookie bars, share lines, teasers, captions, comments), in one of seven languages.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.normalization.normalize import normalize
from shared.events import Article, HonestDate
from tests.unit.normalization.raws import raw

FOLDER = Path(__file__).parents[2] / "fixtures" / "html_pages"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))
NOW = datetime(2026, 2, 8, 12, 0, tzinfo=UTC)


def expected(name: str) -> dict[str, Any]:
    """What the page's story is; its address under `address`."""
    facts: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return facts


def read(name: str) -> Article:
    """The page as newswire reads it."""
    page = (FOLDER / f"{name}.html").read_bytes()
    (one,) = normalize(raw(page, "text/html", content_location=expected(name)["address"]), NOW)
    return one


def facts_of(article: Article) -> dict[str, Any]:
    """The article in the shape of `expected`, without its address."""
    told = {
        name: getattr(article, name) for name in ("title", "byline", "credit", "section", "source", "language", "kind")
    }
    return told | {
        "dateline": article.dateline.model_dump() if article.dateline else None,
        "published": _date(article.dates.get("published")),
        "updated": _date(article.dates.get("updated")),
        "related": [one.title for one in article.related],
        "body": article.body.split("\n\n") if article.body else [],
    }


def _date(date: HonestDate | None) -> list[str] | None:
    return [date.value.isoformat(), date.precision, date.zone] if date else None
