"""Search results as a table that reads well: one row an article, its best passage under the title."""

from __future__ import annotations

import html
import re
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

_MARK = re.compile(r"<em>(.*?)</em>", re.DOTALL)
_TAG = re.compile(r"</?em>")


def marked(snippet: str) -> Text:
    """A highlight of the search API as text with its hits in bold; off a terminal the bold falls away."""
    text, at = Text(), 0
    for match in _MARK.finditer(snippet):
        text.append(_plain(snippet[at : match.start()]))
        text.append(_plain(match[1]), style="bold yellow")
        at = match.end()
    text.append(_plain(snippet[at:]))
    return text


def _plain(snippet: str) -> str:
    return html.unescape(_TAG.sub("", snippet)).replace("\n", " ")


def passage(item: dict[str, Any]) -> str:
    """The first highlight of the text, else the summary, else nothing."""
    highlights = item.get("highlights") or {}
    if isinstance(highlights, dict):
        for name in ("body", "summary"):
            found = highlights.get(name)
            if found:
                return str(found[0] if isinstance(found, list) else found)
    return html.escape(str(item.get("summary") or ""), quote=False)


def title(item: dict[str, Any]) -> str:
    """The title, with its hits marked where the search API has marked them."""
    highlights = item.get("highlights") or {}
    found = highlights.get("title") if isinstance(highlights, dict) else None
    if found:
        return str(found[0] if isinstance(found, list) else found)
    return html.escape(str(item.get("title") or "(no title)"), quote=False)


def when(published: str | None) -> str:
    """An RFC 3339 moment to the minute."""
    return published[:16].replace("T", " ") if published else "undated"


def heading(answer: dict[str, Any]) -> str:
    """How many were found, and how fast."""
    total, more = answer.get("total", 0), answer.get("total_relation") == "gte"
    noun = "article" if total == 1 and not more else "articles"
    return f"{'more than ' if more else ''}{total:,} {noun}, {answer.get('took_ms', 0)} ms"


def results_table(answer: dict[str, Any]) -> Group:
    """The whole answer for a person."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=bool(answer.get("items")), header_style="bold")
    for column in ("published (UTC)", "source", "section", "lang"):
        table.add_column(column, no_wrap=True, style="dim" if column == "lang" else None)
    table.add_column("title")
    for item in answer.get("items", []):
        body = marked(title(item))
        if item.get("change") == "corrected":
            body.append(" [corrected]", style="italic")
        if found := passage(item):
            body.append("\n")
            under = marked(found)
            under.stylize("dim")
            body.append_text(under)
        source, section = (str(item.get(name) or "")[:24] for name in ("source", "section"))
        table.add_row(when(item.get("published")), source, section, item.get("language") or "", body)
    lines = [Text(f"warning: {warning['message']}", style="yellow") for warning in answer.get("warnings") or []]
    return Group(table, *lines, Text(heading(answer), style="dim"))
