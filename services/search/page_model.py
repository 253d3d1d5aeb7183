"""What the page shows, worked out before a template sees it. Pure: addresses, bars, names, safe pieces of text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup, escape

from services.search.as_of import read_moment
from services.search.dates import DateError, parse_span, parse_zone, rfc3339_ms
from services.search.request import FILTERS

Pairs = Sequence[tuple[str, str]]

FACETS: Final = ("language", "section", "source")
_ASIDE: Final = ("as_of", "versions", "collapse")
"""Parameters that the form has no place for."""
CHART_WIDTH: Final = 1000
CHART_HEIGHT: Final = 64
_MARKS: Final = {"<em>": Markup("<em>"), "</em>": Markup("</em>")}

LANGUAGES: Final = {
    "ar": "العربية", "bg": "Български", "bn": "বাংলা", "ca": "Català", "cs": "Čeština", "da": "Dansk", "de": "Deutsch",
    "el": "Ελληνικά", "en": "English", "es": "Español", "et": "Eesti", "eu": "Euskara", "fa": "فارسی", "fi": "Suomi",
    "fr": "Français", "ga": "Gaeilge", "gl": "Galego", "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar",
    "hy": "Հայերեն", "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ko": "한국어", "lt": "Lietuvių",
    "lv": "Latviešu", "nl": "Nederlands", "no": "Norsk", "pl": "Polski", "pt": "Português", "pt-br": "Português (Brasil)",
    "ro": "Română", "ru": "Русский", "sk": "Slovenčina", "sl": "Slovenščina", "sq": "Shqip", "sr": "Српски",
    "sv": "Svenska", "sw": "Kiswahili", "th": "ไทย", "tr": "Türkçe", "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip
"""Languages in their own words; another code is shown as it is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet: where a click leads (on or off), and how many stories have it."""

    label: str
    count: int | None
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A step of the histogram in the chart's own units, and the search of its period."""

    x: float
    width: float
    y: float
    height: float
    label: str
    count: int
    href: str


def address(pairs: Iterable[tuple[str, str]], path: str = "/") -> str:
    """The page's address for these parameters; empty ones are left out, which keeps shared links short."""
    query = urlencode([(name, value) for name, value in pairs if value])
    return f"{path}?{query}" if query else path


def without(pairs: Pairs, *names: str) -> list[tuple[str, str]]:
    """The parameters without these names, and without a cursor, which is another search's then."""
    return [(name, value) for name, value in pairs if name not in names and name != "cursor"]


def toggled(pairs: Pairs, name: str, value: str) -> list[tuple[str, str]]:
    """The parameters with a filter's value put in, or taken out if it was there."""
    kept = [pair for pair in without(pairs) if not _same(pair, name, value)]
    return kept if len(kept) < len(without(pairs)) else [*kept, (name, value)]


def _same(pair: tuple[str, str], name: str, value: str) -> bool:
    return pair[0] == name and pair[1].casefold() == value.casefold()


def choices(pairs: Pairs, name: str, counted: Sequence[Mapping[str, Any]]) -> list[Choice]:
    """The values of a facet as links; a chosen value stays in sight also where nothing matches it."""
    values: dict[str, int | None] = {str(one["value"]): one["count"] for one in counted}
    for given, value in pairs:
        if given == name and value and value.casefold() not in {known.casefold() for known in values}:
            values[value] = None
    return [
        Choice(
            label=language_name(value) if name == "language" else value,
            count=count,
            href=address(toggled(pairs, name, value)),
            chosen=any(_same(pair, name, value) for pair in pairs),
        )
        for value, count in values.items()
    ]


def chips(pairs: Pairs) -> list[Choice]:
    """The filters that no facet shows, and what else narrows or moves a search, each leading to the search without it."""
    return [
        Choice(f"{name}: {value}", None, address(toggled(pairs, name, value)), chosen=True)
        for name, value in pairs
        if (name in FILTERS and name not in FACETS) or name in _ASIDE
    ]


def earlier(pairs: Pairs, now: datetime) -> str | None:
    """The moment of a search that was answered `as_of` one, RFC 3339: links into it must not move with the clock."""
    given = {name: value.strip() for name, value in pairs}
    if not given.get("as_of"):
        return None
    return rfc3339_ms(read_moment(given["as_of"], parse_zone(given.get("tz") or "UTC"), now))


def story_address(article_id: str, moment: str | None) -> str:
    """Where a story is read, as it stands or as it was."""
    return address([("as_of", moment or "")], f"/articles/{article_id}")


def language_name(code: str | None) -> str:
    """A language in its own words, else its code."""
    return LANGUAGES.get((code or "").lower(), code or "")


_STEPS: Final = ((3, "hour"), (120, "day"), (900, "week"), (15_000, "month"))
"""Days up to which a step is used."""


def interval(start: str, end: str, now: datetime) -> str:
    """The step of the chart for a span of dates as the reader gave them: about a hundred steps, if there is one for it.

    Where only the index knows how long the span is, it is taken to be decades.
    """
    try:
        first = parse_span(start, UTC, now).start if start else None
        last = parse_span(end, UTC, now).end if end else now
    except DateError:  # the search itself will say so
        return "month"
    days = (last - first).days if first else 10_000
    return next((step for most, step in _STEPS if days <= most), "year")


def coarser(step: str) -> str:
    """The step to try where a chart would have too many; empty for no chart at all."""
    return "" if step == "year" else "year"


def bars(steps: Sequence[Mapping[str, Any]], step: str, pairs: Pairs) -> list[Bar]:
    """The steps as bars across the whole chart, each at its place in time."""
    if not steps:
        return []
    starts = [datetime.fromisoformat(str(one["from"])) for one in steps]
    ends = [_step_end(start, step) for start in starts]
    span = max((ends[-1] - starts[0]).total_seconds(), 1)
    highest = max(int(one["count"]) for one in steps)
    found = []
    for one, start, end in zip(steps, starts, ends, strict=True):
        x = (start - starts[0]).total_seconds() / span * CHART_WIDTH
        width = max((end - start).total_seconds() / span * CHART_WIDTH - 1, 1.5)
        height = max(int(one["count"]) / highest * CHART_HEIGHT, 2)
        label, low, high = _step_names(start, end, step)
        href = address([*without(pairs, "from", "to"), ("from", low), ("to", high)])
        bar = Bar(
            round(x, 2), round(width, 2), round(CHART_HEIGHT - height, 2), round(height, 2), label, one["count"], href
        )
        found.append(bar)
    return found


def _step_end(start: datetime, step: str) -> datetime:
    if step == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    if step == "year":
        return start.replace(year=start.year + 1)
    return start + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[step]


def _step_names(start: datetime, end: datetime, step: str) -> tuple[str, str, str]:
    """What a step is called, and the `from` and `to` that find it."""
    match step:
        case "year":
            return f"{start.year}", f"{start.year:04d}", f"{start.year:04d}"
        case "month":
            return f"{start:%B %Y}", f"{start:%Y-%m}", f"{start:%Y-%m}"
        case "week":
            last = end - timedelta(days=1)
            return f"{start.day} {start:%b} – {last.day} {last:%b %Y}", f"{start:%Y-%m-%d}", f"{last:%Y-%m-%d}"
        case "day":
            return f"{start.day} {start:%B %Y}", f"{start:%Y-%m-%d}", f"{start:%Y-%m-%d}"
        case _:
            return f"{start.day} {start:%b %Y, %H:%M}", f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}"


def highlighted(fragment: str) -> Markup:
    """A fragment of Elasticsearch's with its marks; everything else is escaped again, whoever should have done it."""
    pieces = re.split(r"(</?em>)", fragment)
    return Markup("").join(_MARKS.get(piece) or escape(html.unescape(piece)) for piece in pieces)


def paragraphs(body: str | None) -> list[str]:
    """The paragraphs of a plain-text body."""
    return [part.strip() for part in re.split(r"\n\s*\n", body or "") if part.strip()]


def web_address(url: Any) -> str | None:
    """The address if a link may lead there: http and https, nothing else."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def sentence(text: str) -> str:
    """A message as a sentence; past its first letter nothing changes, for `OR` and `now-1M` mean what they are."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def moment(value: Any) -> str:
    """A time as a reader says it, with its zone: '8 February 2022, 14:00 UTC'."""
    if not isinstance(value, str) or not value:
        return ""
    try:
        found = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return value
    return f"{found.day} {found:%B} {found.year:04d}, {found:%H:%M} UTC"


def shown_position(query: str, position: int | None) -> tuple[str, str, str] | None:
    """The query around the character that a refusal points at: before, there, after."""
    if position is None:
        return None
    return query[:position], query[position : position + 1] or " ", query[position + 1 :]
