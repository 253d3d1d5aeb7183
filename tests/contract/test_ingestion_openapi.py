"""Schemathesis over the front door's OpenAPI document: whatever the document allows, and what it forbids, is answered as
it says, and never by a fault of ours. A new route is covered on the day it is added.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.unit.ingestion.support import KEY, FrontDoor

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")

door = FrontDoor()
schema = schemathesis.openapi.from_asgi("/v1/openapi.json", door.app)


@schemathesis.serializer("application/x-ndjson", "text/html")
def _lines(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def statuses():
    seen: Counter[int] = Counter()
    yield seen
    # A test in which nothing gets past the first check proves nothing of those behind it.
    assert seen[202] >= 10, seen
    assert seen.total() - seen[202] - seen[401] >= 10, seen


@schema.parametrize()
@MANY
def test_a_stranger_is_answered_as_the_document_says(case: schemathesis.Case) -> None:
    case.call_and_validate(checks=CHECKS)


@schema.include(path_regex="/items$").parametrize()
@MANY
def test_a_sender_with_a_key_is_answered_as_the_document_says(case: schemathesis.Case, statuses: Counter[int]) -> None:
    case.path_parameters["feed"] = "local"
    case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() not in SIGNED}
    answer = case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"}, checks=CHECKS)
    statuses[answer.status_code] += 1
