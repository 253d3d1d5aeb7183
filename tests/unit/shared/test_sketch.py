"""Sketches: there and back, compared as far as both are complete, and nothing read out of bytes that are none."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sketch import (
    BANDS,
    HASHES,
    NAMES,
    NUMBERS,
    TITLE,
    BadSketch,
    Facts,
    decode,
    encode,
    jaccard,
    keys,
    shared_facts,
    unpack,
)

HASH = st.integers(0, 0xFFFF)
DIGEST = st.lists(st.integers(0, 2**32 - 1), min_size=HASHES, max_size=HASHES)
GROUPS = {"numbers": NUMBERS, "names": NAMES, "title": TITLE}


def made(**said) -> bytes:
    given_ = {"runs": 3, "lead": 0, "digest": range(HASHES), "numbers": set(), "names": set(), "title": set()}
    return unpack(encode(2, **(given_ | said)))


SETS = st.sets(HASH, max_size=60)


@given(st.integers(0, 100_000), HASH, DIGEST, st.fixed_dictionaries(dict.fromkeys(GROUPS, SETS)))
def test_what_is_encoded_comes_back(runs, lead, digest, said):
    sketch = decode(made(runs=runs, lead=lead, digest=digest, **said))
    assert (sketch.algorithm, sketch.runs) == (2, min(runs, 0xFFFF))
    assert list(sketch.minima) == [value & 0xFF for value in digest]
    for name, most in GROUPS.items():
        facts = getattr(sketch, name)
        assert facts.hashes == frozenset(sorted(said[name])[:most])
        assert facts.whole == (len(said[name]) <= most)


@pytest.mark.parametrize("text", ["", "!", "AA", "AQ==", base64.b64encode(b"\x09" + bytes(400)).decode(), "ü" * 200])
def test_what_is_no_sketch_is_refused(text):
    with pytest.raises(BadSketch):
        unpack(text)


@given(st.integers(0, 200))
def test_bytes_that_are_cut_short_or_go_on_are_refused_or_at_least_never_a_crash(size):
    raw = made(numbers={1, 2, 3}, names=set(range(100)), title={7})
    for broken in (raw[: len(raw) - size], raw + bytes(size + 1)):
        keys(broken)
        if broken != raw:
            with pytest.raises(BadSketch):
                decode(broken)


@given(st.sets(HASH, max_size=80), st.sets(HASH, max_size=80))
def test_facts_are_compared_up_to_where_both_are_complete(one, other):
    def kept(all_: set[int]) -> Facts:
        return Facts(frozenset(sorted(all_)[:NUMBERS]), len(all_) <= NUMBERS)

    first, second = kept(one), kept(other)
    bound = min(max(facts.hashes, default=0) if not facts.whole else 0xFFFF for facts in (first, second))
    mine, its = ({value for value in all_ if value <= bound} for all_ in (one, other))
    found = shared_facts(first, second)
    assert found == (len(mine & its), len(mine - its), len(its - mine))
    assert 0 <= found.contained <= 1
    assert found.swapped == min(len(mine - its), len(its - mine))


def test_likeness_is_told_from_the_minima_and_never_across_algorithms():
    same, half = decode(made()), decode(made(digest=[*range(64), *(value + 1 for value in range(64, 128))]))
    assert jaccard(same, same) == 1.0
    assert jaccard(same, half) == pytest.approx(0.5, abs=0.01)
    assert jaccard(same, same._replace(algorithm=3)) == 0.0


def test_keys_are_what_bands_are_made_of():
    digest = list(range(HASHES))
    raw = made(digest=digest, lead=9, title={1, 2})
    assert len(keys(raw)) == BANDS + 2
    changed = [value + 1 for value in digest]
    changed[2:4] = digest[2:4]
    assert len(set(keys(raw)) & set(keys(made(digest=changed, lead=8, title={3})))) == 1
    assert len(set(keys(raw)) & set(keys(made(digest=[value + 1 for value in digest], lead=9, title={3})))) == 1
    assert len(set(keys(raw)) & set(keys(made(digest=[value + 1 for value in digest], lead=8, title={1, 2})))) == 1
    assert len(keys(made())) == BANDS
