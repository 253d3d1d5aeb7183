"""kill -9 of Kafka and of Elasticsearch while stories are pushed: the door says 503, nothing acknowledged is lost."""

from __future__ import annotations

import time

import httpx2
import pytest

from tests.faults.pusher import Pusher
from tests.harness import Ledger, documents_of, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(300)]


def settle(pipeline, ledger, seconds=90):
    """Wait until every acknowledged story is found, then hold the ledger against the indices."""

    def missing():
        return set(ledger.ok) - set(documents_of(pipeline.elasticsearch_url, ledger.mark))

    wait_until(lambda: not missing(), seconds, "every acknowledged story to be found", every=0.5)
    return ledger.check(documents_of(pipeline.elasticsearch_url, ledger.mark))


def test_kafka_dies_and_comes_back(own_servers, pipeline):
    ledger = Ledger()
    pusher = Pusher(pipeline, ledger)
    pusher.start()
    broker = own_servers.brokers[0]
    try:
        wait_until(lambda: len(ledger.ok) >= 40, 60, "stories before the fault")
        broker.kill()
        answer = pipeline.client.post(
            f"{pipeline['ingestion'].url}/v1/feeds/local/items",
            json={"title": "while Kafka is away"},
            headers={"Authorization": f"Bearer {pipeline.key}"},
            timeout=60,
        )
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
        for name in ("ingestion", "normalization", "indexing", "search"):
            assert httpx2.get(f"{pipeline[name].url}/livez").status_code == 200, f"{name} lives on without Kafka"
            assert pipeline[name].ready(), f"{name} stays ready in an outage"
        broker.start()
        count = len(ledger.ok)
        wait_until(lambda: len(ledger.ok) >= count + 20, 90, "stories after the fault")
    finally:
        pusher.finish()
    assert pusher.broken
    assert settle(pipeline, ledger) == []


def test_elasticsearch_dies_and_comes_back(own_servers, pipeline):
    ledger = Ledger()
    pusher = Pusher(pipeline, ledger)
    pusher.start()
    node = own_servers.nodes[0]
    try:
        wait_until(lambda: len(ledger.ok) >= 40, 60, "stories before the fault")
        node.kill()
        refused = pipeline.client.get(f"{pipeline['search'].url}/v1/search", params={"q": "x"})
        assert refused.status_code == 503, refused.text
        assert int(refused.headers["retry-after"]) > 0
        count = len(ledger.ok)
        wait_until(lambda: len(ledger.ok) >= count + 40, 60, "the door to go on without Elasticsearch")
        time.sleep(3)
        assert pipeline["indexing"].running
        node.start()
    finally:
        pusher.finish()
    assert not ledger.fail
    assert settle(pipeline, ledger) == []
    assert pipeline.search(source=ledger.mark)["total"] == len(ledger.ok)
