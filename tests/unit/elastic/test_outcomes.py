"""Every row of the outcome table, for items and for whole requests."""

from __future__ import annotations

import pytest

from shared.elastic.outcomes import Outcome, classify

ITEMS = [
    (200, None, Outcome.OK),
    (201, None, Outcome.OK),
    (409, "version_conflict_engine_exception", Outcome.STALE),
    (400, "document_parsing_exception", Outcome.POISON),
    (400, "mapper_parsing_exception", Outcome.POISON),
    (400, "strict_dynamic_mapping_exception", Outcome.POISON),
    (400, "illegal_argument_exception", Outcome.POISON),
    (400, "action_request_validation_exception", Outcome.POISON),
    (404, "document_missing_exception", Outcome.POISON),
    (413, None, Outcome.POISON),
    (418, "something_new", Outcome.POISON),
    (404, "index_not_found_exception", Outcome.HALT),
    (400, "index_closed_exception", Outcome.HALT),
    (401, None, Outcome.HALT),
    (403, "security_exception", Outcome.HALT),
    (403, None, Outcome.HALT),
    (403, "cluster_block_exception", Outcome.PAUSE),
    (429, "cluster_block_exception", Outcome.PAUSE),
    (503, "cluster_block_exception", Outcome.PAUSE),
    (429, "es_rejected_execution_exception", Outcome.RETRY),
    (429, "circuit_breaking_exception", Outcome.RETRY),
    (429, None, Outcome.RETRY),
    (408, None, Outcome.RETRY),
    (425, None, Outcome.RETRY),
    (500, "something_new", Outcome.RETRY),
    (502, None, Outcome.RETRY),
    (503, "unavailable_shards_exception", Outcome.RETRY),
    (504, None, Outcome.RETRY),
    (302, None, Outcome.HALT),
]

REQUESTS = [
    (200, None, Outcome.OK),
    (400, "action_request_validation_exception", Outcome.BISECT),
    (400, None, Outcome.BISECT),
    (413, None, Outcome.BISECT),
    (418, None, Outcome.BISECT),
    (401, "security_exception", Outcome.HALT),
    (403, None, Outcome.HALT),
    (404, None, Outcome.HALT),
    (405, None, Outcome.HALT),
    (404, "index_not_found_exception", Outcome.HALT),
    (301, None, Outcome.HALT),
    (403, "cluster_block_exception", Outcome.PAUSE),
    (429, "cluster_block_exception", Outcome.PAUSE),
    (429, "es_rejected_execution_exception", Outcome.RETRY),
    (429, "circuit_breaking_exception", Outcome.RETRY),
    (429, None, Outcome.RETRY),
    (408, None, Outcome.RETRY),
    (409, None, Outcome.RETRY),
    (425, None, Outcome.RETRY),
    (500, None, Outcome.RETRY),
    (502, None, Outcome.RETRY),
    (503, None, Outcome.RETRY),
    (504, None, Outcome.RETRY),
]


@pytest.mark.parametrize(("status", "error_type", "outcome"), ITEMS)
def test_an_item(status, error_type, outcome):
    assert classify(status, error_type) is outcome


@pytest.mark.parametrize(("status", "error_type", "outcome"), REQUESTS)
def test_a_whole_request(status, error_type, outcome):
    assert classify(status, error_type, whole_request=True) is outcome


@pytest.mark.parametrize("whole_request", [False, True])
def test_every_status_has_a_meaning(whole_request):
    for status in range(200, 600):
        assert classify(status, whole_request=whole_request) in Outcome
        assert classify(status, "never_heard_of_exception", whole_request=whole_request) in Outcome


def test_an_item_is_never_halved_and_a_request_never_poison():
    assert all(classify(status) is not Outcome.BISECT for status in range(200, 600))
    assert all(classify(status, whole_request=True) is not Outcome.POISON for status in range(200, 600))
