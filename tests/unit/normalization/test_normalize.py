from __future__ import annotations

import signal
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization import chunk
from services.normalization.formats import registry
from services.normalization.normalize import MOST_TOLD, normalize
from services.normalization.parts import GivenDate, StoryParts
from services.normalization.raw import raw_story
from services.normalization.sentences import first_sentence, summary_of
from shared.errors import Refused
from shared.events import Article, Dateline, rfc3339
from tests.unit.normalization.raws import NOW, RECEIPT, article, body, patient, raw

HEADERS = {
    "ce_specversion": "1.0", "ce_id": f"{RECEIPT}.0", "ce_source": "/feeds/local", "ce_type": "newswire.story.received.v1",
    "ce_time": rfc3339(NOW), "content-type": "application/json", "ce_feed": "local", "ce_receipt": str(RECEIPT),
    "ce_provider": "harbour", "ce_zone": "Europe/Athens", "ce_language": "en", "ce_contentlocation": "https://example.org/a",
}  # fmt: skip


def headers(**changes):
    merged = HEADERS | changes
    return tuple((name, value.encode()) for name, value in merged.items() if value is not None)


def test_headers_are_read():
    story = raw_story(headers(), b"x")
    assert (story.feed, story.provider, story.item, story.receipt) == ("local", "harbour", f"{RECEIPT}.0", RECEIPT)
    assert (story.received, story.zone, story.language) == (NOW, "Europe/Athens", "en")
    assert (story.content_type, story.content_location) == ("application/json", "https://example.org/a")
    assert raw_story(headers(ce_provider=None), b"x").provider == "local"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ce_specversion": None}, "not-an-event"),
        ({"ce_specversion": "2.0"}, "unsupported-schema"),
        ({"ce_type": "newswire.story.received.v2"}, "unsupported-schema"),
        ({"ce_type": "newswire.article.normalized.v1"}, "unsupported-schema"),
        ({"ce_type": "newswire.story.received"}, "unsupported-schema"),
        ({"ce_type": None}, "not-an-event"),
        ({"ce_feed": None}, "not-an-event"),
        ({"ce_receipt": "no uuid"}, "not-an-event"),
        ({"ce_time": "yesterday"}, "not-an-event"),
        ({"ce_time": "2026-02-08T12:00:00"}, "not-an-event"),
    ],
)
def test_poison_headers_are_refused(changes, code):
    with pytest.raises(Refused) as refused:
        raw_story(headers(**changes), b"{}")
    assert refused.value.code == code


def test_a_null_value_is_refused():
    with pytest.raises(Refused):
        raw_story(headers(), None)


def test_a_plain_story_field_by_field():
    one = article(
        {
            "id": "nw-1", "title": "  Ferry \n returns ", "body": "ATHENS, Feb 8 (AMNA) - The ferry returns.\n\nIt is blue.\n Reuter\n\x03",
            "published": "2026-02-08", "byline": "Anna Holm", "section": "World", "topics": ["ferries", {"scheme": "medtop", "code": "04000000"}],
            "source": "Harbour News", "url": "https://example.org/ferry", "version": 7, "ednote": "note", "urgency": 3,
        },
        zone="Europe/Athens",
    )  # fmt: skip
    assert (one.title, one.title_derived) == ("Ferry returns", False)
    assert body(one) == ["The ferry returns.", "It is blue."]
    assert one.dateline == Dateline(place="ATHENS", date="Feb 8", agency="AMNA")
    assert one.published == one.first_published == datetime(2026, 2, 7, 22, tzinfo=UTC)
    assert (one.dates["published"].precision, one.dates["published"].zone) == ("day", "feed")
    assert (one.byline, one.section, one.source, one.version) == (["Anna Holm"], "World", "Harbour News", "7")
    assert [(topic.scheme, topic.code, topic.name) for topic in one.topics] == [
        (None, None, "ferries"),
        ("medtop", "04000000", "economy, business and finance"),
    ]
    assert (one.ednote, one.urgency, one.word_count, one.summary) == (
        "note",
        3,
        6,
        "ATHENS, Feb 8 (AMNA) - The ferry returns.",
    )
    assert one.story_id == one.article_id
    assert (one.received, one.normalized, one.item) == (NOW, NOW, f"{RECEIPT}.0")
    assert any("control" in note for note in one.notes)


def test_facts_that_are_absent_stay_absent():
    one = article({"title": "Ferry returns"})
    assert one.published is None
    assert (one.body, one.summary, one.credit, one.section, one.dateline, one.source) == (None,) * 6
    assert (one.byline, one.related, one.subheads, one.word_count) == ([], [], [], 0)


def test_a_date_without_any_zone_says_so():
    one = article({"title": "x", "published": "2026-02-08"})
    assert one.dates["published"].zone == "assumed"
    assert any("UTC" in note for note in one.notes)
    odd = article({"title": "x", "published": "2026-02-08"}, zone="Nowhere/Land")
    assert odd.dates["published"].zone == "assumed"


def test_titles_and_summaries_end_at_words_and_sentences():
    assert first_sentence("Mr. Brown met J. Smith in St. Ives. They talked.") == "Mr. Brown met J. Smith in St. Ives."
    assert first_sentence("Η γέφυρα άνοιξε. Όλοι χάρηκαν.") == "Η γέφυρα άνοιξε."
    long = "word " * 100
    assert first_sentence(long.strip()).endswith("word…")
    assert len(first_sentence(long)) <= 160
    assert summary_of("One. " * 100 + "Two.").endswith("One.")
    assert len(summary_of("One. " * 100)) <= 300
    assert len(summary_of("x" * 1000)) <= 300
    assert first_sentence("It rose by 3.5 percent. More came.") == "It rose by 3.5 percent."


def test_the_headline_repeated_in_the_text_is_not_text():
    assert body(article({"title": "Ferry returns", "body": "Ferry Returns\nThe ferry returns in May."})) == [
        "The ferry returns in May."
    ]


@pytest.mark.parametrize(
    ("value", "content_type", "name"),
    [
        (b'{"title":"x"}', "application/json", "plain-json"),
        (b'  {"title":"x"}', None, "plain-json"),
        (b'{"title":"x"}', "application/octet-stream", "plain-json"),
        (b"Ferry returns", "text/plain", "text"),
        (b"Ferry returns", "application/octet-stream", "text"),
        (b"Ferry returns", None, "text"),
        (b"<!DOCTYPE html><html><p>x</p>", None, "html"),
        (b"<!DOCTYPE html><html><p>x</p>", "text/plain", "html"),
        (b"\xef\xbb\xbf\n<html><p>x</p>", "application/octet-stream", "html"),
        (b"plain words", "text/html", "html"),
        ("Ωραία νέα".encode("utf-16"), None, "text"),
    ],
)
def test_formats_are_found_by_type_and_content(value, content_type, name):
    assert name == registry.detect(raw(value, content_type)).NAME


def test_bytes_of_no_format_are_refused():
    with pytest.raises(Refused) as refused:
        registry.detect(raw(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", None))
    assert refused.value.code == "unknown-format"


def test_an_unexpected_error_of_a_reader_is_a_refusal(monkeypatch):
    class Broken:
        NAME = "broken"

        def sniff(self, head, content_type):
            return 1.0

        def read(self, raw):
            raise KeyError("secret text")

    monkeypatch.setattr(registry, "FORMATS", [Broken()])
    with pytest.raises(Refused) as refused:
        normalize(raw(b"x"), NOW)
    assert refused.value.code == "unreadable"
    assert "secret" not in refused.value.reason


def test_an_unreadable_embargo_holds(monkeypatch):
    parts = StoryParts(format="x", title="t", embargoed=True, embargoed_until=GivenDate("Next Monday", None))

    class Embargoed:
        NAME = "x"

        def sniff(self, head, content_type):
            return 1.0

        def read(self, raw):
            return [
                parts,
                StoryParts(format="x", title="u", embargoed=True),
                StoryParts(format="x", title="v", status="odd"),
            ]

    monkeypatch.setattr(registry, "FORMATS", [Embargoed()])
    first, second, third = normalize(raw(b"x"), NOW)
    assert (first.embargo_open, first.embargoed_until) == (True, None)
    assert second.embargo_open
    assert third.status == "withheld"


@pytest.mark.parametrize(
    ("story", "corrects"),
    [
        ({"title": "CORRECTED: Ferry returns"}, True),
        ({"title": "Ferry returns", "ednote": "Eds: Corrects the port's name."}, True),
        ({"title": "REFILE-Ferry returns"}, True),
        ({"title": "Corrected figures at last, minister says"}, False),
        ({"title": "USDA CORRECTED ITS FORECAST"}, False),
        ({"title": "Ferry returns", "ednote": "Pictures follow."}, False),
    ],
)
def test_a_headline_or_note_that_says_so_is_a_correction_in_any_format(story, corrects):
    assert article({"id": "a", "body": "It is blue.", **story}).correction is corrects


@pytest.mark.parametrize("status", ["usable", "canceled"])
def test_a_headline_and_a_note_have_a_length_that_a_list_can_bear(monkeypatch, status):
    class Endless:
        NAME = "endless"

        def sniff(self, head, content_type):
            return 1.0

        def read(self, raw):
            return [
                StoryParts(
                    format="x",
                    provider_id="a",
                    title="word " * 9000,
                    ednote="n" * 90_000,
                    body="A story.",
                    status=status,
                )
            ]

    monkeypatch.setattr(registry, "FORMATS", [Endless()])
    (one,) = normalize(raw(b"x"), NOW)
    assert (len(one.title), len(one.ednote)) == (MOST_TOLD, MOST_TOLD)
    assert sum("cut to 10000" in note for note in one.notes) == 2


def test_an_event_says_what_the_article_says():
    one = article({"id": "a", "title": "Ferry returns", "body": "It is blue.", "published": "2026-02-08"})
    key, value = chunk.event(one)
    envelope = orjson.loads(value)
    assert key.decode() == envelope["subject"] == str(one.article_id)
    assert envelope["type"] == "newswire.article.normalized.v1"
    assert Article.model_validate(envelope["data"]) == one
    assert chunk.event(one) == (key, value)


def test_a_result_that_does_not_fit_is_refused():
    items = [(headers(), orjson.dumps({"title": "x", "body": "word " * 500}))]
    (outcome,) = chunk.run_chunk(items, 1.0, 1000)
    assert outcome.code == "too-large"
    (outcome,) = chunk.run_chunk(items, 1.0, 1_000_000)
    assert outcome.code is None
    assert outcome.received == NOW.timestamp()


def test_a_slow_chunk_comes_back_in_parts(monkeypatch):
    items = [(headers(), b'{"title":"x"}')] * 5
    assert len(chunk.run_chunk(items, 60.0, 1_000_000)) == 5
    assert chunk.run_chunk([], 60.0, 1_000_000) == []
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(chunk.time, "perf_counter", lambda: next(clock))
    assert len(chunk.run_chunk(items, 60.0, 1_000_000)) == 2
    assert len(chunk.run_chunk(items, 30.0, 1_000_000)) == 1


def test_no_limit_is_left_behind_by_a_chunk(monkeypatch):
    monkeypatch.setattr(chunk, "_one", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        chunk.run_chunk([(headers(), b"")], 60.0, 1_000_000)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


STORIES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=20), "title": st.text(max_size=80), "body": st.text(max_size=300), "published": st.text(max_size=25),
        "language": st.text(max_size=5), "version": st.one_of(st.integers(-5, 10**18), st.text(max_size=5)), "status": st.sampled_from(["usable", "killed", "x"]),
        "url": st.text(max_size=30), "extra": st.none(),
    },
)  # fmt: skip
TYPES = st.sampled_from(
    [None, "application/json", "text/plain", "text/html", "text/plain; charset=utf-16", "image/png"]
)


@patient
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode), STORIES.map(orjson.dumps)), TYPES)
def test_any_bytes_become_articles_or_are_refused(value, content_type):
    try:
        articles = normalize(raw(value, content_type), NOW)
    except Refused as refused:
        assert refused.code  # noqa: PT017 - both ends are right here
        return
    for one in articles:
        assert Article.model_validate_json(chunk.event(one)[1].partition(b'"data":')[2][:-1]) == one
        assert one.title or one.status == "killed"


def test_a_story_of_which_cleaning_leaves_nothing_stays_as_it_was_filed():
    """A wire's list of the day's events looks like teasers from end to end; it was acknowledged, so it is not lost."""
    one = article({"id": "agenda", "body": "Read more: Budget debate, 1000\n\nRead more: Minister on trade, 1430"})
    assert body(one) == ["Read more: Budget debate, 1000", "Read more: Minister on trade, 1430"]
    assert "cleaning would have left nothing: the text is as it was filed" in one.notes
