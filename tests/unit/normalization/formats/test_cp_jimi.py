"""The Canadian Press's XML: our own files with the traps of real ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from services.ingestion.items import check_item
from services.ingestion.media import Family
from services.normalization.formats import cp_jimi, registry
from services.normalization.formats.cp_jimi import read, read_all
from services.normalization.normalize import normalize
from services.normalization.parts import StoryParts
from shared.errors import Refused
from shared.events import Dateline, Status, Topic
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import NOW, article, patient, raw

FILES = {
    path.stem: path.read_bytes() for path in (Path(__file__).parents[3] / "fixtures" / "wire" / "cp_jimi").glob("*.xml")
}
XML = "application/xml"


@pytest.fixture(scope="module")
def story() -> StoryParts:
    (found,) = read(raw(FILES["writethru"], XML))
    return found


def one(inside: str) -> StoryParts:
    text = f"<Publish><ContentItem><SystemSlug>1</SystemSlug><Headline>H</Headline>{inside}</ContentItem></Publish>"
    (found,) = read(raw(text.encode(), XML))
    return found


def test_what_a_story_says(story):
    assert (story.provider_id, story.version) == ("A0B1C2D3E4F5000000000000000000AA", "2nd Writethru")
    assert (story.title, story.subheads) == ("Ferry runs again after a year", ["N.S. ferry runs again"])
    assert (story.slugline, story.section, story.urgency) == ("Ferry-Atlantic", "Atlantic", 2)
    assert (story.credit, story.source, story.language) == ("THE CANADIAN PRESS", "The Canadian Press", "en")
    assert story.dateline == Dateline(place="Halifax")
    assert story.places == ["Halifax", "Nova Scotia", "Canada"]
    assert story.keywords == ["Ferries", "Islands"]
    assert Topic(scheme="genre", name="Feature") in story.topics
    assert [topic.name for topic in story.topics if topic.scheme == "cp-index"] == ["Business", "Transport", "Atlantic"]
    assert story.ednote == "UPDATES: Adds quotes.\nCorrects the captain's name.\nWill be updated"
    assert story.correction
    assert [image.url for image in story.images] == ["RR10355283", "RR10355284"]
    assert story.summary is None  # the text's own beginning
    assert story.body == "The ferry to Harbour Island runs again, in colour.\n\nTickets are $10."


def test_its_three_clocks(story):
    made = article(FILES["writethru"], XML)
    assert made.published == datetime(2025, 3, 27, 15, 53, 7, 570000, tzinfo=UTC)
    assert made.version_time == datetime(2025, 3, 27, 15, 53, 7, 627000, tzinfo=UTC)
    assert made.embargoed_until == datetime(2025, 3, 28, 10, 0, tzinfo=UTC)  # Toronto's summer time
    assert made.versioned_by == "version-time"


def test_no_embargo_is_the_first_of_all_days():
    assert not one("<EmbargoTime>0001-01-01T00:00:00</EmbargoTime>").embargoed


def test_an_embargo_that_cannot_be_read_holds():
    made = article(
        b"<Publish><ContentItem><SystemSlug>1</SystemSlug><Headline>Ferry runs</Headline><EmbargoTime>soon</EmbargoTime>"
        b"</ContentItem></Publish>",
        XML,
    )
    assert made.embargo_open


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        ("<HoldFlag>true</HoldFlag>", "withheld"),
        ("<TrashFlag>true</TrashFlag><HoldFlag>true</HoldFlag>", "canceled"),
        ("<WriteThruType>Kill</WriteThruType>", "canceled"),
        ("<HoldFlag>false</HoldFlag>", None),
    ],
)
def test_status(inside, status):
    assert one(inside).status == status


def test_a_writethru_in_french_and_its_correction():
    found = one("<Language>2</Language><WritethruNum>2ème</WritethruNum><WriteThruType>Correctif</WriteThruType>")
    assert (found.language, found.version, found.correction) == ("fr", "2ème Correctif", True)


def test_a_picture_is_no_news_but_is_told():
    with pytest.raises(Refused, match="not-news"):
        read(raw(FILES["photo"], XML))
    (picture,) = read_all(raw(FILES["photo"], XML))
    assert (picture.kind, picture.body, picture.ednote) == ("not-news", "The ferry leaves.", "NO SALES")
    assert picture.places == ["Halifax", "Canada"]


def test_several_items_in_an_order_and_too_many():
    item = b"<ContentItem><SystemSlug>1</SystemSlug><Headline>H</Headline></ContentItem>"
    two = read(raw(b"<Publish><PublishID>7</PublishID>" + item * 2 + b"</Publish>", XML))
    assert [one.given["publish_id"] for one in two] == [["7"], ["7"]]
    with pytest.raises(Refused, match="too-many-items"):
        read(raw(b"<Publish>" + item * 1001 + b"</Publish>", XML))


def test_a_kill_by_trash_makes_a_tombstone():
    value = FILES["writethru"].replace(b"<TrashFlag>false", b"<TrashFlag>true")
    (made,) = normalize(raw(value, XML), NOW)
    assert made.status is Status.KILLED
    assert made.body is None


@pytest.mark.parametrize("family", [Family.XML, Family.TEXT, Family.BY_CONTENT])
def test_the_door_lets_it_in_by_its_content(family):
    value = FILES["writethru"]
    assert check_item(value, family, limit=len(value)) is None
    assert registry.detect(raw(value, None)) is cp_jimi


def test_another_format_with_that_root_is_none_of_it():
    with pytest.raises(Refused, match="format-not-supported"):
        check_item(b"<Publish><Job/></Publish>", Family.XML, limit=100)
    assert cp_jimi.sniff(b"<Publish><Job/></Publish>", None) == 0.0


@patient
@given(damaged(list(FILES.values())))
def test_damaged_files_are_read_or_refused(value):
    with suppress(Refused):
        assert read(raw(value, XML))
