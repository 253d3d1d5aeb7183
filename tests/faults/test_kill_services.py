"""kill -9 of a service before, between and after its two side effects, while stories are pushed.

The fail points stand in the services' own code: `failpoint("ingestion.before-publish")` and so on.
"""

from __future__ import annotations

import signal

import pytest

from tests.faults.pusher import Pusher
from tests.harness import Ledger, documents_of, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(240)]

FAILPOINTS = [
    "ingestion.before-publish",
    "ingestion.after-publish",
    "ingestion.before-answer",
    "normalization.before-publish",
    "normalization.after-publish",
    "normalization.before-commit",
    "indexing.before-bulk",
    "indexing.after-bulk",
    "indexing.after-announce",
]


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_nothing_is_lost_doubled_or_changed(pipeline, failpoint):
    victim = pipeline[failpoint.split(".")[0]]
    assert victim.stop() == 0, victim.tail()
    victim.start(failpoint=f"{failpoint}:5")
    ledger = Ledger()
    pusher = Pusher(pipeline, ledger)
    pusher.start()
    try:
        assert victim.wait_dead(60) == -signal.SIGKILL, f"{failpoint} was never reached: {victim.tail()}"
        victim.start()
        victim.wait_ready()
        wait_until(lambda: len(ledger.ok) >= 60, 60, "60 acknowledged stories")
    finally:
        pusher.finish()

    def settled():
        return set(ledger.ok) <= set(documents_of(pipeline.elasticsearch_url, ledger.mark))

    wait_until(settled, 60, f"{len(ledger.ok)} acknowledged stories to be found", every=0.5)
    assert ledger.check(documents_of(pipeline.elasticsearch_url, ledger.mark)) == []
    assert not ledger.info, "a patient sender ends up knowing"
    if victim.name == "ingestion":
        assert pusher.broken, "the request in flight must have broken"


def test_a_broken_request_sent_again_with_its_key_is_one_article(pipeline):
    """The door dies after Kafka has the story and before the sender hears of it."""
    ingestion = pipeline["ingestion"]
    assert ingestion.stop() == 0
    ingestion.start(failpoint="ingestion.before-answer")
    ingestion.wait_ready()
    ledger, story = Ledger(), None
    story = ledger.story()
    pusher = Pusher(pipeline, ledger)
    assert pusher.attempt([story], "the-same-key") == (0, None)
    assert ingestion.wait_dead(10) == -signal.SIGKILL
    ingestion.start()
    ingestion.wait_ready()
    receipts = {pusher.attempt([story], "the-same-key")[1]["receipt"] for _ in range(3)}
    assert len(receipts) == 1, "a retry has the receipt of the first try"
    ledger.enter(story, 202)
    wait_until(lambda: documents_of(pipeline.elasticsearch_url, ledger.mark), 30, "the article")
    pipeline.wait_trace(receipts.pop())
    assert ledger.check(documents_of(pipeline.elasticsearch_url, ledger.mark)) == []
