"""A search → the body that Elasticsearch is sent, pure: one request for hits, total, facets, histogram and highlights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.search import as_of, collapse
from services.search.cursor import Position
from services.search.dates import rfc3339_ms, zone_id
from services.search.query.build import FACTS, Clause, any_of, by_language, fact, text_query
from services.search.query.tree import searches_text
from services.search.reader import reader_filter
from services.search.request import Search, spelled_span
from services.search.unsought import unsought
from shared.elastic.languages import TEXT_FIELDS, text_field

FACET_SIZE: Final = 20
RESULT_WINDOW: Final = 10_000
"""Elasticsearch's `index.max_result_window`, at its default."""
COUNTED: Final = 1_000_000
"""Matches counted exactly; counting is what a search over more of them would spend its time on."""

UNDATED_LAST: Final = {"newest": -62_135_596_800_000, "oldest": 253_402_300_799_999}
"""Where undated stories sort, in ms since 1970: the ends of the calendar, so both orders end in them and page through."""

HIGHLIGHTED: Final = 100_000
"""Characters of a body that are looked through for highlights; without a bound a book-long one fails its shard."""

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


@dataclass(frozen=True, slots=True)
class Languages:
    """Which text fields the index has anything in.

    `present` held at `at`; a story indexed since may be in a language that is not among them. Nothing known: `at` None.
    """

    present: tuple[str, ...] = ()
    at: datetime | None = None


UNSEEN_FOR: Final = timedelta(minutes=5)
"""How long before it can be found a story may have got its time of indexing: a bulk that was tried again, and a refresh."""


def search_body(
    search: Search,
    now: datetime,
    *,
    size: int,
    languages: Languages,
    timeout_ms: int,
    after: Position | None = None,
) -> dict[str, Any]:
    """The body of a search.

    Args:
        search: what is asked.
        now: what embargoes and expiries are held against.
        size: rows to fetch.
        languages: what is known of the index.
        timeout_ms: after which Elasticsearch answers with what it has.
        after: where the page before ended.
    """
    body: dict[str, Any] = {
        "query": {"bool": {"must": [_text(search, languages)], "filter": _filters(search, now)}},
        "sort": _SORTS[search.sort],
        "size": size,
        "_source": SHOWN + as_of.SHOWN if search.as_of else SHOWN,
        "track_total_hits": True if search.facets or search.histogram else COUNTED,
        "timeout": f"{timeout_ms}ms",
    }
    if after is not None:
        body |= _onward(search, size, after)
    if search.highlight and searches_text(search.tree):
        body["highlight"] = _highlight(search, asked_languages(search) or _present(languages))
    if search.collapse:
        body |= collapse.folding()
    if aggregations := _aggregations(search):
        body["aggs"] = aggregations
    return body


def _onward(search: Search, size: int, after: Position) -> dict[str, Any]:
    """Where a later page begins: by date after the last row, by relevance after as many rows as were seen.

    A score is no place: it moves with every story that is indexed or merged, for all stories alike, so that `search_after`
    a score would repeat or skip whole pages. The order of the rows hardly moves. Only beyond the depth that Elasticsearch
    counts to is the score all there is.
    """
    if search.collapse:
        return collapse.onward(after, size, by_date=search.sort != "relevance")
    if search.sort == "relevance" and after.seen + size <= RESULT_WINDOW:
        return {"from": after.seen}
    return {"search_after": after.after}


def asked_languages(search: Search) -> list[str]:
    """The text fields of the languages that the search is held to; empty if it is not."""
    given = search.filters.get("language", ())
    keys = {text_field(value) for value in given}
    if any(value.lower() == "pt" for value in given):  # a filter for pt finds pt-BR, whose text has its own field
        keys.add("pt_br")
    return sorted(keys)


def _present(languages: Languages) -> Sequence[str]:
    return languages.present if languages.at else tuple(TEXT_FIELDS)


def _text(search: Search, languages: Languages) -> Clause:
    """The text of the query in the languages that occur, and in all others among the stories indexed since that was seen.

    Asking in 37 languages costs three to six times as much as asking in those that occur. The second part keeps it exact:
    a story in a new language is found at once. Where nothing was indexed of late, Elasticsearch sees from the range
    alone that the part is empty and drops it before any word is looked up.
    """
    asked = asked_languages(search)
    if asked or not searches_text(search.tree):
        return text_query(search.tree, asked)
    known = text_query(search.tree, _present(languages))
    others = [key for key in TEXT_FIELDS if key not in languages.present]
    if languages.at is None or not others:
        return known
    since = rfc3339_ms(languages.at - UNSEEN_FOR)
    fresh = {"bool": {"filter": [{"range": {"indexed": {"gte": since}}}], "must": [text_query(search.tree, others)]}}
    return any_of([known, fresh])


def _filters(search: Search, now: datetime) -> list[dict[str, Any]]:
    clauses = [as_of.past_filter(search.as_of, now) if search.as_of else reader_filter(now)]
    if left_out := unsought(search):
        clauses.append({"bool": {"must_not": left_out}})
    clauses += [fact(name, values) for name, values in search.filters.items()]
    start, end = spelled_span(search)
    if start or end:
        bounds = {"gte": start} if start else {}
        clauses.append({"range": {"published": {**bounds, **({"lt": end} if end else {})}}})
    return clauses


def _highlight(search: Search, keys: Sequence[str]) -> dict[str, Any]:
    # encoder html: Elasticsearch does not escape a story's own markup by itself. The title comes whole.
    fields: dict[str, Any] = {}
    in_language = by_language(search.tree)
    for key in keys:
        own = {"highlight_query": in_language(key)}
        fields[f"title.{key}"] = {"number_of_fragments": 0, **own}
        fields[f"body.{key}"] = {"number_of_fragments": 2, "fragment_size": 160, **own}
    return {
        "type": "unified",
        "encoder": "html",
        "pre_tags": ["<em>"],
        "post_tags": ["</em>"],
        "max_analyzed_offset": HIGHLIGHTED,
        "fields": fields,
    }


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
    if search.collapse:
        found |= collapse.counting()
    return found
