"""The IPTC's tables and the ways their codes are written."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.subjects import MEDTOP, SUBJECT, code_of, code_under, same_subject, subjects
from shared.subjects.written import of_text

TABLE = subjects()


def test_the_topics_are_a_tree_under_seventeen_tops():
    tops = {code for code in TABLE.topics if TABLE.parent(code) is None}
    assert tops == {f"{number:02}000000" for number in range(1, 18)}
    for code in TABLE.topics:
        path = [code]
        while (wider := TABLE.parent(path[-1])) is not None:
            assert wider in TABLE.topics
            assert wider not in path, path
            path.append(wider)
        assert len(path) <= 6
        assert path[-1] in tops


def test_no_topic_in_use_stands_under_a_retired_one():
    assert not [code for code in TABLE.topics if not TABLE.retired(code) and TABLE.parent(code) not in (None, *TABLE.parents(code))]  # fmt: skip


def test_every_topic_leads_to_one_in_use():
    retired = {code for code in TABLE.topics if TABLE.retired(code)}
    assert len(retired) > 300
    for code in TABLE.topics:
        found = TABLE.in_use(code)
        assert found in TABLE.topics - retired
        assert (found == code) == (code not in retired)


def test_every_subject_code_has_a_name_and_falls_under_a_topic_in_use():
    assert len(TABLE.subject_codes) > 1400
    for code in TABLE.subject_codes:
        assert re.fullmatch(r"(0[1-9]|1[0-7])\d{6}", code)
        assert TABLE.name(SUBJECT, code)
        found = TABLE.topic_of(code)
        assert found in TABLE.topics
        assert not TABLE.retired(found)
        same = TABLE.same_topic(code)
        assert same is None or (same in TABLE.topics and code in TABLE.took_over_from(same))
        assert all(wider in TABLE.subject_codes for wider in TABLE.wider_subjects(code))


def test_names_are_one_line_of_words():
    for scheme, codes in ((MEDTOP, TABLE.topics), (SUBJECT, TABLE.subject_codes)):
        for code in codes:
            name = TABLE.name(scheme, code)
            assert name == " ".join(name.split())
            assert "DEPRECATED" not in name


@pytest.mark.parametrize(
    ("subject", "topic"),
    [
        ("15054000", "20001065"),  # soccer
        ("15062000", "20001071"),  # swimming, not the retired freestyle swimming that is also close to it
        ("16009000", "20000062"),  # war, not the retired war crime action
        ("02003000", "20000133"),  # police
        ("15005000", "20000827"),  # athletics, track and field, not the sprint run that is close to it
        ("05006000", "05000000"),  # teachers union has no match at all
        ("14000000", "14000000"),
    ],
)
def test_subject_codes_are_mapped(subject, topic):
    assert TABLE.topic_of(subject) == topic


def test_a_retired_topic_gives_way_to_what_replaced_it_or_to_the_next_wider():
    assert TABLE.in_use("20000064") == "20000105"  # war crime action → war crime
    assert TABLE.in_use("20000861") == "20000856"  # heavyweight (boxing) → boxing
    assert TABLE.in_use("99999999") is None


def test_the_table_says_whose_facts_they_are():
    text = (files("shared.subjects") / "newscodes.json").read_text("utf-8")
    assert "IPTC" in text[:800]
    assert "creativecommons.org/licenses/by/4.0" in text[:800]


@pytest.mark.parametrize(
    ("scheme", "code", "expected"),
    [
        (None, "medtop:20000573", (MEDTOP, "20000573")),
        ("anything", "medtop:20000573", (MEDTOP, "20000573")),
        ("medtop", "20000573", (MEDTOP, "20000573")),
        ("MedTop", "20000573", (MEDTOP, "20000573")),
        (None, "http://cv.iptc.org/newscodes/mediatopic/20000573", (MEDTOP, "20000573")),
        (None, "https://cv.iptc.org/newscodes/mediatopic/20000573/?lang=en-GB", (MEDTOP, "20000573")),
        ("http://cv.iptc.org/newscodes/mediatopic/", "20000573", (MEDTOP, "20000573")),
        ("http://cv.iptc.org/newscodes/subjectcode", "15054000", (SUBJECT, "15054000")),
        (None, "http://cv.iptc.org/newscodes/subjectcode/15054000", (SUBJECT, "15054000")),
        (None, "subj:15054000", (SUBJECT, "15054000")),
        ("IptcSubjectCodes", "15054000", (SUBJECT, "15054000")),
        ("subjectcode", "15054000", (SUBJECT, "15054000")),
        ("urn:newsml:iptc.org:20010101:topicset.iptc-subjectcode:9", "15054000", (SUBJECT, "15054000")),
        ("urn:newsml:iptc.org:20010101:topicset.iptc-mediatopic:9", "20000573", (MEDTOP, "20000573")),
        (None, "20000573", None),
        (None, None, None),
        ("medtop", "2000057", None),
        ("dpasubject", "553", None),
        ("geo", "15054000", None),
        (None, "dpa:20260101", None),
        (None, "http://cv.iptc.org/newscodes/genre/Current", None),
    ],
)
def test_the_ways_to_write_a_code(scheme, code, expected):
    assert code_of(scheme, code) == expected


@pytest.mark.parametrize(
    ("scheme", "code", "expected"),
    [
        ("sttsubj", "06006008", (SUBJECT, "06006008")),
        ("http://tt.se/spec/subref/1.0", "20001065", (MEDTOP, "20001065")),
        ("sttsubj", "06999999", None),
        ("article-number", "20001065", None),
        (None, "20001065", None),
    ],
)
def test_a_providers_own_scheme_may_go_by_the_iptcs_numbers(scheme, code, expected):
    assert code_under(scheme, code) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("15054000", {"15054000", "20001065"}),
        ("subj:15054000", {"15054000", "20001065", "subj:15054000"}),
        ("20001065", {"20001065", "15054000"}),
        ("medtop:20001065", {"20001065", "15054000", "medtop:20001065"}),
        ("http://cv.iptc.org/newscodes/mediatopic/15000000", {"15000000", "http://cv.iptc.org/newscodes/mediatopic/15000000"}),
        ("Football", {"Football", "20001065", "15054000"}),
        ("soccer", {"soccer", "15054000", "20001065"}),
        ("ferries", {"ferries"}),
        ("Live: the match", {"Live: the match"}),
        ("", {""}),
    ],
)  # fmt: skip
def test_what_a_search_for_a_code_looks_for(written, expected):
    assert set(same_subject(written)) == expected


@given(st.one_of(st.text(max_size=60), st.from_regex(r"(medtop|subj|x):\d{7,9}", fullmatch=True)))
def test_any_text_is_taken(text):
    found = of_text(text)
    assert found is None or (found[0] in (MEDTOP, SUBJECT) and found[1].isdigit())
    assert text in same_subject(text)
    code_of(text, text)
    code_under(text, text)
