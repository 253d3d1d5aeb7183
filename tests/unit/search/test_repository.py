from __future__ import annotations

import orjson
import pytest
from elastic_transport import ApiResponseMeta, ConnectionTimeout, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from services.search.repository import ElasticRepository, TimedOut
from services.search.trace import Key
from shared.errors import Misconfigured, Overloaded, Refused, Unavailable
from tests.unit.search.fakes import answer, document, hit

WHOLE = {"total": 2, "successful": 2, "failed": 0}
FAILED = {"total": 2, "successful": 1, "failed": 1}


class Reply:
    def __init__(self, body):
        self.body = body


class Client:
    """The one method of the client that the repository uses."""

    def __init__(self, body):
        self.body, self.asked = body, []

    def options(self, **_):
        return self

    async def perform_request(self, method, target, **more):
        self.asked.append((method, target, more.get("body")))
        if isinstance(self.body, Exception):
            raise self.body
        return Reply(self.body)


def over(body):
    return ElasticRepository(Client(body), 5000)


def error(status, kind, text="x"):
    node = NodeConfig("http", "localhost", 9200)
    meta = ApiResponseMeta(status, "1.1", HttpHeaders({}), 0.1, node)
    return ApiError(
        "x", meta, {"error": {"type": kind, "reason": text, "root_cause": [{"type": text}]}, "status": status}
    )


async def test_a_search_may_be_partial():
    found = await over(answer(hit(1), _shards=FAILED)).search({})
    assert found["_shards"] == FAILED


@pytest.mark.parametrize("flaw", [{"_shards": FAILED}, {"timed_out": True}])
async def test_one_article_and_a_trace_are_whole_or_not_available(flaw):
    with pytest.raises(Unavailable):
        await over(answer(**flaw)).article("x")
    with pytest.raises(Unavailable):
        await over({"responses": [answer(), answer(**flaw), answer()]}).trace(Key("x"))
    with pytest.raises(Unavailable):
        await over({"responses": [answer(), {"error": {}, "status": 503}, answer()]}).trace(Key("x"))


async def test_an_article_is_the_newest_of_its_id_or_none():
    older, newer = hit(1, document(revision=1), _version=5), hit(1, document(revision=2), _version=2**62)
    assert (await over(answer(newer, older)).article("x"))["revision"] == 2
    assert await over(answer()).article("x") is None


async def test_a_trace_asks_all_three_in_one_request():
    client = Client({"responses": [answer(hit(1)), answer(), answer(hit(2, {"class": "x"}))]})
    live, past, dead = await ElasticRepository(client, 5000).trace(Key("x"))
    assert (len(live), past, dead) == (1, [], [{"class": "x"}])
    ((method, target, body),) = client.asked
    assert (method, target) == ("POST", "/_msearch")
    headers = [orjson.loads(line)["index"] for line in body.splitlines()[::2]]
    assert headers == ["articles", "article-versions", "dead-letters"]


async def test_languages_are_known_only_from_a_whole_answer():
    fields = {"title": {}, "title.en": {}, "body.en": {}, "body.el": {}, "body": {}, "title.xx": {}}
    assert await over({"fields": fields}).languages() == ("el", "en")
    with pytest.raises(Unavailable):
        await over({"fields": fields, "failures": [{}]}).languages()


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ConnectionTimeout("x"), TimedOut),
        (error(400, "search_phase_execution_exception", "too_many_nested_clauses"), Refused),
        (error(503, "search_phase_execution_exception", "too_many_buckets_exception"), Refused),
        (error(503, "search_phase_execution_exception"), Unavailable),
        (error(429, "circuit_breaking_exception"), Overloaded),
        (error(401, "security_exception"), Misconfigured),
    ],
)
async def test_errors_are_newswires_own(raised, told):
    with pytest.raises(told):
        await over(raised).search({})


async def test_what_only_a_bug_of_ours_can_cause_is_no_refusal_of_the_reader():
    with pytest.raises(RuntimeError):
        await over(error(400, "parsing_exception")).search({})
