"""JSON Feed 1.0 and 1.1: each trap in made-up feeds."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.items import check_item
from services.ingestion.media import Family
from services.normalization.formats import json_feed, registry
from services.normalization.formats.json_feed import read, read_all
from shared.errors import Refused
from shared.events import Image, Related, Topic
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import patient, raw

FIXTURES = Path(__file__).parents[3] / "fixtures" / "wire" / "json_feed"
FILES = {path.stem: path.read_bytes() for path in sorted(FIXTURES.glob("*.json"))}
EAST = timezone(timedelta(hours=2))


def feed(*items: Any, **members: Any) -> dict[str, Any]:
    return {"version": "https://jsonfeed.org/version/1.1", "title": "Feed", "items": list(items)} | members


def test_an_item_says_all_that_it_can_say() -> None:
    one = read(raw(FILES["version_1.1"]))[0]
    assert (one.provider_id, one.url) == ("https://quay.example/cranes", "https://quay.example/cranes?page=1")
    assert (one.title, one.summary, one.source, one.language) == ("Cranes & tides", "On cranes.", "Quay Notes", "en-GB")
    assert one.published
    assert one.published.value == datetime(2026, 2, 8, 10, tzinfo=EAST)
    assert one.updated
    assert one.updated.value == datetime(2026, 2, 8, 12, 30, tzinfo=EAST)
    assert one.version_time == one.updated
    assert one.version is None
    assert one.byline == ["Ann Lee", "Bo Nik"]
    assert one.topics == [Topic(name="harbour"), Topic(name="cranes")]
    assert one.body == "Three cranes came.\n\nThey were painted red."
    assert one.images == [
        Image(url="https://quay.example/main.jpg"),
        Image(url="https://quay.example/plan.png", caption="The plan"),
        Image(url="https://quay.example/cranes.jpg", caption="Cranes"),
    ]
    assert one.related == [Related(url="https://gazette.example/cranes")]
    assert one.notes == []


def test_numbers_are_ids_and_an_unreadable_date_is_noted() -> None:
    one = read(raw(FILES["version_1.1"]))[1]
    assert (one.provider_id, one.title, one.published) == ("17", None, None)
    assert one.body == "A note without a title.\n\nIt has two paragraphs."
    assert one.byline == ["The desk"]
    assert "date_published unreadable" in one.notes


def test_one_point_zero_names_one_author_and_bad_items_spoil_no_others() -> None:
    first, second = read(raw(FILES["version_1.0"]))
    assert (first.title, first.byline, first.language) == ("First", ["Cas"], "nl")
    assert (second.provider_id, second.url, second.body) == (None, "https://old.example/second", "Only a summary.")
    assert second.byline == ["The desk"]
    assert {"id unreadable", "1 items of the feed are no objects: left out"} <= set(second.notes)
    assert len(read_all(raw(FILES["version_1.0"]))) == 3


@pytest.mark.parametrize("name", FILES)
def test_it_is_told_by_its_version_wherever_that_stands(name: str) -> None:
    assert registry.detect(raw(FILES[name])) is json_feed
    assert check_item(FILES[name], Family.JSON, 10_000) is None


def test_a_version_beyond_the_first_bytes_is_not_needed() -> None:
    late = feed(*({"id": str(n), "content_text": "word " * 50} for n in range(40)))
    late["version"] = late.pop("version")
    assert registry.detect(raw(late)) is json_feed


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (feed(), "not-news"),
        (feed({"id": "1"}), "no-text"),
        (feed() | {"items": {"id": "1"}}, "no-feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [', "malformed-json"),
        (feed(*[{"id": "1"}] * 5001), "too-many-items"),
    ],
)
def test_what_holds_no_story_is_refused(value: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read(raw(value))
    assert refused.value.code == code


def test_relative_addresses_need_a_base() -> None:
    bare = feed({"id": "1", "title": "T", "url": "/t", "image": "i.png"})
    (one,) = read(raw(bare))
    assert (one.url, one.images) == (None, [])
    (one,) = read(raw(bare, content_location="https://pushed.example/feed.json"))
    assert (one.url, one.images) == ("https://pushed.example/t", [Image(url="https://pushed.example/i.png")])


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "url", "title"]), inner, max_size=2)
    ),
    max_leaves=5,
)
NAMES = [
    "id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "date_published", "date_modified",
    "authors", "author", "tags", "attachments", "language",
]  # fmt: skip


@patient
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), ANY, max_size=8), max_size=3))
def test_members_of_any_kind_are_survived(items: list[dict[str, Any]]) -> None:
    with suppress(orjson.JSONEncodeError):
        assert len(read_all(raw(feed(*items)))) == len(items)


@patient
@given(damaged(list(FILES.values())))
def test_damaged_feeds_are_read_or_refused(value: bytes) -> None:
    with suppress(Refused):
        assert read(raw(value))
