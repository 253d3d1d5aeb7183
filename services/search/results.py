"""Elasticsearch's answer → what `GET /v1/search` answers, pure. Nothing but listed fields gets out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.search import collapse
from services.search.request import MAX_BUCKETS, Search, too_fine

Document = Mapping[str, Any]


def partial(answer: Document) -> str | None:
    """Why an answer with status 200 is not whole, or None if it is (`timed_out`, failed shards)."""
    shards = answer.get("_shards") or {}
    if failed := shards.get("failed"):
        return f"{failed} of {shards.get('total')} parts of the index did not answer"
    return "the search took too long; what was found until then is shown" if answer.get("timed_out") else None


def results(answer: Document, search: Search, *, next_cursor: str | None) -> dict[str, Any]:
    """The answer's document; `items` are the first `search.size` rows.

    Raises:
        Problem: the histogram has more steps than are told.
    """
    hits = answer["hits"]
    total = hits.get("total") or {"value": 0, "relation": "eq"}
    missing = partial(answer)
    warnings = list(search.warnings)
    if missing:
        warnings.append({"code": "partial", "message": missing})
    found = answer.get("aggregations") or {}
    document = {
        "total": total["value"],
        "total_relation": total["relation"],
        "took_ms": answer.get("took", 0),
        "items": [item(hit) | _folded(hit, search) for hit in hits["hits"][: search.size]],
        "facets": {name: _facet(found.get(f"facet:{name}")) for name in search.facets},
        "histogram": _histogram(found.get("histogram"), search) if search.histogram else None,
        "next": next_cursor,
        "warnings": warnings,
    }
    if search.collapse:
        document |= collapse.counted(answer)
    if missing:
        document["partial"] = True
    return document


def item(hit: Document) -> dict[str, Any]:
    """One row of a result."""
    source = hit.get("_source") or {}
    return {
        "id": hit["_id"],
        "title": text_of(source.get("title")),
        "summary": text_of(source.get("summary")),
        "published": source.get("published"),
        "source": source.get("source"),
        "section": source.get("section"),
        "language": source.get("language"),
        "url": source.get("url"),
        "version": source.get("version"),
        "change": change_of(source),
        "score": hit.get("_score"),
        "highlights": _highlights(hit.get("highlight")),
    }


def change_of(source: Document) -> str | None:
    """What a version that readers may have did: one that came under an embargo withheld the story, and has released it since."""
    change: str | None = source.get("change")
    return "released" if change == "withheld" else change


def _folded(hit: Document, search: Search) -> dict[str, Any]:
    return {"copies": collapse.copies(hit)} if search.collapse else {}


def text_of(texts: Any) -> str | None:
    """The text of a field that stands under its language's key, `{"en": "…"}`."""
    return next(iter(texts.values()), None) if isinstance(texts, Mapping) else None


def _highlights(found: Document | None) -> dict[str, list[str]]:
    """Fragments by field; HTML in which everything is escaped but `<em>` around what matched."""
    fragments: dict[str, list[str]] = {}
    for name, texts in (found or {}).items():
        fragments.setdefault(name.partition(".")[0], []).extend(texts)
    return fragments


def _facet(found: Document | None) -> list[dict[str, Any]]:
    return [{"value": bucket["key"], "count": bucket["doc_count"]} for bucket in (found or {}).get("buckets", ())]


def _histogram(found: Document | None, search: Search) -> list[dict[str, Any]]:
    buckets = (found or {}).get("buckets", ())
    if len(buckets) > MAX_BUCKETS:
        raise too_fine(str(search.histogram))
    return [{"from": bucket["key_as_string"], "count": bucket["doc_count"]} for bucket in buckets]
