"""Readings as tables for a person and as JSON for scripts. What comes from a file cannot steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from pydantic import BaseModel
from rich.console import Group
from rich.table import Table
from rich.text import Text

from cli.conformance.fields import Line, said, understood
from cli.conformance.reading import Item, Reading
from cli.dead_letters.shown import calm
from cli.output import count
from services.normalization.parts import GivenDate, StoryParts


def document_view(reading: Reading, *, facts: bool, private: bool) -> Group:
    """One document: a line on the whole, then a table an item."""
    parts: list[Any] = [Text(calm(headline(reading)), style="bold")]
    for number, item in enumerate(reading.items, 1):
        if len(reading.items) > 1:
            parts.append(Text(f"  item {number} of {len(reading.items)}", style="bold"))
        lines = said(item.parts, private=private) if facts else understood(item, private=private)
        parts.append(_table(lines))
    parts += [Text(calm(f"  refused: {each.code}: {each.reason}"), style="red") for each in reading.refusals]
    return Group(*parts, Text())


def headline(reading: Reading) -> str:
    """The document in a line: what reads it, what it makes, or why nothing."""
    known = f"{reading.place}: {reading.format or 'no format'}"
    if reading.refused is not None:
        word = "no news" if reading.is_not_news else "refused at the front door" if reading.at_door else "refused"
        return f"{known}, {word}: {reading.refused.code}: {reading.refused.reason}"
    return f"{known}, {count(len(reading.items), 'item')}, {count(reading.articles, 'article')}"


def _table(lines: Iterable[Line]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True, min_width=18)
    table.add_column(overflow="fold")
    for name, value in lines:
        style = {"warning": "yellow", "refused": "red"}.get(name, "")
        table.add_row("  " + calm(name), Text(_calm_lines(value), style=style))
    return table


def _calm_lines(value: str) -> str:
    return "\n".join(calm(line.replace("\t", " "), 1000) for line in value.splitlines())


@dataclass(slots=True)
class Tally:
    """Counts over all documents, so that none has to be kept."""

    documents: int = 0
    read: int = 0
    articles: int = 0
    not_news: int = 0
    refused: int = 0
    refused_items: int = 0
    warnings: int = 0
    sound: bool = True

    def enter(self, reading: Reading) -> None:
        """Count one document."""
        self.documents += 1
        self.read += reading.refused is None
        self.articles += reading.articles
        self.not_news += reading.is_not_news
        self.refused += reading.refused is not None and not reading.is_not_news
        self.refused_items += len(reading.refusals)
        self.warnings += sum(len(notes_of(item)) for item in reading.items)
        self.sound = self.sound and reading.is_sound

    def line(self) -> str:
        """All documents in a line."""
        told = [count(self.documents, "document"), f"{self.read:,} read into {count(self.articles, 'article')}"]
        if self.not_news:
            told.append(f"{self.not_news:,} no news")
        told += [f"{self.refused:,} refused", count(self.warnings, "warning")]
        if self.refused_items:
            told.append(f"{count(self.refused_items, 'item')} refused")
        return ", ".join(told)


def notes_of(item: Item) -> list[str]:
    """What is worth a warning: decisions of normalization, or of the reader alone where there is no article."""
    return item.article.notes if item.article else item.parts.notes


def as_json(reading: Reading, *, facts: bool, private: bool) -> dict[str, Any]:
    """One document for scripts; with `facts` only what was said."""
    return {
        "file": reading.place,
        "format": reading.format,
        "refused": _refusal(reading.refused),
        "refused_at": None if reading.refused is None else "ingestion" if reading.at_door else "normalization",
        "articles": reading.articles,
        "items": [_item(item, facts=facts, private=private) for item in reading.items],
        "refused_items": [_refusal(each) for each in reading.refusals],
    }


def _item(item: Item, *, facts: bool, private: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"said": dict(_said(item.parts, private=private))}
    if not facts:
        made = item.article.model_dump(mode="json", exclude={"receipt", "item", "feed", "received", "normalized"}) if item.article else None  # fmt: skip
        shown |= {"understood": made, "refused": _refusal(item.refused), "warnings": notes_of(item)}
    return shown


def _said(parts: StoryParts, *, private: bool) -> Iterator[tuple[str, Any]]:
    """Every field that the provider gave, dates as written."""
    for one in fields(parts):
        value = getattr(parts, one.name)
        hidden = one.name in ("notes", "blocks", "layout") or (one.name == "ednote_private" and not private)
        if not hidden and value not in (None, "", [], {}, False):
            yield one.name, _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, GivenDate):
        return value.raw
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _refusal(refused: Any) -> dict[str, str] | None:
    return {"class": refused.code, "reason": refused.reason} if refused is not None else None
