"""Saved pages of the sample material, with what people say of them."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from services.normalization.raw import RawStory
from tests.unit.normalization.raws import raw


class Saved(NamedTuple):
    """A page's bytes and address, and the facts known of it."""

    value: bytes
    address: str
    facts: dict[str, Any]

    def raw(self) -> RawStory:
        """As the front door would hand it on."""
        return raw(self.value, "text/html", content_location=self.address, received=datetime.now(UTC))

    def published(self) -> datetime | None:
        """The expected moment; None if it lies after the day on which the page was saved, and so cannot be right."""
        moment = datetime.fromisoformat(self.facts["publishing_date"])
        saved = datetime.fromisoformat(self.facts["crawl_date"])
        return moment if moment.replace(tzinfo=None) <= saved + timedelta(days=2) else None


def _files(folder: Path, pattern: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    archives = sorted(folder.glob(pattern))
    if not archives:
        raise FileNotFoundError(2, "no such archive", str(folder / pattern))
    for path in archives:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and (file := archive.extractfile(member)):
                    found["/".join(member.name.split("/")[-2:])] = file.read()
    return found


def news_pages(corpora: Path) -> list[Saved]:
    """Pages of articles with title, authors, date and text (flairNLP/fundus)."""
    folder = corpora / "news-pages"
    pages = _files(folder, "pages-*.tar.gz")
    with gzip.open(folder / "expected.ndjson.gz", "rt", encoding="utf-8", newline="\n") as lines:
        known = [orjson.loads(line) for line in lines]
    return [Saved(pages["/".join(one["page"].split("/")[-2:])], one["url"], one) for one in known]


def dated_pages(corpora: Path) -> Iterator[Saved]:
    """Pages of all kinds with the day on which they were published (adbar/htmldate), those without a day left out."""
    folder = corpora / "page-dates"
    pages = {name.rpartition("/")[2]: value for name, value in _files(folder, "pages.tar.gz").items()}
    for line in (folder / "dates.ndjson").read_bytes().split(b"\n"):
        if line.strip() and (facts := orjson.loads(line))["date"]:
            yield Saved(pages[facts["page"]], facts["url"], facts)
