"""Learning which lines a feed repeats: only from many different stories, in bounded memory, with forgetting and merging."""

from __future__ import annotations

import random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization import learning
from services.normalization.feed_lines import Proof, Sighting
from services.normalization.learning import DAYS, ENOUGH, MOST_LINES, MOST_OTHERS, MOST_TOLD, Learner, Site

TRAILER = 1
DAY = 20_000


def unique(number: int, count: int = 3) -> tuple[int, ...]:
    return tuple(1000 + number * 10 + one for one in range(count))


def seen(number: int, *lines: int, own: tuple[int, ...] | None = None, **more) -> Sighting:
    first = own if own is not None else unique(number)
    proof = Proof(*(more.pop(name, number) for name in ("article", "title", "opening", "published")))
    given = {"site": "", "proof": proof, "lead": first[0] if first else 0, "lines": (*first, *lines), "others": ()}
    return Sighting(**(given | more))


def taught(
    count: int, *, start: int = 0, trailer: int = TRAILER, learner: Learner | None = None, feed: str = "f"
) -> Learner:
    learner = learner or Learner()
    for number in range(start, start + count):
        learner.see(feed, [seen(number, trailer)], DAY)
    return learner


def test_a_line_is_learned_once_it_stood_in_enough_stories():
    assert taught(ENOUGH - 1).learned("f") == frozenset()
    assert taught(ENOUGH).learned("f") == {TRAILER}
    assert taught(ENOUGH).learned("another") == frozenset()


def test_versions_of_one_article_are_one_story():
    learner = Learner()
    for number in range(5 * ENOUGH):
        learner.see("f", [seen(number, TRAILER, article=7)], DAY)
    assert learner.learned("f") == frozenset()


@pytest.mark.parametrize("alike", ["title", "opening"])
def test_the_days_of_a_form_are_one_story(alike):
    learner = Learner()
    for number in range(5 * ENOUGH):
        learner.see("f", [seen(number, TRAILER, **{alike: 7})], DAY)
    assert learner.learned("f") == frozenset()


def test_stories_of_one_day_may_differ_by_numbers_alone():
    learner = Learner()
    for number in range(ENOUGH):
        learner.see("f", [seen(number, TRAILER, title=7, opening=7, published=7)], DAY)
    assert learner.learned("f") == {TRAILER}


def test_copies_of_a_story_prove_nothing():
    """Ten papers print one story of an agency, each under its own headline and with a line of its own."""
    learner = Learner()
    text = (10, 11, 12, 13, 14)
    for number in range(5 * ENOUGH):
        learner.see("f", [seen(number, *text, own=unique(number, 1))], DAY)
        learner.see("f", [seen(1000 + number, *text, own=(), lead=10)], DAY)
    assert learner.learned("f") == frozenset()


def test_stories_that_open_alike_prove_nothing():
    learner = Learner()
    for number in range(5 * ENOUGH):
        learner.see("f", [seen(number, TRAILER, lead=99, others=(99,))], DAY)
    assert learner.learned("f") == frozenset()


def test_a_line_of_few_stories_is_none_of_the_feeds():
    learner = Learner()
    for number in range(40 * ENOUGH):
        learner.see("f", [seen(number, *([TRAILER] if number % 4 == 0 else []))], DAY)
    assert learner.learned("f") == frozenset()


def test_a_line_that_begins_late_is_learned_as_fast():
    learner = Learner()
    for number in range(1000):
        learner.see("f", [seen(number)], DAY)
    taught(ENOUGH, start=1000, learner=learner)
    assert learner.learned("f") == {TRAILER}


def test_several_lines_are_learned_together_and_one_after_another():
    learner = Learner()
    for number in range(ENOUGH):
        learner.see("f", [seen(number, 1, 2, 3)], DAY)
    assert learner.learned("f") == {1, 2, 3}
    for number in range(ENOUGH, 3 * ENOUGH):
        learner.see("f", [seen(number, 1, 2, 3, 4, 5, own=unique(number, 1))], DAY)
    assert learner.learned("f") == {1, 2, 3, 4, 5}


def test_a_line_that_is_gone_is_forgotten():
    learner = taught(200)
    for number in range(1000, 1000 + 2 * learning.SPAN + 200):
        learner.see("f", [seen(number)], DAY)
    assert learner.learned("f") == frozenset()


def test_a_line_that_was_not_seen_for_long_is_forgotten_though_its_feed_is_busy():
    learner = taught(2 * ENOUGH)
    for number in range(1000, 1003):
        learner.see("f", [seen(number)], DAY + DAYS)
    assert learner.learned("f") == frozenset()


def test_a_feed_that_fell_silent_is_forgotten():
    learner = taught(ENOUGH)
    learner.forget(DAY + DAYS - 1)
    assert learner.learned("f") == {TRAILER}
    learner.forget(DAY + DAYS)
    assert learner.learned("f") == frozenset()
    assert learner.size == 0


def test_learning_is_told_and_heard_elsewhere():
    learner = taught(ENOUGH)
    assert learner.urgent
    ((feed, site, value),) = learner.tell()
    assert not learner.urgent
    assert list(learner.tell()) == []
    other = Learner()
    assert other.hear(feed, site, orjson.loads(orjson.dumps(value)), DAY)
    assert other.learned("f") == {TRAILER}
    assert not Learner().hear(feed, site, value, DAY + DAYS)


def test_two_halves_make_a_whole():
    one, two = taught(ENOUGH // 2), taught(ENOUGH // 2, start=100)
    for feed, site, value in list(two.tell()):
        one.hear(feed, site, value, DAY)
    assert one.learned("f") == {TRAILER}


def test_a_sample_is_kept_of_what_was_left_out_alone():
    learner = taught(ENOUGH)
    assert all("sample" not in line for _, _, value in learner.tell() for line in value["lines"])
    learner.see("f", [seen(500, TRAILER, samples=((TRAILER, "Sign up"), (12345, "never seen")))], DAY)
    ((_, _, value),) = learner.tell()
    assert [line.get("sample") for line in value["lines"]] == ["Sign up"]


@pytest.mark.parametrize("value", [None, [], {}, {"v": 2, "lines": []}, {"v": 1, "lines": [{"hash": "x"}]}, {"v": 1, "lines": [{"hash": "zz", "stories": [], "hits": 1, "of": 1, "last": 1}]}, {"v": 1, "lines": 7}])  # fmt: skip
def test_what_is_no_knowledge_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is for the log
        Learner().hear("f", "", value, DAY)


HASH = st.integers(0, 40)
STORIES = st.lists(
    st.builds(
        Sighting,
        site=st.sampled_from(["", "a.example"]),
        proof=st.builds(Proof, *[st.integers(0, 30)] * 3, st.integers(0, 3)),
        lead=HASH,
        lines=st.lists(HASH, max_size=8, unique=True).map(tuple),
        others=st.lists(HASH, max_size=8, unique=True).map(tuple),
    ),
    max_size=80,
)


@given(STORIES)
def test_nothing_is_learned_on_first_sight_nor_from_fewer_stories_than_enough(stories):
    learner = Learner()
    articles: dict[tuple[str, int], set[int]] = {}
    for story in stories:
        for line in story.lines:
            articles.setdefault((story.site, line), set()).add(story.proof.article)
        learner.see("f", [story], DAY)
        for line in learner.learned("f"):
            assert any(len(found) >= ENOUGH for (_, other), found in articles.items() if other == line)


@given(STORIES, STORIES)
def test_merging_again_changes_nothing_and_either_order_knows_the_same_lines(first, second):
    told = []
    for stories in (first, second):
        learner = Learner()
        learner.see("f", stories, DAY)
        told.append(list(learner.tell()))

    def heard(*order):
        learner = Learner()
        for part in order:
            for feed, site, value in part:
                learner.hear(feed, site, value, DAY)
        return {
            (feed, line): set(watched.proofs)
            for (feed, _), site in learner._sites.items()
            for line, watched in site.lines.items()
            if len(watched.proofs) < ENOUGH
        }

    assert heard(told[0], told[0]) == heard(told[0])
    assert heard(*told).keys() == heard(*reversed(told)).keys()
    assert heard(*told, *told) == heard(*told)


def test_memory_is_bounded_whatever_comes(monkeypatch):
    monkeypatch.setattr(learning, "MOST_IN_ALL", 2000)
    rng = random.Random(7)
    learner = Learner()
    for number in range(3000):
        lines = tuple(rng.getrandbits(64) for _ in range(8))
        others = tuple(rng.getrandbits(64) for _ in range(8))
        story = Sighting(f"s{number % 300}.example", Proof(number, number, number, 1), lines[0], (*lines, 1, 2), others)
        learner.see(f"f{number % 3}", [story], DAY)
        assert learner.size <= 2000
    assert learner.size == sum(site.size for site in learner._sites.values())
    assert all(len(site.lines) <= MOST_LINES and len(site.others) <= MOST_OTHERS for site in learner._sites.values())
    assert all(len(value["lines"]) <= MOST_TOLD for _, _, value in learner.tell())


def test_sites_without_a_line_that_counts_are_bounded_too(monkeypatch):
    monkeypatch.setattr(learning, "MOST_IN_ALL", 500)
    learner = Learner()
    for number in range(2000):
        learner.see("f", [seen(number, own=(), site=f"s{number}.example", others=(number,))], DAY)
        assert learner.size <= 500
    assert len(learner._sites) <= 500


def test_what_is_learned_of_a_site_outlives_what_is_watched(monkeypatch):
    learner = taught(ENOUGH)
    monkeypatch.setattr(learning, "MOST_IN_ALL", 300)
    for number in range(100):
        learner.see("g", [seen(number, site=f"s{number % 7}.example")], DAY)
    assert learner.learned("f") == {TRAILER}
    assert learner.size == sum(site.size for site in learner._sites.values()) <= 300


def test_one_site_is_bounded_and_keeps_what_is_proven():
    learner = taught(ENOUGH)
    rng = random.Random(7)
    for number in range(1000, 3000):
        own = tuple(rng.getrandbits(64) for _ in range(10))
        learner.see("f", [seen(number, *([TRAILER] if number % 2 else []), own=own, others=own[:3])], DAY)
    (site,) = learner._sites.values()
    assert len(site.lines) == MOST_LINES
    assert len(site.others) == MOST_OTHERS
    assert learner.learned("f") == {TRAILER}


def test_a_told_site_fits_a_message():
    site = Site()
    for number in range(3 * MOST_LINES):
        line = 2**64 - 1 - number % MOST_LINES
        site.see(
            Sighting("", Proof(number, number, number, 1), number, (line,), unique(number), ((line, "Ω" * 160),)), DAY
        )
    learner = Learner()
    learner._sites["f", ""] = site
    learner.changed.add(("f", ""))
    ((_, _, value),) = learner.tell()
    assert len(orjson.dumps(value)) < 100_000
