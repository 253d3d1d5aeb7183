"""schema.org JSON-LD of a page: the node that describes its article. Pure.

Reading is lenient, for pages are: trailing commas and raw control characters are mended once, what still fails is skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

ARTICLES = frozenset(
    {
        "NewsArticle", "Article", "ReportageNewsArticle", "AnalysisNewsArticle", "OpinionNewsArticle", "BackgroundNewsArticle",
        "BlogPosting", "LiveBlogPosting", "ReviewNewsArticle", "SocialMediaPosting", "ScholarlyArticle", "TechArticle", "Report",
        "AdvertiserContentArticle", "AskPublicNewsArticle", "SatiricalArticle",
    }
)  # fmt: skip
_SECOND_BEST = frozenset({"WebPage", "VideoObject", "ItemPage"})
_INSIDE = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "itemListElement", "item", "article")
DEEPEST = 8
MOST_NODES = 2000

_CONTROLS = re.compile("[\x00-\x1f\x7f]")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_WRAPPING = re.compile(r"^\s*(?://)?\s*<!(?:--|\[CDATA\[)|(?://)?\s*(?:-->|\]\]>)\s*;?\s*$|;\s*$")

Node = dict[str, Any]


def _loads(text: str) -> Any:
    text = _WRAPPING.sub("", text)
    try:
        return orjson.loads(text)
    except (ValueError, UnicodeError):
        pass
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", _CONTROLS.sub(" ", text))):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(data: Any, depth: int = 0) -> Iterator[Node]:
    if depth > DEEPEST:
        return
    if isinstance(data, list):
        for entry in data[:MOST_NODES]:
            yield from _nodes(entry, depth + 1)
    elif isinstance(data, dict):
        yield data
        for name in _INSIDE:
            if name in data:
                yield from _nodes(data[name], depth + 1)


def _types(node: Node) -> set[str]:
    kind = node.get("@type")
    names = kind if isinstance(kind, list) else [kind]
    return {name.rpartition("/")[2].rpartition(":")[2] for name in names if isinstance(name, str)}


class Graph:
    """All nodes of a page's JSON-LD, and the best one for its article (an empty one if there is none)."""

    def __init__(self, scripts: Iterable[str]) -> None:
        nodes: list[Node] = []
        for script in scripts:
            for node in _nodes(_loads(script)):
                if len(nodes) < MOST_NODES:
                    nodes.append(node)
        self._by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
        self.article = self._best(nodes)
        self.types = frozenset(name for node in nodes for name in _types(node))
        """Every type that the page names, without its vocabulary's address."""

    def _best(self, nodes: list[Node]) -> Node:
        for wanted in (ARTICLES, _SECOND_BEST):
            found = [node for node in nodes if _types(node) & wanted]
            if found:
                return max(
                    found, key=lambda node: sum(name in node for name in ("headline", "datePublished", "author"))
                )
        return {}

    def follow(self, value: Any) -> Any:
        """The node that a bare reference ({"@id": …}) means, else the value itself."""
        if isinstance(value, dict) and set(value) == {"@id"} and isinstance(value["@id"], str):
            return self._by_id.get(value["@id"], value)
        return value

    def texts(self, value: Any, *names: str) -> list[str]:
        """Strings in `value`: itself, its entries, or their first field of those names."""
        found: list[str] = []
        for entry in value if isinstance(value, list) else [value]:
            entry = self.follow(entry)  # noqa: PLW2901 - the same entry, its reference followed
            if isinstance(entry, str):
                found.append(entry)
            elif isinstance(entry, dict):
                for name in names:
                    inner = entry.get(name)
                    inner = inner[0] if isinstance(inner, list) and inner else inner
                    if isinstance(inner, str):
                        found.append(inner)
                        break
        return [text for text in found if text.strip()]

    def text(self, name: str, *inner: str) -> str | None:
        """The first string of an article's field."""
        found = self.texts(self.article.get(name), *(inner or ("name", "@value", "url")))
        return found[0] if found else None
