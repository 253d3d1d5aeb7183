"""The sketch of a text: the little that is kept of it to tell near copies. Pure.

A sketch holds a MinHash signature of the text's runs of words (so how much two texts have in common), and hashes of the
facts in it: its numbers, its names (words written with a capital), its headline's words. The facts tell a form that was
filled in again (a daily fixing: the same sentences, other numbers and names) from a copy. No word can be read back.

Bytes, in base64: format, version of the MinHash algorithm, count of runs (2 bytes), hash of the first words (2 bytes, 0 for
none), a byte a MinHash, and for each group of facts a count and so many hashes of 2 bytes (the lower byte first), rising. A
group that is full (count 255) holds its smallest hashes, and is compared with another up to where both are complete.
"""

from __future__ import annotations

import binascii
import sys
from array import array
from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from operator import eq
from typing import Final, NamedTuple

FORMAT: Final = 1
HASHES: Final = 128
BANDS: Final = 5
"""Pairs of minima by which near copies are looked up."""
NUMBERS: Final = 32
NAMES: Final = 48
TITLE: Final = 16
"""How many facts of each group are kept at most."""

_HEAD: Final = 6
_GROUPS: Final = 3
_FULL: Final = 0xFF
_CHANCE: Final = 1 / 256
"""How often two bytes agree that have nothing to do with each other."""


class Facts(NamedTuple):
    """Hashes of one kind of facts; not `whole`: there were more, and these are the smallest."""

    hashes: frozenset[int]
    whole: bool


class Sketch(NamedTuple):
    """What is kept of a text; `runs` is the count of its runs of words, `minima` a byte a MinHash."""

    algorithm: int
    runs: int
    minima: bytes
    numbers: Facts
    names: Facts
    title: Facts


class BadSketch(ValueError):
    """These characters are no sketch, or one of a later release."""


def encode(
    algorithm: int,
    *,
    runs: int,
    lead: int,
    digest: Sequence[int],
    numbers: AbstractSet[int],
    names: AbstractSet[int],
    title: AbstractSet[int],
) -> str:
    """A sketch as text.

    Args:
        algorithm: version of the MinHash algorithm: signatures of two of them cannot be compared.
        runs: count of the runs of words.
        lead: hash of the text's first words, of 16 bits; 0 if it is too short to have any.
        digest: 128 minima of 32 bits, of which the lowest byte is kept.
        numbers: hashes of the numbers, of 16 bits.
        names: hashes of the names, likewise.
        title: hashes of the headline's words, likewise.
    """
    words = array("I", digest)
    if sys.byteorder == "big":
        words.byteswap()
    lowest = words.tobytes()[:: words.itemsize]
    parts = [bytes((FORMAT, algorithm)), min(runs, 0xFFFF).to_bytes(2, "big"), lead.to_bytes(2, "big"), lowest]
    for hashes, most in ((numbers, NUMBERS), (names, NAMES), (title, TITLE)):
        smallest = array("H", sorted(hashes)[: most + 1])
        whole = len(smallest) <= most
        kept = smallest[:most]
        if sys.byteorder == "big":
            kept.byteswap()
        parts += (bytes((len(kept) if whole else _FULL,)), kept.tobytes())
    return binascii.b2a_base64(b"".join(parts), newline=False).decode()


def unpack(text: str) -> bytes:
    """The bytes of a sketch; enough to look it up by (`keys`), and decoded when it is compared.

    Raises:
        BadSketch: it is none.
    """
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise BadSketch("no base64") from None
    if len(raw) < _HEAD + HASHES + _GROUPS or raw[0] != FORMAT:
        raise BadSketch("another format")
    return raw


def decode(raw: bytes) -> Sketch:
    """What the bytes of a sketch say.

    Raises:
        BadSketch: they are cut short, or too long.
    """
    place, groups = _HEAD + HASHES, []
    for most in (NUMBERS, NAMES, TITLE):
        facts, place = _facts(raw, place, most)
        groups.append(facts)
    if place != len(raw):
        raise BadSketch("longer than it says")
    return Sketch(raw[1], int.from_bytes(raw[2:4], "big"), raw[_HEAD : _HEAD + HASHES], *groups)


def _facts(raw: bytes, place: int, most: int) -> tuple[Facts, int]:
    if place >= len(raw):
        raise BadSketch("cut short")
    whole = raw[place] != _FULL
    count = raw[place] if whole else most
    end = place + 1 + 2 * count
    if count > most or end > len(raw):
        raise BadSketch("cut short")
    hashes = array("H", raw[place + 1 : end])
    if sys.byteorder == "big":
        hashes.byteswap()
    return Facts(frozenset(hashes), whole), end


def keys(raw: bytes) -> list[Hashable]:
    """What the bytes of two sketches have in common, at least one of it, if their texts were found by a common band.

    The bands themselves are longer hashes, so two sketches may share a key by chance.
    """
    found: list[Hashable] = [(place, raw[place : place + 2]) for place in range(_HEAD, _HEAD + 2 * BANDS, 2)]
    place = _HEAD + HASHES
    for most in (NUMBERS, NAMES):
        place += 1 + 2 * (raw[place] if raw[place] != _FULL else most) if place < len(raw) else 0
    if len(raw) > place + 1:
        found.append(raw[place:])
    if raw[4:6] != b"\0\0":
        found.append((4, raw[4:6]))
    return found


def jaccard(first: Sketch, second: Sketch) -> float:
    """Share of the runs of both texts together that stand in both, estimated (± 0.04); 0 between two algorithms."""
    if first.algorithm != second.algorithm:
        return 0.0
    same: float = sum(map(eq, first.minima, second.minima)) / HASHES
    return max(0.0, (same - _CHANCE) / (1 - _CHANCE))


class Shared(NamedTuple):
    """Two groups of facts: how many are in both, and how many each has that the other lacks."""

    both: int
    first_only: int
    second_only: int

    @property
    def contained(self) -> float:
        """Share of the smaller group that is in the other; 1 where there is nothing to compare."""
        smaller = self.both + min(self.first_only, self.second_only)
        return self.both / smaller if smaller else 1.0

    @property
    def swapped(self) -> int:
        """How many facts stand in place of others: both sides have some of their own."""
        return min(self.first_only, self.second_only)


def shared_facts(first: Facts, second: Facts) -> Shared:
    """What two groups of facts have in common, as far as both are complete."""
    one, other = first.hashes, second.hashes
    if not (first.whole and second.whole):
        bound = min(max(facts.hashes, default=0) if not facts.whole else 0xFFFF for facts in (first, second))
        one = frozenset(value for value in one if value <= bound)
        other = frozenset(value for value in other if value <= bound)
    both = len(one & other)
    return Shared(both, len(one) - both, len(other) - both)
