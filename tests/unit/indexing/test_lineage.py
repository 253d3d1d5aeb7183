"""Where an article stands in its chain, pure: roots, depths, rings, and what stands for it."""

from __future__ import annotations

import random

import pytest

from services.indexing.lineage import (
    DEEP,
    MOST,
    MOST_CHILDREN,
    NO_CHAIN,
    Chain,
    Child,
    Line,
    below,
    chain_of,
    line_of,
    taken,
)


def test_an_article_that_goes_on_from_nothing_is_the_root_of_its_story():
    assert line_of("a", "", NO_CHAIN) == Line("a", 0)
    assert line_of("a", "", Chain(told_by="p", root="r", depth=3)) == Line("a", 0), (
        "what a former parent said is nothing"
    )


def test_until_it_is_told_an_article_is_in_the_story_of_what_it_goes_on_from():
    assert line_of("b", "a", NO_CHAIN) == Line("a", 1)
    assert line_of("b", "a", Chain(told_by="z", root="r", depth=3)) == Line("a", 1)
    assert line_of("b", "a", Chain(told_by="a", root="r", depth=3)) == Line("r", 3)


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (Line("r", 3), Line("r", 3)),
        (Line("r", MOST), Line("r", MOST)),
        (Line("r", DEEP), Line("x", DEEP)),
        (Line("x", 2), Line("x", DEEP)),
    ],
)
def test_a_ring_and_a_chain_too_deep_name_no_story(told, line):
    assert taken("x", told) == line


def test_depth_is_counted_up_to_its_bound():
    line = Line("r", 0)
    for _ in range(MOST + 50):
        line = below(line)
    assert line == Line("r", DEEP)


@pytest.mark.parametrize("length", [1, 2, 3, 7, MOST + 10])
@pytest.mark.parametrize("seed", range(3))
def test_a_ring_of_any_length_ends_with_each_article_a_story_of_its_own(length, seed):
    chance = random.Random(seed)
    names = [f"n{number}" for number in range(length)]
    stands = {name: Line(names[place - 1], 1) for place, name in enumerate(names)}
    asked = set(names)
    steps = 0
    while asked:
        name = chance.choice(sorted(asked)) if length < 10 else min(asked)
        asked.discard(name)
        place = names.index(name)
        now = taken(name, below(stands[names[place - 1]]))
        steps += 1
        if now != stands[name]:
            stands[name] = now
            asked.add(names[(place + 1) % length])
    assert stands == {name: Line(name, DEEP) for name in names}
    assert steps <= (length + 1) * (MOST + 2) * 2


def test_what_stands_is_the_latest_of_the_children_whatever_their_order():
    said = [("b", "b", "1"), ("c", "x", "3"), ("d", "d", "2"), ("e", "", "9")]
    for seed in range(10):
        chain = NO_CHAIN
        for child, stands, at in random.Random(seed).sample(said, len(said)):
            chain = chain.joined(child, at).standing(child, stands, at)
        assert chain.newest() == Child("c", "x", "3")
        assert chain.standing("c", "", "4").newest() == Child("d", "d", "2")


def test_a_child_stands_since_it_first_did():
    chain = NO_CHAIN.standing("b", "b", "5").standing("b", "b", "7")
    assert chain.newest() == Child("b", "b", "5")
    assert chain.standing("b", "b", "4").newest() == Child("b", "b", "4")


def test_only_so_many_children_are_remembered_the_latest():
    chain = NO_CHAIN
    for number in range(MOST_CHILDREN + 5):
        chain = chain.joined(f"c{number}", f"{number:04d}")
    assert [len(chain.children), chain.children[0].id] == [MOST_CHILDREN, "c5"]


def test_a_chain_is_read_back_as_it_was_stored():
    chain = Chain("l", "1", "t", "r", 4, (Child("b", "b", "1"), Child("c", "", "2")))
    assert chain_of({"chain": chain.stored()}) == chain
    assert chain_of({}) is NO_CHAIN
    assert NO_CHAIN.stored() == {}


def test_what_an_older_release_was_told_stands():
    stored = {"replaced_told": True, "replaced_by": "b", "replaced_at": "1"}
    assert chain_of(stored).newest() == Child("b", "b", "1")
