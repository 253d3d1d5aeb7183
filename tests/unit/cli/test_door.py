from __future__ import annotations

import httpx2
import orjson
import pytest

from cli.door import Door, Tally, problem_line, retry_wait
from cli.manifest import NDJSON, Parcel
from shared.errors import Misconfigured, Unavailable

TWO = Parcel(b'{"title":"a"}\n{"title":"b"}\n', NDJSON, ("f:1", "f:2"))


def door(answers, waits=None, **options):
    """A door over a list of answers (or errors to raise); notes its requests and waits."""
    requests = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    waits = waits if waits is not None else []
    made = Door("http://door/", "local", "nw_k", sleep=waits.append, transport=httpx2.MockTransport(handle), **options)
    return made, requests


def taken(status=202, **members):
    return httpx2.Response(status, json={"receipt": "r", "items": [], **members})


def test_a_push_carries_key_type_and_idempotency_key():
    made, requests = door([taken()])
    made.push(TWO)
    (request,) = requests
    assert str(request.url) == "http://door/v1/feeds/local/items"
    assert request.headers["authorization"] == "Bearer nw_k"
    assert request.headers["content-type"] == NDJSON
    assert request.headers["idempotency-key"] == TWO.idempotency_key("local")
    assert request.content == TWO.body


def test_busy_is_tried_again_with_the_same_key_after_the_time_asked_for():
    waits = []
    busy = httpx2.Response(503, headers={"Retry-After": "7"})
    made, requests = door([busy, httpx2.Response(503), taken()], waits)
    assert made.push(TWO)[0] == 202
    assert waits == [7, 1]
    assert len({request.headers["idempotency-key"] for request in requests}) == 1


def test_a_lost_connection_is_tried_again_once_the_door_was_reached():
    made, _ = door([taken(), httpx2.ReadError("reset"), taken()])
    made.push(TWO)
    assert made.push(TWO)[0] == 202


def test_nobody_there_at_first_is_told_at_once():
    made, requests = door([httpx2.ConnectError("refused")])
    with pytest.raises(Unavailable, match="newswire up"):
        made.push(TWO)
    assert len(requests) == 1


def test_patience_ends():
    made, requests = door([httpx2.Response(503, headers={"Retry-After": "4"})] * 9, patience_s=10)
    with pytest.raises(Unavailable, match="10 s"):
        made.push(TWO)
    assert len(requests) == 3


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_feed_ends_it(status):
    made, _ = door([httpx2.Response(status, json={"title": "The key is missing or wrong"})])
    with pytest.raises(Misconfigured, match="The key is missing or wrong"):
        made.push(TWO)


def test_refusals_are_answers_not_errors():
    made, _ = door([httpx2.Response(422, json={"title": "no"})])
    assert made.push(TWO) == (422, {"title": "no"})


def test_an_answer_that_is_no_json_is_counted_as_a_refusal():
    made, _ = door([httpx2.Response(400, content=b"<html>")])
    status, answer = made.push(TWO)
    tally = Tally()
    tally.enter(TWO, status, answer)
    assert (tally.refused, tally.reasons[0]) == (2, ("f:1", "answered 400"))


def test_items_are_counted_with_their_places():
    tally = Tally()
    problem = {
        "title": "The story cannot be taken as it is",
        "errors": [{"pointer": "/published", "message": "is no date"}],
    }
    items = [{"status": "accepted"}, {"status": "refused", "problem": problem}]
    tally.enter(TWO, 202, orjson.loads(orjson.dumps({"receipt": "r1", "items": items})))
    tally.enter(TWO, 202, {"receipt": "r2", "items": [{"status": "duplicate"}, {"status": "accepted"}]})
    assert (tally.accepted, tally.duplicate, tally.refused) == (2, 1, 1)
    assert tally.receipts == ["r1", "r2"]
    assert tally.reasons == [("f:2", "The story cannot be taken as it is: /published is no date")]


def test_only_the_first_reasons_are_kept():
    tally = Tally()
    for _ in range(50):
        tally.enter(TWO, 422, {"title": "no"})
    assert tally.refused == 100
    assert len(tally.reasons) == Tally.KEPT


def test_a_problem_in_one_line():
    assert problem_line(413, {"title": "Too large", "detail": "9 MiB, 8 allowed"}) == "Too large: 9 MiB, 8 allowed"
    assert problem_line(500, {}) == "answered 500"


@pytest.mark.parametrize(
    ("attempt", "given", "expected"),
    [(0, None, 0.5), (1, None, 1), (9, None, 30), (0, "3", 3), (0, "9999", 30), (2, "soon", 2), (0, "-1", 0.5)],
)
def test_waits(attempt, given, expected):
    assert retry_wait(attempt, given) == expected
