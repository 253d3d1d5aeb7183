"""From the front door to a search by keyword and date, over real Kafka and real Elasticsearch."""

from __future__ import annotations

import random
import re
import uuid

import pytest

from tests.bench.stories import all_reuters_rows, reuters_story
from tests.harness import Ledger, documents_of, wait_until

pytestmark = [pytest.mark.servers]


def test_a_story_is_found_by_keyword_and_date(pipeline):
    token = f"z{uuid.uuid4().hex[:12]}"
    story = {
        "id": f"urn:x:{token}",
        "title": f"Harbour reopens after storm {token}",
        "body": "The harbour reopened on Tuesday.\n\nFerries run again.",
        "published": "2025-02-08T10:00:00+02:00",
        "language": "en",
        "section": "Shipping",
        "source": "Test Wire",
        "byline": "Maria Example",
    }
    answer = pipeline.push(story)
    assert answer.status_code == 202
    receipt = answer.json()["receipt"]
    assert answer.json()["items"] == [{"id": f"{receipt}.1", "status": "accepted"}]
    hit = pipeline.wait_total(1, token, from_="2025-02-08", to="2025-02-08")["items"][0]
    assert hit["title"] == story["title"]
    assert hit["published"] == "2025-02-08T08:00:00.000000Z" or hit["published"].startswith("2025-02-08T08:00:00")
    assert token in str(hit["highlights"])
    assert pipeline.search(token, from_="2025-02-09")["total"] == 0
    assert pipeline.search(token, to="2025-02-07")["total"] == 0
    assert pipeline.search(f"{token} -ferries")["total"] == 0
    assert pipeline.search(f'{token} "ferries run"')["total"] == 1
    assert pipeline.search(token, section="shipping", source="Test Wire", language="en")["total"] == 1
    article = pipeline.article(hit["id"]).json()
    assert article["body"] == story["body"]
    assert article["byline"] == ["Maria Example"]
    assert article["revision"] == 1
    trace = pipeline.trace(receipt)
    assert [hop["stage"] for hop in trace["hops"]][:1] == ["ingestion"]
    assert trace["articles"][0]["id"] == hit["id"]
    assert pipeline.trace(hit["id"])["receipt"] == receipt


def test_an_update_replaces_and_an_older_version_does_not(pipeline):
    token = f"z{uuid.uuid4().hex[:12]}"

    def version(number):
        return {
            "id": f"urn:x:{token}",
            "version": number,
            "title": f"{token} version{number}",
            "body": f"Text {number}.",
        }

    for number in (1, 3, 2):
        receipt = pipeline.push(version(number)).json()["receipt"]
        pipeline.wait_trace(receipt)
    wait_until(lambda: pipeline.search(f"{token} version3")["total"] == 1, 30, "version 3")
    assert pipeline.search(token)["total"] == 1
    assert pipeline.search(f"{token} version2")["total"] == 0
    article = pipeline.article(pipeline.search(token)["items"][0]["id"]).json()
    assert article["version"] == "3"
    assert article["revision"] == 2


def test_a_kill_wins_whatever_comes_later(pipeline):
    token = f"z{uuid.uuid4().hex[:12]}"
    story = {"id": f"urn:x:{token}", "version": 1, "title": token, "body": "To be killed."}
    pipeline.push(story)
    hit = pipeline.wait_total(1, token)["items"][0]
    pipeline.push({"id": story["id"], "version": 2, "status": "canceled", "title": token, "ednote": "Wrong person."})
    wait_until(lambda: pipeline.article(hit["id"]).status_code == 410, 30, "the kill")
    late = pipeline.push(story | {"version": 9}).json()["receipt"]
    pipeline.wait_trace(late)
    assert pipeline.search(token)["total"] == 0
    gone = pipeline.article(hit["id"])
    assert gone.status_code == 410
    assert gone.headers["content-type"].startswith("application/problem+json")
    assert gone.json()["notice"]
    assert "To be killed" not in gone.text


def test_an_embargoed_story_is_on_no_surface(pipeline):
    token = f"z{uuid.uuid4().hex[:12]}"
    story = {"id": f"urn:x:{token}", "title": token, "body": token, "embargoed_until": "2099-01-01T00:00:00Z"}
    receipt = pipeline.push(story).json()["receipt"]
    article = pipeline.wait_trace(receipt)["articles"][0]["id"]
    assert pipeline.search(token)["total"] == 0
    assert pipeline.article(article).status_code == 404
    assert token not in str(pipeline.trace(receipt)).replace(story["id"], "")


def test_the_same_push_twice_is_one_article(pipeline):
    token = f"z{uuid.uuid4().hex[:12]}"
    story = {"title": token, "body": f"Once {token}."}
    receipts = {pipeline.push(story, Idempotency_Key=token).json()["receipt"] for _ in range(3)}
    assert len(receipts) == 1
    pipeline.wait_total(1, token)
    again = pipeline.push(story).json()["receipt"]
    trace = pipeline.wait_trace(again)
    assert [letter["class"] for letter in trace["dead_letters"]] == ["duplicate"]
    assert pipeline.search(token)["total"] == 1


def test_a_page_that_cannot_be_read_shows_in_its_trace(pipeline):
    receipt = pipeline.push("<html><body></body></html>", "text/html").json()["receipt"]
    trace = pipeline.wait_trace(receipt)
    assert trace["known"] is True
    assert trace["articles"] == []
    assert trace["dead_letters"][0]["stage"] == "normalization"


@pytest.mark.corpora
@pytest.mark.timeout(420)
def test_all_of_reuters_comes_back(pipeline, corpora):
    """About 16,000 wire stories of 1987: the index holds what was acknowledged; 200 samples of 200 are found."""
    rows = all_reuters_rows(corpora)
    assert len(rows) > 16_000
    ledger = Ledger()
    stories = {str(story["id"]): story for story in (reuters_story(row, ledger.mark) for row in rows)}
    for story in stories.values():
        story["source"] = ledger.mark
    ordered = list(stories.values())
    for start in range(0, len(ordered), 100):
        sent = ordered[start : start + 100]
        answer = pipeline.batch(sent)
        assert answer.status_code == 202, answer.text[:300]
        for story, item in zip(sent, answer.json()["items"], strict=True):
            ledger.enter(story, 202 if item["status"] == "accepted" else 422)
    texts = {name: f"{story['title'] or ''}{story['body'] or ''}" for name, story in stories.items()}
    wordless = {name for name, text in texts.items() if not re.search(r"\w", text)}
    assert set(ledger.fail) == wordless, "the one row that is two control characters is refused, and nothing else"
    assert pipeline.wait_total(len(ledger.ok), source=ledger.mark, seconds=180)["total"] == len(ledger.ok)
    assert len(documents_of(pipeline.elasticsearch_url, ledger.mark)) == len(ledger.ok)

    def rare_words(row):
        words = set(re.findall(r"(?<![\w.'/&-])[A-Za-z]{6,}(?![\w.'/&-])", row["body"])) - {"Reuter", "REUTER"}
        return sorted(words, key=lambda word: (len(word), word))[-3:]

    candidates = [
        row for row in rows if row["title"] and row["body"] and len(row["body"]) > 400 and len(rare_words(row)) == 3
    ]
    missed = []
    for row in random.Random(21578).sample(candidates, 200):
        day = row["date"][:10]
        answer = pipeline.search(
            " ".join(rare_words(row)),
            from_=f"{day}T00:00:00-05:00",
            to=f"{day}T23:59:59.999-05:00",
            source=ledger.mark,
            size=100,
        )
        if not any(item["title"].split() == row["title"].split() for item in answer["items"]):
            missed.append((row["id"], rare_words(row)))
    assert not missed, f"{len(missed)} of 200 not found: {missed[:5]}"
