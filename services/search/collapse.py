"""`collapse=story`: of each group of near copies the best row alone, pure. How such a search is asked, paged and counted.

Elasticsearch cannot go on behind a row (`search_after`) where it folds, so a page is asked for by how many rows were seen.
Stories that came or went in between would shift it; so by date a later page begins some rows early, and what does not come
after the last row that was shown is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.search.cursor import Position

EARLY: Final = 50
"""Rows that a later page by date is asked for early: as many may have gone since without one being skipped."""
DEEPEST: Final = 10_000
"""Elasticsearch's `index.max_result_window`, at its default: folded rows end here."""
EXACT: Final = 10_000
"""Stories up to which their count is as good as exact: two of so many share a hash in a run of a hundred."""

_FIELD: Final = "cluster_id"
_COUNT: Final = "stories"


def folding() -> dict[str, Any]:
    """What folds a search's rows, and tells of each how many articles it stands for."""
    return {"collapse": {"field": _FIELD, "inner_hits": {"name": _COUNT, "size": 0}}}


def counting() -> dict[str, Any]:
    """The aggregation that counts the rows."""
    return {_COUNT: {"cardinality": {"field": _FIELD, "precision_threshold": 40_000}}}


def onward(after: Position, size: int, *, by_date: bool) -> dict[str, int]:
    """Where a later page begins, and how many rows it takes."""
    start = max(0, after.seen - EARLY) if by_date else after.seen
    rows = min(size + after.seen - start, DEEPEST - start)
    return {"from": start, "size": max(0, rows)}


def ends(seen: int) -> bool:
    """Whether no page can follow so many rows."""
    return seen >= DEEPEST


def deeper(body: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The body that asks for the rows after these; None if there are none, or none so deep."""
    start = body["from"] + body["size"]
    if len(answer["hits"]["hits"]) < body["size"] or start >= DEEPEST:
        return None
    return {**body, "from": start, "size": min(body["size"], DEEPEST - start)}


def after_last(answer: Mapping[str, Any], after: Position, sort: str) -> Mapping[str, Any]:
    """The answer without the rows that were shown on earlier pages."""
    if sort == "relevance":
        return answer
    last = _place(after.after, sort)
    hits = [hit for hit in answer["hits"]["hits"] if _place(hit["sort"], sort) > last]
    return {**answer, "hits": {**answer["hits"], "hits": hits}}


def _place(values: list[Any], sort: str) -> tuple[Any, str]:
    moment, id_ = values
    return (-moment if sort == "newest" else moment, id_)


def counted(answer: Mapping[str, Any]) -> dict[str, Any]:
    """How many rows there are, and whether that is exact."""
    stories: int = ((answer.get("aggregations") or {}).get(_COUNT) or {}).get("value", 0)
    return {"stories": stories, "stories_relation": "eq" if stories <= EXACT else "approx"}


def copies(hit: Mapping[str, Any]) -> int:
    """How many other articles that match a row stands for."""
    total: int = hit["inner_hits"][_COUNT]["hits"]["total"]["value"]
    return total - 1
