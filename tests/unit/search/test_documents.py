from __future__ import annotations

from datetime import timedelta

import pytest

from services.search.article import Killed, article
from services.search.article import notice as article_notice
from services.search.reader import expired, standing
from services.search.request import read_search
from services.search.results import item, partial, results
from services.search.trace import SHOWN, Key, parse_key, trace, trace_query
from shared.problems import Problem
from tests.unit.search.fakes import ID, NOW, answer, at, document, hit

FIELDS = [
    "id",
    "story_id",
    "cluster_id",
    "provider_id",
    "version",
    "revision",
    "change",
    "status",
    "status_given",
    "kind",
    "title",
    "title_derived",
    "subheads",
    "summary",
    "body",
    "body_html",
    "slugline",
    "byline",
    "dateline",
    "credit",
    "source",
    "feed",
    "section",
    "language",
    "urgency",
    "topics",
    "keywords",
    "places",
    "published",
    "first_published",
    "updated",
    "dates",
    "embargoed_until",
    "expires",
    "ednote",
    "rights",
    "related",
    "images",
    "url",
    "word_count",
    "copies",
    "received",
    "searchable",
]


# Who may see it


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "usable"),
        ({"embargoed_until": at(hours=-1)}, "usable"),
        ({"embargoed_until": at()}, "usable"),
        ({"embargoed_until": at(microseconds=1)}, "embargoed"),
        ({"embargoed_until": "Next Monday"}, "embargoed"),
        ({"embargoed_until": 5}, "embargoed"),
        ({"embargo_open": True, "embargoed_until": at(hours=-1)}, "embargoed"),
        ({"status": "withheld"}, "withheld"),
        ({"status": "withheld", "embargo_open": True}, "withheld"),
        ({"status": "privileged"}, "withheld"),
        ({"status": None}, "withheld"),
        ({"status": "killed", "embargo_open": True}, "killed"),
    ],
)
def test_standing(facts, word):
    assert standing(document(**facts), NOW) == word


def test_a_story_expires_at_its_instant():
    assert expired(document(expires=at()), NOW)
    assert not expired(document(expires=at(seconds=1)), NOW)
    assert not expired(document(), NOW)


# Articles


def test_an_article_has_exactly_the_fields_of_the_contract():
    told = article(document(), NOW)
    assert sorted(told) == sorted(FIELDS)
    assert (told["title"], told["version"], told["revision"], told["status"]) == ("Talks in Minsk", "3", 2, "usable")
    assert told["body"] == "First paragraph.\n\nSecond paragraph."


@pytest.mark.parametrize(
    ("embargo", "since"), [(None, at(hours=-2)), (at(hours=-3), at(hours=-2)), (at(hours=-1), at(hours=-1))]
)
def test_a_story_is_searchable_from_the_end_of_its_embargo_on(embargo, since):
    assert article(document(indexed=at(hours=-2), embargoed_until=embargo), NOW)["searchable"] == since


def test_what_an_embargo_withheld_is_released_by_its_end():
    source = document(change="withheld", embargoed_until=at(hours=-1))
    assert article(source, NOW)["change"] == "released"
    assert item(hit(1, source))["change"] == "released"


def test_absent_facts_are_null_or_empty():
    told = article({"id": ID, "status": "usable"}, NOW)
    assert told["title"] is told["body"] is told["version"] is told["published"] is None
    assert told["byline"] == told["keywords"] == told["topics"] == told["related"] == []
    assert told["dateline"] == {"place": None, "date": None, "agency": None}
    assert (told["copies"], told["word_count"]) == (0, 0)


def test_one_value_is_a_list_of_one():
    assert article(document(byline="A. Author"), NOW)["byline"] == ["A. Author"]


@pytest.mark.parametrize("facts", [{"status": "withheld"}, {"embargo_open": True}, {"embargoed_until": at(hours=1)}])
def test_what_may_not_be_shown_is_not_there(facts):
    assert article(document(**facts), NOW) is None


def test_a_killed_article_is_a_notice_without_text():
    stored = document(
        status="killed",
        notice_title="Talks in Minsk",
        reason="wrong",
        version_time=at(),
        title={"en": "secret"},
        body={"en": "secret"},
    )
    with pytest.raises(Killed) as killed:
        article(stored, NOW)
    assert killed.value.tombstone is stored
    notice = article_notice(stored)
    assert (notice["id"], notice["title"], notice["reason"], notice["killed"]) == (ID, "Talks in Minsk", "wrong", at())
    assert "secret" not in str(notice)
    assert "source" not in notice, "a tombstone has none; the feed says whose story it was"


# Results


def asked(*pairs):
    return read_search(pairs, NOW)


def test_a_row_has_the_listed_fields_and_no_body():
    found = results(answer(hit(1, highlight={"title.en": ["<em>x</em>"], "body.en": ["y"]})), asked(), next_cursor=None)
    (row,) = found["items"]
    assert set(row) == {
        "id", "title", "summary", "published", "source", "section", "language", "url", "version", "change", "score", "highlights",
    }  # fmt: skip
    assert row["highlights"] == {"title": ["<em>x</em>"], "body": ["y"]}
    assert "partial" not in found


def test_facets_and_histogram_are_told_as_asked():
    aggregations = {
        "facet:section": {"buckets": [{"key": "Sport", "doc_count": 3}]},
        "histogram": {"buckets": [{"key_as_string": "2024-05-01T00:00:00Z", "key": 1, "doc_count": 3}]},
    }
    found = results(
        answer(aggregations=aggregations), asked(("facets", "section"), ("histogram", "day")), next_cursor="c"
    )
    assert found["facets"] == {"section": [{"value": "Sport", "count": 3}]}
    assert found["histogram"] == [{"from": "2024-05-01T00:00:00Z", "count": 3}]
    assert found["next"] == "c"


def test_an_empty_system_answers_zero():
    bare = {"took": 0, "timed_out": False, "_shards": {"total": 0, "failed": 0}, "hits": {"hits": []}}
    found = results(bare, asked(("facets", "section"), ("histogram", "day")), next_cursor=None)
    assert (found["total"], found["items"], found["facets"], found["histogram"]) == (0, [], {"section": []}, [])


@pytest.mark.parametrize("flaw", [{"timed_out": True}, {"_shards": {"total": 3, "failed": 1}}])
def test_a_partial_answer_says_so(flaw):
    found = results({**answer(), **flaw}, asked(), next_cursor=None)
    assert found["partial"] is True
    assert [warning["code"] for warning in found["warnings"]] == ["partial"]
    assert partial(answer()) is None


def test_too_many_steps_are_refused():
    buckets = [{"key_as_string": "x", "doc_count": 1}] * 2001
    with pytest.raises(Problem) as problem:
        results(answer(aggregations={"histogram": {"buckets": buckets}}), asked(("histogram", "day")), next_cursor=None)
    assert problem.value.status == 400


# Traces

RECEIPT = "00000000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (RECEIPT, Key(RECEIPT)),
        (RECEIPT.upper().replace("0", "0"), Key(RECEIPT)),
        (f"{RECEIPT}.12", Key(RECEIPT, f"{RECEIPT}.12")),
        (f"{RECEIPT}.", None),
        (f"{RECEIPT}.-1", None),
        (f"{RECEIPT}.٣", None),
        ("{" + RECEIPT + "}", None),
        (RECEIPT.replace("-", ""), None),
        ("x" * 36, None),
        ("", None),
    ],
)
def test_keys_of_traces(text, key):
    assert parse_key(text) == key


def test_an_item_is_sought_as_an_item_and_an_id_as_receipt_or_article():
    assert trace_query(Key(RECEIPT, f"{RECEIPT}.1")) == {"bool": {"filter": [{"term": {"item": f"{RECEIPT}.1"}}]}}
    assert len(trace_query(Key(RECEIPT))["bool"]["filter"][0]["bool"]["should"]) == 3


def test_an_unknown_one_is_known_false_and_empty():
    told = trace(Key(RECEIPT), [], [], [], NOW)
    assert told["known"] is False
    assert told["hops"] == told["articles"] == told["dead_letters"] == []


def test_the_way_of_a_story_in_order():
    told = trace(Key(RECEIPT), [document()], [], [], NOW)
    assert [hop["stage"] for hop in told["hops"]] == ["ingestion", "normalization", "indexing"]
    assert told["hops"][2] == {"stage": "indexing", "at": at(hours=-1.8), "outcome": "updated", "item": f"{RECEIPT}.0"}
    (row,) = told["articles"]
    assert (row["id"], row["version"], row["change"], row["status"], row["searchable"]) == (
        ID, "3", "updated", "usable", at(hours=-1.8),
    )  # fmt: skip
    assert (told["known"], told["receipt"], told["feed"], told["received"]) == (True, RECEIPT, "local", at(hours=-2))


def test_a_dead_letter_is_the_end_of_a_way():
    record = {
        "class": "timeout", "reason": "over 10 s", "stage": "normalization", "feed": "local", "receipt": RECEIPT,
        "item": f"{RECEIPT}.0", "received": at(hours=-2), "at": at(hours=-1),
    }  # fmt: skip
    told = trace(Key(RECEIPT, f"{RECEIPT}.0"), [], [], [record], NOW)
    assert told["dead_letters"][0]["class"] == "timeout"
    assert [hop["outcome"] for hop in told["hops"]] == ["accepted", "dead letter: timeout"]
    assert told["known"]


def test_versions_of_one_receipt_share_the_door():
    first, second = document(item=f"{RECEIPT}.0"), document(item=f"{RECEIPT}.1", ext_version=5000, revision=3)
    told = trace(Key(RECEIPT), [first], [second], [], NOW)
    assert [hop["stage"] for hop in told["hops"]].count("ingestion") == 1
    assert len(told["articles"]) == 2


def test_nor_where_a_duplicate_has_raised_the_number_of_what_is_live():
    told = trace(Key(ID), [document(ext_version=9000)], [document(ext_version=4000)], [], NOW)
    assert len(told["articles"]) == 1


def test_a_history_row_of_what_is_live_still_is_no_second_version():
    """History is written before the live document; a crash in between leaves a row of the version that is still live."""
    live, before = document(), document(ext_version=3000, revision=1, item=f"{RECEIPT}.1")
    row = document(live_until=at(hours=-1), superseded_by="5000")
    told = trace(Key(ID), [live], [row, before], [], NOW)
    assert sorted(version["revision"] for version in told["articles"]) == [1, 2]
    assert "ext_version" in SHOWN


@pytest.mark.parametrize(
    "facts", [{"status": "killed", "notice_title": "secret"}, {"embargo_open": True}, {"status": "withheld"}]
)
def test_no_text_is_in_a_trace(facts):
    hidden = document(title={"en": "secret"}, body={"en": "secret"}, slugline="secret", **facts)
    assert "secret" not in str(trace(Key(RECEIPT), [hidden], [hidden], [], NOW + timedelta(0)))
