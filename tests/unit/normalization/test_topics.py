"""Topics in one spelling, with the newer codes and the parents beside them."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from services.normalization.fingerprint import source_hash
from services.normalization.parts import StoryParts
from services.normalization.topics import MOST_DERIVED, concluded
from shared.events import Article, Topic
from shared.subjects import MEDTOP, SUBJECT, subjects

SOCCER = Topic(scheme="medtop", code="20001065", name="Fußball")


def codes(topics, given=None):
    return [(one.scheme, one.code) for one in topics if one.given is given]


def test_a_media_topic_brings_its_parents():
    assert concluded([SOCCER]) == [
        SOCCER,
        Topic(scheme="medtop", code="20000822", name="competition discipline", given=False),
        Topic(scheme="medtop", code="15000000", name="sport", given=False),
    ]


def test_a_subject_code_brings_its_parents_and_the_topic_that_took_over():
    found = concluded([Topic(scheme="iptc-subject", code="15054000")])
    assert found[0] == Topic(scheme="iptc-subject", code="15054000", name="soccer")
    assert codes(found, given=False) == [
        ("iptc-subject", "15000000"),
        ("medtop", "20001065"),
        ("medtop", "20000822"),
        ("medtop", "15000000"),
    ]


def test_codes_come_in_one_spelling_and_keep_the_providers_name():
    found = concluded(
        [Topic(code="http://cv.iptc.org/newscodes/mediatopic/20001065", name="fotboll"), Topic(name="subj:15054000")]
    )
    assert found[0] == Topic(scheme="medtop", code="20001065", name="fotboll")
    assert found[1] == Topic(scheme="iptc-subject", code="15054000", name="soccer")


def test_what_is_given_is_never_said_twice():
    given = [
        SOCCER,
        Topic(scheme="medtop", code="15000000", name="Sport"),
        Topic(scheme="iptc-subject", code="15054000"),
    ]
    found = concluded(given)
    assert [one for one in found if one.code == "15000000" and one.scheme == "medtop"] == [given[1]]
    assert len(set(codes(found) + codes(found, given=False))) == len(found)


def test_a_retired_topic_stays_and_what_replaced_it_is_added():
    found = concluded([Topic(scheme="medtop", code="20000064")])
    assert found[0] == Topic(scheme="medtop", code="20000064", name="war crime action")
    assert ("medtop", "20000105") in codes(found, given=False)
    assert ("medtop", "02000000") in codes(found, given=False)  # where the new one stands
    assert ("medtop", "16000000") in codes(found, given=False)  # where the old one stood


def test_unknown_codes_and_words_stay_as_they_are():
    given = [
        Topic(scheme="medtop", code="29999999", name="new next year"),
        Topic(scheme="iptc-subject", code="99000000"),
        Topic(scheme="http://harbour.example/desk", code="SHP", name="Shipping"),
        Topic(name="Live: the match"),
        Topic(code="hafen-17", name="Hafen"),
        Topic(),
    ]
    assert concluded(given) == given
    assert concluded([]) == []


def test_a_providers_scheme_with_the_iptcs_numbers_stays_and_is_read():
    found = concluded([Topic(scheme="sttsubj", code="06006008", name="Luonnonvaraiset eläimet")])
    assert found[0].scheme == "sttsubj"
    assert codes(found, given=False)[0] == ("iptc-subject", "06006008")
    assert ("medtop", "06000000") in codes(found, given=False)


def test_category_letters_stand_for_a_subject():
    assert codes(concluded([Topic(scheme="category", code="SPO")]), given=False) == [("medtop", "15000000")]
    assert codes(concluded([Topic(scheme="anpa-category", code="f")]), given=False) == [("medtop", "04000000")]
    for says_where in ("a", "i", "z", "v"):
        assert concluded([Topic(scheme="anpa-category", code=says_where)])[1:] == []
    assert concluded([Topic(scheme="genre", code="SPO")])[1:] == []


def test_what_is_concluded_is_no_part_of_the_fingerprint():
    parts = StoryParts("ninjs", topics=[Topic(scheme="medtop", code="20001065")])
    before = source_hash(parts)
    concluded(parts.topics)
    assert parts.topics == [Topic(scheme="medtop", code="20001065")]
    assert (
        source_hash(parts)
        == before
        == source_hash(StoryParts("x", topics=[Topic(scheme="medtop", code="20001065", given=None)]))
    )


def test_only_what_is_concluded_says_so_in_the_event():
    assert b"given" not in Topic(scheme="a", code="b").model_dump_json(exclude_none=True).encode()
    assert Topic.model_validate_json('{"code": "1", "given": false}').given is False
    assert "topics" in Article.model_fields


TOPICS = st.builds(
    Topic,
    scheme=st.one_of(st.none(), st.sampled_from([MEDTOP, SUBJECT, "sttsubj", "category", "anpa-category"]), st.text(max_size=9)),
    code=st.one_of(st.none(), st.text(max_size=9), st.sampled_from(sorted(subjects().topics | subjects().subject_codes))),
    name=st.one_of(st.none(), st.text(max_size=20)),
)  # fmt: skip


@given(st.lists(TOPICS, max_size=12))
def test_all_that_was_given_stays_in_order_and_parents_are_complete(given):
    found = concluded(given)
    own, added = found[: len(given)], found[len(given) :]
    assert all(one.given is None for one in own)
    assert all(one.given is False and one.name for one in added)
    for before, after in zip(given, own, strict=True):
        assert before.name in (None, after.name) or after.code == (before.code or before.name)
    table = subjects()
    known = {(one.scheme, one.code) for one in found}
    for scheme, code in known:
        if scheme == MEDTOP and code:
            assert {(MEDTOP, wider) for wider in table.parents(code)} <= known
    assert concluded(own)[len(own) :] == added


def test_a_story_of_all_topics_is_bounded():
    everything = [Topic(scheme=SUBJECT, code=code) for code in sorted(subjects().subject_codes)]
    assert len(concluded(everything)) == len(everything) + MOST_DERIVED


def test_it_costs_little():
    concluded([SOCCER])
    given = [SOCCER, Topic(scheme="iptc-subject", code="02003000"), Topic(name="ferries")]
    started = time.process_time()
    for _ in range(1000):
        concluded(given)
    assert time.process_time() - started < 0.5  # 500 µs each; about 50 is usual
