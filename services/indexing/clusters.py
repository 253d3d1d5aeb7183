"""Which near copies belong together, and under which id. Pure.

A cluster is named by the article that it began with: the one that the front door took first (of two, the one with the
smaller id). So clusters have an order, `Key`, and a merge is the smaller key of the two, whatever is merged in which order
and however often: two workers that find the same copies at once, or the same copies twice, come to the same end. A key
only ever sinks while an article's text stays as it is, so findings may arrive late, twice and out of order.

An article that is alone has its own id. One whose new text has left the cluster that is named by it takes a fresh id,
for the others keep the name.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.ids import NEWSWIRE, content_hash
from shared.sketch import keys


class Key(NamedTuple):
    """A cluster: when the front door took the article that it began with (µs since 1970), and its id."""

    since: int
    id: str


@dataclass(slots=True, frozen=True)
class Member:
    """An article as it is compared.

    `key` is the cluster that it is in, or that it would be in alone; `sketch` its text's, unpacked; `at` when it was
    published, in hours since 1970.
    """

    article_id: str
    key: Key
    sketch: bytes
    at: float


@dataclass(slots=True, frozen=True)
class Ours:
    """One of our articles that has just been written; `later`: it was there before, so others may bear its name."""

    member: Member
    later: bool


Same = Callable[[Member, Member], bool]
"""Whether two articles say the same; symmetric."""


class Finding(NamedTuple):
    """An article with this text (`text_of`) belongs to a cluster, or to an older one that it is in already."""

    article_id: str
    text: str
    key: Key


@dataclass(slots=True)
class Resolved:
    """What comparing has shown: the clusters of our own articles, and what is to be told to the owners of others."""

    ours: dict[str, Key]
    findings: list[Finding]


def text_of(sketch: bytes) -> str:
    """Names a text by its sketch: what is found out about an article is true as long as it has this text."""
    return content_hash(sketch)[:16]


class Groups:
    """Articles joined two by two; each group has the smallest key that was given to any of it."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._key: dict[str, Key] = {}

    def add(self, article_id: str, key: Key) -> None:
        """Know an article, and a cluster that it is in."""
        root = self._root(article_id)
        self._key[root] = min(self._key.get(root, key), key)

    def join(self, one: str, other: str) -> None:
        """Two articles that are known belong together."""
        first, second = sorted((self._root(one), self._root(other)))
        if first != second:
            self._parent[second] = first
            self._key[first] = min(self._key[first], self._key.pop(second))

    def key(self, article_id: str) -> Key:
        """The cluster of an article that is known."""
        return self._key[self._root(article_id)]

    def together(self, one: str, other: str) -> bool:
        """Whether two articles are in one group."""
        return self._root(one) == self._root(other)

    def _root(self, article_id: str) -> str:
        self._parent.setdefault(article_id, article_id)
        root = article_id
        while (above := self._parent[root]) != root:
            self._parent[root] = root = self._parent[above]
        return root


MOST_COMPARED = 40
"""Comparisons that one of our articles is worth: a form that goes out a thousand times an hour must not stop a worker."""


def resolve(ours: Mapping[str, Ours], near: Sequence[Member], same: Same) -> Resolved:
    """The clusters that our articles are in, and what follows for the others.

    Args:
        ours: our articles by id, as they have just been written.
        near: searchable articles that may be copies of them, or carry the id of one of them as their cluster.
        same: the comparison.
    """
    groups, known = Groups(), {member.article_id: member for member in near if member.article_id not in ours}
    for member in known.values():
        groups.add(member.article_id, member.key)
    # What is one cluster already is joined beforehand, and so compared once.
    first: dict[str, str] = {}
    for member in known.values():
        groups.join(member.article_id, first.setdefault(member.key.id, member.article_id))
    for own in ours.values():
        groups.add(own.member.article_id, own.member.key)
    _compare([own.member for own in ours.values()], list(known.values()), same, groups)
    clusters = {article_id: _cluster(own, groups, known.values()) for article_id, own in ours.items()}
    left = {article_id for article_id, key in clusters.items() if key != groups.key(article_id)}
    findings = [
        Finding(member.article_id, text_of(member.sketch), key)
        for member in known.values()
        if (key := groups.key(member.article_id)) < member.key and key.id not in left
    ]
    return Resolved(clusters, findings)


def split(ours: Sequence[Member], near: Sequence[Member], same: Same) -> list[tuple[str, str]]:
    """Pairs that say the same and are in two clusters, each of one of ours and another; for whoever checks an index."""
    members = {member.article_id: member for member in (*near, *ours)}
    known = {member.article_id for member in ours}
    candidates = _candidates(ours, [member for member in near if member.article_id not in known])
    return [
        (one, two)
        for one, others in candidates.items()
        for two, _ in others.most_common(MOST_COMPARED)
        if members[one].key.id != members[two].key.id and same(members[one], members[two])
    ]


def _cluster(own: Ours, groups: Groups, near: Iterable[Member]) -> Key:
    """The cluster of one of our articles; a fresh one if it has left the others that bear its name."""
    article_id, key = own.member.article_id, groups.key(own.member.article_id)
    if key.id != article_id or not own.later:
        return key
    others = [member.article_id for member in near if member.key.id == article_id]
    if not others or any(groups.together(article_id, other) for other in others):
        return key
    return Key(key.since, str(uuid.uuid5(NEWSWIRE, f"left:{article_id}:{text_of(own.member.sketch)}")))


def _compare(ours: Sequence[Member], near: Sequence[Member], same: Same, groups: Groups) -> None:
    """Join what says the same: of each of our articles those first that share most with it, for many share a headline."""
    members = {member.article_id: member for member in (*ours, *near)}
    for one, others in _candidates(ours, near).items():
        compared = 0
        for two, _ in others.most_common():
            if compared == MOST_COMPARED:
                break
            if not groups.together(one, two):
                compared += 1
                if same(members[one], members[two]):
                    groups.join(one, two)


def _candidates(ours: Sequence[Member], near: Sequence[Member]) -> dict[str, Counter[str]]:
    """How many keys each of our articles shares with those after it, and with those near."""
    places: dict[Hashable, list[str]] = defaultdict(list)
    candidates: dict[str, Counter[str]] = defaultdict(Counter)
    for number, member in enumerate((*ours, *near)):
        for key in keys(member.sketch):
            held = places[key] if number < len(ours) else places.get(key, [])
            for other in held:
                candidates[other][member.article_id] += 1
            if number < len(ours) and len(held) < MOST_COMPARED:
                held.append(member.article_id)
    return candidates
