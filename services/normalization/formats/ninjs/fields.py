"""Values of an item, read whatever their kind: a field that cannot be read is left out and noted. Pure.

Names are compared in lower case: `versionCreated` (3.x) is `versioncreated` (1.x, 2.x).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.normalization.dates import read_date
from services.normalization.parts import GivenDate

MAX_LIST = 500
"""Entries of a list that are read."""


class Fields:
    """An item's members by their names in lower case; `notes` gathers what could not be read."""

    def __init__(self, item: Mapping[str, Any], notes: list[str] | None = None) -> None:
        self.notes: list[str] = [] if notes is None else notes
        self._fields: dict[str, Any] = {}
        for name, value in item.items():
            self._fields.setdefault(name.lower(), value)

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def get(self, name: str) -> Any:
        """The value as it is, None if absent."""
        return self._fields.get(name)

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin so."""
        return (name for name in self._fields if name.startswith(prefix))

    def words(self, *names: str) -> str | None:
        """The first of these fields that has words; numbers count as words, a list's words are joined by line breaks."""
        for name in names:
            value = self._fields.get(name)
            if value is None:
                continue
            found = words(value)
            if found:
                return found
            if not isinstance(value, str | list):
                self.notes.append(f"{name} unreadable")
        return None

    def date(self, *names: str) -> GivenDate | None:
        """The first of these dates that is given; an unreadable one has no value."""
        for name in names:
            value = self._fields.get(name)
            if value is None or value == "":
                continue
            return read_date(value) if isinstance(value, str) and value.strip() else GivenDate(str(value)[:200], None)
        return None

    def objects(self, *names: str) -> list[Fields]:
        """The objects in these fields: a list of them, or one alone; words stand for an object's name."""
        found: list[Fields] = []
        for name in names:
            value = self._fields.get(name)
            if value is None or value == "":
                continue
            entries = value if isinstance(value, list) else [value]
            readable = [one for one in entries if isinstance(one, dict | str)]
            if len(readable) < len([one for one in entries if one is not None]):
                self.notes.append(f"{name} unreadable in part")
            if len(readable) > MAX_LIST:
                self.notes.append(f"only {MAX_LIST} of {len(readable)} {name} kept")
            found += [
                Fields(one if isinstance(one, dict) else {"name": one}, self.notes) for one in readable[:MAX_LIST]
            ]
        return found


def words(value: Any) -> str | None:
    """A value as words, None if it has none."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, list):
        return (
            "\n".join(found for one in value[:MAX_LIST] if not isinstance(one, list) and (found := words(one))) or None
        )
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
