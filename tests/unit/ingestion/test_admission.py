"""The budget for bodies, and what is told of it."""

from __future__ import annotations

import pytest

from services.ingestion.admission import Admission
from shared.metrics import REGISTRY
from shared.problems import Problem


def told() -> float:
    return REGISTRY.get_sample_value("newswire_http_in_flight_bytes") or 0.0


def test_the_gauge_tells_what_all_budgets_hold_together():
    pushes, hubs, before = Admission(1000), Admission(100), told()
    with pushes.reserve(600) as one, hubs.reserve(50):
        assert told() - before == 650
        one.cover(700)
        assert told() - before == 750
        with pytest.raises(Problem, match="overloaded"):
            pushes.reserve(400)
        assert told() - before == 750, "what was refused is not held"
    assert told() == before
    assert (pushes.held, hubs.held) == (0, 0)
