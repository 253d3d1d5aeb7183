"""A search → the body that Elasticsearch is sent, pure: one request for hits, total, facets, histogram and highlights."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from services.search.dates import zone_id
from services.search.query.build import FACTS, fact, text_query
from services.search.query.tree import searches_text
from services.search.reader import reader_filter
from services.search.request import Search, spelled_span
from shared.elastic.languages import TEXT_FIELDS, text_field

FACET_SIZE: Final = 20
COUNTED: Final = 1_000_000
"""Matches counted exactly; counting is what a search over more of them would spend its time on."""

UNDATED_LAST: Final = {"newest": -62_135_596_800_000, "oldest": 253_402_300_799_999}
"""Where undated stories sort, in ms since 1970: the ends of the calendar, so both orders end in them and page through."""

SHOWN: Final = [
    "title", "summary", "published", "source", "section", "language", "url", "version", "change",
]  # fmt: skip
FACET_FIELDS: Final = {**{name: fields[0] for name, fields in FACTS.items()}, "topic": "topics.code", "feed": "feed"}

_NEWEST: Final = {"published": {"order": "desc", "missing": UNDATED_LAST["newest"]}}
_OLDEST: Final = {"published": {"order": "asc", "missing": UNDATED_LAST["oldest"]}}
_SORTS: Final = {
    "relevance": [{"_score": "desc"}, _NEWEST, {"id": "asc"}],
    "newest": [_NEWEST, {"id": "asc"}],
    "oldest": [_OLDEST, {"id": "asc"}],
}


def search_body(
    search: Search,
    now: datetime,
    *,
    after: Sequence[Any] | None = None,
    size: int,
    shown_languages: Sequence[str],
    timeout_ms: int,
) -> dict[str, Any]:
    """The body of a search.

    Args:
        search: what is asked.
        now: what embargoes and expiries are held against.
        after: sort values of the last row seen.
        size: rows to fetch.
        shown_languages: keys of the text fields that highlights are made in.
        timeout_ms: after which Elasticsearch answers with what it has.
    """
    languages = asked_languages(search)
    body: dict[str, Any] = {
        "query": {"bool": {"must": [text_query(search.tree, languages)], "filter": _filters(search, now)}},
        "sort": _SORTS[search.sort],
        "size": size,
        "_source": SHOWN,
        "track_total_hits": True if search.facets or search.histogram else COUNTED,
        "timeout": f"{timeout_ms}ms",
    }
    if after is not None:
        body["search_after"] = list(after)
    if search.highlight and searches_text(search.tree):
        body["highlight"] = _highlight([key for key in languages if key in shown_languages] or languages[:1])
    if aggregations := _aggregations(search):
        body["aggs"] = aggregations
    return body


def asked_languages(search: Search) -> list[str]:
    """The text fields that can hold a match: those of the languages asked for, else all."""
    given = search.filters.get("language")
    if not given:
        return list(TEXT_FIELDS)
    keys = {text_field(value) for value in given}
    if any(value.lower() == "pt" for value in given):  # a filter for pt finds pt-BR, whose text has its own field
        keys.add("pt_br")
    return sorted(keys)


def _filters(search: Search, now: datetime) -> list[dict[str, Any]]:
    clauses = [reader_filter(now)]
    clauses += [fact(name, values) for name, values in search.filters.items()]
    start, end = spelled_span(search)
    if start or end:
        bounds = {"gte": start} if start else {}
        clauses.append({"range": {"published": {**bounds, **({"lt": end} if end else {})}}})
    return clauses


def _highlight(keys: Sequence[str]) -> dict[str, Any]:
    # encoder html: Elasticsearch does not escape a story's own markup by itself. The title comes whole.
    fields: dict[str, Any] = {}
    for key in keys:
        fields[f"title.{key}"] = {"number_of_fragments": 0}
        fields[f"body.{key}"] = {"number_of_fragments": 2, "fragment_size": 160}
    return {"type": "unified", "encoder": "html", "pre_tags": ["<em>"], "post_tags": ["</em>"], "fields": fields}


def _aggregations(search: Search) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"facet:{name}": {"terms": {"field": FACET_FIELDS[name], "size": FACET_SIZE}} for name in search.facets
    }
    if search.histogram:
        found["histogram"] = {
            "date_histogram": {
                "field": "published",
                "calendar_interval": search.histogram,
                "time_zone": zone_id(search.zone),
                "format": "yyyy-MM-dd'T'HH:mm:ssXXX",
                "min_doc_count": 1,
            }
        }
    return found

