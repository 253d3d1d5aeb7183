"""NewsML-G2: each trap of the format in made-up items."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.fingerprint import source_hash
from services.normalization.formats import newsml_g2, registry
from services.normalization.formats.newsml_g2 import read, read_all, sniff
from services.normalization.parts import StoryParts
from shared import ids
from shared.errors import Refused
from shared.events import Dateline, Image, Related, Status, Topic
from tests.unit.normalization.raws import article, patient, raw

FIXTURES = Path(__file__).parents[3] / "fixtures" / "wire" / "newsml_g2"
FILES = {path.stem: path.read_bytes() for path in sorted(FIXTURES.glob("*.xml"))}
G2 = "application/vnd.iptc.g2.newsitem+xml"


def stories(value: bytes) -> list[StoryParts]:
    return read(raw(value, G2))


def story(name: str) -> StoryParts:
    (one,) = stories(FILES[name])
    return one


def item(meta: str = "", about: str = "", content: str = "", attributes: str = "guid='urn:1' version='2'") -> bytes:
    """A news item around what a test is about."""
    return (
        f"<newsItem xmlns='http://iptc.org/std/nar/2006-10-01/' {attributes}><itemMeta><itemClass qcode='ninat:text'/>{meta}"
        f"</itemMeta><contentMeta><headline>A headline</headline>{about}</contentMeta>"
        f"<contentSet>{content}</contentSet></newsItem>"
    ).encode()


def parts(meta: str = "", about: str = "", content: str = "", **given: str) -> StoryParts:
    (one,) = stories(item(meta, about, content, **given))
    return one


def refusal(value: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        stories(value)
    return caught.value


def test_identity_version_and_status() -> None:
    one = story("story")
    assert (one.format, one.provider_id, one.version) == (
        "newsml-g2",
        "urn:newsml:norwire.example:20260207:ferry-77",
        "3",
    )
    assert (one.status, one.correction, one.kind) == ("stat:usable", True, "story")
    assert (one.urgency, one.language, one.slugline) == (3, "en-GB", "sweden-ferry-fire")


def test_dates_are_kept_as_written() -> None:
    one = story("story")
    assert one.published
    assert one.published.raw == "2026-02-07T14:05:30+01:00"
    assert one.updated
    assert one.version_time
    assert one.updated.raw == one.version_time.raw == "2026-02-07T16:20:00+01:00"
    assert one.version_time.value == datetime(2026, 2, 7, 15, 20, tzinfo=UTC)
    assert one.expires
    assert one.expires.raw == "2026-03-01T00:00:00Z"
    assert not one.embargoed


def test_headline_of_the_items_language_and_role() -> None:
    one = story("story")
    assert one.title == "Fire on ferry off Malmo"
    assert one.subheads == ["All aboard brought to land"]


def test_names_are_taken_in_the_items_language() -> None:
    one = story("story")
    assert (one.source, one.credit, one.byline) == ("Norwire", "Norwire/CG", ["Anna Holm and Piet Vos"])
    assert one.dateline == Dateline(place="MALMO", date="Feb 7", agency="Norwire")
    assert one.rights == "Copyright 2026 Norwire\nNot for archives."


def test_subjects_with_parents_and_equals_each_once() -> None:
    assert story("story").topics == [
        Topic(scheme="medtop", code="20000141", name="transport accident"),
        Topic(scheme="medtop", code="20000337", name="ports"),
        Topic(name="Sea Star II"),
        Topic(scheme="geo", code="ORE", name="Oresund strait"),
        Topic(scheme="medtop", code="03000000", name="disaster"),
        Topic(scheme="iptc-subject", code="03015002"),
    ]
    assert story("story").keywords == ["ferries", "Oresund"]
    assert story("story").places == ["Malmo", "Sweden", "Oresund strait"]


def test_notes_to_editors_are_told_apart_and_are_no_text() -> None:
    one = story("story")
    assert one.ednote == (
        "Corrects the number of passengers in the second paragraph.\nEditors: a note inside the body."
    )
    assert one.ednote_private == "Desk: call Holm on 555 0101"
    assert "Corrects" not in (one.body or "")


def test_the_text_is_paragraphs_and_rows_and_nothing_else() -> None:
    one = story("story")
    assert one.body == (
        "MALMO, Feb 7 (Norwire) - A fire on the ferry Sea Star II was put out.\n\nOn land\n\n"
        "All 212 passengers were brought to Malmo.\n\nShip | Built\n\nSea Star II | 1998\n\nNorwire, all rights"
    )
    assert [block.tag for block in one.blocks] == ["p", "h2", "p", "p", "p", "p"]
    assert one.summary == "A fire on a ferry was put out in an hour."


def test_links_and_pictures_are_references() -> None:
    one = story("story")
    assert one.evolved_from == "urn:newsml:norwire.example:20260207:ferry-70"
    assert one.related == [
        Related(url="urn:newsml:norwire.example:20260207:ferry-70"),
        Related(title="The harbour's timetable", url="https://norwire.example/harbour"),
    ]
    assert one.images == [
        Image(url="x.jpg", caption="A caption."),
        Image(url="https://img.norwire.example/77-small.jpg"),
    ]


def test_codes_are_kept_as_written_and_change_no_fingerprint() -> None:
    one = story("story")
    assert one.given["class"] == ["ninat:text"]
    assert one.given["signal"] == ["sig:correction"]
    before = source_hash(one)
    one.given = {}
    assert source_hash(one) == before
    one.ednote_private = None
    assert source_hash(one) != before


def test_a_kill_with_an_empty_body_is_a_story_taken_back() -> None:
    one = story("kill")
    assert (one.provider_id, one.version, one.status) == (
        "tag:norwire.example,2026:ferry-77",
        "1542761538",
        "stat:canceled",
    )
    assert (one.title, one.body, one.blocks) == ("Fire on ferry off Malmo", None, [])
    made = article(FILES["kill"], "application/xml")
    assert made.status is Status.KILLED
    assert made.ext_version > ids.KILL_BASE
    assert made.reason == "The ship was not on fire. Kill the story."


@pytest.mark.parametrize("kind", ["ninat:picture", "ninat:video", "icls:graphic"])
@pytest.mark.parametrize("status", ["stat:canceled", "stat:withheld"])
def test_a_kill_counts_whatever_its_class(kind: str, status: str) -> None:
    value = item(f"<pubStatus qcode='{status}'/>").replace(b"ninat:text", kind.encode())
    (one,) = stories(value)
    assert one.status == status


@pytest.mark.parametrize(
    ("element", "status", "meaning"),
    [
        ("", None, Status.USABLE),
        ("<pubStatus/>", None, Status.USABLE),
        ("<pubStatus qcode='stat:usable'/>", "stat:usable", Status.USABLE),
        ("<pubStatus qcode='stat:withheld'/>", "stat:withheld", Status.WITHHELD),
        ("<pubStatus qcode='stat:canceled'/>", "stat:canceled", Status.KILLED),
        ("<pubStatus qcode='stat:withdrawn'/>", "stat:withdrawn", Status.KILLED),
        ("<pubStatus qcode='ps:canceled'/>", "canceled", Status.KILLED),
        ("<pubStatus qcode='ps:odd'/>", "ps:odd", Status.WITHHELD),
        ("<pubStatus uri='http://cv.iptc.org/newscodes/pubstatusg2/canceled'/>", "stat:canceled", Status.KILLED),
        ("<pubStatus uri='http://example.org/status/canceled'/>", "canceled", Status.KILLED),
        ("<pubStatus literal='withheld'/>", "withheld", Status.WITHHELD),
        ("<pubStatus>Canceled</pubStatus>", "Canceled", Status.KILLED),
    ],
)
def test_status_in_all_its_spellings(element: str, status: str | None, meaning: Status) -> None:
    value = item(element, content="<inlineData>Text.</inlineData>")
    assert stories(value)[0].status == status
    assert article(value, "application/xml").status is meaning


@pytest.mark.parametrize(
    ("signals", "correction", "status"),
    [
        ("<signal qcode='sig:update'/>", False, "stat:usable"),
        ("<signal qcode='edStat:C'/>", True, "stat:usable"),
        ("<signal qcode='edStat:U'/><signal qcode='sic:C'/>", False, "stat:usable"),
        ("<signal uri='http://cv.iptc.org/newscodes/signal/correction'/>", True, "stat:usable"),
        ("<signal qcode='edStat:D'/>", False, "canceled"),
    ],
)
def test_signals(signals: str, correction: bool, status: str) -> None:
    one = parts("<pubStatus qcode='stat:usable'/>" + signals)
    assert (one.correction, one.status) == (correction, status)


@pytest.mark.parametrize(
    ("element", "until", "is_open"),
    [
        ("<embargoed>2027-01-01T00:00:00+02:00</embargoed>", datetime(2026, 12, 31, 22, tzinfo=UTC), False),
        ("<embargoed/>", None, True),
        ("<embargoed> \n </embargoed>", None, True),
        ("<embargoed>next Monday</embargoed>", None, True),
        ("<!-- <embargoed/> -->", None, False),
    ],
)
def test_an_embargo_is_kept_whatever_it_says(element: str, until: datetime | None, is_open: bool) -> None:
    made = article(item(element + "<pubStatus qcode='stat:usable'/>", content="<inlineData>x</inlineData>"), "text/xml")
    assert (made.embargoed_until, made.embargo_open) == (until, is_open)


def test_an_empty_embargo_and_bad_fields_sink_nothing() -> None:
    one = story("embargo_empty")
    assert one.embargoed
    assert one.embargoed_until is None
    assert (one.title, one.body, one.urgency, one.version) == ("Τίτλος από την κεφαλή", "Η είδηση.", None, "1")
    assert "urgency unreadable" in one.notes
    assert one.version_time
    assert one.version_time.value == datetime.fromisoformat("2026-02-07T12:35:40")


@pytest.mark.parametrize(
    ("attributes", "version"),
    [
        ("guid='urn:1'", "1"),
        ("guid='urn:1' version=' 007 '", "007"),
        ("guid='urn:1' version='0'", "0"),
        ("guid='urn:1' version='two'", "two"),
    ],
)
def test_the_version_is_one_unless_given(attributes: str, version: str) -> None:
    assert parts(attributes=attributes).version == version


def test_a_message_gives_its_text_items() -> None:
    first, second = stories(FILES["package_message"])
    assert (first.provider_id, first.version, first.body) == ("urn:t:1", "2", "Färjan seglade i går.\n\nEtt\n\nTvå")
    assert (second.provider_id, second.status, second.body) == (
        "urn:t:2",
        "stat:withheld",
        "Raden ett.\n\nRaden två.",
    )
    assert [block.tag for block in first.blocks] == ["p", "li", "li"]


def test_a_picture_of_the_message_goes_with_the_text_that_names_it() -> None:
    first, second = stories(FILES["package_message"])
    assert first.images == [
        Image(url="https://img.norwire.example/b1-4000.jpg", caption="Färjan i hamn.", credit="Vos/Norwire")
    ]
    assert second.images == []


def test_what_is_no_news_is_read_and_marked() -> None:
    items = read_all(raw(FILES["package_message"], G2))
    assert [(one.given["item"][0], one.kind) for one in items] == [
        ("packageItem", "not-news"),
        ("newsItem", "story"),
        ("newsItem", "story"),
        ("newsItem", "not-news"),
        ("conceptItem", "not-news"),
    ]
    assert [one.url for one in items[0].related] == ["urn:t:1", "urn:b:1", "urn:t:2", "urn:p:9"]
    assert items[0].related[3].title == "Ett paket i paketet"


@pytest.mark.parametrize(
    ("value", "code", "word"),
    [
        (b"<packageItem guid='1'><itemMeta><itemClass qcode='ninat:composite'/></itemMeta><itemRef residref='x'/></packageItem>", "not-news", "packageItem (composite)"),
        (b"<conceptItem guid='1'><concept><name>SECRET</name></concept></conceptItem>", "not-news", "conceptItem"),
        (b"<catalogItem guid='1'/>", "not-news", "catalogItem"),
        (b"<knowledgeItem guid='1'/>", "not-news", "knowledgeItem"),
        (b"<planningItem guid='1'><contentMeta><headline>SECRET</headline></contentMeta></planningItem>", "not-news", "planningItem"),
        (b"<newsMessage><header/><itemSet/></newsMessage>", "not-news", "without items"),
        (b"<newsMessage><itemSet><newsItem guid='1'> .... </newsItem></itemSet></newsMessage>", "no-text", "1 news items"),
        (item("<pubStatus qcode='stat:usable'/>").replace(b"ninat:text", b"ninat:picture"), "not-news", "newsItem (picture)"),
        (b"<newsItem guid='1'><itemMeta><itemClass qcode='x:SECRET'/></itemMeta></newsItem>", "not-news", "newsItem"),
        (b"<newsItem><itemMeta></newsItem>", "malformed-xml", "line 1"),
        (b"<newsMessage><itemSet>" + b"<newsItem guid='1'/>" * 1001 + b"</itemSet></newsMessage>", "too-many-items", "1001"),
    ],
)  # fmt: skip
def test_documents_without_news_say_what_they_are(value: bytes, code: str, word: str) -> None:
    refused = refusal(value)
    assert refused.code == code
    assert word in refused.reason
    assert "SECRET" not in refused.reason


def test_a_picture_with_a_text_is_a_story() -> None:
    value = item(content="<inlineData>A shot list.</inlineData>").replace(b"ninat:text", b"ninat:video")
    assert stories(value)[0].body == "A shot list."


def test_an_item_inside_an_items_content_is_content() -> None:
    inner = "<inlineXML><newsItem guid='urn:2'><contentSet><inlineData>Inner.</inlineData></contentSet></newsItem></inlineXML>"
    (one,) = stories(item(content=inner + "<inlineData>Outer.</inlineData>"))
    assert (one.provider_id, one.body) == ("urn:1", "Outer.")
    assert "inline XML that is data, not text: not read" in one.notes


def test_marked_up_notes_with_parts_for_customers_alone() -> None:
    one = story("notepad")
    assert one.ednote == "Hinweise\nBerichtigt: Absatz 2\nlw mm yy"
    assert one.ednote_private == "Nicht zur Veröffentlichung\nAutor: Max Muster, muster@landwire.example"


def test_a_text_without_the_titles_and_codes_around_it() -> None:
    one = story("notepad")
    assert one.body == "Kiel (lw) - Eine Fähre brannte.\n\nSchiff Plätze\n\nMeerstern 212"
    assert one.dateline == Dateline(place="Kiel", agency="lw")
    assert (one.byline, one.source) == ([], "lw")


def test_text_set_in_lines_inside_a_paragraph() -> None:
    made = article(FILES["set_text"], "text/xml")
    assert made.correction
    body = made.body or ""
    assert "MALMO, Feb 6 (Norwire) - Copper rose on Friday on demand from shipyards, while tin was" in body
    assert "\n\nTraders were also waiting for the harbour's report on Saturday, which" in body
    assert '\n\n"There is talk of strikes," one of them said.' in body
    assert story("set_text").dateline == Dateline(date="2026-02-06 03:47:29 GMT+00:00")


def test_an_agencys_own_markup() -> None:
    one = story("tt")
    assert one.body == "En färja brann.\n\nDet gick fort, säger kaptenen.\n\nI land\n\nAlla kom i land."
    assert (one.title, one.byline, one.language) == ("Färjan brann", ["Anna Holm/NT"], "sv")
    assert one.images == [Image(url="http://nt.example/bild/1", caption="Färjan.", credit="Piet Vos/NT")]
    assert (one.places, one.topics) == (["Malmö"], [Topic(name="NT:03000000:OLY")])


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("<inlineData contenttype='text/plain'>One.\n\nTwo.</inlineData>", "One.\n\nTwo."),
        ("<inlineData contenttype='text/html'>&lt;p&gt;One &lt;b&gt;b&lt;/b&gt;&lt;p&gt;Two&amp;nbsp;x</inlineData>", "One b\n\nTwo x"),
        ("<inlineData contenttype='text/html'><![CDATA[<p>One<br/>Two</p><script>x()</script>]]></inlineData>", "One\n\nTwo"),
        (f"<inlineData encoding='enc:base64'>{base64.b64encode('Ö.'.encode()).decode()}</inlineData>", "Ö."),
        ("<inlineData encoding='base64'>*</inlineData>", None),
        ("<inlineData contenttype='image/jpeg'>AAAA</inlineData>", None),
        ("<inlineXML><sports-content><team><name>A</name></team></sports-content></inlineXML>", None),
        ("<inlineXML>Words alone.</inlineXML>", "Words alone."),
        ("<inlineXML><html><body><p/></body></html></inlineXML><inlineData>The other rendition.</inlineData>", "The other rendition."),
        ("<inlineData>Plain.</inlineData><inlineXML><html><body><p>Marked.</p></body></html></inlineXML>", "Marked."),
        ("<inlineXML><html><body><header><p>All in a header.</p></header></body></html></inlineXML>", "All in a header."),
    ],
)  # fmt: skip
def test_contents(content: str, body: str | None) -> None:
    assert parts(content=content).body == body


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("<byline>By Anna Holm, <byttl>Reporter</byttl></byline>", ["By Anna Holm"]),
        ("<byline><byttl>Sports Network</byttl></byline>", ["Sports Network"]),
        ("<byline><person>Anna Holm</person> and <person>Piet Vos</person></byline>", ["Anna Holm", "Piet Vos"]),
        ("<byline/>", ["Ida Ek"]),
    ],
)
def test_bylines_of_nitf_then_creators(byline: str, names: list[str]) -> None:
    nitf = f"<inlineXML><nitf><body><body.head>{byline}</body.head><body.content><p>x</p></body.content></body></nitf></inlineXML>"
    creators = "<creator qcode='x:1'><name>ek.ida</name></creator><creator><name>Ida Ek</name></creator>"
    assert parts(about=creators, content=nitf).byline == names


def nitf(docdata: str) -> str:
    return f"<inlineXML><nitf><head><docdata {docdata}</docdata></head><body><body.content><p>x</p></body.content></body></nitf></inlineXML>"


@pytest.mark.parametrize(
    ("docdata", "status", "embargoed", "kills"),
    [
        ("management-status='usable'>", "stat:usable", False, []),
        ("management-status='withheld'>", "withheld", False, []),
        ("management-status='embargoed'><date.release norm='20270101T000000Z'/>", "stat:usable", True, []),
        ("management-doc-idref='other' management-idref-status='canceled'>", "stat:usable", False, ["other"]),
    ],
)
def test_the_stricter_word_of_item_and_nitf_holds(docdata: str, status: str, embargoed: bool, kills: list[str]) -> None:
    one = parts("<pubStatus qcode='stat:usable'/>", content=nitf(docdata))
    assert (one.status, one.embargoed, one.kills) == (status, embargoed, kills)
    assert one.provider_id == "urn:1"


def test_a_canceled_item_stays_so_whatever_its_nitf_says() -> None:
    one = parts("<pubStatus qcode='stat:canceled'/><embargoed/>", content=nitf("management-status='usable'>"))
    assert (one.status, one.embargoed, one.embargoed_until) == ("stat:canceled", True, None)


@pytest.mark.parametrize(
    ("provider", "source"),
    [
        ("<provider literal='NW'/>", "NW"),
        ("<provider qcode='nprov:NW'/>", "NW"),
        ("<provider uri='http://nw.example/'/>", "http://nw.example/"),
        ("<provider qcode='x:1'><name role='nrol:mnemonic'>nw</name><name>Norwire</name></provider>", "Norwire"),
        ("<provider>Norwire</provider>", "Norwire"),
        ("", "Coast Guard"),
    ],
)
def test_the_source_is_the_provider_in_words(provider: str, source: str) -> None:
    assert parts(provider, "<infoSource literal='Coast Guard'/>").source == source


def test_an_information_source_is_the_credit_where_none_is_given() -> None:
    about = "<infoSource literal='Coast Guard'/><infoSource literal='Norwire Desk'/>"
    assert parts("<provider literal='Norwire Desk'/>", about).credit == "Coast Guard"
    assert parts("", about + "<creditline>CG</creditline>").credit == "CG"


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ("<link rel='irel:previousVersion' residref='urn:0' version='1'/>", "urn:0"),
        ("<link reluri='http://cv.iptc.org/newscodes/itemrelation/evolvedFrom' guidref='urn:0'/>", "urn:0"),
        ("<signal qcode='sig:update'/><link guidref='urn:0' version='1'/>", "urn:0"),
        ("<link guidref='urn:0' version='1'/>", None),
        ("<link rel='irel:translatedFrom' residref='urn:0'/>", None),
        ("<link rel='irel:previousVersion' residref='urn:1' version='1'/>", None),
    ],
)
def test_what_a_story_goes_on_from(links: str, expected: str | None) -> None:
    assert parts(links).evolved_from == expected


@pytest.mark.parametrize("word", ["genre:Advisory", "xgenre:daybook"])
def test_advisories(word: str) -> None:
    assert parts(about=f"<genre qcode='{word}'/>").kind == "advisory"


@pytest.mark.parametrize("urgency", ["0", "10", "-1", "²", "high", "3.5", "9" * 5000])
def test_an_unreadable_urgency_is_left_out(urgency: str) -> None:
    one = parts(about=f"<urgency>{urgency}</urgency>")
    assert (one.urgency, one.notes) == (None, ["urgency unreadable"])


def test_unreadable_dates_are_left_out_and_another_stands_in() -> None:
    one = parts("<versionCreated>soon</versionCreated>", "<contentCreated>2026-02</contentCreated>")
    assert one.version_time is None
    assert one.published
    assert (one.published.raw, one.published.precision) == ("2026-02", "month")
    assert one.notes[0] == "versionCreated unreadable"


def test_no_id_gives_none_rather_than_an_empty_one() -> None:
    assert parts(attributes="guid=' '").provider_id is None


def test_parts_of_items_sent_alone() -> None:
    value = b"<contentSet>" + nitf(">").encode() + b"</contentSet>"
    assert registry.detect(raw(value, None)) is newsml_g2
    (one,) = stories(value)
    assert (one.body, one.provider_id) == ("x", None)
    group = (
        b"<groupSet root='G1'><group id='G1'><itemRef residref='urn:1'><title>T</title></itemRef></group></groupSet>"
    )
    (package,) = read_all(raw(group, None))
    assert (package.kind, package.related, package.given["root_group"]) == (
        "not-news",
        [Related(title="T", url="urn:1")],
        ["G1"],
    )


@pytest.mark.parametrize("name", sorted(FILES))
def test_it_is_found_by_its_content(name: str) -> None:
    assert registry.detect(raw(FILES[name], "text/plain")) is newsml_g2
    assert sniff(FILES[name][:4096], None) == 1.0


@pytest.mark.parametrize(
    ("head", "content_type", "sure"),
    [
        (b"<NewsML Version='1.2'>", "text/xml", False),
        (b"<html><newsItem>", None, False),
        (b"<!--" + b"x" * 5000, G2, True),
        (b"news item", None, False),
    ],
)
def test_it_is_not_found_elsewhere(head: bytes, content_type: str | None, sure: bool) -> None:
    assert (sniff(head, content_type) > 0) is sure


def test_a_lying_declaration_is_told() -> None:
    value = FILES["package_message"].replace(b'encoding="UTF-8"', b'encoding="ISO-8859-1"')
    for one in stories(value):
        assert one.notes == ["charset utf-8, although it declares ISO-8859-1"]
    assert stories(value)[0].title == "Första texten"


@patient
@given(data=st.data(), name=st.sampled_from(sorted(FILES)))
def test_damage_of_any_kind_is_read_or_refused(data: st.DataObject, name: str) -> None:
    value = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(value) - 1))
        length = data.draw(st.integers(0, 40))
        value[start : start + length] = data.draw(
            st.sampled_from(
                [b"", b"<", b">", b"</p>", b"<p>", b"\x00", b"\xff\xfe", b"'", b"&", b"qcode=':'", b"9" * 400]
            )
        )
    read_or_refused(bytes(value))


@patient
@given(
    tag=st.sampled_from(["version", "urgency", "embargoed", "pubStatus", "versionCreated", "edNote", "link", "subject", "headline", "inlineData"]),
    attributes=st.dictionaries(
        st.sampled_from(["qcode", "uri", "literal", "role", "rel", "residref", "href", "rank", "type", "contenttype", "encoding", "width", "class"]),
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<&'"), max_size=30),
    ),
    words=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="<&"), max_size=40),
)  # fmt: skip
def test_fields_of_any_kind_are_read(tag: str, attributes: dict[str, str], words: str) -> None:
    given_attributes = " ".join(f"{name}='{value}'" for name, value in attributes.items())
    element = f"<{tag} {given_attributes}>{words}</{tag}>"
    for one in read_or_refused(item(element, element, element)):
        assert source_hash(one)


def read_or_refused(value: bytes) -> list[StoryParts]:
    """Any other error fails the test."""
    try:
        return read(raw(value, "application/xml"))
    except Refused:
        return []


@pytest.mark.parametrize(
    ("note", "corrected"),
    [
        ("Korjattu aiempaa uutista: laiva oli punainen.", True),
        ("CORRECTS number of passengers", True),
        ("Berichtigt wird im 2. Absatz die Zahl", True),
        ("Korrigeret: 12 i stedet for 21", True),
        ("Adds quotes; corrects nothing", False),
        ("Korjaamo is a theatre in Helsinki", False),
    ],
)
def test_a_note_that_begins_with_a_correction_marks_one(note, corrected):
    """Finnish, German and Nordic wires send no signal, only the note."""
    (one,) = stories(item(meta=f"<edNote>{note}</edNote>"))
    assert one.correction is corrected
