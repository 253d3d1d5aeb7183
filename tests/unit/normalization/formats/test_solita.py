"""Releases of Nordic agencies' release services: our own file with the traps of real ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from services.ingestion.items import check_item
from services.ingestion.media import Family
from services.normalization.formats import registry, solita
from services.normalization.formats.solita import read
from shared.errors import Refused
from shared.events import Image, Related, Topic
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import article, patient, raw

RELEASE = (Path(__file__).parents[3] / "fixtures" / "wire" / "solita" / "release.xml").read_bytes()
XML = "application/xml"


def test_what_a_release_says():
    (story,) = read(raw(RELEASE, XML))
    assert (story.provider_id, story.language, story.title) == ("77000001", "no", "Fergen går & går")
    assert story.url == "https://www.example.no/pressemelding/fergen?releaseId=77000001"
    assert story.summary == "Ruten åpner igjen."
    assert story.body == "Fergen til Øya går igjen.\n\nBilletten koster 40 kroner.\n\nNordhavn driver ferger."
    assert (story.source, story.credit) == ("Nordhavn rederi", "Nordhavn rederi")
    assert story.keywords == ["ferge", "hav"]
    assert story.topics == [
        Topic(scheme="genre", code="19", name="Pressemelding"),
        Topic(scheme="category", code="3", name="Samferdsel"),
    ]
    assert story.images == [
        Image(url="https://www.example.no/bilder/kart.png"),
        Image(url="https://www.example.no/bilder/1.jpg", caption="Fergen"),
    ]
    assert story.related == [Related(title="Rutetabell", url="https://www.example.no/tabell.pdf")]
    assert story.ednote == "Kari Vik, Rederisjef, 00 00 00, kari@example.no"


def test_its_dates_are_day_first_in_the_feeds_zone():
    made = article(RELEASE, XML, zone="Europe/Oslo")
    assert made.published == datetime(2025, 9, 28, 9, 45, tzinfo=UTC)
    assert made.embargoed_until == datetime(2025, 10, 2, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("empty", ["<embargo/>", "<embargo> </embargo>", ""])
def test_an_empty_embargo_is_none(empty):
    value = RELEASE.replace(b"<embargo>02.10.2025 06:00</embargo>", empty.encode())
    (story,) = read(raw(value, XML))
    assert not story.embargoed


def test_an_embargo_that_cannot_be_read_holds():
    made = article(RELEASE.replace(b"02.10.2025 06:00", b"etter avtale"), XML)
    assert made.embargo_open


def test_several_releases_are_several_stories():
    whole = RELEASE.partition(b"?>")[2]
    assert len(read(raw(b"<releases>" + whole + whole + b"</releases>", XML))) == 2


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"<releases></releases>", "not-news"),
        (b"<release id='1'><longurl/></release>", "no-text"),
        (b"<releases>" + b"<release><title>t</title></release>" * 1001 + b"</releases>", "too-many-items"),
    ],
)
def test_what_holds_no_story_is_refused(value, code):
    with pytest.raises(Refused) as refused:
        read(raw(value, XML))
    assert refused.value.code == code


@pytest.mark.parametrize("family", [Family.XML, Family.TEXT, Family.BY_CONTENT])
def test_the_door_lets_it_in_by_its_content(family):
    assert check_item(RELEASE, family, limit=len(RELEASE)) is None
    assert registry.detect(raw(RELEASE, None)) is solita


def test_another_format_with_that_root_is_none_of_it():
    disc = b"<release id='1'><artists/><title>Disc</title></release>"
    with pytest.raises(Refused, match="format-not-supported"):
        check_item(disc, Family.XML, limit=len(disc))
    assert solita.sniff(disc, None) == 0.0


@patient
@given(damaged([RELEASE]))
def test_damaged_files_are_read_or_refused(value):
    with suppress(Refused):
        assert read(raw(value, XML))
