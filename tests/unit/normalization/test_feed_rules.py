"""What a feed's rules change in how its stories are read; they come in headers, so that a replay needs no feeds file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from services.normalization.formats.registry import FORMATS, detect
from services.normalization.normalize import normalize_each
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory, raw_story
from shared import ids
from shared.errors import Refused
from shared.events import Headers, Status, rfc3339
from shared.feeds import FormatHint, parse_feeds, rule_headers
from tests.unit.normalization.raws import NOW, RECEIPT, article, raw

ENVELOPE: Headers = (
    ("ce_specversion", b"1.0"),
    ("ce_type", b"newswire.story.received.v1"),
    ("ce_id", f"{RECEIPT}.1".encode()),
    ("ce_feed", b"pa"),
    ("ce_receipt", str(RECEIPT).encode()),
    ("ce_time", rfc3339(NOW).encode()),
)
STORY = {"id": "s1", "title": "Harbour reopens", "body": "The harbour has reopened after two days of storm."}


def headers_of(rules: str) -> Headers:
    return (*ENVELOPE, *rule_headers(parse_feeds(f"[feeds.pa]\n{rules}")["pa"]))


def test_every_rule_of_the_feeds_file_arrives() -> None:
    rules = (
        'zone = "Europe/Paris"\nlanguage = "fr"\nrights = "© PA"\nformat = "ninjs"\norder_by = "version-time"\n'
        '[feeds.pa.status_map]\nWithheld = "embargoed"\n"À retenir" = "withheld"\n'
    )
    read = raw_story(headers_of(rules), b"{}")
    assert (read.zone, read.language, read.rights) == ("Europe/Paris", "fr", "© PA")
    assert (read.format_hint, read.order_by) == ("ninjs", "version-time")
    assert read.status_map == {"withheld": "embargoed", "à retenir": "withheld"}


def test_a_feed_whose_lines_are_not_to_be_learned_says_so() -> None:
    assert headers_of("learn_lines = false") == (*ENVELOPE, ("ce_learnlines", b"false"))
    assert headers_of("learn_lines = true") == ENVELOPE


def test_a_feed_without_rules_sends_none() -> None:
    assert headers_of("") == ENVELOPE
    read = raw_story(ENVELOPE, b"{}")
    assert (read.rights, read.format_hint, read.order_by, read.status_map) == (None, None, None, {})


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ce_orderby", b"luck", "unsupported-schema"),
        ("ce_statusmap", b"[1]", "not-an-event"),
        ("ce_statusmap", b'{"a": 1}', "not-an-event"),
        ("ce_statusmap", b"{", "not-an-event"),
    ],
)
def test_rules_that_are_none_are_refused_not_passed_over(name: str, value: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        raw_story((*ENVELOPE, (name, value)), b"{}")
    assert refused.value.code == code


NITF = (
    b'<nitf><head><docdata management-status="%s"><doc-id id-string="s1"/></docdata></head><body><body.head><hedline>'
    b"<hl1>Harbour reopens</hl1></hedline></body.head><body.content><p>The harbour has reopened.</p></body.content></body>"
    b"</nitf>"
)


@pytest.mark.parametrize(
    ("word", "meanings", "status", "is_open"),
    [
        (b"withheld", {}, Status.WITHHELD, False),
        (b"withheld", {"withheld": "embargoed"}, Status.USABLE, True),
        (b"HELDBACK", {}, Status.WITHHELD, False),
        (b"HELDBACK", {"heldback": "usable"}, Status.USABLE, False),
        (b"spiked", {"spiked": "killed"}, Status.KILLED, False),
        (b"usable", {"usable": "withheld"}, Status.WITHHELD, False),
        (b"usable", {"other": "withheld"}, Status.USABLE, False),
    ],
)
def test_a_feeds_status_words_mean_what_its_rules_say(
    word: bytes, meanings: dict[str, str], status: Status, is_open: bool
) -> None:
    one = article(NITF % word, "text/xml", status_map=meanings)
    assert (one.status, one.embargo_open) == (status, is_open)
    assert one.status_given == word.decode()


TIMED = (
    b'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="g" %s><itemMeta><versionCreated>2026-02-07T10:00:00Z'
    b"</versionCreated></itemMeta><contentMeta><headline>Harbour reopens</headline></contentMeta><contentSet><inlineXML>"
    b'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>The harbour has reopened.</p></body></html></inlineXML>'
    b"</contentSet></newsItem>"
)
AT = datetime(2026, 2, 7, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("order_by", "base", "versioned_by"),
    [
        (None, 8, "version"),
        ("version", 8, "version"),
        ("version-time", ids.micros(AT), "version-time"),
        ("received", ids.micros(NOW), "received"),
    ],
)
def test_one_rule_orders_all_versions_of_a_feed(order_by: str | None, base: int, versioned_by: str) -> None:
    one = article(TIMED % b'version="7"', "application/xml", order_by=order_by)
    assert (one.ext_version, one.versioned_by) == (ids.ext_version(base), versioned_by)
    assert one.version == "7", "what the provider said stays beside it"


def test_where_numbers_order_a_story_without_one_is_a_dead_letter_and_a_kill_is_not() -> None:
    with pytest.raises(Refused) as refused:
        article(STORY, order_by="version")
    assert refused.value.code == "no-version"
    assert article(STORY | {"version": 3}, order_by="version").ext_version == ids.ext_version(4)
    assert article({"id": "s1", "status": "canceled"}, order_by="version").ext_version > ids.KILL_BASE


def test_rights_of_the_feed_are_those_of_a_story_that_says_nothing() -> None:
    one = article(NITF % b"usable", "text/xml", rights="© PA")
    assert one.rights == "© PA"
    given = (NITF % b"usable").replace(b"</docdata>", b'<doc.copyright holder="Reporter" year="2026"/></docdata>')
    own = article(given, "text/xml", rights="© PA").rights
    assert own
    assert "Reporter" in own
    assert own != "© PA"


@pytest.mark.parametrize(
    ("value", "content_type", "hint", "found"),
    [
        (b"Harbour reopens after the storm.", "text/plain", None, "text"),
        (b"Harbour reopens after the storm.", "text/plain", "html", "html"),
        (b"<p>Harbour reopens</p>", "text/html", None, "html"),
        (b"<!doctype html><p>Harbour reopens</p>", "text/html", "text", "html"),
        (b"<p>Harbour reopens</p>", "text/plain", "text", "text"),
        (NITF % b"usable", "text/xml", "html", "nitf"),
        (NITF % b"usable", "text/xml", "newsml-g2", "nitf"),
    ],
)
def test_a_hint_decides_only_what_the_bytes_leave_open(
    value: bytes, content_type: str, hint: str | None, found: str
) -> None:
    assert found == detect(raw(value, content_type, format_hint=hint)).NAME


def test_every_format_that_is_read_can_be_named_as_a_hint() -> None:

    names: set[Any] = {one.NAME for one in FORMATS}
    assert names <= set(get_args(FormatHint))


@pytest.mark.parametrize(
    ("order", "status"), [(b"canceled", Status.KILLED), (b"withheld", Status.WITHHELD), (b"embargoed", Status.WITHHELD)]
)
def test_a_feeds_rules_weaken_no_order_about_another_story(order: bytes, status: Status) -> None:
    told = b'<docdata management-doc-idref="s0" management-idref-status="%s" ' % order
    text = (NITF % b"usable").replace(b"<docdata ", told)
    words = {"withheld": "usable", "canceled": "usable", "embargoed": "usable"}
    ordered = normalize_each(raw(text, "text/xml", order_by="version", status_map=words), NOW)
    (one,) = ordered.articles
    assert (one.provider_id, one.status, one.body) == ("s0", status, None)
    assert [refusal.code for refusal in ordered.refusals] == ["no-version"], "the note itself has no number"


class Sure:
    """A format that is as sure as it is told to be."""

    def __init__(self, name: str, sure: float) -> None:
        self.NAME = name
        self._sure = sure

    def sniff(self, head: bytes, content_type: str | None) -> float:
        return self._sure

    def read(self, raw: RawStory) -> list[StoryParts]:
        raise AssertionError


@pytest.mark.parametrize(
    ("hinted", "other", "found"),
    [(0.0, 0.9, "hinted"), (0.0, 0.95, "other"), (0.5, 0.97, "other"), (0.51, 0.97, "hinted"), (0.0, 0.0, "hinted")],
)
def test_how_sure_the_bytes_must_be_to_outweigh_a_hint(hinted: float, other: float, found: str) -> None:
    formats = [Sure("other", other), Sure("hinted", hinted)]
    assert found == detect(raw(b"x", None, format_hint="hinted"), formats).NAME
