"""NITF: each trap of the format in made-up files."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from lxml import etree

from services.normalization.formats import nitf, registry
from services.normalization.formats.nitf import read, read_nitf, sniff
from services.normalization.normalize import normalize
from services.normalization.parts import StoryParts
from shared import ids
from shared.errors import Refused
from shared.events import Dateline, Image, Status, Topic
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import NOW, article, patient, raw

FIXTURES = Path(__file__).parents[3] / "fixtures" / "wire" / "nitf"
FILES = {path.stem: path.read_bytes() for path in sorted(FIXTURES.glob("*.xml"))}
XML = "application/xml"


def story(name: str) -> StoryParts:
    (one,) = read(raw(FILES[name], XML))
    return one


def of(docdata: str = "", body: str = "<p>Text.</p>", head: str = "") -> StoryParts:
    document = f"<nitf><head>{head}{docdata}</head><body><body.content>{body}</body.content></body></nitf>"
    (one,) = read(raw(document.encode(), XML))
    return one


def paragraphs(one: StoryParts) -> list[str]:
    return [block.text for block in one.blocks]


def test_identity_version_and_times():
    one = story("full")
    assert (one.format, one.provider_id, one.version) == ("nitf", "hbr.2026.101", "2")
    assert one.version_time.raw == one.published.raw == "20260208T101500+0200"
    assert one.version_time.value.astimezone(UTC) == datetime(2026, 2, 8, 8, 15, tzinfo=UTC)
    assert one.expires.raw == "20270208T000000Z"
    assert (one.status, one.urgency, one.language) == ("usable", 4, "en-GB")
    assert one.url == "https://harbour.example/2026/101"
    assert one.notes == []


def test_headlines_and_names():
    one = story("full")
    assert one.title == "Bridge over the harbour opens in May"
    assert one.subheads == ["Ferries stay until the autumn", "Harbour bridge to open in May"]
    assert one.byline == ["Anna Holm", "Tom Reyes"]
    assert one.dateline == Dateline(place="Ostrava Bay, Exland", date="Feb. 8")
    assert (one.credit, one.source, one.section, one.slugline) == (
        "Harbour Wire",
        "Harbour Wire",
        "Business",
        "harbour-bridge",
    )
    assert one.summary == "The bridge is finished a year late."


def test_subjects_keywords_and_places():
    one = story("full")
    assert one.topics == [
        Topic(scheme="iptc-subject", code="04015000", name="Transport"),
        Topic(scheme="HBR", code="H77", name="Bridges"),
        Topic(scheme="genre", name="Background"),
        Topic(scheme="hbr", code="c-9", name="Public works"),
        Topic(scheme="hbr-people", code="p-1", name="Anna Holm"),
        Topic(scheme="hbr-orgs", code="PA", name="Port Authority"),
        Topic(scheme="category", code="i"),
    ]
    assert one.keywords == [
        "bridge",
        "ferry",
        "Bridges of the coast",
        "bridge-watch",
        "Coastal towns",
        "bridges",
        "harbours",
    ]
    assert one.places == ["Ostrava Bay", "North Coast", "XX", "Lower Quay", "Exland"]


def test_the_body_is_the_text_and_nothing_else():
    one = story("full")
    assert paragraphs(one) == [
        "The Port Authority will open the bridge on 4 May, it said.",
        "Tolls",
        "Cars pay 3 euros; bicycles pay nothing.",
        "Vehicle | Toll",
        "Car | 3",
        "First item",
        "Second item",
        "Crossings 2025 2026",
        "Monday 100 120",
        "Tuesday 90 95",
        "A note for readers.",
        "Jo Park contributed to this story.",
    ]
    assert one.body == "\n\n".join(paragraphs(one))
    assert [block.tag for block in one.blocks[:3]] == ["p", "h2", "p"]


def test_notes_to_editors_stay_out_of_the_body():
    one = story("full")
    assert one.ednote.split("\n") == [
        "Picture follows",
        "Repeats to all points",
        "Corrects the length of the bridge",
        "EDITORS-HEAD-NOTE",
        "NOT-FOR-PUBLICATION",
    ]
    assert "EDITORS-HEAD-NOTE" not in one.body
    assert "NOT-FOR-PUBLICATION" not in one.body


def test_a_note_inside_a_note_is_one_note():
    one = of(
        "",
        "<p>Text.</p><note type='npa'><p>Outer <note noteclass='editorsnote'>inner</note></p></note> tail <note type='npa'>Next</note>",
    )
    assert (one.body, one.ednote) == ("Text.\n\ntail", "Outer inner\nNext")


def test_pictures_by_reference_and_rights():
    one = story("full")
    address = "https://pictures.example/bridge.jpg"
    assert one.images == [Image(url=address, caption="The bridge at dawn.", credit="Lena Marsh")]
    assert one.rights == "2026 Harbour Wire; Harbour Wire; print only; Harbour Wire and partners"


def test_a_kill_of_another_document_and_a_correction():
    one = story("full")
    assert one.kills == ["hbr.2026.100"]
    assert one.correction
    assert one.evolved_from == "hbr.2026.099"


@pytest.mark.parametrize(
    ("attributes", "kills", "holds", "evolved_from"),
    [
        ("management-doc-idref='b' management-idref-status='canceled'", ["b"], [], None),
        ("management-doc-idref='b' management-idref-status='Withheld'", [], ["b"], None),
        ("management-doc-idref='b' management-idref-status='embargoed'", [], ["b"], None),
        ("management-doc-idref='b' management-idref-status='usable'", [], [], "b"),
        ("management-doc-idref='b'", [], [], "b"),
        ("management-doc-idref='b' management-status='canceled'", ["b"], [], None),
        ("management-doc-idref='b' management-idref-status='usable' management-status='canceled'", [], [], "b"),
        ("management-doc-idref='a' management-idref-status='canceled'", [], [], None),
        ("management-idref-status='canceled'", [], [], None),
    ],
)
def test_orders_about_another_document(attributes, kills, holds, evolved_from):
    one = of(f"<docdata {attributes}><doc-id id-string='a'/></docdata>")
    assert (one.kills, one.holds, one.evolved_from) == (kills, holds, evolved_from)


def test_a_kill_is_known_by_its_headline_and_says_why():
    one, order = normalize(raw(FILES["kill"], XML), NOW)
    assert order.provider_id == "hbr.7", "the story it takes back gets its tombstone too"
    assert one.status is order.status is Status.KILLED
    assert (one.title, one.body, one.reason) == ("Report of a strike", None, "KILL: the report was wrong")
    assert one.ext_version > ids.KILL_BASE
    assert story("kill").kills == ["hbr.7"]


def test_an_embargo_by_status_with_a_release():
    one = story("embargoed")
    assert (one.status, one.embargoed) == ("embargoed", True)
    assert one.embargoed_until.raw == "20260208T000100+0100"
    concluded = article(FILES["embargoed"], XML)
    assert concluded.status is Status.USABLE
    assert concluded.embargoed_until == datetime(2026, 2, 7, 23, 1, tzinfo=UTC)
    assert not concluded.embargo_open


@pytest.mark.parametrize(
    ("dates", "embargoed"),
    [
        ("<date.issue norm='20260208T100000Z'/><date.release norm='20260208T100000Z'/>", False),
        ("<date.issue norm='20260208T100000Z'/><date.release norm='20260208T093000+0000'/>", False),
        ("<date.issue norm='20260208T100000Z'/><date.release norm='20260208T100001Z'/>", True),
        ("<date.issue norm='20260208T100000Z'/><date.release norm='20260208T100000'/>", True),
        ("<date.release norm='20260208T100000Z'/>", True),
        ("<date.issue norm='20260208T100000Z'/><date.release norm='next Monday'/>", True),
        ("<date.issue norm='20260208T100000Z'/><date.release norm=''/>", False),
        ("<date.issue norm='20260208T100000Z'/><date.release/>", False),
    ],
)
def test_a_release_after_the_issue_is_an_embargo_whatever_the_status(dates, embargoed):
    one = of(f"<docdata management-status='usable'>{dates}</docdata>")
    assert one.embargoed is embargoed
    assert (one.embargoed_until is not None) is embargoed


@pytest.mark.parametrize("release", ["", "<date.release norm='when they land'/>"])
def test_an_embargo_without_a_readable_end_is_open(release):
    document = f"<nitf><head><docdata management-status='embargoed'><doc-id id-string='x'/>{release}</docdata></head><body><body.content><p>A text of the story.</p></body.content></body></nitf>"
    one = article(document.encode(), XML)
    assert one.embargo_open
    assert one.embargoed_until is None


def test_an_order_to_withhold_needs_no_text():
    one = article(
        b"<nitf><head><docdata management-status='withheld'><doc-id id-string='x'/><ed-msg info='Hold'/></docdata></head><body/></nitf>",
        XML,
    )
    assert one.status is Status.WITHHELD
    assert (one.title, one.body, one.ednote) == (None, None, "Hold")


def test_utf8_that_is_declared_latin1():
    one = story("embargoed")
    assert "£2 billion, ministers in Malmö" in one.body
    assert one.notes == ["charset utf-8, although it declares iso-8859-1"]


def test_latin1_that_is_latin1():
    text = FILES["embargoed"].decode().encode("latin-1")
    (one,) = read(raw(text, XML))
    assert "£2 billion, ministers in Malmö" in one.body


def test_lines_wrapped_by_br_are_joined():
    one = story("wrapped")
    assert paragraphs(one) == [
        "PORT LUX, Feb 8 GRW - Farmers have sold more grain than in any year since the port was built, the exchange said on Sunday, and expect to sell more.",
        "The price of wheat fell to its lowest in a decade in the first week of the year.",
    ]
    assert one.title is None
    assert one.slugline == "Grain"
    assert one.dateline == Dateline(place="PORT LUX", date="Feb 8", agency="GRW")
    assert not one.embargoed


def test_lines_that_br_ends_stay_lines():
    assert paragraphs(story("address")) == ["Send your answer to:", "The Harbour Wire", "12 Quay Street", "Port Lux"]


def test_a_revision_behind_the_id_is_no_part_of_it():
    one = story("revision_in_id")
    assert (one.provider_id, one.version) == ("XWB7c1", "04")
    assert one.kills == []  # the earlier revision of the same story is no other story
    assert (one.slugline, one.byline, one.source) == ("fiske-nord", ["Kari Strand / XWB"], "XWB")


def test_without_a_word_of_the_vendor_an_ending_is_part_of_the_id():
    assert of("<docdata><doc-id id-string='day-2'/><du-key version='2' key='day'/></docdata>").provider_id == "day-2"


def test_one_bad_field_never_sinks_an_item():
    one = story("bad_fields")
    assert (one.provider_id, one.body, one.status) == ("bad.1", "The story itself is in order.", None)
    assert (one.urgency, one.correction, one.ednote, one.topics, one.expires) == (None, False, None, [], None)
    assert one.version_time.value is None
    assert one.embargoed  # a release that cannot be read holds the story
    assert one.byline == ["Harbour Desk"]
    assert one.dateline is None
    assert one.notes == ["urgency unreadable"]


@pytest.mark.parametrize(
    ("markup", "byline"),
    [
        ("<byline>By Ian Frost, Quay Wire</byline>", ["By Ian Frost, Quay Wire"]),
        ("<byline>By BEN CORD<byttl>QW Writer</byttl></byline>", ["By BEN CORD"]),
        (
            "<byline>By <person><name.given>Ada</name.given> <name.family>Frost</name.family></person></byline>",
            ["Ada Frost"],
        ),
        ("<byline>Ada Frost</byline><byline>Ben Cord</byline>", ["Ada Frost", "Ben Cord"]),
        ("<byline/>", []),
    ],
)
def test_bylines(markup, byline):
    document = f"<nitf><body><body.head>{markup}</body.head><body.content><p>x</p></body.content></body></nitf>"
    (one,) = read(raw(document.encode(), XML))
    assert one.byline == byline


def test_dates_in_the_date_line_count_where_there_is_no_other():
    document = b"<nitf><body><body.head><dateline><story.date norm='20260208T090000Z'>20260208T090000Z</story.date></dateline></body.head><body.content><p>x</p></body.content></body></nitf>"
    (one,) = read(raw(document, XML))
    assert one.published.raw == "20260208T090000Z"
    assert one.version_time is None  # never a version time


def test_an_element_inside_another_format_is_read_and_not_changed():
    markup = b"<x:nitf xmlns:x='urn:n'><x:body><x:body.head><x:hedline><x:hl1>A title</x:hl1></x:hedline></x:body.head><x:body.content><x:p>One <x:br/>two three four five six seven <x:br/>eight.</x:p><x:note type='npa'><x:p>Secret</x:p></x:note></x:body.content></x:body></x:nitf>"
    element = etree.fromstring(markup)
    before = etree.tostring(element)
    one = read_nitf(element)
    assert (one.title, one.ednote) == ("A title", "Secret")
    assert "Secret" not in one.body
    assert etree.tostring(element) == before


def test_a_document_type_elsewhere_is_neither_fetched_nor_an_error():
    document = b"<!DOCTYPE nitf PUBLIC '-//IPTC//DTD NITF 3.2//EN' 'http://127.0.0.1:1/nitf.dtd'><nitf><body><body.content><p>x</p></body.content></body></nitf>"
    assert read(raw(document, XML))[0].body == "x"


def test_several_in_one_document():
    document = b"<batch><nitf><head><docdata><doc-id id-string='1'/></docdata></head><body/></nitf><nitf><head><docdata><doc-id id-string='2'/></docdata></head><body/></nitf></batch>"
    assert [one.provider_id for one in read(raw(document, "application/nitf+xml"))] == ["1", "2"]


def test_sniff():
    for name, value in FILES.items():
        assert sniff(value[:4096], None) == 1.0, name
        assert registry.detect(raw(value, "text/plain")) is nitf, name
    assert sniff(b"<batch><nitf/></batch>", "application/nitf+xml") == 0.9
    assert sniff(b"<newsItem/>", "application/xml") == 0.0
    assert sniff(b"nitf", "application/xml") == 0.0


def test_refusals():
    for value, code in ((b"<other/>", "unreadable"), (b"<nitf><body>", "malformed-xml")):
        with pytest.raises(Refused) as refused:
            read(raw(value, XML))
        assert refused.value.code == code


@patient
@given(damaged(list(FILES.values())))
def test_damaged_files_are_read_or_refused(value):
    with suppress(Refused):
        assert read(raw(value, XML))
