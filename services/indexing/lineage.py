"""The chain that an article stands in: what it goes on from, which story that makes it part of, what goes on from it. Pure.

A story is named by the root of its chain. Nobody sees a whole chain: an article knows what it goes on from (by its provider's
word, or by slugline, see `threads.py`), and its owner is told the rest. An article joins its parent; the parent's owner
answers which story it is in and how deep, and says so again to all that joined it whenever that changes. So the name comes
down the chain in whatever order its articles came.

A chain that comes round to its own article, or is deeper than `MOST`, names no story: its articles are each a story of their
own, and stand for nothing. That ends every ring: whoever is told its own name says that it is `DEEP`, and all below follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

MOST = 200
"""Articles above one in its chain that count."""
DEEP = MOST + 1
"""The depth of an article of which nothing is known but that its chain has no root."""
MOST_CHILDREN = 500
"""Articles that go on from one and are remembered, the latest."""


class Child(NamedTuple):
    """An article that goes on from another: what `stands` for that one through it (itself, or what goes on from it), since `at`.

    `stands` is '' where nothing does; `at` is RFC 3339.
    """

    id: str
    stands: str
    at: str


class Line(NamedTuple):
    """Where an article stands: the `root` that names its story, and how many articles lie between, itself included."""

    root: str
    depth: int


class Chain(NamedTuple):
    """What an article was told: `linked` is its parent by slugline, sent at `linked_at`; `told_by` is the parent that told the
    `root` and `depth`; `children` are those that joined it.
    """

    linked: str = ""
    linked_at: str = ""
    told_by: str = ""
    root: str = ""
    depth: int = 0
    children: tuple[Child, ...] = ()

    def joined(self, child: str, at: str) -> Chain:
        """With one more child; the same if it is known."""
        return self if any(one.id == child for one in self.children) else self._with(Child(child, "", at))

    def standing(self, child: str, stands: str, at: str) -> Chain:
        """With what stands through a child now; as long as that is the same, since when it first did."""
        known = next((one for one in self.children if one.id == child), None)
        if known is not None and known.stands == stands:
            return self if at >= known.at or not stands else self._with(known._replace(at=at))
        return self._with(Child(child, stands, at))

    def newest(self) -> Child | None:
        """The child through which something stands for the article: of several the latest, so that their order is nothing."""
        return max((one for one in self.children if one.stands), key=lambda one: (one.at, one.id), default=None)

    def stored(self) -> dict[str, Any]:
        """As a document keeps it."""
        told = {name: value for name, value in self._asdict().items() if value and name != "children"}
        return told | ({"children": [list(one) for one in self.children]} if self.children else {})

    def _with(self, child: Child) -> Chain:
        others = [one for one in self.children if one.id != child.id]
        kept = sorted([*others, child], key=lambda one: (one.at, one.id))[-MOST_CHILDREN:]
        return self._replace(children=tuple(kept))


NO_CHAIN = Chain()


def chain_of(source: Mapping[str, Any]) -> Chain:
    """The chain that a stored document tells of; of one that an older release wrote, what stands for it."""
    told = source.get("chain")
    if told:
        return Chain(**{**told, "children": tuple(Child(*one) for one in told.get("children", ()))})
    if source.get("replaced_told") and source.get("replaced_by"):
        by = source["replaced_by"]
        return Chain(children=(Child(by, by, source.get("replaced_at") or ""),))
    return NO_CHAIN


def line_of(article_id: str, parent: str, chain: Chain) -> Line:
    """Where an article stands that goes on from `parent` ('': from nothing); until it is told, that is all it knows."""
    if not parent:
        return Line(article_id, 0)
    return Line(chain.root, chain.depth) if chain.told_by == parent else Line(parent, 1)


def below(line: Line) -> Line:
    """What is told to the children of an article that stands so."""
    return Line(line.root, min(line.depth + 1, DEEP))


def taken(article_id: str, told: Line) -> Line:
    """Where an article stands whose parent says so."""
    return Line(article_id, DEEP) if told.root == article_id or told.depth >= DEEP else told
