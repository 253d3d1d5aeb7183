"""NewsML 1.x: each trap of the format in made-up files."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given

from services.normalization.formats import newsml_1, registry
from services.normalization.formats.newsml_1 import read, sniff
from services.normalization.formats.newsml_1.document import without_revision
from services.normalization.parts import StoryParts
from shared import ids
from shared.errors import Refused
from shared.events import Dateline, Image, Related, Status, Topic
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import article, body, patient, raw

FIXTURES = Path(__file__).parents[3] / "fixtures" / "wire" / "newsml_1"
FILES = {path.stem: path.read_bytes() for path in sorted(FIXTURES.glob("*.xml"))}
XML = "application/xml"


def stories(name: str) -> list[StoryParts]:
    return read(raw(FILES[name], XML))


def story(name: str) -> StoryParts:
    (one,) = stories(name)
    return one


def item(management: str = "", component: str = "", identifier: str = "") -> StoryParts:
    """The story of an item around what a test is about."""
    identifier = identifier or "<ProviderId>p.example</ProviderId><DateId>20260208</DateId><NewsItemId>N1</NewsItemId>"
    component = component or "<NewsLines><HeadLine>A headline</HeadLine></NewsLines>" + content("Words of the story.")
    document = (
        f"<NewsML><NewsItem><Identification><NewsIdentifier>{identifier}</NewsIdentifier></Identification>"
        f"<NewsManagement>{management}</NewsManagement><NewsComponent>{component}</NewsComponent></NewsItem></NewsML>"
    )
    (one,) = read(raw(document.encode(), XML))
    return one


def content(data: str, facts: str = "") -> str:
    return f"<ContentItem>{facts}<DataContent>{data}</DataContent></ContentItem>"


def paragraphs(one: StoryParts) -> list[str]:
    return [block.text for block in one.blocks]


def test_identity_without_the_revision():
    one = story("advisory")
    assert one.provider_id == "depeche.example:20260208T080000Z:TX-LUX-AA01"
    assert (one.version, one.status, one.urgency) == ("2", "Usable", 3)
    assert (one.version_time.raw, one.published.raw) == ("20260208T081000+0000", "20260208T080000+0000")
    assert one.updated == one.version_time
    assert one.evolved_from == "depeche.example:20260207:TX-LUX-AA00"
    assert one.related == [Related(url="urn:newsml:depeche.example:20260208:PH-LUX-1")]


@pytest.mark.parametrize(
    ("identifier", "provider_id"),
    [
        ("<ProviderId>p.example</ProviderId><DateId>20260208</DateId><NewsItemId>a:b:8-en</NewsItemId>", "p.example:20260208:a:b:8-en"),
        ("<ProviderId>p.example</ProviderId><NewsItemId/>", None),
        ("<PublicIdentifier>urn:newsml:p.example:20260208:X9:12U</PublicIdentifier>", "p.example:20260208:X9"),
        ("<PublicIdentifier>urn:newsml:p.example</PublicIdentifier>", None),
        ("<ProviderId>p.example</ProviderId><DateId>20260208T101112</DateId><NewsItemId>0</NewsItemId>", "p.example:20260208T101112:0"),
        ("<ProviderId>p.example</ProviderId><DateId>20260208</DateId><NewsItemId>0</NewsItemId>", None),
        ("<NewsItemId>X</NewsItemId>", "X"),
    ],
)  # fmt: skip
def test_identifiers(identifier, provider_id):
    assert item(identifier=identifier).provider_id == provider_id


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("urn:newsml:p.example:20260208:X1:2", "p.example:20260208:X1"),
        ("urn:newsml:p.example:20260208:a:b:8-en:1N", "p.example:20260208:a:b:8-en"),
        ("urn:newsml:p.example:20260208:X1", "p.example:20260208:X1"),
        ("p.example:20260208:4904349", "p.example:20260208:4904349"),
    ],
)
def test_references_lose_their_revision(reference, name):
    assert without_revision(reference) == name


def test_lines_language_and_credit():
    one = story("advisory")
    assert one.title == "Le port de Lux rouvre après une semaine de grève"
    assert one.subheads == ["Les ferries reprennent lundi"]
    assert one.byline == ["Anne HOLM et Tomás REYES"]
    assert one.dateline == Dateline(place="Port-Lux", date="8 fév 2026", agency="DEP")
    assert (one.slugline, one.source, one.language) == ("Lux-port-grève", "DEP", "fr")
    assert one.rights == "© Dépêche 2026"
    assert one.notes == ["charset utf-8, although it declares iso-8859-1"]


def test_subjects_with_parents_topics_of_the_document_keywords_and_places():
    one = story("advisory")
    assert one.topics == [
        Topic(scheme="iptc-subject", code="04000000"),
        Topic(scheme="iptc-subject", code="04015000"),
        Topic(scheme="iptc-subject", code="04015003"),
        Topic(scheme="genre", code="strikes"),
        Topic(scheme="isin", code="LU0000000001", name="Port de Lux SA"),
    ]
    assert one.keywords == ["port", "grève"]  # neither the software nor whom it is of interest to
    assert one.places == ["Port-Lux", "LUX"]


def test_an_advisory_line_is_a_note_and_may_mark_a_correction():
    one = story("advisory")
    assert one.ednote == "CORRIGE le nombre de navires"
    assert one.correction
    assert "CORRIGE" not in one.body
    assert paragraphs(one) == ["Le port de Lux a rouvert dimanche, a annoncé la direction.", "Douze navires attendent."]
    assert one.summary == "La grève est finie."


@pytest.mark.parametrize(
    ("words", "correction"),
    [
        ("CORRECTS spelling", True),
        ("REFILES to add byline", True),
        ("RECASTS, ADDS quotes", False),
        ("UPDATES with result", False),
        ("Correctional officers quoted", False),
        ("ΟΡΘΗ ΕΠΑΝΑΛΗΨΗ", True),
    ],
)
def test_what_marks_a_correction(words, correction):
    line = f"<NewsLine><NewsLineType FormalName='AdvisoryLine'/><NewsLineText>{words}</NewsLineText></NewsLine>"
    one = item(component=f"<NewsLines><HeadLine>h</HeadLine>{line}</NewsLines>{content('Words.')}")
    assert (one.correction, one.ednote) == (correction, words)


def test_a_line_of_another_kind_marks_no_correction():
    line = "<NewsLine><NewsLineType FormalName='ProductLine'/><NewsLineText>CORRECTS film</NewsLineText></NewsLine>"
    one = item(component=f"<NewsLines><HeadLine>h</HeadLine>{line}</NewsLines>{content('Words.')}")
    assert (one.correction, one.ednote) == (False, None)


def test_the_same_story_in_two_languages_is_two_stories():
    french, dutch = stories("languages")
    assert (dutch.provider_id, french.provider_id) == ("bureau.example:5501", "bureau.example:5501#fr")
    assert (dutch.language, french.language) == ("nl", "fr")
    assert (dutch.title, french.title) == ("Haven gaat weer open", "Le port rouvre")
    assert dutch.body == "De haven van Lux gaat zondag open. Prijs <GLD> stijgt."
    assert french.summary == "Le port de Lux rouvre dimanche."
    assert french.keywords == ["PORT", "GREVE", "MER"]
    assert (dutch.ednote, french.ednote) == ("Foto volgt", None)
    assert french.rights == dutch.rights == "Bureau"


def test_title_lead_and_body_are_pieces_of_one_text():
    _, french = sorted(article_bodies("languages"), key=len)
    assert french == [
        "Le port de Lux rouvre dimanche.",
        "Les navires attendent depuis une semaine.",
        "La grève est finie.",
    ]


def article_bodies(name: str) -> list[list[str]]:
    from services.normalization.normalize import normalize
    from tests.unit.normalization.raws import NOW

    return [body(one) for one in normalize(raw(FILES[name], XML), NOW)]


def test_a_picture_is_a_reference_of_the_main_story_in_its_largest_size():
    french, dutch = stories("languages")
    assert dutch.images == [Image(url="large.jpeg", caption="De haven bij dageraad", credit="BUREAU FOTO")]
    assert french.images == []


def test_text_of_a_picture_is_its_caption_and_no_story():
    photo = "<NewsComponent><Role FormalName='Photo'/><ContentItem Href='a.jpg'><MimeType FormalName='image/jpeg'/></ContentItem>"
    one = item(component=content("The story.") + photo + content("What it shows.") + "</NewsComponent>")
    assert one.body == "The story."
    assert one.images == [Image(url="a.jpg", caption="What it shows.")]


def test_a_date_id_that_is_the_time_of_the_revision_is_no_part_of_the_identity():
    later = FILES["languages"].replace(b"20260208T133400", b"20260208T150000")
    assert {one.provider_id for one in read(raw(later, XML))} == {one.provider_id for one in stories("languages")}
    first = FILES["languages"].replace(b"20260208T133400", b"20260208T124550")
    assert {one.provider_id for one in read(raw(first, XML))} == {one.provider_id for one in stories("languages")}


def test_day_first_dates_greek_metadata_and_html_that_is_escaped_twice():
    one = story("greek")
    assert one.published.value.astimezone(UTC) == datetime(2026, 2, 8, 7, 15, tzinfo=UTC)
    assert one.version_time.value.astimezone(UTC) == datetime(2026, 2, 8, 10, 31, 7, tzinfo=UTC)
    assert one.provider_id == "praktoreio.example:20260208:9100234"
    assert one.dateline == Dateline(place="ΠΕΙΡΑΙΑΣ", date="8/2/2026")
    assert paragraphs(one) == ["Ferries sail again, the union said.", "The strike is over & done.", "© Praktoreio"]
    assert (one.language, one.topics) == ("en", [Topic(name="ΟΙΚΟΝΟΜΙΑ")])
    assert (one.keywords, one.places, one.rights) == (["πλοία", "λιμάνι"], ["Πειραιάς"], "© Πρακτορείο")


def test_main_story_sidebar_and_an_item_inside():
    main, side, inner = stories("sidebars")
    assert [one.provider_id for one in (main, side, inner)] == [
        "depeche.example:20260208:SB1",
        "depeche.example:20260208:SB1#side",
        "depeche.example:20260208:SB2",
    ]
    assert [one.title for one in (main, side, inner)] == [
        "Harbour reopens",
        "What the harbour is",
        "A flash without text",
    ]
    assert paragraphs(main) == ["The harbour reopens on Sunday.", "Ships wait."]  # HTML told more than plain text
    assert side.body == "It was built in 1911."
    assert (main.byline, side.byline) == (["Anna Holm"], [])
    assert (main.credit, side.credit) == ("Dépêche", "Dépêche")
    assert (main.published.precision, inner.published) == ("day", None)
    assert inner.notes == ["urgency unreadable"]


def test_parts_of_earlier_revisions_are_told_of_and_refused_alone():
    assert stories("sidebars")[0].notes == ["replacements for parts of earlier revisions in it, not read: 1"]
    start, end = FILES["sidebars"].index(b"<NewsItem>"), FILES["sidebars"].rindex(b"<NewsItem>")
    with pytest.raises(Refused) as refused:
        read(raw(FILES["sidebars"][:start] + FILES["sidebars"][end:], XML))
    assert refused.value.code == "partial-update"


@pytest.mark.parametrize("word", ["Canceled", "Withheld"])
def test_a_kill_reaches_each_story_of_the_item_although_it_has_no_text(word):
    value = FILES["sidebars"].replace(b"Usable", word.encode(), 1)
    start = value.index(b"<DataContent>")
    emptied = re.sub(rb"<DataContent>.*?</DataContent>", b"<DataContent/>", value[start:], flags=re.DOTALL)
    found = read(raw(value[:start] + emptied, XML))
    taken = [one.provider_id for one in found if one.status == word]
    assert taken[:2] == ["depeche.example:20260208:SB1", "depeche.example:20260208:SB1#side"]
    assert "depeche.example:20260208:SB1#inner" not in taken
    one_story = read(raw(FILES["kill"], XML))
    assert len(one_story) == 1


def test_an_embargo_ends_when_the_status_will_change():
    one = story("embargoed")
    assert (one.status, one.embargoed) == ("Embargoed", True)
    assert one.embargoed_until.raw == "20260209T060000+0100"
    assert one.expires.raw == "20260301T000000+0100"
    concluded = article(FILES["embargoed"], XML)
    assert concluded.status is Status.USABLE
    assert concluded.embargoed_until == datetime(2026, 2, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        "",
        "<StatusWillChange><FutureStatus FormalName='Usable'/></StatusWillChange>",
        "<StatusWillChange><FutureStatus FormalName='Usable'/><DateAndTime>on Monday</DateAndTime></StatusWillChange>",
        "<StatusWillChange><FutureStatus FormalName='Reviewed'/><DateAndTime>20260101T000000Z</DateAndTime></StatusWillChange>",
    ],
)
def test_an_embargo_without_a_readable_end_is_open(change):
    value = FILES["embargoed"]
    start, end = value.index(b"<StatusWillChange>"), value.rindex(b"</StatusWillChange>") + len(b"</StatusWillChange>")
    one = article(value[:start] + change.encode() + value[end:], XML)
    assert (one.embargo_open, one.embargoed_until) == (True, None)


def test_a_status_of_embargo_alone_is_an_embargo():
    assert item("<Status FormalName='Embargoed'/>").embargoed
    assert not item("<Status FormalName='Usable'/>").embargoed


def test_a_usable_item_that_will_become_usable_is_under_embargo_until_then():
    change = "<StatusWillChange><FutureStatus FormalName='Usable'/><DateAndTime>20260301T000000Z</DateAndTime></StatusWillChange>"
    one = item(f"<Status FormalName='Usable'/>{change}")
    assert one.embargoed
    assert one.embargoed_until.raw == "20260301T000000Z"


def test_a_kill_has_no_content_at_all():
    one = article(FILES["kill"], XML)
    assert one.status is Status.KILLED
    assert one.ext_version == ids.KILL_BASE + ids.ext_version(ids.version_base("3", None, one.received))
    assert one.article_id == article(FILES["advisory"], XML).article_id


def test_a_hold_without_content_is_a_hold():
    assert article(FILES["kill"].replace(b"Canceled", b"Withheld"), XML).status is Status.WITHHELD


def test_releases_give_title_abstract_body_and_contact_and_no_style_sheet():
    one = story("release")
    assert (one.title, one.summary) == ("Quay Works wins a contract", "Quay Works will build a dock.")
    assert paragraphs(one) == ["Quay Works has won the contract.", "Docks | 2", "Press office, port 12"]
    assert (one.slugline, one.source) == ("LX-QUAY-WORKS", "Quay Works Ltd")
    assert one.keywords == ["Shipbuilding", "QUAY"]
    assert one.topics == [Topic(scheme="ticker", code="QWKS"), Topic(scheme="isin", code="XX0000000002")]


def test_what_a_provider_left_out_or_spelt_its_own_way():
    one = story("no_id")
    assert one.provider_id == "www.agentur.example:16AAC34CE1C5"
    assert (one.title, one.slugline, one.language) == ("Hafen öffnet", "EILT", "de")
    assert (one.urgency, one.places, one.rights) == (2, ["Lux"], "(c) Agentur 2026")
    assert one.body == "Der Hafen öffnet."  # NITF in escaped form


def test_a_document_without_news_is_refused_as_such():
    picture = b"<NewsML><NewsItem><NewsManagement><Status FormalName='Usable'/></NewsManagement><NewsComponent><NewsLines><HeadLine>A picture</HeadLine></NewsLines><NewsComponent><Role FormalName='Caption'/><ContentItem><DataContent>What it shows</DataContent></ContentItem></NewsComponent><ContentItem Href='a.jpg'><MediaType FormalName='Photo'/></ContentItem></NewsComponent></NewsItem></NewsML>"
    for value in (FILES["no_news"], b"<NewsML/>", picture):
        with pytest.raises(Refused) as refused:
            read(raw(value, XML))
        assert refused.value.code == "not-news"


def test_advisories_are_marked():
    assert item("<NewsItemType FormalName='Advisory'/>").kind == "advisory"
    assert item("<NewsItemType FormalName='News'/>").kind == "story"


def test_instructions_and_nitf_of_its_own_management():
    assert item("<Instruction FormalName='Rectification'/>").correction
    nitf = "<nitf><head><docdata management-doc-idref='old' management-idref-status='canceled' management-status='embargoed'/></head><body><body.content><p>Words.</p></body.content></body></nitf>"
    one = item("<Status FormalName='Usable'/>", content(nitf))
    assert (one.kills, one.embargoed, one.embargoed_until) == (["old"], True, None)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("<body><body.content><p>One.</p></body.content></body>", "One."),
        ("&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.", "One.\n\nTwo."),
        ("<![CDATA[One<br>Two]]>", "One\n\nTwo"),
        ("<![CDATA[&amp;nbsp;One &amp;amp; two]]>", "&nbsp;One &amp; two"),
        ("<![CDATA[<nitf><body><body.content><p>One &nope; two</p></body.content></body></nitf>]]>", "One &nope; two"),
        ("<![CDATA[<nitf><body><body.content><p>Broken]]>", "Broken"),
        ("Prices &lt;GLD&gt; rise", "Prices <GLD> rise"),
    ],
)
def test_forms_of_content(data, text):
    assert item(component=content(data)).body == text


def test_content_in_base64():
    encoded = base64.b64encode("Wörter.".encode()).decode()
    wrapped = f"<ContentItem><Encoding Notation='base64'><DataContent>{encoded}</DataContent></Encoding></ContentItem>"
    assert item(component=wrapped).body == "Wörter."
    broken = item(component="<NewsLines><HeadLine>h</HeadLine></NewsLines>" + wrapped.replace(encoded, "%%%"))
    assert (broken.title, broken.body) == ("h", None)


def test_a_parameter_entity_for_the_definition_of_nitf_is_no_error():
    assert FILES["advisory"].count(b"<!ENTITY % nitf SYSTEM") == 1
    with pytest.raises(Refused) as refused:
        read(raw(FILES["advisory"].replace(b"<!ENTITY % nitf SYSTEM", b"<!ENTITY nitf SYSTEM"), XML))
    assert refused.value.code == "xml-entities"


def test_sniff():
    for name, value in FILES.items():
        assert sniff(value[:4096], None) == 1.0, name
        assert registry.detect(raw(value, "text/plain")) is newsml_1, name
    assert sniff(b"<newsItem xmlns='http://iptc.org/std/nar/2006-10-01/'/>", None) == 0.0


@patient
@given(damaged(list(FILES.values())))
def test_damaged_files_are_read_or_refused(value):
    with suppress(Refused):
        assert read(raw(value, XML))
