"""Ritzau's XML: our own files with the traps of real ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from services.ingestion.items import check_item
from services.ingestion.media import Family
from services.normalization.formats import registry, ritzau
from services.normalization.formats.ritzau import read
from services.normalization.normalize import normalize
from services.normalization.parts import StoryParts
from shared.errors import Refused
from shared.events import Dateline, Image, Related, Status, Topic
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import NOW, patient, raw

QUEUE = (Path(__file__).parents[3] / "fixtures" / "wire" / "ritzau" / "queue.xml").read_bytes()
XML = "application/xml"


@pytest.fixture(scope="module")
def stories() -> list[StoryParts]:
    return read(raw(QUEUE, XML))


def one(inside: str) -> StoryParts:
    (story,) = read(raw(f"<RBNews><NewsID>1</NewsID><headline>H</headline>{inside}</RBNews>".encode(), XML))
    return story


def test_each_story_of_an_answer_is_one(stories):
    assert [story.provider_id[-1] for story in stories if story.provider_id] == ["1", "2", "3"]


def test_what_a_story_says(stories):
    story = stories[0]
    assert (story.version, story.urgency, story.slugline) == ("2", 4, "PRINT/HAVN/FÆRGE")
    assert (story.title, story.section) == ("Færgen i Havneby sejler igen", "Indland")
    assert story.subheads == ['Rederiet "Nordhavn" åbner ruten.']
    assert story.byline == ["Maja Holm", "Ib Krog"]
    assert story.dateline == Dateline(place="Havneby", agency="ritzau")
    assert (story.credit, story.source) == ("ritzau", "Ritzau")
    assert story.topics == [
        Topic(scheme="iptc-subject", code="04000000"),
        Topic(scheme="iptc-subject", code="11001000"),
        Topic(scheme="isin", code="DK0060000001"),
    ]
    assert story.keywords == ["Færger"]
    assert story.ednote == "Billede følger.\nRing til 00."
    assert story.images == [Image(url="https://pictures.example.dk/1.jpg", caption="Færgen")]
    assert story.related == [Related(title="Ruten lukket", url="0f2d6a10-0000-4b3c-9a2e-000000000009")]
    assert story.correction
    assert story.evolved_from == "0f2d6a10-0000-4b3c-9a2e-000000000008"


def test_a_text_that_was_escaped_twice_is_plain_and_has_no_sign_off(stories):
    assert stories[0].body == 'Færgen er "klar" fra mandag, siger kaptajnen.\n\nBilletter koster 40 kroner.'
    assert stories[0].summary is None  # the text's own beginning


def test_times_are_read_on_the_clock_of_copenhagen_unless_the_feed_says_other():
    (first, *_) = normalize(raw(QUEUE, XML), NOW)
    assert first.published == datetime(2025, 2, 1, 17, 44, 52, 973000, tzinfo=UTC)
    assert any("Copenhagen" in note for note in first.notes)
    (first, *_) = normalize(raw(QUEUE, XML, zone="Europe/Helsinki"), NOW)
    assert first.published == datetime(2025, 2, 1, 16, 44, 52, 973000, tzinfo=UTC)


def test_a_flash_without_headline_and_with_bad_fields_is_read(stories):
    flash = stories[1]
    assert (flash.title, flash.body, flash.urgency) == (None, "Broen er lukket.", None)
    assert flash.keywords == ["Flash"]
    assert "urgency unreadable" in flash.notes


def test_a_cancelled_story_is_killed_and_with_it_what_it_replaces():
    made = {article.provider_id: article for article in normalize(raw(QUEUE, XML), NOW)}
    assert made["0f2d6a10-1111-4b3c-9a2e-000000000003"].status is Status.KILLED
    assert made["0f2d6a10-0000-4b3c-9a2e-000000000007"].status is Status.KILLED
    assert made["0f2d6a10-1111-4b3c-9a2e-000000000001"].status is Status.USABLE


@pytest.mark.parametrize(
    "flag", ["<Annuleret>true</Annuleret>", "<Status>Annulleret</Status>", "<Annuleret>1</Annuleret>"]
)
def test_ways_to_cancel(flag):
    assert one(flag).status == "canceled"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"<XMLNewsQueuedResponse><error>0</error></XMLNewsQueuedResponse>", "not-news"),
        (b"<RBNews><NewsID>1</NewsID></RBNews>", "no-text"),
        (b"<RBNews><NewsID>1", "malformed-xml"),
        (b"<L>" + b"<RBNews><headline>H</headline></RBNews>" * 1001 + b"</L>", "too-many-items"),
    ],
)
def test_what_holds_no_story_is_refused(value, code):
    with pytest.raises(Refused) as refused:
        read(raw(value, XML))
    assert refused.value.code == code


@pytest.mark.parametrize("family", [Family.XML, Family.TEXT, Family.BY_CONTENT])
def test_the_door_lets_it_in_by_its_root(family):
    assert check_item(QUEUE, family, limit=len(QUEUE)) is None
    assert registry.detect(raw(QUEUE, None)) is ritzau


def test_a_soap_envelope_does_not_hide_it():
    wrapped = b"<Envelope><Body>" + QUEUE.partition(b"?>")[2] + b"</Body></Envelope>"
    assert registry.detect(raw(wrapped, XML)) is ritzau
    assert len(read(raw(wrapped, XML))) == 3


@patient
@given(damaged([QUEUE]))
def test_damaged_files_are_read_or_refused(value):
    with suppress(Refused):
        assert read(raw(value, XML))
