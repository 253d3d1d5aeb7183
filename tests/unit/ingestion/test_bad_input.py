"""Each kind of bad input and its answer, through the whole application; none is ever a 500, and nothing is published."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import brotli
import orjson
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingestion.pushes import Pushes
from shared.settings import Settings, SizeSettings
from tests.unit.ingestion.support import ITEMS, KEY, OTHER_KEY, FrontDoor

JSON = "application/json"
BOMB = b'{"title":"' + b"x" * 30_000_000 + b'"}'
STORY = b'{"title":"x"}'

BODIES: list[tuple[str, Any, str | None, int, str]] = [
    ("nothing", b"", JSON, 400, "empty-body"),
    ("white space", b" \r\n", JSON, 400, "empty-body"),
    ("nothing, no type", b"", None, 400, "empty-body"),
    ("no line", b"\n\n \n", "application/x-ndjson", 400, "empty-body"),
    ("blank text", b"\n \t", "text/plain", 400, "empty-body"),
    ("not JSON", b"{", JSON, 400, "malformed-json"),
    ("not UTF-8", b'{"title":"\xff"}', JSON, 400, "invalid-utf8"),
    ("UTF-16", '{"title":"x"}'.encode("utf-16"), JSON, 400, "invalid-utf8"),
    ("UTF-16, no type", '{"title":"x"}'.encode("utf-16"), None, 400, "invalid-utf8"),
    ("UTF-16 without a mark", '{"title":"x"}'.encode("utf-16-le"), JSON, 400, "malformed-json"),
    ("lone surrogate", b'{"title":"\\ud800","body":"x"}', JSON, 400, "lone-surrogate"),
    ("NaN", b'{"title":NaN}', JSON, 422, "not-a-number"),
    ("1e999", b'{"title":"x","urgency":1e999}', JSON, 422, "not-a-number"),
    ("deep", b"[" * 100_000, JSON, 400, "too-deep"),
    ("deep objects", b'{"a":' * 70 + b"1" + b"}" * 70, JSON, 400, "too-deep"),
    ("same key twice", b'{"title":"x","title":"y"}', JSON, 422, "duplicate-key"),
    ("unknown field", b'{"title":"x","received":"y"}', JSON, 422, "invalid-story"),
    ("wrong type", b'{"title":5}', JSON, 422, "invalid-story"),
    ("NUL in an id", b'{"title":"x","id":"a\\u0000"}', JSON, 422, "invalid-story"),
    ("line break in an id", b'{"title":"x","id":"a\\r\\nb: c"}', JSON, 422, "invalid-story"),
    ("no such day", b'{"title":"x","published":"2026-02-30"}', JSON, 422, "invalid-story"),
    ("unreadable embargo", b'{"title":"x","embargoed_until":"Next Monday"}', JSON, 422, "invalid-story"),
    ("no text", b'{"id":"a"}', JSON, 422, "no-text"),
    ("array of stories", b'[{"title":"x"}]', JSON, 422, "invalid-story"),
    ("array of stories, no type", b'[{"title":"x"}]', None, 422, "invalid-story"),
    ("a million keys", b"{" + b",".join(b'"%d":1' % n for n in range(300_000)) + b"}", JSON, 422, "too-complex"),
    ("a million topics", orjson.dumps({"title": "x", "topics": [1] * 1_000_000}), JSON, 422, "too-complex"),
    ("huge number", b'{"title":"x","version":' + b"9" * 300 + b"}", JSON, 422, "invalid-story"),
    ("item too large", b'{"title":"' + b"x" * 9_000_000 + b'"}', JSON, 413, "too-large"),
    ("text too large", b"x" * 9_000_000, "text/plain", 413, "too-large"),
    ("body too large", b"x" * 40_000_000, JSON, 413, "too-large"),
    ("odd type", b"x", "application/x-nothing", 415, "unsupported-media-type"),
    ("no type at all", b"x", "nonsense", 415, "unsupported-media-type"),
    ("picture", b"\x89PNG\r\n\x1a\n\x00\x00", None, 415, "unsupported-media-type"),
    ("JSON in another charset", STORY, "application/json; charset=utf-16", 415, "unsupported-charset"),
    ("text in UTF-7", b"x", "text/plain; charset=utf-7", 415, "unsupported-charset"),
    ("text in base64", b"x", "text/html;charset=base64", 415, "unsupported-charset"),
    ("text in nothing known", b"x", 'text/plain; charset="klingon"', 415, "unsupported-charset"),
    ("XML that nobody knows", b"<a/>", "application/xml", 422, "format-not-supported"),
    ("billion laughs", b'<!DOCTYPE l [<!ENTITY a "&b;&b;">]><l>&a;</l>', "text/xml", 422, "format-not-supported"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES]
)
async def test_a_bad_body_has_its_answer(body: bytes, content_type: str | None, status: int, code: str) -> None:
    door = FrontDoor()
    answer = await door.push(body, content_type)
    assert (answer.status, answer.code) == (status, code)
    assert len(answer.body) < 6000
    assert not door.publisher.calls
    assert (await door.push(STORY)).status == 202, "the service goes on"


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_bad_item_in_a_chunked_body_is_the_same(chunked: bool) -> None:
    door = FrontDoor(Settings(sizes=SizeSettings(request=1000, item=900)))
    answer = await door.push([b"x" * 600] * 3, length=None if chunked else -1)
    assert (answer.status, answer.code) == (413, "too-large")


HEADERS: list[tuple[str, bytes, list[tuple[str, str]], int, str]] = [
    ("gzip bomb", gzip.compress(BOMB), [("content-encoding", "gzip")], 413, "too-large"),
    ("deflate bomb", zlib.compress(BOMB), [("content-encoding", "deflate")], 413, "too-large"),
    ("br bomb", brotli.compress(BOMB, quality=4), [("content-encoding", "br")], 413, "too-large"),
    ("zstd bomb", zstandard.compress(BOMB), [("content-encoding", "zstd")], 413, "too-large"),
    ("no gzip", STORY, [("content-encoding", "gzip")], 400, "bad-encoding"),
    ("cut gzip", gzip.compress(STORY)[:-3], [("content-encoding", "gzip")], 400, "bad-encoding"),
    ("stacked", STORY, [("content-encoding", "gzip, br")], 415, "unsupported-encoding"),
    ("stacked in two headers", STORY, [("content-encoding", "gzip"), ("content-encoding", "br")], 400, "bad-header"),
    ("unknown encoding", STORY, [("content-encoding", "lzma")], 415, "unsupported-encoding"),
    ("relative location", STORY, [("content-location", "/a")], 400, "bad-header"),
    ("location of another kind", STORY, [("content-location", "file:///etc/passwd")], 400, "bad-header"),
    ("script as location", STORY, [("content-location", "javascript:alert(1)")], 400, "bad-header"),
    ("location with a password", STORY, [("content-location", "https://u:p@example.org/")], 400, "bad-header"),
    ("location without a host", STORY, [("content-location", "https:///a")], 400, "bad-header"),
    ("location with a bad port", STORY, [("content-location", "https://a:99999/")], 400, "bad-header"),
    ("location with a bad host", STORY, [("content-location", "http://[::1/")], 400, "bad-header"),
    ("location with spaces", STORY, [("content-location", "http://a/b c")], 400, "bad-header"),
    ("location in Latin-1", STORY, [("content-location", "http://a/\xe9")], 400, "bad-header"),
    ("long location", STORY, [("content-location", "http://a/" + "b" * 2048)], 400, "bad-header"),
    ("two types", STORY, [("content-type", "text/plain")], 400, "bad-header"),
    ("empty key", STORY, [("idempotency-key", "")], 400, "bad-idempotency-key"),
    ("long key", STORY, [("idempotency-key", "k" * 256)], 400, "bad-idempotency-key"),
    ("key with a control", STORY, [("idempotency-key", "a\x01b")], 400, "bad-idempotency-key"),
    ("key that is not ASCII", STORY, [("idempotency-key", "caf\xe9")], 400, "bad-idempotency-key"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"), [row[1:] for row in HEADERS], ids=[row[0] for row in HEADERS]
)
async def test_a_bad_header_has_its_answer(body: bytes, headers: list[tuple[str, str]], status: int, code: str) -> None:
    door = FrontDoor()
    answer = await door.push(body, headers=headers)
    assert (answer.status, answer.code) == (status, code)
    assert not door.publisher.calls


@pytest.mark.parametrize("length", [5, 50])
async def test_a_length_that_is_not_true_is_refused(length: int) -> None:
    answer = await FrontDoor().push(STORY, length=length)
    assert (answer.status, answer.code) == (400, "wrong-length")


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (ITEMS, None),
        (ITEMS, ""),
        (ITEMS, "nope"),
        (ITEMS, KEY + "x"),
        (ITEMS, KEY[:-1]),
        (ITEMS, OTHER_KEY),
        (ITEMS, "\xe9" * 50),
        (ITEMS, "x" * 100_000),
        ("/v1/feeds/afp/items", KEY),
        ("/v1/feeds/nosuch/items", KEY),
        ("/v1/feeds/../items", KEY),
        ("/v1/feeds/LOCAL/items", KEY),
        ("/v1/feeds/\x00/items", KEY),
    ],
)
async def test_whoever_may_not_push_gets_one_and_the_same_answer(path: str, key: str | None) -> None:
    door = FrontDoor()
    answer = await door.push(STORY, path=path, key=key)
    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.body == (await door.push(STORY, key="nope")).body
    assert not door.publisher.calls


@pytest.mark.parametrize("scheme", ["Basic", "Digest", ""])
async def test_another_scheme_is_no_key(scheme: str) -> None:
    answer = await FrontDoor().push(STORY, key=None, headers=[("authorization", f"{scheme} {KEY}")])
    assert answer.code == "unauthorized"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nosuch", 404, "not-found"),
        ("POST", "/v1/feeds//items", 404, "not-found"),
        ("POST", ITEMS + "/", 404, "not-found"),
        ("POST", "/v1/feeds/a/b/items", 404, "not-found"),
        ("GET", ITEMS, 405, "method-not-allowed"),
        ("DELETE", ITEMS, 405, "method-not-allowed"),
        ("POST", "/readyz", 405, "method-not-allowed"),
        ("BREW", ITEMS, 405, "method-not-allowed"),
    ],
)
async def test_what_is_not_offered_is_a_problem_too(method: str, path: str, status: int, code: str) -> None:
    answer = await FrontDoor().push(STORY, method=method, path=path)
    assert (answer.status, answer.code) == (status, code)
    if status == 405:
        assert "allow" in answer.headers


async def test_a_fault_of_ours_says_nothing_of_the_inside(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    async def broken(*_: Any) -> bytes:
        raise RuntimeError("SECRET")

    monkeypatch.setattr(Pushes, "_push", broken)
    answer = await FrontDoor().push(STORY)
    assert (answer.status, answer.code) == (500, "internal-error")
    assert b"SECRET" not in answer.body
    out = capsys.readouterr().out
    assert "SECRET" not in out
    assert "RuntimeError" in out


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    body=st.binary(max_size=100) | st.sampled_from([STORY, b"<p>x", b"{}", b"\n" + STORY + b"\nx"]),
    content_type=st.none()
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
    | st.sampled_from([JSON, "application/x-ndjson", "text/plain; charset=x", "text/html", "a/b+xml"]),
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                ["content-encoding", "content-location", "idempotency-key", "traceparent", "expect", "host"]
            ),
            st.text(st.characters(max_codepoint=255), max_size=30) | st.sampled_from(["gzip", "http://a/b"]),
        ),
        max_size=3,
    ),
)
async def test_whatever_comes_is_answered_and_never_by_500(body: bytes, content_type: str | None, headers: Any) -> None:
    answer = await FrontDoor().push(body, content_type, headers=headers)
    assert answer.status == 202 or (answer.code and 400 <= answer.status < 500)
