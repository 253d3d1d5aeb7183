"""The same story in every format that is read, with each field that the format has: none of them is lost.

One file a format in `tests/fixtures/wire/full`. `SAME` is what they all say; a format's row names the fields that it has no
place for, and those that it can only say in another way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.normalization.formats import registry
from services.normalization.normalize import normalize
from services.normalization.parts import GivenDate, StoryParts
from shared.events import Article
from tests.unit.normalization.raws import NOW, raw

FULL = Path(__file__).parents[3] / "fixtures" / "wire" / "full"
FIRST, SENT, RELEASED, EXPIRES = "2026-02-07T07:00Z", "2026-02-08T08:00Z", "2026-02-09T04:00Z", "2026-03-01T00:00Z"
CODED = {"medtop", "iptc-subject", "iptc-7901-category", "anpa-category"}
"""Schemes that are told by their codes."""
TRANSPORT = "medtop:20000337"
OLD_TRANSPORT = "iptc-subject:04015000"

SAME: dict[str, Any] = {
    "provider_id": "quay-1",
    "version": "3",
    "version_time": SENT,
    "published": FIRST,
    "status": "usable",
    "embargoed_until": RELEASED,
    "expires": EXPIRES,
    "correction": True,
    "title": "Quay opens",
    "subheads": ["After three years"],
    "slugline": "QUAY",
    "byline": ["By Jane Roe"],
    "dateline": "PIRAEUS",
    "credit": "Wire/Harbour Desk",
    "source": "Wire",
    "section": "Shipping",
    "summary": "The quay opens after three years.",
    "body": ["The quay opened.", "Ships came."],
    "language": "en",
    "urgency": 4,
    "topics": [TRANSPORT],
    "keywords": ["harbours"],
    "places": ["Piraeus"],
    "rights": "© 2026 Wire",
    "ednote": "Picture follows.",
    "related": ["https://wire.example/dossier"],
    "images": ["https://wire.example/quay.jpg"],
    "url": "https://wire.example/quay",
    "evolved_from": "quay-0",
}
HAS_NOT: dict[str, str] = {
    "newsml_g2.xml": "section url",
    "newsml_1.xml": "section summary url",
    "nitf.xml": "related",
    "ninjs_1.json": "subheads url",
    "ninjs_2.json": "correction section url",
    "ninjs_3.json": "correction credit section url",
    "iptc_7901.txt": "status expires subheads credit section summary language places rights related images url evolved_from",
    "anpa_1312.txt": "status expires subheads credit summary language places rights related images url evolved_from correction",
    "rss.xml": "version version_time status embargoed_until expires correction subheads slugline dateline credit section urgency keywords"
    " places ednote related evolved_from",
    "atom.xml": "version status embargoed_until expires correction subheads slugline dateline credit section urgency keywords places"
    " ednote evolved_from",
    "json_feed.json": "version status embargoed_until expires correction subheads slugline dateline credit section urgency keywords"
    " places rights ednote related evolved_from",
    "sitemap.xml": "provider_id version status embargoed_until expires correction subheads slugline byline dateline credit section"
    " summary body urgency topics places rights ednote related evolved_from",
    "plain.json": "version_time correction subheads slugline dateline credit summary keywords places rights related images evolved_from",
    "page.html": "provider_id version version_time status embargoed_until expires correction subheads slugline dateline credit urgency topics"
    " places rights ednote related evolved_from",
    "text.txt": "status summary places images url evolved_from",
    "ritzau.xml": "status embargoed_until expires summary language places rights url",
    "cp_jimi.xml": "status expires related url evolved_from",
    "solita.xml": "version status expires correction subheads slugline byline dateline section places rights evolved_from urgency",
}
OTHERWISE: dict[str, dict[str, Any]] = {
    "newsml_g2.xml": {
        "provider_id": "urn:newsml:wire.example:20260207:quay-1", "status": "stat:usable", "language": "en-GB",
        "topics": [TRANSPORT, OLD_TRANSPORT], "rights": "© 2026 Wire\nNo archives.",
        "related": ["urn:newsml:wire.example:20260206:quay-0", "https://wire.example/dossier"],
        "evolved_from": "urn:newsml:wire.example:20260206:quay-0", "dateline": "PIRAEUS, Feb 8 (Wire)",
    },
    "newsml_1.xml": {
        "provider_id": "wire.example:20260207:quay-1", "status": "Embargoed", "topics": ["iptc-subject:04000000", OLD_TRANSPORT],
        "related": ["urn:newsml:wire.example:20260101:port:1"], "evolved_from": "wire.example:20260206:quay-0",
        "dateline": "PIRAEUS, Feb 8 (Wire)",
    },
    "nitf.xml": {
        "status": "embargoed", "published": SENT, "subheads": ["After three years", "Quay"], "dateline": "PIRAEUS, Feb 8",
        "topics": [OLD_TRANSPORT], "keywords": ["ports", "harbours"], "rights": "2026 Wire",
        "ednote": "Picture follows.\nCorrects the name.",
    },
    "ninjs_1.json": {"provider_id": "urn:wire:quay-1", "evolved_from": "urn:wire:quay-0"},
    "ninjs_2.json": {"provider_id": "urn:wire:quay-1", "credit": "Harbour Desk", "evolved_from": "urn:wire:quay-0"},
    "ninjs_3.json": {"provider_id": "urn:wire:quay-1", "evolved_from": "urn:wire:quay-0"},
    "iptc_7901.txt": {
        "provider_id": "wir:dpa0942:2026-02-08", "version": "CORRECTION", "published": SENT, "slugline": "quay/harbours/",
        "byline": ["Jane Roe"], "dateline": "Piraeus (dpa)", "source": "dpa", "topics": ["iptc-7901-category:ec"],
        "keywords": ["quay", "harbours"], "body": ["Piraeus (dpa) - The quay opened.", "Ships came."],
        "ednote": "Note to editors: Picture follows. Embargoed until 9 Feb 2026 04.00 GMT",
    },
    "anpa_1312.txt": {
        "provider_id": "a0042:2026-02-08", "version": "1st Ld-Writethru", "keywords": ["BC-Quay, a0017"], "published": SENT, "slugline": "BC-Quay", "byline": ["JANE ROE"],
        "dateline": "PIRAEUS, Greece (AP)", "source": "AP", "section": "International", "urgency": 3, "topics": ["anpa-category:i"],
        "body": ["PIRAEUS, Greece (AP) _ The quay opened.", "Ships came."],
        "ednote": "Eds: Picture follows. Embargoed until 9 Feb 2026 04.00 GMT",
    },
    "rss.xml": {"published": SENT, "topics": ["Shipping"]},
    "atom.xml": {"topics": ["Shipping"]},
    "json_feed.json": {"topics": ["harbours"]},
    "plain.json": {"topics": [TRANSPORT]},
    "page.html": {
        "byline": ["Jane Roe"],
        "body": [
            "The quay opened on Saturday, after three years of work and a good deal of money, the port's manager said.",
            "Ships came from all of the islands to see it, and the mayor cut a ribbon in front of a crowd of some hundreds of people.",
        ],
    },
    "text.txt": {"topics": [OLD_TRANSPORT]},
    "ritzau.xml": {
        "published": SENT, "byline": ["Jane Roe"], "credit": "wire", "source": "Ritzau", "dateline": "PIRAEUS (wire)",
        "topics": [OLD_TRANSPORT], "related": ["port"],
    },
    "cp_jimi.xml": {
        "version": "3rd Writethru", "topics": ["Transport"], "places": ["PIRAEUS"], "images": ["quay.jpg"],
        "ednote": "Corrects the name.\nPicture follows.",
    },
    "solita.xml": {"published": SENT, "credit": "Wire", "topics": ["Release", "Transport"]},
}  # fmt: skip


def parts_of(name: str) -> StoryParts:
    value = raw((FULL / name).read_bytes(), None)
    (one,) = registry.detect(value).read(value)
    return one


def article_of(name: str) -> Article:
    (one,) = normalize(raw((FULL / name).read_bytes(), None), NOW)
    return one


def said(parts: StoryParts, field: str) -> Any:
    """A field's value in the words of the table."""
    value = getattr(parts, field)
    if isinstance(value, GivenDate):
        moment = value.value.isoformat() if value.value and value.value.tzinfo is None else None
        return (
            f"{moment[:16]}Z"
            if moment
            else f"{value.value.astimezone(NOW.tzinfo):%Y-%m-%dT%H:%MZ}"
            if value.value
            else None
        )
    if field == "body":
        return value.split("\n\n") if value else None
    if field == "dateline" and value is not None:
        agency = f" ({value.agency})" if value.agency else ""
        return ", ".join(filter(None, [value.place, value.date])) + agency
    if field == "topics":
        return [one.name if one.name and one.scheme not in CODED else f"{one.scheme}:{one.code}" for one in value]
    if field in ("related", "images"):
        return [one.url for one in value]
    return value


@pytest.mark.parametrize("name", sorted(HAS_NOT))
def test_every_field_that_the_format_has_is_read(name):
    parts = parts_of(name)
    missing = set(HAS_NOT[name].split())
    assert missing <= SAME.keys()
    expected = {field: value for field, value in (SAME | OTHERWISE.get(name, {})).items() if field not in missing}
    assert {field: said(parts, field) for field in expected} == expected


@pytest.mark.parametrize("name", sorted(HAS_NOT))
def test_what_the_format_has_no_place_for_is_not_invented(name):
    parts = parts_of(name)
    assert {field: said(parts, field) for field in HAS_NOT[name].split() if said(parts, field)} == {}


@pytest.mark.parametrize("name", sorted(HAS_NOT.keys() - {"sitemap.xml"}))
def test_no_note_to_editors_and_no_writer_stands_in_the_text(name):
    made = article_of(name)
    assert "Picture follows" not in (made.body or "")
    assert [one.lower() for one in made.byline] in (["jane roe"], [])
    assert made.title == "Quay opens"


def test_there_is_a_file_for_every_format_that_is_read():
    read = {registry.detect(raw(path.read_bytes(), None)).NAME for path in FULL.iterdir()}
    assert read == {one.NAME for one in registry.FORMATS}


def test_a_story_that_replaces_and_is_replaced():
    tt = parts_of("ninjs_tt.json")
    assert (tt.evolved_from, tt.replaced_by) == ("http://tt.example/text/quay-0", "http://tt.example/text/quay-2")
    made = article_of("ninjs_tt.json")
    assert made.story_id != made.article_id
    assert made.status == "usable"


def test_what_replaces_a_story_in_newsml_g2_and_ninjs():
    g2 = (
        (FULL / "newsml_g2.xml")
        .read_bytes()
        .replace(b'rel="irel:seeAlso" href="https://wire.example/dossier"', b'rel="irel:replacedBy" residref="quay-2"')
    )
    (one,) = registry.detect(raw(g2, None)).read(raw(g2, None))
    assert one.replaced_by == "quay-2"
    for name in ("ninjs_2.json", "ninjs_3.json"):
        value = (FULL / name).read_bytes().replace(b'"rel": "', b'"rel": "replacedBy", "was": "')
        (one,) = registry.detect(raw(value, None)).read(raw(value, None))
        assert (one.evolved_from, one.replaced_by) == (None, "urn:wire:quay-0")
