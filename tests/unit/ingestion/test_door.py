from __future__ import annotations

import asyncio
import uuid
from typing import Any

import orjson
import pytest

from shared import ids, tracing
from shared.errors import Misconfigured, NewswireError, TooLarge, Unavailable
from shared.events import STORIES_RAW, header
from shared.feeds import Feed, LimitRules
from shared.local_feed import key_hash
from shared.metrics import REGISTRY
from shared.settings import IngestionSettings, Settings
from shared.stories import parse_story
from tests.unit.ingestion.support import ITEMS, KEY, OTHER_KEY, Book, FrontDoor

NDJSON = "application/x-ndjson"


def batch(*stories: Any) -> bytes:
    return b"\n".join(story if isinstance(story, bytes) else orjson.dumps(story) for story in stories)


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_story_goes_to_kafka_as_it_came() -> None:
    door = FrontDoor()
    body = b' {"id":"urn:x:1", "title":"caf\\u00e9"}\r\n'
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await door.push(
        body,
        "application/json; charset=UTF-8",
        headers=[("content-location", "https://example.org/a"), ("traceparent", parent)],
    )
    assert answer.status == 202
    assert answer.headers["content-type"] == "application/json"
    receipt = answer.json["receipt"]
    assert uuid.UUID(receipt).version == 7
    assert answer.json["items"] == [{"id": f"{receipt}.1", "status": "accepted"}]
    (message,) = door.publisher.sent
    assert (message.topic, message.key, message.value) == (STORIES_RAW, b"local:urn:x:1", body)
    trace = dict(message.headers).pop("traceparent").decode()
    assert tracing.trace_id(trace) == tracing.trace_id(parent)
    assert trace != parent
    assert {name: value.decode() for name, value in message.headers if name != "traceparent"} == {
        "ce_specversion": "1.0",
        "ce_id": f"{receipt}.1",
        "ce_source": "/feeds/local",
        "ce_type": "newswire.story.received.v1",
        "ce_time": "2026-02-08T14:30:00.000000Z",
        "content-type": "application/json; charset=UTF-8",
        "ce_feed": "local",
        "ce_receipt": receipt,
        "ce_provider": "local",
        "ce_contentlocation": "https://example.org/a",
    }


async def test_a_feeds_rules_travel_with_its_stories() -> None:
    door = FrontDoor()
    assert (await door.push(b"Bonjour", None, path="/v1/feeds/afp/items", key=OTHER_KEY)).status == 202
    headers = door.publisher.sent[0].headers
    assert [header(headers, name) for name in ("ce_feed", "ce_provider", "ce_zone", "ce_language", "ce_source")] == [
        "afp", "agence", "Europe/Paris", "fr", "/feeds/afp",
    ]  # fmt: skip
    assert header(headers, "content-type") is None
    assert header(headers, "ce_contentlocation") is None
    assert tracing.trace_id(header(headers, "traceparent"))


@pytest.mark.parametrize(
    ("body", "content_type", "location", "key"),
    [
        (b'{"id":"cafe\\u0301","title":"x","url":"http://a/"}', "application/json", "http://l/", "local:café"),
        (b'{"title":"x","url":"http://a/"}', "application/json", "http://l/", "local:http://a/"),
        (b'{"title":"x"}', "application/json", "http://l/", "local:http://l/"),
        (b"text", "text/plain", "http://l/", "local:http://l/"),
        (b"<p>text", "text/html", None, None),
    ],
)
async def test_versions_of_one_story_share_a_key(
    body: bytes, content_type: str, location: str | None, key: str | None
) -> None:
    door = FrontDoor()
    answer = await door.push(body, content_type, headers=[("content-location", location)] if location else [])
    assert door.publisher.sent[0].key == (key or f"local:{answer.json['items'][0]['id']}").encode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"plain", "text/plain; charset=windows-1252"),
        (b"plain", "text/markdown"),
        (b"{not JSON but text", "text/plain"),
        (b"[Reuters] KIEV", None),
        ("Ελλάδα".encode("utf-16"), None),
        (b"<p>x", "text/html"),
        (b"<!-- c --><!DOCTYPE html><title>x", None),
        (b"\xef\xbb\xbf<HTML>", "application/octet-stream"),
        ("<html>".encode("utf-16"), "text/plain"),
        (b"<article>x", None),
        (b"<html/>", "application/xhtml+xml"),
        (b'{"title":"x"}', None),
        (b'\xef\xbb\xbf {"title":"x"}', "application/octet-stream"),
        (b'{"title":"x"}', "application/vnd.x+json"),
        (b'{"title":"x"}', "APPLICATION/JSON;CHARSET=\"UTF-8\""),
        (b'{"title":"x","uri":"y"}'.replace(b',"uri":"y"', b""), "application/json"),
    ],
)  # fmt: skip
async def test_what_is_known_is_let_through(body: bytes, content_type: str | None) -> None:
    door = FrontDoor()
    assert (await door.push(body, content_type)).status == 202
    assert door.publisher.sent[0].value == body


async def test_good_items_are_safe_although_others_are_refused() -> None:
    door = FrontDoor()
    before = count("newswire_problems_total", code="invalid-story")
    answer = await door.push(
        batch(
            {"title": "one"},
            b"",
            {"title": 2},
            b"{",
            {"title": "big", "body": "x" * 9_000_000},
            b" \r",
            {"id": "z", "title": "last"},
        ),
        NDJSON,
    )
    assert answer.status == 202
    receipt, items = answer.json["receipt"], answer.json["items"]
    assert [item["id"] for item in items] == [f"{receipt}.{n}" for n in range(1, 6)]
    assert [item["status"] for item in items] == ["accepted", "refused", "refused", "refused", "accepted"]
    assert [(item["problem"]["type"], item["problem"]["line"]) for item in items if "problem" in item] == [
        ("/problems/invalid-story", 3),
        ("/problems/malformed-json", 4),
        ("/problems/too-large", 5),
    ]
    assert items[1]["problem"]["errors"][0]["pointer"] == "/title"
    assert [message.value for message in door.publisher.sent] == [b'{"title":"one"}', b'{"id":"z","title":"last"}']
    assert [header(message.headers, "ce_id") for message in door.publisher.sent] == [f"{receipt}.1", f"{receipt}.5"]
    assert door.publisher.calls == 1
    assert count("newswire_problems_total", code="invalid-story") == before + 1
    for message in door.publisher.sent:
        parse_story(message.value or b"")


async def test_nothing_accepted_is_the_first_problem() -> None:
    door = FrontDoor()
    answer = await door.push(batch({"title": 2}, b"{"), NDJSON)
    assert (answer.status, answer.code) == (422, "invalid-story")
    assert [item["status"] for item in answer.json["items"]] == ["refused", "refused"]
    assert answer.json["items"][1]["problem"]["status"] == 400
    assert not door.publisher.calls


async def test_many_mistakes_are_told_in_little_room() -> None:
    answer = await FrontDoor().push(batch(*[{f"field{n}": 1 for n in range(30)}] * 3000, {"title": "x"}), NDJSON)
    assert answer.status == 202
    assert len(answer.json["items"]) == 3001
    assert "errors" in answer.json["items"][999]["problem"]
    assert "errors" not in answer.json["items"][1000]["problem"]


@pytest.mark.parametrize("outcome", [Unavailable("away"), Misconfigured("no"), NewswireError("odd")])
async def test_one_item_that_is_not_known_to_be_safe_makes_the_push_503(outcome: NewswireError) -> None:
    door = FrontDoor()
    door.publisher.outcomes = {1: outcome}
    before = count("newswire_stories_total", outcome="accepted")
    answer = await door.push(
        batch({"title": "a"}, {"title": "b"}, {"title": 3}), NDJSON, headers=[("idempotency-key", "k")]
    )
    assert (answer.status, answer.code) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json["receipt"] == str(ids.receipt_for_key("local", "k"))
    assert "items" not in answer.json
    assert count("newswire_stories_total", outcome="accepted") == before
    assert door.publisher.timeouts == [door.settings.ingestion.kafka_wait_s]


async def test_kafkas_wish_for_a_pause_is_passed_on() -> None:
    door = FrontDoor()
    door.publisher.outcomes = {0: Unavailable("away", retry_after=17)}
    assert (await door.push({"title": "a"})).headers["retry-after"] == "17"


async def test_what_kafka_will_never_take_is_refused() -> None:
    door = FrontDoor()
    door.publisher.outcomes = {0: TooLarge("too large")}
    answer = await door.push(batch({"title": "a"}, {"title": "b"}), NDJSON)
    assert [item["status"] for item in answer.json["items"]] == ["refused", "accepted"]
    assert (await door.push({"title": "a"})).code == "too-large"


async def test_nothing_is_taken_before_kafka_has_answered_once() -> None:
    door = FrontDoor()
    door.health.ready_once = False
    answer = await door.push({"title": "a"}, headers=[("idempotency-key", "k")])
    assert (answer.status, answer.code) == (503, "unavailable")
    assert not door.publisher.calls
    assert (await door.push(b"", None, method="GET", path="/readyz")).status == 503
    door.health.ready()
    assert (await door.push({"title": "a"}, headers=[("idempotency-key", "k")])).status == 202
    assert (await door.push(b"", None, method="GET", path="/readyz")).status == 200
    assert b"newswire_stories_total" in (await door.push(b"", None, method="GET", path="/metrics")).body


async def test_a_retry_gets_the_first_answer_and_sends_nothing() -> None:
    door = FrontDoor()
    body, key = batch({"title": "a"}, {"title": 2}), [("idempotency-key", "the key")]
    first = await door.push(body, NDJSON, headers=key)
    again = await door.push(body, NDJSON, headers=key)
    assert (again.status, again.body) == (202, first.body)
    assert first.json["receipt"] == str(ids.receipt_for_key("local", "the key"))
    assert door.publisher.calls == 1
    other = await door.push(batch({"title": "other"}), NDJSON, headers=key)
    assert (other.status, other.code) == (422, "idempotency-key-reused")
    located = await door.push(body, NDJSON, headers=[*key, ("content-location", "http://a/")])
    assert located.code == "idempotency-key-reused"
    elsewhere = await door.push(body, NDJSON, headers=key, path="/v1/feeds/afp/items", key=OTHER_KEY)
    assert elsewhere.json["receipt"] != first.json["receipt"]


async def test_a_key_whose_push_failed_or_was_refused_may_be_used_again() -> None:
    door = FrontDoor()
    key = [("idempotency-key", "k")]
    door.publisher.outcomes = {0: Unavailable("away")}
    assert (await door.push({"title": "a"}, headers=key)).status == 503
    door.publisher.outcomes = {}
    assert (await door.push({"title": 5}, headers=key)).status == 422
    assert (await door.push({"title": "b"}, headers=key)).status == 202


async def test_a_push_under_way_is_not_begun_twice() -> None:
    door = FrontDoor()
    gate, begun = asyncio.Event(), asyncio.Event()
    plain = door.publisher.publish

    async def slow(*args: Any, **named: Any) -> Any:
        begun.set()
        await gate.wait()
        return await plain(*args, **named)

    door.publisher.publish = slow  # type: ignore[method-assign]
    key = [("idempotency-key", "k")]
    first = asyncio.create_task(door.push({"title": "a"}, headers=key))
    await begun.wait()
    second = await door.push({"title": "a"}, headers=key)
    assert (second.status, second.code, second.headers["retry-after"]) == (409, "idempotency-in-progress", "1")
    gate.set()
    assert (await first).status == 202


async def test_a_sender_that_goes_away_frees_its_key_and_its_bytes() -> None:
    door = FrontDoor(Settings(ingestion=IngestionSettings(in_flight_bytes=1024 * 1024)))

    begun = asyncio.Event()

    async def never(*_: Any, **__: Any) -> Any:
        begun.set()
        await asyncio.sleep(3600)

    plain, door.publisher.publish = door.publisher.publish, never  # type: ignore[method-assign]
    body = orjson.dumps({"title": "a", "body": "x" * 700_000})
    key = [("idempotency-key", "k")]
    gone = asyncio.create_task(door.push(body, headers=key))
    await begun.wait()
    assert (await door.push(body)).code == "overloaded"
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    door.publisher.publish = plain  # type: ignore[method-assign]
    assert (await door.push(body, headers=key)).status == 202


async def test_one_line_a_push_and_never_a_story(capsys: pytest.CaptureFixture[str]) -> None:
    door = FrontDoor()
    answer = await door.push(batch({"title": "SECRET"}, {"title": "SECRET", "SECRET": 1}), NDJSON)
    await door.push({"title": "SECRET"}, path="/v1/feeds/SECRET/items")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "SECRET" not in "".join(lines)
    assert KEY not in "".join(lines)
    for part in (answer.json["receipt"], "accepted=1", "refused=1", "feed=local", "trace="):
        assert part in lines[0]


async def test_requests_are_counted_by_route() -> None:
    door = FrontDoor()
    labels = {"route": "/v1/feeds/{feed}/items", "method": "POST", "status": "202"}
    before = count("newswire_http_requests_total", **labels)
    other = count("newswire_http_requests_total", route="other", method="other", status="404")
    probes = count("newswire_http_requests_total", route="/readyz", method="GET", status="200")
    await door.push({"title": "a"})
    await door.push(b"", method="BREW", path="/nosuch/1")
    await door.push(b"", None, method="GET", path="/readyz")
    assert count("newswire_http_requests_total", route="/readyz", method="GET", status="200") == probes + 1
    assert count("newswire_http_requests_total", **labels) == before + 1
    assert count("newswire_http_requests_total", route="other", method="other", status="404") == other + 1


async def test_openapi_names_the_push() -> None:
    answer = await FrontDoor().push(b"", None, method="GET", path="/v1/openapi.json")
    operation = answer.json["paths"]["/v1/feeds/{feed}/items"]["post"]
    assert set(operation["requestBody"]["content"]) >= {"application/json", "application/x-ndjson", "text/html"}
    assert {"202", "401", "413", "422", "503"} <= set(operation["responses"])


def test_the_path_is_the_one_of_the_contract() -> None:
    assert ITEMS == "/v1/feeds/local/items"
    assert Feed(id="a").namespace == "a"


async def test_a_feeds_own_limits_hold_below_the_services() -> None:
    narrow = Feed(id="local", key_hashes=(key_hash(KEY),), limits=LimitRules(item_bytes=1024, batch_items=2))
    door = FrontDoor(feeds=Book(narrow))
    fits = orjson.dumps({"title": "a", "body": "b" * 900})
    assert (await door.push(fits)).status == 202
    answer = await door.push({"title": "a", "body": "b" * 1024})
    assert (answer.status, answer.code) == (413, "too-large")
    line = b'{"title": "a"}\n'
    assert (await door.push(line * 2, "application/x-ndjson")).status == 202
    answer = await door.push(line * 3, "application/x-ndjson")
    assert (answer.status, answer.code) == (413, "too-large")
    mixed = await door.push(line + fits[:-1] + b" " * 1024 + b"}\n", "application/x-ndjson")
    assert [item["status"] for item in mixed.json["items"]] == ["accepted", "refused"]


async def test_a_feed_cannot_widen_the_services_limits() -> None:
    settings = Settings()
    settings.sizes.item = 2048
    wide = Feed(id="local", key_hashes=(key_hash(KEY),), limits=LimitRules(item_bytes=1024 * 1024))
    answer = await FrontDoor(settings=settings, feeds=Book(wide)).push({"title": "a", "body": "b" * 2048})
    assert (answer.status, answer.code) == (413, "too-large")


async def test_the_rules_of_a_feed_travel_with_each_item() -> None:
    feed = Feed(
        id="local",
        key_hashes=(key_hash(KEY),),
        format="ninjs",
        order_by="received",
        rights="© PA",
        status_map={"withheld": "embargoed"},
    )
    door = FrontDoor(feeds=Book(feed))
    await door.push({"title": "a"})
    headers = dict(door.publisher.sent[0].headers)
    assert headers["ce_formathint"] == b"ninjs"
    assert headers["ce_orderby"] == b"received"
    assert headers["ce_rights"] == "© PA".encode()
    assert headers["ce_statusmap"] == b'{"withheld":"embargoed"}'
    assert "ce_zone" not in headers
