"""Versions, differences, kills and moments as documents, without an index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.search import kills, version_model, versions
from services.search.as_of import may_be_shown, past_filter, read_moment, superseded_ids
from services.search.body import SHOWN, Languages, search_body
from services.search.dates import DateError
from services.search.diff import MAX_CHARACTERS
from services.search.reader import reader_filter
from services.search.request import Search
from services.search.versions import Past
from shared.problems import Problem
from tests.unit.search.fakes import ID, NOW, at, document

KEY = b"k" * 32


def row(revision, **more):
    return document(revision=revision, ext_version=revision * 1000, superseded_by=str(revision * 1000 + 1000), **more)


def test_the_row_of_what_is_live_still_is_left_out():
    live = document(revision=2, ext_version=2000)
    past = Past(live, [row(2, live_from=at(hours=-2), live_until=at(hours=-1)), row(1)])
    assert [one["revision"] for one in past.all] == [1, 2]
    assert past.revision(2) is live


def test_of_two_rows_of_a_revision_the_one_that_was_live_counts():
    spanned = row(1, live_from=at(hours=-3), live_until=at(hours=-2))
    assert Past(document(revision=2), [row(1), spanned]).revision(1) is spanned
    assert Past(document(revision=2), [row(1)]).revision(7) is None


@pytest.mark.parametrize(
    ("more", "searchable"),
    [
        ({}, (at(hours=-3), at(hours=-1))),
        ({"status": "withheld"}, (None, None)),
        ({"embargo_open": True}, (None, None)),
        ({"embargoed_until": at(hours=-2)}, (at(hours=-2), at(hours=-1))),
        ({"embargoed_until": at(hours=-4)}, (at(hours=-3), at(hours=-1))),
        ({"embargoed_until": at(hours=-1)}, (None, None)),
        ({"embargoed_until": at(hours=9)}, (None, None)),
        ({"live_from": None, "live_until": None}, (None, None)),
        ({"expires": at(hours=-2)}, (at(hours=-3), at(hours=-2))),
        ({"expires": at(hours=-3)}, (None, None)),
        ({"expires": at(hours=9)}, (at(hours=-3), at(hours=-1))),
        ({"expires": at(hours=-2), "embargoed_until": at(hours=-2)}, (None, None)),
    ],
)
def test_when_a_version_could_be_found(more, searchable):
    version = row(1, **{"live_from": at(hours=-3), "live_until": at(hours=-1)} | more)
    told = versions.entry(version, document(), NOW)
    assert (told["searchable_from"], told["searchable_until"]) == searchable


@pytest.mark.parametrize(
    ("more", "change"),
    [
        ({"embargoed_until": at(hours=-1)}, "released"),
        ({"embargoed_until": at(hours=1)}, "withheld"),
        ({"status": "withheld"}, "withheld"),
    ],
)
def test_what_a_version_under_an_embargo_did_by_now(more, change):
    assert versions.entry(row(1, change="withheld", **more), document(), NOW)["change"] == change


def test_until_when_what_is_live_can_be_found():
    for expires, searchable in (
        (None, (at(hours=-2), None)),
        (at(hours=1), (at(hours=-2), None)),
        (at(hours=-1), (at(hours=-2), at(hours=-1))),
    ):
        live = document(indexed=at(hours=-2), expires=expires)
        told = versions.entry(live, live, NOW)
        assert (told["searchable_from"], told["searchable_until"]) == searchable


@pytest.mark.parametrize("more", [{"status": "withheld"}, {"embargo_open": True}, {"embargoed_until": at(hours=1)}])
def test_a_version_that_is_held_tells_numbers_and_times_alone(more):
    secret = {"title": {"en": "zyzzyva"}, "ednote": "zyzzyva", "reason": "zyzzyva", "word_count": 7}
    told = versions.entry(row(1, **secret, **more), document(), NOW)
    assert "zyzzyva" not in str(told)
    assert told["word_count"] is None
    assert told["status"] != "usable"
    assert versions.whole(row(1, **secret, **more), document(), NOW) is None


def test_what_is_compared():
    before = document(byline="A. B.", urgency=3, expires=None, title={"en": "One"}, body=None)
    after = document(byline=["A. B.", "C. D."], expires=at(days=1), title={"el": "One"}, body={"el": "Two."})
    found = versions.difference(before, after)
    assert found["changed"] == ["body", "byline", "expires"]
    assert found["fields"]["body"] == [{"op": "insert", "text": "Two."}]
    assert (found["left_out"], found["coarse"]) == ([], False)


def test_texts_that_are_too_long_are_left_out_and_named():
    long = "word " * (MAX_CHARACTERS // 9)
    found = versions.difference(document(body={"en": long}), document(body={"en": long + "more"}))
    assert [one["field"] for one in found["left_out"]] == ["body"]
    assert "body" not in found["fields"]
    assert found["changed"] == []
    same = versions.difference(document(body={"en": long}), document(body={"en": long}))
    assert (same["left_out"], same["changed"]) == ([], [])


@pytest.mark.parametrize(
    ("moment", "title"),
    [(at(hours=-5), None), (at(hours=-4), "One"), (at(hours=-3), "Two"), (at(hours=-2), None), (at(hours=-1), "Four")],
)
def test_the_article_at_a_moment(moment, title):
    rows = [
        row(1, title={"en": "One"}, live_from=at(hours=-4), live_until=at(hours=-3)),
        row(2, title={"en": "Two"}, live_from=at(hours=-3), live_until=at(hours=-2)),
        row(3, title={"en": "Three"}, status="withheld", live_from=at(hours=-2), live_until=at(hours=-1)),
        row(9, title={"en": "Late"}),
    ]
    live = document(revision=4, title={"en": "Four"}, indexed=at(hours=-1))
    told = versions.at(Past(live, rows), datetime.fromisoformat(moment), NOW)
    assert (told and told["title"]) == title
    held = document(revision=4, indexed=at(hours=-1), status="withheld")
    assert versions.at(Past(held, rows), datetime.fromisoformat(moment), NOW) is None


def test_what_replaced_an_article_later_is_not_told_of_an_earlier_moment():
    live = document(indexed=at(hours=-4), replaced_by=ID, replaced_at=at(hours=-2))
    before, after = (versions.at(Past(live, []), datetime.fromisoformat(at(hours=-hours)), NOW) for hours in (3, 1))
    assert (before.get("replaced_by"), after.get("replaced_by")) == (None, ID)


def test_a_moment_is_read_to_the_millisecond_and_never_of_the_future():
    assert read_moment("2024-05-01T11:59:59.9999Z", UTC, NOW) == NOW - timedelta(milliseconds=1)
    assert read_moment("2024-05", UTC, NOW) == NOW.replace(hour=0)
    assert read_moment("now", UTC, NOW) == NOW
    for text in ("2024-05-01T12:00:00.001Z", "2025", "soon", ""):
        with pytest.raises(DateError):
            read_moment(text, UTC, NOW)


def found(revision, identity=ID, **more):
    return {"_id": f"row-{revision}", "_source": {"id": identity, "revision": revision, **more}}


def test_rows_of_what_may_not_be_shown_now_are_taken_out():
    hits = [found(1, superseded_by="2000"), found(2, "other")]
    assert superseded_ids(hits) == [ID]
    usable = {"id": ID, "revision": 2, "status": "usable"}
    assert [hit["_id"] for hit in may_be_shown(hits, [usable], NOW)] == [ID, "other"]
    for live in (
        [],
        [usable | {"status": "killed"}],
        [usable | {"status": "withheld"}],
        [usable | {"embargo_open": True}],
        [usable | {"embargoed_until": at(hours=1)}],
        [usable | {"revision": 1}],
    ):
        assert [hit["_id"] for hit in may_be_shown(hits, live, NOW)] == ["other"], live


def test_one_version_of_each_article():
    usable = [{"id": ID, "revision": 5, "status": "usable"}]
    hits = [found(1, superseded_by="2000"), found(3, superseded_by="4000"), found(2, superseded_by="3000")]
    assert [hit["_source"]["revision"] for hit in may_be_shown(hits, usable, NOW)] == [3]


def test_the_present_and_the_moment_are_held_apart():
    clause = str(past_filter(NOW - timedelta(days=1), NOW))
    assert "{'held_until': {'gte': '2024-05-01T12:00:00.000Z'}}" in clause
    assert "{'embargoed_until': {'gte': '2024-04-30T12:00:00.000Z'}}" in clause
    assert "{'held': True}" in clause


def test_a_search_of_the_present_is_asked_as_if_there_were_no_past():
    body = search_body(Search(), NOW, size=20, languages=Languages(("en",), NOW), timeout_ms=1000)
    assert body["_source"] == SHOWN
    assert body["query"]["bool"]["filter"][0] == reader_filter(NOW)
    past = search_body(Search(as_of=NOW), NOW, size=20, languages=Languages(), timeout_ms=1000)
    assert past["query"]["bool"]["filter"][0] == past_filter(NOW, NOW)
    assert past | {"_source": SHOWN, "query": None} == body | {"query": None}


# Kills


def tombstone(partition, offset):
    return {"id": f"{partition}-{offset}", "kill_partition": partition, "kill_offset": offset}


def test_the_cursor_goes_as_far_as_was_shown_and_to_the_marks_at_the_end():
    asked = kills.read([("size", "2")], NOW)
    marks = {0: 10, 1: 7}
    first = kills.page(asked, {}, marks, [tombstone(0, 3), tombstone(1, 4), tombstone(0, 5)], KEY, pasts={})
    assert ([item["id"] for item in first["items"]], first["more"]) == (["0-3", "1-4"], True)
    again = kills.read([("size", "2"), ("cursor", first["next"])], NOW)
    reached = kills.resume(again, KEY)
    assert reached == {0: 3, 1: 4}
    last = kills.page(again, reached, marks, [tombstone(0, 5)], KEY, pasts={})
    assert last["more"] is False
    assert kills.resume(kills.read([("cursor", last["next"])], NOW), KEY) == marks


def test_a_mark_that_is_lost_takes_no_cursor_back():
    asked = kills.read([], NOW)
    told = kills.page(asked, {0: 10, 5: 2}, {0: 4}, [], KEY, pasts={})
    assert kills.resume(kills.read([("cursor", told["next"])], NOW), KEY) == {0: 10, 5: 2}
    assert kills.body(asked, {0: 10}, {0: 10}) is None


@pytest.mark.parametrize("tail", ["A", "", "AA"])
def test_a_forged_cursor_is_refused(tail):
    cursor = kills.page(kills.read([], NOW), {}, {0: 1}, [], KEY, pasts={})["next"]
    with pytest.raises(Problem):
        kills.resume(kills.read([("cursor", cursor[:-2] + tail)], NOW), KEY)
    with pytest.raises(Problem):
        kills.resume(kills.read([("cursor", cursor)], NOW), b"another key")
    with pytest.raises(Problem):
        kills.resume(kills.read([("cursor", cursor), ("feed", "x")], NOW), KEY)


# Pages


def line(revision, status="usable"):
    return {"revision": revision, "status": status}


def test_a_step_is_held_against_the_last_one_that_can_be_read():
    steps = version_model.steps([line(1), line(None), line(2, "withheld"), line(3), line(4)])
    assert [(step.entry["revision"], step.before) for step in steps] == [
        (4, 3),
        (3, 1),
        (2, None),
        (None, None),
        (1, None),
    ]


def test_unchanged_paragraphs_far_from_a_change_are_left_out():
    text = [("equal", "A.\n\nB.\n\nC.\n\nD "), ("insert", "new"), ("equal", ".\n\nE.\n\nF.\n\nG.")]
    told = {"changed": ["body"], "fields": {"body": [{"op": op, "text": words} for op, words in text]}}
    [body] = version_model.changes(told)
    assert [(paragraph.skipped, paragraph.pieces) for paragraph in body.paragraphs] == [
        (2, [("equal", "C.")]),
        (0, [("equal", "D "), ("insert", "new"), ("equal", ".")]),
        (0, [("equal", "E.")]),
    ]
    assert (body.label, body.skipped) == ("Text", 2)


def test_entries_of_a_list_are_told_apart():
    told = {
        "changed": ["byline"],
        "fields": {"byline": [{"op": "equal", "text": "A. B."}, {"op": "insert", "text": "C. D."}]},
    }
    [byline] = version_model.changes(told)
    assert byline.paragraphs[0].pieces == [("equal", "A. B.; "), ("insert", "C. D.")]
