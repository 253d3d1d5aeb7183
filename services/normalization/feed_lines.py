"""What travels between the worker, which learns which lines a feed repeats, and the processes that read its stories. Pure.

To a process goes a header beside the record's own, `newswire-lines`: one byte that says whether to look for repeated lines
in this story, then the hash of each line that was learned, 8 bytes each. Back come `Sighting`s.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

LINES_HEADER: Final = "newswire-lines"
MOST_SENT: Final = 4096
"""Learned lines of one feed that stories are compared with; of more, the rest stays where it is."""

_WANTED: Final = b"1"
_UNWANTED: Final = b"0"


class Proof(NamedTuple):
    """A story as it speaks for a line, by hashes of 32 bits."""

    article: int
    """Of the article's id: all versions of an article are one story."""
    title: int
    """Of the headline's shape: its words without numbers and names of days and months."""
    lead: int
    """Of the shape of the first line. The days of a daily form are alike in one of the two shapes."""
    day: int
    """On which it was published, else received (days since the year 1)."""

    def is_another_than(self, other: Proof) -> bool:
        """Whether the two are different stories, and not two days of one form."""
        alike = self.title == other.title or self.lead == other.lead
        return self.article != other.article and not (alike and self.day != other.day)


class Sighting(NamedTuple):
    """What one usable story tells of its feed's lines. Hashes are unsigned, of 64 bits where not said otherwise."""

    site: str
    """Host of the story's address without `www.`, '' if it has none."""
    proof: Proof
    lead: int
    """Hash of the first line."""
    lines: tuple[int, ...]
    """Lines that may be boilerplate."""
    others: tuple[int, ...]
    """Other lines that were looked at: by these a copy of another story is known."""
    samples: tuple[tuple[int, str], ...] = ()
    """The beginnings of lines that were left out."""


@dataclass(slots=True)
class FeedLines:
    """What normalization of one record knows of its feed's lines, and what it found; `wanted`: whether to look."""

    learned: frozenset[int] = frozenset()
    wanted: bool = False
    sightings: list[Sighting] = field(default_factory=list)


def packed(learned: Iterable[int]) -> bytes:
    """The hashes of learned lines for the header, without its first byte."""
    return array("Q", sorted(learned)[:MOST_SENT]).tobytes()


def header_of(hashes: bytes, *, wanted: bool) -> bytes:
    """The header's value, of packed hashes."""
    return (_WANTED if wanted else _UNWANTED) + hashes


def read_header(value: bytes) -> FeedLines:
    """What the header says."""
    return FeedLines(_unpacked(value[1:]), value[:1] == _WANTED)


@lru_cache(maxsize=256)
def _unpacked(hashes: bytes) -> frozenset[int]:
    """A feed's stories come with the same lines."""
    found = array("Q")
    found.frombytes(hashes[: len(hashes) // 8 * 8])
    return frozenset(found)
