from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest

from services.indexing import document, history
from services.indexing.announce import Announcement, message
from services.indexing.parse import parse
from services.indexing.plan import fold
from services.indexing.standing import FREE, Standing
from services.indexing.versions import Version
from shared import ids
from shared.elastic.memory import MemoryStore
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action
from shared.errors import Refused
from shared.events import (
    ARTICLE_CHANGED,
    ARTICLES_CHANGES,
    Article,
    ArticleChange,
    Dateline,
    HonestDate,
    Image,
    Reference,
    Related,
    Status,
    Thread,
    Topic,
)
from shared.kafka.ports import Record
from shared.sketch import encode
from shared.tracing import trace_id
from tests.unit.indexing.samples import START, TRACEPARENT, article, record, value_of, version

WRITTEN = {"ext_version": 2000, "revision": 3, "change": "updated", "indexed": "2026-03-05T12:00:01.000000Z"}

SKETCH = encode(2, runs=1, lead=7, digest=range(128), numbers={1}, names={2, 3}, title={4})
FULL = article(
    subheads=["A subhead"],
    summary="Summary.",
    body_html="<p>Body.</p>",
    slugline="SLUG",
    byline=["A. Writer"],
    dateline=Dateline(place="KIEV", date="Feb 8", agency="AMNA"),
    credit="AMNA",
    source="AMNA",
    section="WORLD",
    urgency=3,
    topics=[Topic(scheme="medtop", code="20000001", name="war")],
    keywords=["k"],
    places=["Kiev"],
    updated=START,
    version_time=START,
    dates={"published": HonestDate(value=START, zone="feed", raw="today")},
    embargoed_until=START,
    expires=START,
    ednote="Note.",
    rights="All.",
    related=[Related(title="Other", url="https://example.org/other")],
    images=[Image(url="https://example.org/i.jpg")],
    url="https://example.org/a",
    word_count=5,
    notes=["zone assumed"],
    reason="none",
    status_given="pub:usable",
    correction=True,
    text_hash="0123456789abcdef",
    braked=True,
    replaced_by=UUID(int=7),
    reference=Reference(articles=[UUID(int=8)]),
    sketch=SKETCH,
    bands=["1a2b3c", "4f00000000"],
    thread=Thread(key="0123456789abcdef", at=START, lead=True),
)


def built(made: Article) -> dict:
    return orjson.loads(document.live(version(made), **WRITTEN))


async def outcome_of(source: bytes) -> Outcome:
    store = MemoryStore()
    await store.ensure_slice("articles-2026.03")
    return (await store.write([Action("articles-2026.03", "x", 1, source)]))[0].outcome


def test_text_stands_under_its_language():
    found = built(article(language="de-AT", title="Titel", body="Text.", summary="Kurz."))
    assert (found["title"], found["summary"], found["body"]) == ({"de": "Titel"}, {"de": "Kurz."}, {"de": "Text."})


def test_unknown_language_and_absent_text():
    found = built(article(language=None, summary=None))
    assert list(found["body"]) == ["und"]
    assert "summary" not in found


def test_document_has_the_fields_of_the_article_and_what_indexing_adds():
    found = built(FULL)
    given = orjson.loads(FULL.model_dump_json())
    for name in given.keys() - {"title", "summary", "body", "ext_version"}:
        assert found[name] == given[name], name
    assert {name: found[name] for name in WRITTEN} == WRITTEN
    assert found["id"] == found["cluster_id"] == found["article_id"] == str(FULL.article_id)


async def test_every_field_of_an_article_has_a_place_in_the_strict_mapping():
    assert FULL.model_fields_set >= set(Article.model_fields) - {"kind", "title_derived", "embargo_open"}
    assert await outcome_of(document.live(version(FULL), **WRITTEN)) is Outcome.OK


async def test_what_a_later_minor_version_adds_is_dropped_not_refused():
    event = orjson.loads(value_of(FULL))
    event["data"] |= {"mood": "grim", "topics": [{"code": "1", "weight": 3}], "dateline": {"place": "KIEV", "x": 1}}
    event["data"]["thread"]["mood"] = "grim"
    event["extension"] = "unknown"
    came = parse(Record("t", 0, 0, 0, str(FULL.article_id).encode(), orjson.dumps(event)))
    source = document.live(came, **WRITTEN)
    assert await outcome_of(source) is Outcome.OK
    assert orjson.loads(source)["topics"] == [{"code": "1"}]


@pytest.mark.parametrize(("given", "kept"), [(127, True), (128, False), (-(2**40), False)])
def test_numbers_that_do_not_fit_are_dropped_and_the_article_kept(given, kept):
    assert ("urgency" in built(article(urgency=given))) is kept
    assert "word_count" not in built(article(word_count=2**31))


def test_tombstone_has_no_text():
    secret = "zyzzyva"
    killed = FULL.model_copy(
        update={
            "status": Status.KILLED,
            "ext_version": ids.KILL_BASE + FULL.ext_version,
            "title": "KILL: headline",
            "reason": "legal",
            "body": secret,
            "summary": secret,
            "body_html": secret,
            "subheads": [secret],
            "ednote": secret,
            "keywords": [secret],
            "notes": [secret],
        }
    )
    source = document.live(version(killed), **WRITTEN | {"ext_version": killed.ext_version, "change": "killed"})
    assert secret.encode() not in source
    found = orjson.loads(source)
    assert not {"title", "body", "summary", "topics", "byline"} & found.keys()
    assert found["notice_title"] == "KILL: headline"
    assert (found["reason"], found["status"], found["slugline"], found["feed"]) == ("legal", "killed", "SLUG", "wire")


def test_superseded_document_has_its_span():
    source = orjson.loads(document.live(version(FULL), **WRITTEN))
    until = "2026-03-06T00:00:00.000000Z"
    found = orjson.loads(document.superseded(source, live_until=until, superseded_by=3000, standing=FREE))
    assert (found["live_from"], found["live_until"]) == (WRITTEN["indexed"], until)
    assert "held" not in found
    assert found["superseded_by"] == "3000"
    assert found["body"] == source["body"]


def test_history_id_does_not_depend_on_the_sub():
    ours, sent = ids.ext_version(5, 7), ids.ext_version(5)
    assert history.history_id("a", ours, "f" * 32) == history.history_id("a", sent, "f" * 32)
    assert history.history_id("a", ids.KILL_BASE + ours, "f" * 32) == history.history_id(
        "a", ids.KILL_BASE + sent, "f" * 32
    )
    assert len({history.history_id("a", v, h) for v in (sent, ids.KILL_BASE + sent, sent + 1000) for h in "fe"}) == 6


def test_what_never_was_live_overwrites_nothing():
    plan = fold(None, [version(article(version=2)), version(article(version=1), 1)], lambda _: "articles-2026.03", "x")
    action = history.of_step(plan.after, plan.late[0], Standing(held=True))
    assert orjson.loads(action.source)["held"] is True
    assert (action.op, action.version, action.index) == ("create", None, "article-versions-2026.03")
    assert "live_from" not in orjson.loads(action.source)


def test_announcement_is_an_article_change_without_text():
    came = version(article(title="Zyzzyva", body="Zyzzyva."))
    sent = message(Announcement(came, "updated", 2001, 2, "2026-03-05T12:00:01.000000Z"))
    again = message(Announcement(came, "updated", 2001, 2, "2026-03-05T12:00:09.000000Z"))
    event = orjson.loads(sent.value)
    change = ArticleChange.model_validate(event["data"])
    assert (sent.topic, sent.key, event["type"]) == (ARTICLES_CHANGES, came.article_id.encode(), ARTICLE_CHANGED)
    assert (change.ext_version, change.revision, change.change) == (2001, 2, "updated")
    assert change.searchable == datetime(2026, 3, 5, 12, 0, 1, tzinfo=UTC)
    assert event["id"] == orjson.loads(again.value)["id"] == str(ids.event_id(came.article_id, 2001, "updated"))
    assert b"yzzyva" not in sent.value
    assert trace_id(dict(sent.headers)["traceparent"].decode()) == trace_id(TRACEPARENT)


# Parsing.


def broken(change) -> Record:
    event = orjson.loads(value_of(article()))
    change(event)
    return Record("articles.normalized", 0, 0, 0, str(article().article_id).encode(), orjson.dumps(event))


def put(**fields):
    return lambda event: event["data"].update(fields)


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"\xff\xfe", b"[]", b"null", b'"text"', b"{}", b'{"specversion":"0.3"}']
)
def test_what_is_no_event(value):
    with pytest.raises(Refused) as caught:
        parse(Record("articles.normalized", 0, 0, 0, b"k", value))
    assert caught.value.code == "not-an-event"


@pytest.mark.parametrize(
    "event_type",
    [
        "newswire.article.normalized.v2",
        "newswire.article.normalized",
        "newswire.article.changed.v1",
        None,
        7,
        "",
        "x.v1",
    ],
)
def test_unknown_type_or_major_version(event_type):
    with pytest.raises(Refused) as caught:
        parse(broken(lambda event: event.update(type=event_type)))
    assert caught.value.code == "unsupported-schema"


@pytest.mark.parametrize(
    "change",
    [
        lambda event: event.update(data=None),
        lambda event: event.update(data=[]),
        lambda event: event.pop("data"),
        put(article_id="not-a-uuid"),
        put(article_id=str(ids.fresh_receipt())),  # well-formed, but not the key of the record
        put(story_id=None),
        put(ext_version="1"),
        put(ext_version=True),
        put(ext_version=-1),
        put(ext_version=2**63),
        put(ext_version=ids.KILL_BASE + 5),
        put(status="killed"),
        put(status="embargoed"),
        put(source_hash=""),
        put(receipt="r"),
        put(item=None),
        put(feed=7),
        put(received="yesterday"),
        put(received="2026-03-05T12:00:00"),
        put(received="0001-01-01T00:00:00+14:00"),
        put(received=None),
        put(versioned_by="chance"),
        put(title=["x"]),
        put(body={"en": "x"}),
        put(language=3),
    ],
)
def test_invalid_events_are_refused_without_quoting_them(change):
    with pytest.raises(Refused) as caught:
        parse(broken(change))
    assert caught.value.code == "invalid-event"
    assert "yesterday" not in caught.value.reason


def test_parsed_version_carries_what_decides():
    made = article(correction=True)
    came = parse(record(made, 41, 3))
    assert isinstance(came, Version)
    assert (came.article_id, came.ext_version, came.correction) == (str(made.article_id), made.ext_version, True)
    assert (came.position, came.received_at, came.traceparent) == (("articles.normalized", 3, 41), START, TRACEPARENT)


def test_what_is_kept_of_an_erased_article_does_not_say_what_its_text_was_like():
    source = {"id": "a", "article_id": "a", "cluster_id": "b", "version": "1st Lead Ferry", "body": {"en": "x"}}
    assert document.scrubbed(source) == {"id": "a", "article_id": "a", "cluster_id": "a", "erased": True}
