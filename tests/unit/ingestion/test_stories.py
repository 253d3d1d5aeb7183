from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.problems import KINDS
from shared.stories import FIELDS, BadStory, PlainStory, StoryDate, parse_story


def refused(raw: bytes) -> BadStory:
    with pytest.raises(BadStory) as caught:
        parse_story(raw)
    return caught.value


def story(**fields: object) -> PlainStory:
    return parse_story(orjson.dumps({"title": "T", **fields}))


def pointers(**fields: object) -> set[str]:
    error = refused(orjson.dumps({"title": "T", **fields}))
    assert error.code == "invalid-story"
    return {one["pointer"] for one in error.errors}


def test_the_fields_are_those_of_the_contract() -> None:
    names = """id title body published language byline section topics source url version status embargoed_until expires
    ednote urgency"""
    assert set(names.split()) == FIELDS


def test_a_whole_story_is_read() -> None:
    read = story(
        id="urn:newsml:x:2026:1?a=b#c",
        body="First.\n\nSecond.",
        published="2026-02-08T14:30:00.123456789+02:00",
        language="pt-BR",
        byline="Ann Lee",
        section="World",
        topics=["war", {"scheme": "medtop", "code": "16000000", "name": "conflict"}],
        source="AMNA",
        url="HTTPS://example.org/a?b=1",
        version=3,
        status="cancelled",
        embargoed_until="2026-02-09",
        expires="2099-01-01T00:00:00Z",
        ednote="mind the name",
        urgency=1,
    )
    assert read.byline == ["Ann Lee"]
    assert read.version == "3"
    assert read.is_kill
    assert read.published is not None
    assert read.published.at(UTC) == datetime(2026, 2, 8, 12, 30, 0, 123456, UTC)
    assert read.embargoed_until is not None
    assert read.embargoed_until.precision == "day"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "malformed-json"),
        (b"{", "malformed-json"),
        (b"null", "invalid-story"),
        (b"[]", "invalid-story"),
        (b'{"title":"x"}{}', "malformed-json"),
        (b'{"title":"x",}', "malformed-json"),
        (b"{'title':'x'}", "malformed-json"),
        (b'{"title":"\x01"}', "malformed-json"),
        ('{"title":"x"}'.encode("utf-16"), "invalid-utf8"),
        ('{"title":"x"}'.encode("utf-16-le"), "malformed-json"),
        (b'{"title":"\xff"}', "invalid-utf8"),
        (b'{"title":"\xed\xa0\x80"}', "invalid-utf8"),
        (b'{"title":"\xc0\xaf"}', "invalid-utf8"),
        (b'{"title":"\\ud800"}', "lone-surrogate"),
        (b'{"title":"\\udc00x"}', "lone-surrogate"),
        (b'{"title":"\\ud800\\ud800"}', "lone-surrogate"),
        (b'{"title":NaN}', "not-a-number"),
        (b'{"title":"x","urgency":Infinity}', "not-a-number"),
        (b'{"title":"x","urgency":-Infinity}', "not-a-number"),
        (b'{"title":"x","version":1e999}', "not-a-number"),
        (b'{"title":"x","title":"y"}', "duplicate-key"),
        (b'{"title":"x","t\\u0069tle":"y"}', "duplicate-key"),
        (b'{"title":"x","topics":[{"code":"1","code":"1"}]}', "duplicate-key"),
        (b'{"title":"a\\\\","title":"\\"b"}', "duplicate-key"),
        (b"[" * 100_000, "too-deep"),
        (b"[" * 65 + b"]" * 65, "too-deep"),
        (b'{"title":"x","a":' + b"[" * 64 + b"]" * 64 + b"}", "too-deep"),
        (b'{"title":"x","a":' + b"[" * 63 + b"]" * 63 + b"}", "invalid-story"),
        (b'{"title":"x","a":' + b'{"a":' * 64 + b"1" + b"}" * 65, "too-deep"),
        (b"[" * 64 + b"]" * 64, "invalid-story"),
        (b"{}", "no-text"),
        (b'{"title":" \\n\\u00a0","body":""}', "no-text"),
        (b'{"title":"\\u0000\\u001b"}', "no-text"),
        (b'{"status":"killed"}', "invalid-story"),
        (b'{"title":"x","version":' + b"9" * 30 + b"}", "invalid-story"),
        (b'{"title":"x","urgency":' + b"9" * 100_000 + b"}", "not-a-number"),
    ],
)
def test_what_is_no_story_has_its_code(raw: bytes, code: str) -> None:
    assert refused(raw).code == code


@pytest.mark.parametrize(
    "raw",
    [
        b'\xef\xbb\xbf{"title":"x"}',
        b' \r\n\t{"title" : "x"} \r',
        b'{"title":"\\\\","body":"\\"\\\\\\"\\\\\\\\"}',
        b'{"title":"\\ud83d\\ude00"}',
        b'{"body":"x","title":null}',
        b'{"status":"killed","id":"a"}',
        '{"title":"\u202eRTL \u200d\U0001f469\u200d\U0001f680"}'.encode(),
        b'{"title":"x","topics":["x","x"],"byline":["x","x"]}',
    ],
)
def test_what_is_a_story_is_taken(raw: bytes) -> None:
    parse_story(raw)


@pytest.mark.parametrize(
    "date",
    [
        "now", "", " 2026-02-08", "2026-02-08 ", "1770561000", "2026-02-30", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00",
        "0000-01-01", "0001-01-01T00:00:00Z", "1399-12-31", "9999-12-31T23:59:59-14:00", "10000-01-01", "+2026-01-01",
        "2026-01-01T24:00:00Z", "2026-01-01T23:59:60Z", "2026-01-01T10:60:00Z", "2026-01-01T10:00Z", "2026-01-01T10:00:00+99:00",
        "2026-01-01T10:00:00+0200", "2026-01-01T10:00:00+02", "2026-01-01T10:00:00 EST", "2026-01-01T10:00:00.Z", "2026-W01-1",
        "2026-001", "20260101", "2026-1-1", "２０２６-01-01", "2026-01-01T10:00:00Z\n", "Sun, 08 Feb 2026 14:30:00 GMT",
        1770561000, 1770561000.5, True, [], {}, ["2026-02-08"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["published", "embargoed_until", "expires"])
def test_a_date_that_is_none_is_refused(name: str, date: object) -> None:
    assert pointers(**{name: date}) == {f"/{name}"}


@pytest.mark.parametrize(
    "date",
    [
        "1400-01-02",
        "1987-02-26t15:01:01z",
        "1987-02-26 15:01:01-05:00",
        "2024-02-29T00:00:00",
        "2026-01-01T00:00:00-23:59",
    ],
)
def test_a_date_that_is_one_is_taken(date: str) -> None:
    read = story(published=date).published
    assert read is not None
    assert read.raw == date


def test_published_may_be_two_days_ahead_and_no_more() -> None:
    now = datetime.now(UTC)
    story(published=(now + timedelta(hours=47)).isoformat(timespec="seconds"))
    assert pointers(published=(now + timedelta(hours=49)).isoformat(timespec="seconds")) == {"/published"}
    story(embargoed_until=(now + timedelta(days=400)).isoformat(timespec="seconds"))
    assert pointers(embargoed_until=f"{now.year + 101}-06-01") == {"/embargoed_until"}


def test_a_missing_zone_is_the_feeds_and_says_so() -> None:
    paris = ZoneInfo("Europe/Paris")
    date = StoryDate.read("2026-02-08T14:30:00")
    assert date.honest(paris).value == datetime(2026, 2, 8, 13, 30, tzinfo=UTC)
    assert date.honest(paris).zone == "feed"
    assert date.honest(None).value == datetime(2026, 2, 8, 14, 30, tzinfo=UTC)
    assert date.honest(None).zone == "assumed"
    day = StoryDate.read("2026-02-08").honest(paris)
    assert (day.value, day.precision) == (datetime(2026, 2, 7, 23, 0, tzinfo=UTC), "day")
    zoned = StoryDate.read("2026-02-08T14:30:00-05:00").honest(paris)
    assert (zoned.value, zoned.zone) == (datetime(2026, 2, 8, 19, 30, tzinfo=UTC), "given")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", ""), ("id", 5), ("id", "a b"), ("id", "a\u0000b"), ("id", "a\u0085b"), ("id", "a\r\nb"), ("id", "x" * 513), ("id", "a\u202eb"),
        ("id", "a\u2003b"), ("title", 5), ("title", "x" * 4001), ("body", ["x"]), ("language", "english"), ("language", "e"),
        ("language", "en us"), ("byline", {}), ("byline", 5), ("byline", ["x"] * 101), ("section", "x" * 501), ("topics", "cocoa"),
        ("topics", ["x"] * 501), ("url", "ftp://x/y"), ("url", "/x"), ("url", "http://"), ("url", "http://x/\n"), ("url", "javascript:x"),
        ("url", "http://x/" + "y" * 2048), ("version", -1), ("version", 1.5), ("version", True), ("version", ""), ("version", "1\u0000"),
        ("status", "USABLE"), ("status", "embargoed"), ("status", 1), ("urgency", 0), ("urgency", 10), ("urgency", "5"),
        ("urgency", 5.0), ("urgency", True), ("ednote", "x" * 10_001), ("nosuch", 1), ("provider", "afp"), ("received", "x"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_pointed_at(name: str, value: object) -> None:
    assert pointers(**{name: value}) == {f"/{name}"}


def test_wrong_parts_are_pointed_at() -> None:
    assert pointers(topics=["a", {"scheme": "s", "nosuch": "x"}]) == {"/topics/1"}
    assert pointers(byline=["a", 5]) == {"/byline/1"}
    assert pointers(**{"a/b~c": 1}) == {"/a~1b~0c"}


def test_identifiers_are_composed() -> None:
    assert story(id="cafe\u0301").id == "caf\u00e9"


def test_controls_are_taken_out_of_text_and_counted() -> None:
    read = story(
        title="a\u0000b\u001bc\u0085d\u007fe",
        body="1\n2\t3\r4\u000b5",
        byline=["x\u0001"],
        topics=[{"name": "n\u0002"}],
    )
    assert (read.title, read.body, read.byline) == ("abcde", "1\n2\t3\r45", ["x"])
    assert read.topics is not None
    assert read.topics[0].model_dump()["name"] == "n"  # type: ignore[union-attr]
    assert read.controls_stripped == 7
    assert story(body="a\u00a0\u00e9\n").controls_stripped == 0
    for control in "\u0000\u0008\u000b\u000c\u000e\u001f\u007f\u0080\u009f":
        assert story(body=f"a{control}b").body == "ab", ascii(control)


def test_a_reason_never_quotes_the_story() -> None:
    for fields in (
        {"title": 5, "SECRET": "SECRET"},
        {"status": "SECRET"},
        {"topics": [{"SECRET": 1}]},
        {"published": "SECRET"},
    ):
        assert "SECRET" not in str(refused(orjson.dumps({"body": "SECRET", **fields})))
    assert "SECRET" not in str(refused(b'{"SECRET":NaN}')) + str(refused(b'{"SECRET":"\\ud800"}'))


def test_errors_are_bounded() -> None:
    error = refused(orjson.dumps({f"field{n}": n for n in range(1000)}))
    assert len(error.errors) == 20
    assert len(refused(orjson.dumps({"title": "T", "x" * 10_000: 1})).errors[0]["pointer"]) <= 101


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text()
    | st.text(alphabet='"\\{}[]:,u\n\u0000é'),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(), inner, max_size=6)
    ),
    max_leaves=20,
)


def only_story_or_refused(raw: bytes) -> PlainStory | Refused:
    outcome: PlainStory | Refused
    try:
        outcome = parse_story(raw)
    except Refused as error:
        outcome = error
    assert isinstance(outcome, PlainStory) or outcome.code in KINDS
    return outcome


@given(st.binary(max_size=200))
def test_bytes_are_a_story_or_refused(raw: bytes) -> None:
    only_story_or_refused(raw)


@given(JSON)
def test_json_is_a_story_or_refused(data: object) -> None:
    only_story_or_refused(json.dumps(data).encode())


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), JSON, max_size=8))
def test_objects_of_known_fields_are_a_story_or_refused(data: object) -> None:
    only_story_or_refused(json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass"))


KEYS = st.sampled_from(["a", "b", "\\", '"', '\\"', "a\u0000", "é"])
PAIRS = st.recursive(
    st.integers() | KEYS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(KEYS, inner), max_size=3).map(tuple),
    max_leaves=12,
)


def written(node: object) -> str:
    """JSON of nested lists and tuples of pairs, which may repeat a key."""
    if isinstance(node, tuple):
        return "{" + ",".join(f"{json.dumps(key)} : {written(value)}" for key, value in node) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(written, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def repeats(node: object) -> bool:
    if isinstance(node, tuple):
        keys = [key for key, _ in node]
        return len(set(keys)) < len(keys) or any(repeats(value) for _, value in node)
    return isinstance(node, list) and any(map(repeats, node))


@given(st.lists(st.tuples(KEYS, PAIRS), max_size=4).map(tuple))
def test_a_repeated_key_is_always_found_and_never_imagined(node: object) -> None:
    error = only_story_or_refused(written(node).encode())
    assert isinstance(error, Refused)  # none of these is a story
    assert (error.code == "duplicate-key") == repeats(node)
