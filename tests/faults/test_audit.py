"""`newswire audit` over the index that the fault tests leave behind, and over one that was broken on purpose."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx2
import orjson
import pytest

from tests.harness import Ledger

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
def audit(pipeline):
    def run(*arguments: str, ends: int) -> dict:
        done = subprocess.run(
            [sys.executable, "-m", "cli", "audit", "--json", *arguments],
            env={**os.environ, **pipeline.environment},
            capture_output=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == ends, done.stdout + done.stderr
        return orjson.loads(done.stdout)

    return run


def test_what_is_there_is_proven_and_what_was_taken_away_is_missed(pipeline, audit):
    ledger = Ledger()
    stories = [ledger.story(status="killed") if n == 1 else ledger.story() for n in range(5)]
    answer = pipeline.batch(stories)
    pipeline.wait_total(4, source=ledger.mark)
    report = audit("--patience", "60", ends=0)
    assert report["good"]
    assert report["looked_at"]["acknowledged items"] >= 5
    assert report["looked_at"]["articles"] >= 5
    assert not report["skipped"]

    (lost,) = pipeline.trace(answer.json()["items"][0]["id"])["articles"]
    (hit,) = httpx2.post(
        f"{pipeline.elasticsearch_url}/articles/_search", json={"query": {"ids": {"values": [lost["id"]]}}}
    ).json()["hits"]["hits"]
    gone = httpx2.delete(f"{pipeline.elasticsearch_url}/{hit['_index']}/_doc/{hit['_id']}?refresh=true")
    assert gone.json()["result"] == "deleted"
    report = audit("--patience", "2", ends=1)
    assert [(one["check"], one["about"]) for one in report["findings"] if one["check"] == "lost"] == [
        ("lost", answer.json()["items"][0]["id"])
    ]
