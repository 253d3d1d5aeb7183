"""Clusters as a lattice: whatever is found in which order and how often, the end is the same."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indexing.clusters import MOST_COMPARED, Finding, Groups, Key, Member, Ours, resolve, text_of
from services.normalization.sketch import sketch_of
from shared.sketch import unpack

IDS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(8)]
KEYS = {id_: Key(since, id_) for since, id_ in zip((5, 3, 3, 9, 1, 7, 7, 2), IDS, strict=True)}
PAIRS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=20)


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, Key]:
    groups = Groups()
    for id_, key in KEYS.items():
        groups.add(id_, key)
    for one, other in pairs:
        groups.join(one, other)
    return {id_: groups.key(id_) for id_ in IDS}


@given(PAIRS, st.integers(0, 2**32))
def test_groups_do_not_depend_on_order_direction_or_repetition(pairs, seed):
    rng = random.Random(seed)
    again = [pair[::-1] if rng.random() < 0.5 else pair for pair in pairs * 2]
    rng.shuffle(again)
    assert grouped(again) == grouped(pairs)


@given(PAIRS)
def test_a_group_is_named_by_the_first_of_exactly_those_that_are_joined(pairs):
    found = grouped(pairs)
    for id_ in IDS:
        reached, todo = {id_}, [id_]
        while todo:
            at = todo.pop()
            for one, other in pairs:
                for here, there in ((one, other), (other, one)):
                    if here == at and there not in reached:
                        reached.add(there)
                        todo.append(there)
        assert found[id_] == min(KEYS[each] for each in reached)


@given(PAIRS, PAIRS, PAIRS)
def test_merging_is_associative_commutative_and_idempotent(one, two, three):
    assert (
        grouped(one + two + three)
        == grouped(three + two + one)
        == grouped(two + (one + three))
        == grouped(one + one + two + three + three)
    )


class World:
    """Articles, their owners' documents and the messages between them; what says the same is told by a text's name."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.members = {
            id_: Member(id_, KEYS[id_], unpack(sketch_of(name, name * 3).sketch), 0.0) for id_, name in texts.items()
        }
        self.stored: dict[str, Key] = {}
        self.sent: list[Finding] = []

    def write(self, ids: Iterable[str], sees: Iterable[str]) -> None:
        """Write these articles, and look when those others can be seen."""
        for id_ in ids:
            self.stored[id_] = KEYS[id_]
        near = [self._as_stored(id_) for id_ in sees if id_ in self.stored and id_ not in ids]
        ours = {id_: Ours(self.members[id_], later=False) for id_ in ids}
        resolved = resolve(ours, near, lambda one, other: one.sketch == other.sketch)
        self.stored |= resolved.ours
        self.sent += resolved.findings

    def deliver(self, rng: random.Random) -> None:
        """Messages come in any order, some twice; each brings along the other members of the cluster that is left."""
        while self.sent:
            finding = self.sent.pop(rng.randrange(len(self.sent)))
            if rng.random() < 0.2:
                self.sent.append(finding)
            left = self.stored[finding.article_id]
            if finding.key < left:
                self.stored[finding.article_id] = finding.key
                self.sent += [
                    Finding(id_, finding.text, finding.key) for id_, key in self.stored.items() if key.id == left.id
                ]

    def _as_stored(self, id_: str) -> Member:
        member = self.members[id_]
        return Member(id_, self.stored[id_], member.sketch, member.at)


@given(
    st.lists(st.integers(0, 2), min_size=8, max_size=8), st.permutations(IDS), st.integers(1, 4), st.integers(0, 2**32)
)
def test_copies_end_in_one_cluster_whatever_order_they_are_written_and_told_in(kinds, order, batch, seed):
    rng = random.Random(seed)
    texts = dict(zip(IDS, (f"text number {kind}" for kind in kinds), strict=True))
    world = World(texts)
    for start in range(0, len(order), batch):
        world.write(order[start : start + batch], IDS)
        if rng.random() < 0.5:
            world.deliver(rng)
    world.deliver(rng)
    for id_ in IDS:
        alike = [each for each in IDS if texts[each] == texts[id_]]
        assert world.stored[id_] == min(KEYS[each] for each in alike)


@given(st.integers(0, 2**32))
def test_two_workers_of_whom_only_the_later_sees_the_other(seed):
    rng = random.Random(seed)
    world = World(dict.fromkeys(IDS, "one text"))
    mine, theirs = set(IDS[:4]), set(IDS[4:])
    # Both have written before either looks; each sees all.
    for ids in (mine, theirs):
        for id_ in ids:
            world.stored[id_] = KEYS[id_]
    for ids in (mine, theirs) if rng.random() < 0.5 else (theirs, mine):
        near = [world._as_stored(id_) for id_ in IDS if id_ not in ids]
        resolved = resolve({id_: Ours(world.members[id_], later=False) for id_ in ids}, near, lambda *_: True)
        world.stored |= resolved.ours
        world.sent += resolved.findings
    world.deliver(rng)
    assert set(world.stored.values()) == {min(KEYS.values())}


def member(number: int, text: str, *, key: Key | None = None) -> Member:
    id_ = f"{number:08x}-1111-4000-8000-000000000000"
    return Member(id_, key or Key(number, id_), unpack(sketch_of("One headline for all of them", text).sketch), 0.0)


def test_who_leaves_the_cluster_that_bears_its_name_takes_a_fresh_id():
    leaving = member(1, "now quite another text")
    other = member(2, "the old text", key=leaving.key)
    resolved = resolve({leaving.article_id: Ours(leaving, later=True)}, [other], lambda *_: False)
    fresh = resolved.ours[leaving.article_id]
    assert fresh.id not in {leaving.article_id, other.article_id}
    assert resolved.findings == []
    again = resolve({leaving.article_id: Ours(leaving, later=True)}, [other], lambda *_: False)
    assert again.ours[leaving.article_id] == fresh


def test_who_still_says_the_same_as_one_of_them_stays():
    staying = member(1, "the old text, a little changed")
    other = member(2, "the old text", key=staying.key)
    resolved = resolve({staying.article_id: Ours(staying, later=True)}, [other], lambda *_: True)
    assert resolved.ours[staying.article_id] == staying.key


def test_those_that_share_most_are_compared_first_and_only_so_many():
    ours = member(1, "the very text of ours with quite enough words in it to make a lead")
    forms = [member(100 + n, f"another text {n} of many with the same headline") for n in range(500)]
    copy = member(900, "the very text of ours with quite enough words in it to make a lead")
    compared = []

    def same(one: Member, other: Member) -> bool:
        compared.append((one.article_id, other.article_id))
        return one.sketch == other.sketch

    resolved = resolve({ours.article_id: Ours(ours, later=False)}, [*forms, copy], same)
    assert Finding(copy.article_id, text_of(copy.sketch), ours.key) in resolved.findings
    assert compared[0] == (ours.article_id, copy.article_id)
    assert len(compared) <= MOST_COMPARED


@pytest.mark.parametrize("count", [300])
def test_many_copies_in_a_batch_are_compared_about_once_each(count):
    texts = [member(n, "the same text again and again, long enough to have a lead of ten words") for n in range(count)]
    compared = 0

    def same(*_: Member) -> bool:
        nonlocal compared
        compared += 1
        return True

    resolved = resolve({one.article_id: Ours(one, later=False) for one in texts}, [], same)
    assert set(resolved.ours.values()) == {texts[0].key}
    assert compared < 2 * count
