"""HTTP parameters → what is asked, pure: an allow-list of names, each checked, every refusal naming its parameter."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Literal, NoReturn, get_args

import orjson

from services.search.as_of import read_moment
from services.search.dates import DateError, Span, parse_span, parse_zone, rfc3339_ms
from services.search.query.parser import QueryError, parse
from services.search.query.tree import FACT_FIELDS, All, Node
from shared.problems import Problem, problem, quoted

Sort = Literal["relevance", "newest", "oldest"]
Interval = Literal["hour", "day", "week", "month", "year"]

FILTERS: Final = FACT_FIELDS
FACETS: Final = (*FACT_FIELDS, "feed")
SINGLE: Final = (
    "q",
    "from",
    "to",
    "tz",
    "sort",
    "size",
    "cursor",
    "facets",
    "histogram",
    "highlight",
    "as_of",
    "versions",
    "collapse",
)
PARAMETERS: Final = (*SINGLE, *FILTERS)

DEFAULT_SIZE: Final = 20
MAX_SIZE: Final = 100
MAX_VALUES: Final = 50
"""Values of one filter; a longer list is a job for several searches."""
MAX_VALUE_LENGTH: Final = 500
MAX_CURSOR_LENGTH: Final = 2000
MAX_BUCKETS: Final = 2000
"""Steps of a histogram: 83 days by the hour, 5 years by the day, 38 years by the week, 166 by the month."""

_STEP_SECONDS: Final = {"hour": 3600, "day": 86_400, "week": 604_800, "month": 2_419_200, "year": 31_536_000}
_FLAGS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Search:
    """One search, checked: everything that decides what is found, and how it is told.

    `start` is included, `end` is not; either may be missing. Filters hold values by name: one of them must match.
    """

    tree: Node = field(default_factory=All)
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None
    zone: tzinfo = UTC
    sort: Sort = "newest"
    size: int = DEFAULT_SIZE
    cursor: str | None = None
    facets: tuple[str, ...] = ()
    histogram: Interval | None = None
    highlight: bool = True
    as_of: datetime | None = None
    """The moment that the search is answered for; None: now."""
    collapse: bool = False
    """Of near copies one row alone."""
    all_versions: bool = False
    """Stories that a newer one stands for, too."""
    fingerprint: bytes = b""
    """Hash of what was asked, as it was written: a cursor is good for this search only."""
    warnings: tuple[Mapping[str, str], ...] = ()

    def within(self, start: datetime | None, end: datetime | None, as_of: datetime | None = None) -> Search:
        """The same search over another span of time (a later page keeps the first one's `now`)."""
        return replace(self, start=start, end=end, as_of=as_of)


def read_search(pairs: Iterable[tuple[str, str]], now: datetime) -> Search:
    """The search that the parameters of a request ask for; an empty value counts as absent.

    Raises:
        Problem: 400, naming the parameter and, within `q`, the position.
    """
    given = _collected(pairs)
    single = {name: values[0] for name, values in given.items() if name in SINGLE}
    filters = {name: given[name] for name in FILTERS if name in given}
    zone = _dated("tz", lambda: parse_zone(single.get("tz", "UTC")))
    as_of = _dated("as_of", lambda: read_moment(single["as_of"], zone, now)) if "as_of" in single else None
    start, end = _span(single, zone, as_of or now)
    sort: Sort = _one_of("sort", single, get_args(Sort)) or ("relevance" if single.get("q") else "newest")
    histogram = _one_of("histogram", single, get_args(Interval))
    if histogram and start and end:
        _bounded(histogram, start, end)
    return Search(
        tree=_tree(single.get("q", "")),
        filters=filters,
        start=start,
        end=end,
        zone=zone,
        sort=sort,
        size=_size(single),
        cursor=_cursor(single),
        facets=_facets(single),
        histogram=histogram,
        highlight=_flag("highlight", single, default=True),
        as_of=as_of,
        collapse=_collapse(single),
        all_versions=_one_of("versions", single, ("latest", "all")) == "all",
        fingerprint=_fingerprint(single, filters, sort),
        warnings=tuple(_warnings(filters)),
    )


def refuse(parameter: str, message: str, *, code: str = "bad-parameter", **place: Any) -> Problem:
    """The problem of one parameter; the message says what would be right."""
    return problem(code, message, errors=[{"parameter": parameter, **place, "code": code, "message": message}])


def unknown_parameter(name: str, known: Collection[str]) -> Problem:
    """The 400 of a parameter that there is not."""
    return problem(
        "unknown-parameter",
        f"there is no parameter {quoted(name)}",
        errors=[
            {
                "parameter": name[:100],
                "code": "unknown-parameter",
                "message": f"known are {', '.join(sorted(known))}" if known else "none is known here",
            }
        ],
    )


def too_fine(interval: str) -> Problem:
    """The 400 of a histogram with more steps than are told."""
    return refuse(
        "histogram", f"by {interval} this would have over {MAX_BUCKETS} steps: narrow from and to, or coarsen"
    )


def _collected(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in PARAMETERS:
            raise unknown_parameter(name, PARAMETERS)
        if name in SINGLE and name in found:
            raise refuse(name, f"{name} may be given once")
        # An empty one still counts as given: `size=&size=5` is as ambiguous as any repetition.
        found.setdefault(name, []).append(value if name == "q" else value.strip())
    return {name: _values(name, values) for name, values in found.items() if any(value.strip() for value in values)}


def _values(name: str, values: list[str]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(value for value in values if value.strip()))
    if len(kept) > MAX_VALUES:
        raise refuse(name, f"{name} may have {MAX_VALUES} values")
    if name in FILTERS and any(len(value) > MAX_VALUE_LENGTH for value in kept):
        raise refuse(name, f"a value of {name} may have {MAX_VALUE_LENGTH} characters")
    return kept


def _tree(text: str) -> Node:
    try:
        return parse(text)
    except QueryError as error:
        raise refuse("q", error.message, code=error.code, position=error.position) from None


def _dated(name: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except DateError as error:
        raise refuse(name, str(error)) from None


def _span(single: Mapping[str, str], zone: tzinfo, now: datetime) -> tuple[datetime | None, datetime | None]:
    def read(name: str) -> Span | None:
        return _dated(name, lambda: parse_span(single[name], zone, now)) if name in single else None

    first, last = read("from"), read("to")
    start, end = first.start if first else None, last.end if last else None
    if first and last and first.start > last.start and first.start >= last.end:
        raise refuse("from", "from lies after to")
    return start, end


def _bounded(interval: Interval, start: datetime, end: datetime) -> None:
    if (end - start).total_seconds() / _STEP_SECONDS[interval] > MAX_BUCKETS:
        raise too_fine(interval)


def _one_of(name: str, single: Mapping[str, str], allowed: Sequence[str]) -> Any:
    value = single.get(name)
    if value is not None and value not in allowed:
        raise refuse(name, f"{name} is one of {', '.join(allowed)}")
    return value


def _size(single: Mapping[str, str]) -> int:
    text = single.get("size")
    if text is None:
        return DEFAULT_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_SIZE):
        raise refuse("size", f"size is a whole number from 1 to {MAX_SIZE}; use cursor for more")
    return int(text)


def _cursor(single: Mapping[str, str]) -> str | None:
    text = single.get("cursor")
    if text is not None and len(text) > MAX_CURSOR_LENGTH:
        _bad_cursor()
    return text


def _bad_cursor() -> NoReturn:
    raise refuse("cursor", "this is no cursor of ours", code="bad-cursor")


def _facets(single: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in single.get("facets", "").split(",") if name.strip()))
    if not set(names) <= set(FACETS):
        raise refuse("facets", f"facets are a comma-separated list of {', '.join(FACETS)}")
    return names


def _collapse(single: Mapping[str, str]) -> bool:
    if _one_of("collapse", single, ("story",)) is None:
        return False
    if "as_of" in single:
        raise refuse("collapse", "collapse=story folds the copies of today; it cannot be asked as_of an earlier moment")
    return True


def _flag(name: str, single: Mapping[str, str], *, default: bool) -> bool:
    text = single.get(name)
    if text is None:
        return default
    if text.lower() not in _FLAGS:
        raise refuse(name, f"{name} is true or false")
    return _FLAGS[text.lower()]


def _fingerprint(single: Mapping[str, str], filters: Mapping[str, tuple[str, ...]], sort: str) -> bytes:
    """What must be the same on every page; size, facets, histogram and highlights may change on the way."""
    asked = [single.get(name, "") for name in ("q", "from", "to")] + [single.get("tz", "UTC"), sort]
    asked += [single["as_of"]] if "as_of" in single else []
    asked += ["all versions"] if single.get("versions") == "all" else []
    asked += [single["collapse"]] if "collapse" in single else []
    spelled = orjson.dumps([asked, sorted((name, sorted(values)) for name, values in filters.items())])
    return hashlib.sha256(spelled).digest()[:12]


def _warnings(filters: Mapping[str, tuple[str, ...]]) -> Iterable[Mapping[str, str]]:
    for value in filters.get("language", ()):
        if not _LANGUAGE.fullmatch(value):
            message = f"{quoted(value)} is no language tag: no story can match it; write en, pt-BR or zh"
            yield {"code": "unknown-language", "parameter": "language", "message": message}


def spelled_span(search: Search) -> tuple[str | None, str | None]:
    """The bounds of a search as they stand in the query and in cursors."""
    start, end = search.start, search.end
    return rfc3339_ms(start) if start else None, rfc3339_ms(end) if end else None
