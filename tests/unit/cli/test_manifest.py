from __future__ import annotations

import orjson
import pytest

from cli.manifest import (
    BATCH_BYTES,
    JSON,
    NDJSON,
    UNKNOWN,
    NotFound,
    Parcel,
    batch,
    expand,
    numbered,
    parcels,
    size_of,
    sniff,
    split,
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"title": "a"}', JSON),
        (b'\xef\xbb\xbf {"title": "a"}', JSON),
        (b'{\n "title": "a",\n "body": "b"\n}', JSON),
        (b'{"title": "a"}\n{"title": "b"}\n', NDJSON),
        (b'\n{"title": "a"}\n\n{"title": "b"}', NDJSON),
        (b'[{"title": "a"}]', JSON),
        (b"<!DOCTYPE html><p>x", "text/html"),
        (b"\n<HTML><p>x", "text/html"),
        (b'<?xml version="1.0"?><nitf/>', "application/xml"),
        (b"KIEV, Feb 8 (AMNA) -", UNKNOWN),
        (b"\x89PNG\r\n\x1a\n\x00\x00", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_content_types_are_told_by_content(content, expected):
    assert sniff(content) == expected


def test_lines_go_in_batches_of_a_hundred_with_their_places():
    lines = [b'{"n": %d}' % number for number in range(250)]
    made = list(batch(numbered("a.ndjson", lines)))
    assert [len(parcel.places) for parcel in made] == [100, 100, 50]
    assert made[1].places[0] == "a.ndjson:101"
    assert b"".join(parcel.body for parcel in made) == b"".join(line + b"\n" for line in lines)
    assert {parcel.content_type for parcel in made} == {NDJSON}


def test_empty_lines_are_left_out_but_counted():
    (parcel,) = batch(numbered("f", [b'{"n": 1}\r\n', b"\n", b"  ", b'{"n": 2}']))
    assert parcel.places == ("f:1", "f:4")
    assert parcel.body == b'{"n": 1}\n{"n": 2}\n'


def test_a_batch_is_bounded_in_bytes_and_a_huge_line_goes_alone():
    huge = b"x" * (BATCH_BYTES + 1)
    made = list(batch([("a", b"1"), ("b", huge), ("c", b"2")]))
    assert [parcel.places for parcel in made] == [("a",), ("b",), ("c",)]


def test_a_list_of_stories_becomes_a_batch():
    stories = [{"title": "a"}, {"title": "b"}]
    (parcel,) = split("list.json", orjson.dumps(stories), JSON)
    assert parcel.content_type == NDJSON
    assert parcel.places == ("list.json[0]", "list.json[1]")
    assert [orjson.loads(line) for line in parcel.body.splitlines()] == stories


@pytest.mark.parametrize("content", [b"[1, 2]", b"[", b"[]", b'{"title": "a"}'])
def test_other_json_goes_as_it_is_and_the_door_judges(content):
    assert list(split("x.json", content, JSON)) == [Parcel(content, JSON, ("x.json",))]


def test_a_parcel_has_the_same_key_whenever_it_is_sent_and_another_for_another_feed_or_body():
    one = Parcel(b"a", JSON, ("x",))
    assert one.idempotency_key("local") == Parcel(b"a", JSON, ("elsewhere",)).idempotency_key("local")
    others = {one.idempotency_key("reuters"), Parcel(b"b", JSON, ("x",)).idempotency_key("local")}
    others.add(Parcel(b"a", NDJSON, ("x",)).idempotency_key("local"))
    assert one.idempotency_key("local") not in others
    assert len(others) == 3


def test_folders_give_their_story_files_in_order_without_hidden_ones(tmp_path):
    for name in ["b.json", "a.txt", "sub/c.XML", ".hidden/d.json", "sub/.e.json", "notes.md", "f.ndjson"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    found = [file.removeprefix(f"{tmp_path}/") for file in expand([str(tmp_path)])]
    assert found == ["a.txt", "b.json", "f.ndjson", "sub/c.XML"]
    assert size_of(expand([str(tmp_path)])) == 4


def test_a_file_named_outright_is_sent_whatever_its_suffix(tmp_path):
    page = tmp_path / "page"
    page.write_bytes(b"<html><p>x</p>")
    assert [parcel.content_type for file in expand([str(page)]) for parcel in parcels(file)] == ["text/html"]


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFound, match="nowhere"):
        expand([str(tmp_path / "nowhere")])


def test_ndjson_files_are_read_by_line(tmp_path):
    file = tmp_path / "a.ndjson"
    file.write_bytes(b'{"n": 1}\n\n{"n": 2}')
    (parcel,) = parcels(str(file))
    assert parcel.places == (f"{file}:1", f"{file}:3")
