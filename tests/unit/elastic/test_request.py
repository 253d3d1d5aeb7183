from __future__ import annotations

import orjson
import pytest

from shared.elastic.border import safe_reason
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action
from shared.elastic.request import body_of, over_memory, verdicts_of


def test_a_body_is_a_header_and_the_document_s_own_bytes():
    source = b'{"id" : "a", "ext_version":9223372036854775807}'
    body = body_of([Action("articles-2020.01", "a", 2**63 - 1, source), Action('x"y', 'q"\\é', None, b"{}", "create")])
    lines = body.split(b"\n")
    assert lines[1] == source
    assert orjson.loads(lines[0]) == {
        "index": {
            "_index": "articles-2020.01",
            "_id": "a",
            "version": 2**63 - 1,
            "version_type": "external_gte",
        }
    }
    assert orjson.loads(lines[2]) == {"create": {"_index": 'x"y', "_id": 'q"\\é'}}
    assert lines[3:] == [b"{}", b""]


def test_a_document_of_two_lines_would_shift_all_that_follow():
    with pytest.raises(ValueError, match="not one line"):
        body_of([Action("articles-before", "a", 1, b'{"a":\n1}')])


def test_an_answer_without_errors():
    answer = {"errors": False, "items": [{"index": {"status": 200}}, {"create": {"status": 201}}]}
    assert [verdict.outcome for verdict in verdicts_of(answer)] == [Outcome.OK, Outcome.OK]


def test_an_answer_with_errors():
    error = {"type": "document_parsing_exception", "reason": "failed to parse field [published] of type [date] in x"}
    answer = {
        "errors": True,
        "items": [
            {"index": {"status": 200}},
            {"index": {"status": 400, "error": error}},
            {"index": {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "[a]: …"}}},
        ],
    }
    verdicts = verdicts_of(answer)
    assert [verdict.outcome for verdict in verdicts] == [Outcome.OK, Outcome.POISON, Outcome.STALE]
    assert verdicts[1].reason == "document_parsing_exception: field [published] of type [date]"


@pytest.mark.parametrize(
    "answer", [None, {}, [], "text", {"items": 3}, {"errors": True, "items": [1]}, {"errors": True, "items": [{}]}]
)
def test_an_answer_that_is_none(answer):
    assert verdicts_of(answer).outcome is Outcome.RETRY


@pytest.mark.parametrize(
    "reason",
    [
        "[1:34] failed to parse field [published] of type [date] in document with id 'a'. Preview: 'SECRET WORDS'",
        "[1:2] object mapping for [topics] tried to parse field [null] as object, but found a concrete value SECRET",
        "mapping set to strict, dynamic introduction of [SECRET WORDS] within [_doc] is not allowed",
        "mapping set to strict, dynamic introduction of [a] within [SECRET WORDS] is not allowed",
        "SECRET WORDS",
        "field [SECRET WORDS]",
        None,
    ],
)
def test_a_reason_never_quotes_the_document(reason):
    assert "SECRET" not in safe_reason("document_parsing_exception", reason)
    assert safe_reason("document_parsing_exception", reason).startswith("document_parsing_exception")


def test_a_reason_names_the_unknown_field():
    reason = "[1:9] mapping set to strict, dynamic introduction of [colour] within [_doc] is not allowed"
    assert safe_reason("strict_dynamic_mapping_exception", reason) == (
        "strict_dynamic_mapping_exception: no field [colour] in [_doc]"
    )


@pytest.mark.parametrize(
    ("booked", "limit", "never"), [(44_000_032, 51_897_958, True), (40_000_000, 51_897_958, False), (8, 10, False)]
)
def test_a_rejection_that_no_waiting_mends(booked, limit, never):
    reason = (
        "rejected execution of primary operation [coordinating_and_primary_bytes=1, replica_bytes=0, all_bytes=1, "
        f"primary_operation_bytes={booked}, max_primary_bytes={limit}]"
    )
    assert over_memory(reason) is never
    assert over_memory(None) is over_memory("rejected") is False
