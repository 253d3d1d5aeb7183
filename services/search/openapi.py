"""The OpenAPI document of the search API, pure; parameters come from the same tables that requests are checked by."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, get_args

from services.search import kills
from services.search.request import DEFAULT_SIZE, FACETS, FILTERS, MAX_SIZE, Interval, Sort

_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_TEXT: Final = {"type": "string"}
_DATE: Final = (
    "2022, 2022-02 and 2022-02-08 are whole periods; 2022-02-08T14:00:00Z an instant; now-7d counts from now."
)

_ABOUT: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "q": (_TEXT, 'Words (all of them), "phrases", "near words"~5, AND, OR, NOT, -word, word*, field:value, (groups).'),
    "from": (_TEXT, f"Published at or after. {_DATE}"),
    "to": (_TEXT, f"Published before, or within the whole period if it is one. {_DATE}"),
    "tz": (
        {**_TEXT, "default": "UTC"},
        "Zone of dates that carry none, and of the histogram: Europe/Athens or +02:00.",
    ),
    "sort": ({"enum": list(get_args(Sort))}, "Default: relevance with q, else newest. Undated stories come last."),
    "size": ({"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": DEFAULT_SIZE}, "Rows of a page."),
    "cursor": (_TEXT, "`next` of the page before; good for the same search for a day."),
    "facets": (_TEXT, f"Counts of the commonest values of: {', '.join(FACETS)} (comma-separated)."),
    "histogram": ({"enum": list(get_args(Interval))}, "Counts by time of publication, in the zone tz."),
    "as_of": (
        _TEXT,
        "The moment to answer for; what was killed, withheld or embargoed since stays away. A date stands for its start.",
    ),
    "collapse": (
        {"enum": ["story"]},
        "Of near copies one row alone, with `copies`: how many others that match it stands for. `stories` counts the rows.",
    ),
    "versions": (
        {"enum": ["latest", "all"], "default": "latest"},
        "latest: of stories that go on from one another only the newest; all: those that it stands for, too.",
    ),
    "highlight": (
        {"type": "boolean", "default": True},
        "Fragments with <em> around what matched; all else is escaped.",
    ),
}


@cache
def document() -> dict[str, Any]:
    """The document, as `GET /openapi.json` answers it."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "newswire search", "version": "1"},
        "paths": {
            "/v1/search": _get("Search stories by words, facts and date", _search_parameters(), (400, 410, 503)),
            "/v1/articles/{id}": _get(
                "One article, as it is or as it was at a moment", [_path("id"), _query("as_of")], (400, 404, 410, 503)
            ),
            "/v1/articles/{id}/similar": _get(
                "Its near copies, and what each has changed", [_path("id")], (400, 404, 410, 503)
            ),
            "/v1/articles/{id}/versions": _get("All versions of an article", [_path("id")], (400, 404, 410, 503)),
            "/v1/articles/{id}/versions/{which}": _get(
                "One revision whole (3), or what changed from one to another (2..3)",
                [_path("id"), _path("which")],
                (400, 404, 410, 503),
            ),
            "/v1/kills": _get(
                "Notices of killed articles, in an order that misses none", _kills_parameters(), (400, 503)
            ),
            "/v1/trace/{key}": _get("Where is my story? By receipt, item id or article id", [_path("key")], (400, 503)),
        },
        "components": {"schemas": {"Problem": _problem()}},
    }


def _query(name: str) -> dict[str, Any]:
    schema, about = _ABOUT[name]
    return {"name": name, "in": "query", "schema": schema, "description": about}


def _kills_parameters() -> list[dict[str, Any]]:
    about = {
        "from": (_TEXT, f"Kills received at or after. {_DATE}"),
        "to": (_TEXT, f"Kills received before, or within the whole period if it is one. {_DATE}"),
        "tz": _ABOUT["tz"],
        "size": (
            {"type": "integer", "minimum": 1, "maximum": kills.MAX_SIZE, "default": kills.DEFAULT_SIZE},
            "Notices of a page.",
        ),
        "cursor": (
            _TEXT,
            "`next` of the answer before; it never expires, and is there also where nothing more has come.",
        ),
        "feed": ({"type": "array", "items": _TEXT}, "Kills of this feed; given again, of any of them."),
    }
    return [
        {"name": name, "in": "query", "schema": schema, "description": text} for name, (schema, text) in about.items()
    ]


def _search_parameters() -> list[dict[str, Any]]:
    single = [
        {"name": name, "in": "query", "schema": schema, "description": about}
        for name, (schema, about) in _ABOUT.items()
    ]
    filters = [
        {
            "name": name,
            "in": "query",
            "schema": {"type": "array", "items": _TEXT},
            "description": f"Stories of this {name}, whatever its case; given again, any of them.",
        }
        for name in FILTERS
    ]
    return single + filters


def _get(summary: str, parameters: list[dict[str, Any]], refusals: tuple[int, ...]) -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": "OK", "content": {"application/json": {}}}}
    answers |= {str(status): {"description": "A problem (RFC 9457)", "content": _PROBLEM} for status in refusals}
    return {"get": {"summary": summary, "parameters": parameters, "responses": answers}}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _TEXT}


def _problem() -> dict[str, Any]:
    properties: dict[str, Any] = dict.fromkeys(("type", "title", "detail"), _TEXT)
    properties |= {"status": {"type": "integer"}, "errors": {"type": "array", "items": {"type": "object"}}}
    return {"type": "object", "required": ["type", "title", "status"], "properties": properties}
