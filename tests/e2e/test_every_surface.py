"""The leak test: no route and no parameter that there is shows a word of a story that may not be seen.

Routes and parameters are read from the OpenAPI documents of both HTTP services and from the routes of the page. One that this
test has no values for makes it fail: a new one is covered on the day it is added.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from services.search.page import page_routes
from shared.events import ARTICLES_CHANGES
from shared.settings import load_settings
from tests.e2e.leak_corpus import COMMON, Corpus, open_embargo, rounds, unreadable_stories
from tests.e2e.test_no_leak import read_all
from tests.harness import ROOT, SERVICES, Pipeline, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]  # some thousand requests, more with every route

Pairs = list[tuple[str, str]]
Facts = Mapping[str, list[str]]

VALUES: dict[str, Callable[[Facts], list[str]]] = {
    "q": lambda facts: [
        *facts["words"],
        f"{facts['words'][0][:6]}*",
        COMMON,
        f'"the {COMMON}"',
        f"NOT {COMMON}",
        *(
            f"{name}:{word}*"
            for name in ("title", "body", "byline", "section", "topic")
            for word in ("zq", "Writer", "topic")
        ),
    ],
    "from": lambda _: ["2025", "now-1y"],
    "to": lambda _: ["2027", "now+1d"],
    "tz": lambda _: ["Europe/Athens", "-05:00"],
    "sort": lambda _: ["relevance", "newest", "oldest"],
    "size": lambda _: ["1", "100"],
    "cursor": lambda facts: facts["cursors"],
    "facets": lambda _: ["language,source,section,byline,topic,place,feed"],
    "histogram": lambda _: ["hour", "day", "week", "month", "year"],
    "highlight": lambda _: ["true", "false"],
    "as_of": lambda facts: [*facts["moments"], "now", "2026-01-05T10:00:01Z"],
    "section": lambda facts: [f"section {word}" for word in facts["words"]],
    "source": lambda facts: facts["sources"],
    "byline": lambda facts: [f"Writer {word}" for word in facts["words"]],
    "topic": lambda facts: [f"topic {word}" for word in facts["words"]],
    "language": lambda _: ["en", "el"],
    "place": lambda _: ["Athens"],
    "feed": lambda _: ["local"],
    "versions": lambda _: ["latest", "all"],
    "collapse": lambda _: ["story"],
    "kind": lambda _: ["story", "advisory"],
    # In paths.
    "id": lambda facts: facts["articles"],
    "key": lambda facts: [*facts["receipts"], *(f"{one}.1" for one in facts["receipts"]), *facts["articles"]],
    "which": lambda _: ["1", "2", "3", "4", "1..2", "2..3", "1..3", "3..1"],
}
"""By the parameter's name, the values that it is tried with."""

HEADERS = {
    "Idempotency-Key", "Content-Location", "webhook-id", "webhook-timestamp", "webhook-signature", "traceparent",
}  # fmt: skip
"""Of the front door: they say how something is sent, and are tried in `test_the_front_door_repeats_nothing`."""

ECHOED = frozenset({"q", "section", "byline", "topic"})
"""Parameters that the page shows again in its form: an answer of it to these may have the words of the request in it."""

BESIDE = [("q", COMMON), ("facets", "section,byline,topic"), ("histogram", "day"), ("size", "100")]
"""What every parameter of a search is tried with, beside being tried alone: what may be set is, for it all to show."""


@pytest.fixture(scope="module")
def corpus(pipeline: Pipeline) -> Corpus:
    """Everything pushed and done."""
    corpus = Corpus()
    corpus.moments.append(datetime.now(UTC).isoformat())
    for number, stories in enumerate(rounds(corpus)):
        answer = pipeline.batch(stories)
        assert answer.status_code == 202, answer.text
        assert {one["status"] for one in answer.json()["items"]} == {"accepted"}, answer.text
        receipt = answer.json()["receipt"]
        corpus.receipts.append(receipt)
        wait_told(pipeline, receipt, len(stories))
        corpus.moments.append(datetime.now(UTC).isoformat())
        if number == 1:
            time.sleep(3.5)  # one of them expires
    for body, kind in [(orjson.dumps(open_embargo(corpus)), "application/json"), *unreadable_stories(corpus)]:
        answer = pipeline.push(body, kind)
        assert answer.status_code == 202, answer.text
        corpus.receipts.append(answer.json()["receipt"])
        pipeline.wait_trace(corpus.receipts[-1])
    corpus.moments.append(datetime.now(UTC).isoformat())
    return corpus


def wait_told(pipeline: Pipeline, receipt: str, items: int) -> None:
    """Until every item of a push has become something."""

    def told() -> bool:
        trace = pipeline.trace(receipt)
        return len({one["item"] for name in ("articles", "dead_letters") for one in trace[name]}) >= items

    wait_until(told, 60, f"all of {receipt}")


@pytest.fixture(scope="module")
def facts(pipeline: Pipeline, corpus: Corpus) -> dict[str, list[str]]:
    articles = {one["id"] for receipt in corpus.receipts for one in pipeline.trace(receipt)["articles"]}
    first = pipeline.search(COMMON, source=corpus.source, size=1)
    assert first["total"] == 3, "the corpus is there: what may be seen of it is found"
    return {
        "words": list(corpus.words.values()),
        "receipts": corpus.receipts,
        "moments": corpus.moments,
        "sources": [corpus.source],
        "articles": sorted(articles),
        "cursors": [first["next"]],
    }


def leaks(corpus: Corpus, text: str) -> list[str]:
    return [what for what, word in corpus.words.items() if word in text.lower()]


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation.get("parameters", [])


def addresses(path: str, facts: Facts) -> Iterator[str]:
    """A route's path with every value of its parameters."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    for values in itertools.product(*(VALUES[name](facts) for name in names)):
        address = path
        for name, value in zip(names, values, strict=True):
            address = address.replace("{" + name + "}", value)
        yield address


def queries(names: list[str], facts: Facts) -> Iterator[Pairs]:
    """No parameter at all, each with each of its values alone, beside others, and at each moment of the past."""
    yield []
    for name in names:
        for value in VALUES[name](facts):
            yield [(name, value)]
            if "facets" in names:
                beside = [pair for pair in BESIDE if pair[0] != name]
                yield [*beside, (name, value)]
                if name != "as_of":
                    yield from ([*beside, (name, value), ("as_of", moment)] for moment in facts["moments"])
    if "cursor" in names:
        yield [("cursor", "followed")]


def followed(pipeline: Pipeline, url: str) -> Iterator[str]:
    """The texts of all pages of a list, a row a page."""
    cursor: str | None = ""
    for _ in range(2000):
        params = {"size": "100"} | ({"cursor": cursor} if cursor else {})
        answer = pipeline.client.get(url, params=params)
        yield answer.text
        document = answer.json()
        cursor = document["next"]
        if not cursor or not document["items"]:
            return


def test_every_route_and_parameter_of_search(pipeline, corpus, facts):
    url = pipeline["search"].url
    document = pipeline.client.get(f"{url}/openapi.json").json()
    asked, answered = 0, set()
    for method, path, parameters in operations(document):
        unknown = [one["name"] for one in parameters if one["name"] not in VALUES]
        assert not unknown, f"{path} has parameters that this test has no values for: {unknown}"
        names = [one["name"] for one in parameters if one["in"] == "query"]
        assert method == "get", f"{method} {path}: say here how it is to be tried"
        for address in addresses(path, facts):
            for pairs in queries(names, facts):
                if pairs == [("cursor", "followed")]:
                    texts = list(followed(pipeline, url + address))
                else:
                    answer = pipeline.client.get(url + address, params=pairs)
                    assert answer.status_code < 500, (address, pairs, answer.text)
                    answered.add((path, answer.status_code))
                    texts = [answer.text]
                asked += len(texts)
                for text in texts:
                    assert leaks(corpus, text) == [], (address, pairs)
    assert asked > 300
    for path in document["paths"]:
        assert (path, 200) in answered, f"{path} was never answered with anything"


def test_every_route_of_the_page(pipeline, corpus, facts):
    url = pipeline["search"].url
    names = [one["name"] for _, path, given in operations(pipeline.client.get(f"{url}/openapi.json").json())
             if path == "/v1/search" for one in given]  # fmt: skip
    answered = set()
    for route in page_routes(None, None):  # type: ignore[arg-type]  # nothing is asked of them here
        path = route.path  # type: ignore[attr-defined]  # both kinds of routes have one
        if path == "/static":
            continue
        for address in addresses(path, facts):
            for pairs in queries({"/": names, "/articles/{id}": ["as_of"]}.get(path, []), facts):
                if pairs == [("cursor", "followed")]:
                    continue
                sent = " ".join(value for name, value in pairs if name in ECHOED)
                answer = pipeline.client.get(url + address, params=pairs)
                assert answer.status_code < 500, (address, pairs, answer.text)
                answered.add((path, answer.status_code))
                shown = [what for what in leaks(corpus, answer.text) if corpus.words[what] not in sent]
                assert shown == [], (address, pairs)
                if sent:
                    assert f"there was {sent}" not in answer.text
    assert {path for path, status in answered if status == 200} == {path for path, _ in answered}


def test_the_front_door_repeats_nothing(pipeline, corpus):
    document = pipeline.client.get(f"{pipeline['ingestion'].url}/v1/openapi.json").json()
    push = "/v1/feeds/{feed}/items"
    for method, path, parameters in operations(document):
        assert (method, path) == ("post", push), f"{method} {path}: say here how it is to be tried"
        assert {one["name"] for one in parameters} <= HEADERS | {"feed"}
    word = corpus.words["withheld"]
    story = corpus.story("withheld", 1, status="withheld")
    key = uuid.uuid4().hex
    bodies = [orjson.dumps(story), orjson.dumps(story | {"no": 1}), b'{"title":"%s' % word.encode(), word.encode()]
    headers = [{}, {"Idempotency_Key": key}, {"Content_Location": "https://example.org/x"}, {"traceparent": "x"}]
    headers += [{"webhook_id": "m", "webhook_timestamp": "1", "webhook_signature": "v1,x"}]
    for body, more in itertools.product(bodies, headers):
        answer = pipeline.push(body, **more)
        assert leaks(corpus, answer.text) == [], (more, answer.text)


def test_probes_and_figures(pipeline, corpus, facts):
    for name in SERVICES:
        for path in ("/metrics", "/livez", "/readyz"):
            answer = pipeline.client.get(pipeline[name].url + path)
            assert answer.text
            assert leaks(corpus, answer.text) == [], (name, path)


def test_logs(pipeline, corpus, facts):
    for name in SERVICES:
        text = pipeline[name].log.read_text(errors="replace")
        assert text
        assert leaks(corpus, text) == [], name


async def test_changes(pipeline, corpus, facts, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS", pipeline.bootstrap_servers)
    changes = await read_all(load_settings(), ARTICLES_CHANGES)
    mine = [one for one in changes if (one.key or b"").decode() in facts["articles"]]
    assert len({one.key for one in mine}) >= 8
    for record in mine:
        told = b" ".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])
        assert leaks(corpus, told.decode(errors="replace")) == []


def test_listings_of_dead_letters(pipeline, corpus, facts):
    def cli(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cli", "dead-letters", *arguments],
            cwd=ROOT,
            env=os.environ | pipeline.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    listed = orjson.loads(cli("list", "--json", "--limit", "1000"))
    assert leaks(corpus, str(listed)) == []
    assert leaks(corpus, cli("list")) == []
    dead = [receipt for receipt in corpus.receipts if pipeline.trace(receipt)["dead_letters"]]
    assert dead
    for receipt in dead[-2:]:
        assert leaks(corpus, cli("show", receipt)) == []
        assert leaks(corpus, cli("show", receipt, "--json")) == []
