"""Facts where we hold that the manifest, or its notion of the fact, is another than ours: each with its reason.

A disagreement explains a fact only where what we keep is what it says that we keep (`ours`), so that it can hide no mistake.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from shared.errors import Refused
from tests.conformance.same import folded

FILE = Path(__file__).with_name("disagreements.toml")


@dataclass
class Disagreement:
    """Facts of some formats and files (globs).

    `ours` are templates over the item's facts, one of which we keep; `without` (a regular expression) is what we leave off
    the fact; `counts` are numbers that we count instead; with none of them we keep nothing of the fact.
    """

    reason: str
    facts: list[str]
    formats: list[str] = field(default_factory=lambda: ["*"])
    files: list[str] = field(default_factory=lambda: ["*"])
    ours: list[str] = field(default_factory=list)
    without: str | None = None
    counts: list[int] = field(default_factory=list)
    explained: int = 0

    def explains(self, where: tuple[str, str], fact: str, value: Any, ours: list[Any], facts: dict[str, Any]) -> bool:
        """Whether it is about this fact; `where` is file and format, `facts` all of the item's."""
        file, format_name = where
        if fact not in self.facts or not any(fnmatchcase(format_name, each) for each in self.formats):
            return False
        if not any(fnmatchcase(file, each) for each in self.files):
            return False
        said = {folded(getattr(each, "raw", each)) for each in ours}
        if self.counts:
            return said <= {str(count) for count in self.counts}
        if self.without is not None:
            return re.sub(self.without, "", folded(value)) in said
        if self.ours:
            return any(folded(_filled(template, facts)) in said for template in self.ours)
        return not ours


def _filled(template: str, facts: dict[str, Any]) -> str:
    try:
        return template.format_map(facts)
    except (KeyError, IndexError):
        return "\0"


@dataclass
class Refusal:
    """Files that are rightly refused, and as what."""

    files: list[str]
    code: str
    reason: str
    explained: int = 0

    def explains(self, file: str, refused: Refused | None) -> bool:
        return refused is not None and refused.code == self.code and any(fnmatchcase(file, each) for each in self.files)


@dataclass
class Known:
    """All that the file of disagreements holds."""

    disagreements: list[Disagreement]
    refusals: list[Refusal]

    @property
    def stale(self) -> list[Disagreement | Refusal]:
        """What explained nothing."""
        return [each for each in (*self.disagreements, *self.refusals) if not each.explained]


def known() -> Known:
    entries = tomllib.loads(FILE.read_text("utf-8"))
    return Known(
        [Disagreement(**entry) for entry in entries["disagreement"]],
        [Refusal(**entry) for entry in entries["refusal"]],
    )
