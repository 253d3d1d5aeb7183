"""Identity, version, status, fingerprint."""

from __future__ import annotations

import random
from datetime import timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.fingerprint import source_hash
from services.normalization.formats import plain_json
from services.normalization.lifecycle import canonical_url
from shared import ids
from shared.errors import Refused
from shared.events import Status
from tests.unit.normalization.raws import NOW, article, patient, raw

STORY = {
    "id": "nw-1", "title": "Ferry returns", "body": "The ferry returns in May.", "published": "2026-02-08T10:00:00+02:00",
    "language": "en", "byline": ["Anna Holm"], "section": "World", "topics": ["ferries", {"scheme": "medtop", "code": "04000000"}],
    "source": "Harbour News", "url": "https://example.org/ferry", "version": "3", "status": "usable", "ednote": "please check",
    "urgency": 4,
}  # fmt: skip


def fingerprint(story):
    return source_hash(plain_json.read(raw(story))[0])


def test_the_fingerprint_is_kept_for_ever():
    assert fingerprint(STORY) == "d6df40e4b27e7d098ec36135863f69ef"


@patient
@given(st.integers())
def test_order_of_keys_and_layout_change_no_fingerprint(seed):
    keys = list(STORY)
    random.Random(seed).shuffle(keys)
    shuffled = {key: STORY[key] for key in keys}
    loose = orjson.dumps(shuffled, option=orjson.OPT_INDENT_2)
    assert source_hash(plain_json.read(raw(loose))[0]) == fingerprint(STORY)


@pytest.mark.parametrize("field", sorted(STORY))
def test_any_field_changes_the_fingerprint(field):
    other = {
        "published": "2026-02-08T10:00:00+03:00", "byline": ["Anna Holm", "Tom Reyes"], "topics": ["ferries"], "urgency": 5,
        "status": "withheld", "url": "https://example.org/other", "language": "de",
    }.get(field, str(STORY[field]) + "x")  # fmt: skip
    assert fingerprint(STORY | {field: other}) != fingerprint(STORY)
    without = {key: value for key, value in STORY.items() if key != field}
    assert fingerprint(without) != fingerprint(STORY)


def test_receipt_time_and_feed_defaults_change_no_fingerprint():
    one = article(STORY)
    two = article(
        STORY, item="other.7", received=NOW + timedelta(days=1), zone="Europe/Athens", language="el", feed="other"
    )
    assert one.source_hash == two.source_hash


def test_no_feed_writes_over_anothers_story():
    assert article(STORY).article_id != article(STORY, feed="other", provider="other").article_id
    assert article(STORY).article_id == article(STORY, feed="other").article_id == ids.article_id("local", "nw-1")


def test_without_an_id_the_address_names_the_story_and_else_its_text():
    page = {"title": "Ferry returns", "url": "HTTPS://Example.org:443/ferry?utm_source=x&id=7#top"}
    assert article(page).article_id == ids.article_id("local", "https://example.org/ferry?id=7")
    located = article(page, content_location="https://example.org/other")
    assert located.article_id == ids.article_id("local", "https://example.org/other")
    assert located.url == "https://example.org/other"
    assert article({"title": "A", "body": "b  c"}).article_id == article({"title": "A", "body": "b c"}).article_id
    assert article({"title": "A", "body": "b"}).article_id != article({"title": "A", "body": "c"}).article_id


@pytest.mark.parametrize(
    ("given_url", "canonical"),
    [
        ("http://EXAMPLE.org", "http://example.org/"),
        ("https://example.org/a?b=1&fbclid=x&a=2", "https://example.org/a?b=1&a=2"),
        ("https://example.org/a?q=%C3%A9", "https://example.org/a?q=%C3%A9"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a"),
        ("ftp://example.org/a", None),
        ("javascript:alert(1)", None),
        ("http://[", None),
        ("http://example.org:99999/", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses(given_url, canonical):
    assert canonical_url(given_url) == canonical


@patient
@given(st.text(max_size=80))
def test_an_address_in_its_one_spelling_stays(text):
    once = canonical_url("https://example.org/" + text)
    assert once is None or canonical_url(once) == once


def test_order_by_version_else_by_receipt_and_never_by_publication():
    assert (article(STORY).ext_version, article(STORY).versioned_by) == (4000, "version")
    assert article(STORY | {"version": 0}).ext_version == 1000
    for version in (None, "draft", str(10**15 + 1)):
        story = {key: value for key, value in STORY.items() if key != "version"} | (
            {"version": version} if version else {}
        )
        one = article(story)
        assert (one.ext_version, one.versioned_by) == (ids.micros(NOW) * 1000, "received")


@pytest.mark.parametrize(
    ("word", "status"), [("usable", Status.USABLE), ("withheld", Status.WITHHELD), (None, Status.USABLE)]
)
def test_status(word, status):
    story = STORY | {"status": word} if word else {key: value for key, value in STORY.items() if key != "status"}
    one = article(story)
    assert (one.status, one.status_given) == (status, word)


@pytest.mark.parametrize("word", ["canceled", "cancelled", "killed"])
def test_a_kill_has_no_text_and_outranks_every_version(word):
    killed = article(
        STORY | {"status": word, "version": 1, "ednote": "wrong ferry", "embargoed_until": "2027-01-01T00:00:00Z"}
    )
    assert killed.status is Status.KILLED
    assert killed.status_given == word
    assert killed.ext_version == ids.KILL_BASE + 2000
    assert killed.ext_version > article(STORY | {"version": 10**15}).ext_version
    assert killed.reason == "wrong ferry"
    assert killed.article_id == article(STORY).article_id
    assert killed.title == "Ferry returns"
    texts = (killed.body, killed.body_html, killed.summary, killed.dateline, killed.credit, killed.language)
    assert texts == (None,) * 6
    assert "returns in May" not in killed.model_dump_json()


def test_a_kill_that_names_no_story_is_refused():
    with pytest.raises(Refused) as refused:
        article({"status": "killed", "title": "x"})
    assert refused.value.code in ("no-identity", "invalid-story")


def test_embargo_and_expiry():
    one = article(STORY | {"embargoed_until": "2026-03-01T08:00:00", "expires": "2026-04-01"}, zone="Europe/Athens")
    assert one.embargoed_until is not None
    assert one.embargoed_until.isoformat() == "2026-03-01T06:00:00+00:00"
    assert one.embargo_open is False
    assert one.expires is not None
    assert one.expires.isoformat() == "2026-03-31T21:00:00+00:00"
