"""Operators' orders, released embargoes and the events of a story's life, by ninjs through the front door and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

import httpx2
import orjson
import pytest

from shared.events import ARTICLES_CHANGES
from shared.kafka.client import AiokafkaReader
from shared.settings import load_settings
from tests.harness import ROOT, wait_until

pytestmark = pytest.mark.servers


@pytest.fixture
def newswire(pipeline):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            env={**pipeline.environment, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    return run


def token() -> str:
    return f"z{uuid.uuid4().hex[:12]}"


def story(word: str, version: int = 1, **more) -> dict:
    return {
        "id": f"urn:x:{word}",
        "version": version,
        "title": f"About {word}",
        "body": f"Text {version} of {word}.",
        **more,
    }


def ninjs(word: str, version: int = 1, **more) -> dict:
    return {
        "uri": f"urn:x:{word}",
        "type": "text",
        "version": str(version),
        "pubstatus": "usable",
        "headline": f"About {word}",
        "body_text": f"Text {version} of {word}.",
        "language": "en",
        **more,
    }


def pushed(pipeline, item: dict) -> str:
    """Push and wait until it is known what became of it; the article's id, if it is one."""
    answer = pipeline.push(item)
    assert answer.status_code == 202, answer.text

    def known() -> dict:
        found = pipeline.trace(answer.json()["receipt"])
        return found if found.get("articles") or found.get("dead_letters") else {}

    traced = wait_until(known, 60, "what became of it")
    return next((article["id"] for article in traced["articles"]), "")


def raw_documents(pipeline, article_id: str) -> str:
    """All that stands of an article anywhere in Elasticsearch."""
    httpx2.post(f"{pipeline.elasticsearch_url}/articles,article-versions,dead-letters/_refresh", timeout=30)
    answer = httpx2.post(
        f"{pipeline.elasticsearch_url}/articles,article-versions,dead-letters/_search",
        json={"query": {"term": {"article_id": article_id}}, "size": 100},
        timeout=30,
    )
    return answer.text


async def changes_of(pipeline, article_id: str, monkeypatch) -> list[dict]:
    monkeypatch.setenv("NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS", pipeline.bootstrap_servers)
    found: dict[str, dict] = {}
    async with AiokafkaReader(load_settings()) as reader:
        spans = await reader.spans(ARTICLES_CHANGES)
        async for records in reader.read(spans):
            for record in records:
                event = orjson.loads(record.value or b"{}")
                if event.get("subject") == article_id:
                    found.setdefault(event["id"], event["data"])
    return list(found.values())


def test_an_operator_withholds_releases_and_kills(newswire, pipeline):
    word = token()
    article = pushed(pipeline, story(word))
    pipeline.wait_total(1, word)
    held = newswire("withhold", article, "--reason", "lawyers look at it")
    assert (held.returncode, held.stdout.startswith("withheld: article")) == (0, True), held.stderr
    assert pipeline.article(article).status_code == 404
    assert pipeline.search(word)["total"] == 0
    pushed(pipeline, story(word, 2))
    assert pipeline.search(word)["total"] == 0, "it stays held"
    free = newswire("release", article, "--reason", "cleared")
    assert (free.returncode, free.stdout.startswith("released: article")) == (0, True), free.stdout + free.stderr
    assert pipeline.article(article).json()["version"] == "2"
    killed = newswire("kill", f"urn:x:{word}", "--feed", "local", "--reason", "Wrong person.", "--yes")
    assert (killed.returncode, killed.stdout.startswith("killed: article")) == (0, True), killed.stderr
    answer = pipeline.article(article)
    assert (answer.status_code, answer.json()["notice"]["reason"]) == (410, "Wrong person.")
    told = pipeline.trace(article)["articles"]
    assert "lawyers" not in json.dumps(told), "who gave an order and why is nobody else's"
    again = newswire("release", article, "--reason", "no")
    assert "nothing to change" in again.stdout
    assert pipeline.article(article).status_code == 410


async def test_an_erasure_leaves_no_word_in_any_index(newswire, pipeline, monkeypatch):
    word = token()
    for number in (1, 2, 3):
        article = pushed(pipeline, story(word, number))
    wait_until(lambda: pipeline.search(f'"Text 3" {word}')["total"] == 1, 30, "version 3")
    assert word in raw_documents(pipeline, article)
    done = newswire("erase", article, "--reason", "court order", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert word not in raw_documents(pipeline, article)
    notice = pipeline.article(article)
    assert notice.status_code == 410
    assert word not in notice.text
    pushed(pipeline, story(word, 9))
    assert word not in raw_documents(pipeline, article), "a later version brings no text either"
    changes = await changes_of(pipeline, article, monkeypatch)
    (kill,) = [change for change in changes if change["change"] == "killed"]
    assert kill["erased"]
    assert [span["revision"] for span in kill["earlier"]] == [1, 2, 3]


async def test_an_embargo_is_announced_at_its_end_though_indexing_was_away(pipeline, monkeypatch):
    word = token()
    until = datetime.now(UTC) + timedelta(seconds=8)
    article = pushed(pipeline, ninjs(word, embargoed=until.isoformat()))
    assert pipeline.article(article).status_code == 404
    assert await changes_of(pipeline, article, monkeypatch) == []
    indexing = pipeline["indexing"]
    indexing.stop()
    try:
        wait_until(lambda: datetime.now(UTC) > until + timedelta(seconds=1), 20, "the end of the embargo")
        assert pipeline.search(word)["total"] == 1, "a filter releases it, whoever is away"
    finally:
        indexing.start()
        indexing.wait_ready()
    for _ in range(100):
        changes = await changes_of(pipeline, article, monkeypatch)
        if changes:
            break
    assert [change["change"] for change in changes] == ["released"]


def test_a_story_that_evolves_from_another_stands_for_it(pipeline):
    old, new = token(), token()
    first = pushed(pipeline, ninjs(old, body_text=f"{new} began."))
    second = pushed(pipeline, ninjs(new, evolvedfrom=f"urn:x:{old}"))
    wait_until(lambda: pipeline.article(first).json().get("replaced_by") == second, 30, "the link")
    assert [hit["id"] for hit in pipeline.search(new)["items"]] == [second]
    assert pipeline.search(new, versions="all")["total"] == 2
    pushed(pipeline, ninjs(new, 2, pubstatus="canceled"))
    wait_until(lambda: "replaced_by" not in pipeline.article(first).json(), 30, "the older one stands again")
    assert [hit["id"] for hit in pipeline.search(new)["items"]] == [first]


async def test_the_life_of_a_story_row_by_row(pipeline, monkeypatch):
    word = token()
    article = pushed(pipeline, ninjs(word))
    steps = [
        (ninjs(word, 2), True),
        (
            ninjs(word, 3, body_text=f"Corrected {word}.", subject=[{"code": "sig:correction"}], ednote="Corrects."),
            True,
        ),
        (ninjs(word, 4, body_text=f"Corrected {word}.", keywords=["only", "metadata"]), True),
        (ninjs(word, 2), True),  # redelivered late
        (ninjs(word, 5, pubstatus="withheld"), False),
        (ninjs(word, 6), True),
        (ninjs(word, 7, embargoed="Next Monday"), False),
        (ninjs(word, 8), True),
        (ninjs(word, 9, pubstatus="canceled", body_text=""), False),
        (ninjs(word, 10), False),
    ]
    for item, seen in steps:
        pushed(pipeline, item)
        assert (pipeline.search(word)["total"] == 1) is seen, item
    changes = sorted(await changes_of(pipeline, article, monkeypatch), key=lambda change: change["revision"])
    assert [change["change"] for change in changes] == [
        "created",
        "updated",
        "corrected",
        "withheld",
        "released",
        "withheld",
        "released",
        "killed",
    ]


@pytest.mark.parametrize(
    "item",
    [
        {"headline": "KILL KILL KILL"},
        {"ednote": "STRICTLY EMBARGOED UNTIL FURTHER NOTICE"},
        {"slugline": "HOLD HOLD HOLD"},
    ],
)
def test_the_text_says_hold_though_its_status_says_usable(newswire, pipeline, item):
    word = token()
    article = pushed(pipeline, ninjs(word, **item))
    assert pipeline.search(word)["total"] == 0
    assert pipeline.article(article).status_code == 404
    assert newswire("release", article, "--reason", "a false alarm").returncode == 0
    assert pipeline.search(word)["total"] == 1
