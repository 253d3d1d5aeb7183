"""What a search leaves out unless it is asked for: notes to editors, and stories that a newer one stands for. Pure.

Both stay readable by their ids, and say there what they are (`kind`, `replaced_by`).
"""

from __future__ import annotations

from typing import Any, Final

from services.search.dates import rfc3339_ms
from services.search.query.tree import And, Node, Not, Or, Phrase, Prefix, Word
from services.search.request import Search

_KIND: Final = "kind"


def unsought(search: Search) -> list[dict[str, Any]]:
    """The clauses of what must not match; none where all is asked for."""
    found: list[dict[str, Any]] = []
    if _KIND not in search.filters and not _names(search.tree, _KIND):
        found.append({"term": {_KIND: "advisory"}})
    if not search.all_versions:
        found.append(_replaced(search))
    return found


def _replaced(search: Search) -> dict[str, Any]:
    replaced = {"exists": {"field": "replaced_by"}}
    if search.as_of is None:
        return replaced
    # At that moment it stood, if what replaced it came later; of those that say themselves what replaced them no time is told.
    later = {"range": {"replaced_at": {"gt": rfc3339_ms(search.as_of)}}}
    return {"bool": {"filter": [replaced], "must_not": [later]}}


def _names(node: Node, field: str) -> bool:
    """Whether a query speaks of a field: then its author has thought of it."""
    if isinstance(node, Not):
        return _names(node.part, field)
    if isinstance(node, And | Or):
        return any(_names(part, field) for part in node.parts)
    return isinstance(node, Word | Prefix | Phrase) and node.field == field
