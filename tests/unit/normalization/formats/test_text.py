"""Plain text with wire conventions: envelopes, releases, labelled heads, bulletins. All of it made up, with real traps."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.formats import registry, text, text_release
from services.normalization.formats.text import read, sniff
from services.normalization.formats.text_labels import date_of
from services.normalization.normalize import normalize
from services.normalization.parts import StoryParts
from shared.errors import Refused
from shared.events import Article, Dateline, Related, Topic
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import NOW, article, body, patient, raw

PLAIN = "text/plain"

UK = """PRESS RELEASE

EMBARGOED UNTIL 00:01 GMT ON TUESDAY 10 FEBRUARY 2026

Harbour Trust opens new pier to the public
New walkway links old town with the ferry terminal

BRISTOL, 9 February 2026 - The Harbour Trust opened its new pier on Monday, after three years of work.

"We are glad," said chair Ann Holm.

-ends-

Notes to Editors:
1. The Harbour Trust was founded in 1901.

Media contact:
Jo Field
Tel: 0117 000 0000
"""
US = """FOR IMMEDIATE RELEASE
February 3, 2026

Contact: Jo Field
(555) 010-0000
jo@example.com

ACME OPENS PLANT IN OMAHA

OMAHA, Neb., Feb. 3, 2026 (GLOBE NEWSWIRE) -- Acme Corp. (NYSE: ACM) today opened
a plant that makes anvils for the whole of the Midwest, the company said on Tuesday
in a statement.

The plant will have 200 workers.

About Acme
Acme makes anvils.

###
"""
WIRE = """Source: Nordhavn Lines
MEDIA RELEASE PR74541
Nordhavn Lines Builds on Enormous Growth in the Islands; Promotes Jo Field to the
Head of its Ferries

PIRAEUS, Greece, July 25, 2025/PRNewswire-AsiaNet/

    -- Company continues its growth, adds new routes to the islands, and opens^
       new offices

Nordhavn Lines, a leading ferry line, announced its results for the year ended ^
30 June. Revenue stood at 1,600 million.

For the full text of this release, visit^
https://example.org/full-text-of-the-release

Contact^
Jo Field^
jo@example.org
P: +30 (210) 000-0000

SOURCE  Nordhavn Lines
""".replace("^", " ")
LABELS = """Headline: Ferry runs again after a year
Subhead: Islands glad
Slug: FERRY-ISLANDS
By: By JANE ROE
Date: 7 February 2026 10:00 EET
Dateline: PIRAEUS
Priority: 3
Keywords: ferries, islands
Status: CORRECTION
Embargo: 9 February 2026 06:00 EET
Expires: 2026-03-01T00:00:00Z
Source: Island News
Credit: Island News/Jane Roe
Copyright: 2026 Island News
Language: en
Section: Shipping
IPTC: 04000000
Version: 2
ID: IN-2026-00412
Note to editors: Picture follows.
Link: https://example.org/ferry.

The ferry to the islands ran again on Saturday, after a year in the yard, its owner said in a statement.

Tickets cost 40 euros.
"""
GERMAN = """Pressemitteilung Nr. 12

Sperrfrist: Dienstag, 10. Februar 2026, 6.00 Uhr MEZ

Hafen öffnet wieder

Hamburg, 9. Februar 2026 - Der Hafen öffnet am Dienstag wieder, teilte die Behörde mit.

Pressekontakt:
Max Muster
Telefon: 040 000000
"""
GREEK = """ΔΕΛΤΙΟ ΤΥΠΟΥ
Αθήνα, 7 Φεβρουαρίου 2026

Άνοιξε ξανά το λιμάνι του Πειραιά

Το λιμάνι του Πειραιά άνοιξε το Σάββατο, ύστερα από τρία χρόνια έργων, ανακοίνωσε ο οργανισμός.

Επικοινωνία: grafeio@example.gr
"""
ENVELOPES = """ZCZC AAP
%A
#Ferry
$Ferry runs again, owner says
:1200
*04000000
~PM Service
@NSW
SYDNEY, Feb 7 AAP - The ferry runs again, its owner said on Saturday.

$40 is the price.
NNNN

ZCZC AAP
$J
:Island Trust
*X
+11000000
=2nd Lead
Media release: Bridge shut

Sat 7 February 2026

The bridge was shut on Saturday.
$100 million is needed.

https://example.org/releases/1
SOURCE: Island Trust

NNNN
ZCZC AAP
^Harbour reopens
:Harbour
@Vic
The harbour reopened.
"""
TAGGED = """zczc
AN#26945
KN#News Morsels
PD#06 June 2025 14:00:00
CO#ABC.AX, DEF.AX
SO#ASX
SF#*
BY#Jane Roe
KY#Comnews ABC.AX
TI#ABC continues its
talks
AB#ABC\u2019s talks go on.
TX#
ABC\u2019s talks with its lenders go on, the company said in a statement to the exchange on Friday.
The talks concern 40 million.
"""
BULLETIN = """IDX20400
40:2:1:04:55S075E35100:11:00
Government Bureau of Weather
Northern Isles

TOP PRIORITY FOR IMMEDIATE BROADCAST

Severe Thunderstorm Warning
for DAMAGING WINDS

Issued at 4:45 pm AEDT on Saturday, 7 February 2026.

CANCELLATION OF THE GALE WARNING

WHAT TO EXPECT
Severe thunderstorms are likely to produce damaging winds
over the next hours.
"""
ALL = [one.encode() for one in (UK, US, WIRE, LABELS, GERMAN, GREEK, ENVELOPES, TAGGED, BULLETIN)]


def made(value: str, **given_facts) -> Article:
    return article(value.encode(), PLAIN, **given_facts)


def parts(value: str) -> StoryParts:
    (one,) = read(raw(value.encode(), PLAIN))
    return one


# Releases.


def test_a_release_with_an_embargo_and_notes_behind_its_end():
    one = made(UK)
    assert one.title == "Harbour Trust opens new pier to the public"
    assert one.subheads == ["New walkway links old town with the ferry terminal"]
    assert one.embargoed_until == datetime(2026, 2, 10, 0, 1, tzinfo=UTC)
    assert one.dateline == Dateline(place="BRISTOL", date="9 February 2026")
    assert one.published == datetime(2026, 2, 9, tzinfo=UTC)
    assert body(one)[-1] == '"We are glad," said chair Ann Holm.'
    assert "founded in 1901" in one.ednote
    assert "0117 000 0000" in one.ednote
    assert "EMBARGOED" not in one.body


def test_lines_above_a_release_are_no_headline():
    one = made(US)
    assert one.title == "ACME OPENS PLANT IN OMAHA"
    assert one.published.date().isoformat() == "2026-02-03"
    assert one.ednote == "Contact: Jo Field\n(555) 010-0000\njo@example.com"
    assert "a plant that makes anvils for the whole of the Midwest" in body(one)[0]
    assert body(one)[-1] == "Acme makes anvils."


def test_a_wrapped_headline_and_a_dateline_by_itself():
    one = parts(WIRE)
    assert one.provider_id == "PR74541"
    assert one.title == (
        "Nordhavn Lines Builds on Enormous Growth in the Islands; Promotes Jo Field to the Head of its Ferries"
    )
    assert one.dateline == Dateline(place="PIRAEUS, Greece", date="July 25, 2025", agency="PRNewswire-AsiaNet")
    assert one.published.value == datetime(2025, 7, 25)  # noqa: DTZ001 - local until the feed's zone is known
    assert one.source == "Nordhavn Lines"
    assert one.ednote == "Contact\nJo Field\njo@example.org\nP: +30 (210) 000-0000"
    paragraphs = one.body.split("\n\n")
    assert paragraphs[0].endswith("and opens new offices")
    assert paragraphs[-1].endswith("visit https://example.org/full-text-of-the-release")


def test_labels_go_to_their_fields():
    one = made(LABELS)
    assert (one.provider_id, one.version, one.urgency, one.language) == ("IN-2026-00412", "2", 3, "en")
    assert (one.title, one.subheads, one.slugline) == (
        "Ferry runs again after a year",
        ["Islands glad"],
        "FERRY-ISLANDS",
    )
    assert (one.source, one.credit, one.section) == ("Island News", "Island News/Jane Roe", "Shipping")
    assert one.published == datetime(2026, 2, 7, 8, 0, tzinfo=UTC)
    assert one.embargoed_until == datetime(2026, 2, 9, 4, 0, tzinfo=UTC)
    assert one.expires == datetime(2026, 3, 1, tzinfo=UTC)
    assert one.dateline == Dateline(place="PIRAEUS")
    assert one.keywords == ["ferries", "islands"]
    assert one.correction
    assert one.rights == "2026 Island News"
    assert "Picture follows." in one.ednote
    assert one.related == [Related(url="https://example.org/ferry")]
    assert Topic(scheme="iptc-subject", code="04000000").code in [topic.code for topic in one.topics]
    assert body(one) == [
        "The ferry to the islands ran again on Saturday, after a year in the yard, its owner said in a statement.",
        "Tickets cost 40 euros.",
    ]


def test_a_german_release_and_its_sperrfrist():
    one = made(GERMAN)
    assert one.title == "Hafen öffnet wieder"
    assert one.embargoed_until == datetime(2026, 2, 10, 5, 0, tzinfo=UTC)
    assert one.language == "de"
    assert "Max Muster" in one.ednote
    assert parts(GERMAN).given["number"] == ["12"]


def test_a_greek_release_with_its_place_and_day_in_one_line():
    one = made(GREEK)
    assert one.title == "Άνοιξε ξανά το λιμάνι του Πειραιά"
    assert one.dateline == Dateline(place="Αθήνα", date="7 Φεβρουαρίου 2026")
    assert one.published.date().isoformat() == "2026-02-07"
    assert len(body(one)) == 1


@pytest.mark.parametrize("status", ["KILL", "killed", "Withdrawn", "canceled"])
def test_a_status_label_takes_a_story_back(status):
    value = LABELS.replace("Status: CORRECTION", f"Status: {status}")
    (one,) = normalize(raw(value.encode(), PLAIN), NOW)
    assert one.status == "killed"
    assert one.body is None


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("EMBARGOED UNTIL 6 P.M. ET, FEB. 10, 2026", datetime(2026, 2, 10, 23, 0, tzinfo=UTC)),
        ("EMBARGOED UNTIL 12:01 a.m. EST on Feb. 10, 2026", datetime(2026, 2, 10, 5, 1, tzinfo=UTC)),
        ("STRICTLY EMBARGOED: noon GMT, 10 February 2026", datetime(2026, 2, 10, 12, 0, tzinfo=UTC)),
        ("EMBARGOED UNTIL midnight GMT 10 February 2026", datetime(2026, 2, 11, 0, 0, tzinfo=UTC)),
        ("SOUS EMBARGO jusqu'au mardi 10 février 2026 à 6h00 CET", datetime(2026, 2, 10, 5, 0, tzinfo=UTC)),
        ("UNDER EMBARGO until further notice", None),
        ("Embargo: 2026-02-10T06:00:00+02:00", datetime(2026, 2, 10, 4, 0, tzinfo=UTC)),
        ("Embargo:", None),
    ],
)
def test_embargo_lines_hold_to_the_moment_that_they_mean(line, until):
    one = made(f"{line}\n\nHarbour Trust opens new pier\n\nThe Harbour Trust opened its new pier on Monday, it said.\n")
    assert (one.embargoed_until, one.embargo_open) == (until, until is None)
    assert one.title == "Harbour Trust opens new pier"


@pytest.mark.parametrize(
    "line",
    ["EU extends arms embargo until 2027", "Embargo: none", "UN lifts embargo to the islands", "Fishing embargo"],
)
def test_an_embargo_that_is_news_or_none_holds_nothing(line):
    one = made(
        f"MEDIA RELEASE\n\n{line}\n\nHarbour Trust opens new pier\n\nThe Trust opened its pier on Monday, it said.\n"
    )
    assert not one.embargo_open
    assert one.embargoed_until is None


@pytest.mark.parametrize(
    "value",
    [
        "Home > World\n\nFerry runs again after a year\n\nBy Jane Roe\nPublished: 7 February 2026\n\nThe ferry ran again.\n",
        "Ferry runs again\n\nThe ferry ran again. Media release of the year, it was called: a success.\n",
        "Note: this is prose\nThe ferry ran again on Saturday, after a year in the yard.\n",
    ],
)
def test_other_texts_are_read_as_before(value):
    assert parts(value).layout == "pasted"


def test_a_number_is_an_id_only_where_it_can_be_nobody_elses():
    for line, known in (
        ("PRESS RELEASE 2026", None),
        ("PRESS RELEASE No. 12", None),
        ("MEDIA RELEASE AB12345", "AB12345"),
    ):
        assert (
            parts(f"{line}\nPier opens\n\nThe Trust opened its pier on Monday, it said in a statement.\n").provider_id
            == known
        )


def test_zones_of_dates():
    assert date_of("7 February 2026 10:00 EST").value.utcoffset().total_seconds() == -5 * 3600
    assert date_of("7 February 2026 10:00").value.tzinfo is None
    assert date_of("no date") is None or date_of("no date").value is None


def test_a_subhead_and_a_contact_behind_dashes():
    one = parts(
        "MEDIA RELEASE PR80001\nNordhavn Opens Yard\n-- First in the Islands\n\nTOKYO, Feb. 1, 2026 /Kyodo JBN-AsiaNet/ --\n\n"
        "Nordhavn has opened a yard, it announced on Sunday.\n\n-- Contact\nNordhavn\nTel: +81-3-0000-0000\n"
    )
    assert one.subheads == ["First in the Islands"]
    assert one.dateline == Dateline(place="TOKYO", date="Feb. 1, 2026", agency="Kyodo JBN-AsiaNet")
    assert one.body == "Nordhavn has opened a yard, it announced on Sunday."
    assert "+81-3-0000-0000" in one.ednote


def test_a_source_over_two_lines_above_and_below():
    value = WIRE.replace(
        "Source: Nordhavn Lines\n", "Source: Nordhavn Lines and the Association of the Ferry Owners of the\nIslands\n"
    )
    value = value.replace(
        "SOURCE  Nordhavn Lines", "SOURCE: Nordhavn Lines and the Association of the Ferry Owners of\nthe Islands"
    )
    one = parts(value)
    assert one.source == "Nordhavn Lines and the Association of the Ferry Owners of the Islands"
    assert one.title.startswith("Nordhavn Lines Builds")
    assert "SOURCE" not in one.body
    assert "the Islands" not in one.body


# Envelopes.


def test_each_envelope_is_a_story():
    first, second, third = read(raw(ENVELOPES.encode(), PLAIN))
    assert (first.title, first.slugline, first.source, first.places) == (
        "Ferry runs again, owner says", "Ferry", "PM Service", ["NSW"],
    )  # fmt: skip
    assert [(topic.scheme, topic.code) for topic in first.topics] == [("iptc-subject", "04000000"), ("category", "A")]
    assert first.body.endswith("$40 is the price.")
    assert first.dateline == Dateline(place="SYDNEY", date="Feb 7", agency="AAP")
    assert (second.title, second.source, second.version) == ("Media release: Bridge shut", "Island Trust", "2nd Lead")
    assert second.published.value.date().isoformat() == "2026-02-07"
    assert second.related == [Related(url="https://example.org/releases/1")]
    assert second.body == "The bridge was shut on Saturday. $100 million is needed."
    assert (third.title, third.slugline) == ("Harbour reopens", "Harbour")
    assert third.notes == ["no end of message (NNNN)"]


def test_a_headline_and_a_take_key_as_results_services_write_them():
    (one,) = read(
        raw(
            b"ZCZC\n#Harbour Greys\n@Fields Saturday\n:Harbour greyhounds\n*T\nRace 1   12:00   Swift\nRace 2   12:30   Slow\nNNNN\n",
            PLAIN,
        )
    )
    assert (one.slugline, one.title, one.keywords, one.places) == (
        "Harbour Greys",
        "Harbour greyhounds",
        ["Fields Saturday"],
        [],
    )
    assert one.body == "Race 1  12:00  Swift\nRace 2  12:30  Slow"
    (one,) = read(
        raw(
            b"ZCZC AAP\n%MNETALL MFI\n$J\n:Island Trust Ltd\nMedia release: Bridge shut\n\nThe bridge was shut.\nNNNN\n",
            PLAIN,
        )
    )
    assert (one.source, one.slugline, one.title) == ("Island Trust Ltd", None, "Media release: Bridge shut")


def test_a_story_that_speaks_of_zczc_is_no_envelope():
    assert (
        parts("Telegraph codes\n\nZCZC began a message and NNNN ended it, as every operator knew.\n").layout == "pasted"
    )


def test_an_empty_envelope_is_no_story():
    with pytest.raises(Refused) as refused:
        read(raw(b"ZCZC AAP\n\nNNNN\n", PLAIN))
    assert refused.value.code == "no-text"


def test_too_many_envelopes():
    with pytest.raises(Refused) as refused:
        read(raw(b"ZCZC\na\nNNNN\n" * 1001, PLAIN))
    assert refused.value.code == "too-many-items"


def test_tagged_fields():
    one = parts(TAGGED)
    assert (one.provider_id, one.source, one.title) == ("26945", "News Morsels", "ABC continues its talks")
    assert one.byline == ["Jane Roe"]
    assert one.summary == "ABC\u2019s talks go on."
    assert [(topic.scheme, topic.code) for topic in one.topics] == [("ASX", "ABC.AX"), ("ASX", "DEF.AX")]
    assert one.version_time.value == datetime(2025, 6, 6, 14, 0)  # noqa: DTZ001 - local until the feed's zone is known
    assert one.body.startswith("ABC\u2019s talks with its lenders")
    assert article(TAGGED.encode(), PLAIN, zone="Australia/Sydney").published == datetime(2025, 6, 6, 4, 0, tzinfo=UTC)


# Bulletins.


def test_a_bulletin():
    one = parts(BULLETIN)
    assert one.provider_id == "IDX20400"
    assert one.title == "Severe Thunderstorm Warning for DAMAGING WINDS"
    assert one.subheads == ["CANCELLATION OF THE GALE WARNING"]
    assert (one.source, one.places) == ("Government Bureau of Weather", ["Northern Isles"])
    assert one.version_time.value.astimezone(UTC) == datetime(2026, 2, 7, 5, 45, tzinfo=UTC)
    assert one.body.split("\n\n")[0] == "WHAT TO EXPECT"
    assert "damaging winds over the next hours" in one.body


def test_a_bulletin_whose_head_is_one_block():
    one = parts(
        "IDX21020\nSECURITE\nHigh Seas Warning\nIssued by the Bureau of Weather, BNOC\nAt 1859UTC 15 July 2025\n\nWinds ease.\n"
    )
    assert (one.title, one.source) == ("High Seas Warning", "Bureau of Weather, BNOC")
    assert one.version_time.raw == "1859UTC 15 July 2025"
    assert one.keywords == ["SECURITE"]


def test_letters_of_a_zone_mean_what_they_mean_to_their_service():
    head = "IDX36320\nAustralian Bureau of Weather\n\nRoad Weather Alert\n\nIssued at 3:55 pm EDT on Thursday 5 January 2026\n\nRain.\n"
    assert parts(head).version_time.value.astimezone(UTC) == datetime(2026, 1, 5, 4, 55, tzinfo=UTC)
    assert parts(head.replace("Australian ", "")).version_time.value.astimezone(UTC) == datetime(
        2026, 1, 5, 19, 55, tzinfo=UTC
    )


def test_a_bulletin_with_the_heading_of_the_world_meteorological_organization():
    one = parts(
        "WWXX54 KABC 151830\nSVRABC\n\nBULLETIN - IMMEDIATE BROADCAST REQUESTED\nSevere Thunderstorm Warning\nWeather Service Norton\n"
        "130 PM CDT Fri May 15 2026\n\nThe service has issued a\nwarning for the county.\n"
    )
    assert (one.provider_id, one.title, one.source) == (
        "WWXX54 KABC 151830:2026-05-15", "Severe Thunderstorm Warning", "Weather Service Norton",
    )  # fmt: skip
    assert one.version_time.value.astimezone(UTC) == datetime(2026, 5, 15, 18, 30, tzinfo=UTC)
    assert one.body == "The service has issued a warning for the county."


# What is no text.


@pytest.mark.parametrize("content_type", [None, PLAIN, "text/markdown"])
@pytest.mark.parametrize(
    "value",
    [
        b'<?xml version="1.0"?><weird><p>Hello</p></weird>',
        b"<weird><p>Hello</p></weird>",
        b'\xef\xbb\xbf  <weird a="1">',
        b"<!-- made now --><weird><a>1</a></weird>",
    ],
)
def test_markup_of_no_known_format_never_becomes_a_story(value, content_type):
    assert sniff(value, content_type) == 0.0
    with pytest.raises(Refused, match="unknown-format"):
        registry.detect(raw(value, content_type))


@pytest.mark.parametrize("content_type", [None, PLAIN, "application/xml"])
@pytest.mark.parametrize(
    ("before", "story", "name"),
    [
        (b"<!-- %s -->", b"<nitf><body><body.content><p>A</p></body.content></body></nitf>", "nitf"),
        (b"<?xml version='1.0'?>\n<!-- %s -->", b"<rss><channel><item><title>A</title></item></channel></rss>", "rss"),
        (b"<Publish><!-- %s -->", b"<ContentItem><Headline>A</Headline></ContentItem></Publish>", "cp-jimi"),
        (b"<releases><release><!-- %s -->", b"<title>A</title><longurl>x</longurl></release></releases>", "solita"),
    ],
)
def test_a_format_is_told_behind_a_long_comment(before, story, name, content_type):
    for size in (100, 5_000, 20_000):
        found = registry.detect(raw(before % (b"licence " * (size // 8)) + story, content_type))
        assert name == found.NAME


@pytest.mark.parametrize("content_type", [None, PLAIN, "application/xml"])
def test_what_is_told_from_no_format_because_it_declares_entities_is_refused_for_that(content_type):
    value = b"<!DOCTYPE nitf [<!ENTITY agency 'AFP'>]><nitf><body><body.content><p>&agency;</p></body.content></body></nitf>"
    with pytest.raises(Refused, match="xml-entities"):
        registry.detect(raw(value, content_type))


def test_a_feed_of_texts_that_sends_xml_is_refused_and_its_pages_are_read_as_pages():
    """The feed's rules name the format; the bytes are markup all the same."""
    hinted = raw(b"<weird><p>Hello</p></weird>", PLAIN, format_hint="text")
    assert registry.detect(hinted) is text
    with pytest.raises(Refused, match="unknown-format"):
        read(hinted)
    made = article(b"<p>The ferry ran again.</p><p>It was late.</p>", PLAIN, format_hint="text")
    assert "<" not in made.body


def test_a_page_sent_as_text_is_read_as_a_page():
    for value in (b"<p>The ferry ran.</p><p>Again.</p>", b'<div class="a">The ferry ran', b"<!DOCTYPE html><p>a</p>"):
        assert registry.detect(raw(value, PLAIN)).NAME == "html"


def test_a_ticker_is_no_tag():
    assert registry.detect(raw(b"<GLD> shares rose on Monday, the exchange said.", PLAIN)) is text


@patient
@given(damaged(ALL))
def test_damaged_texts_are_read_or_refused(value):
    with suppress(Refused):
        assert read(raw(value, PLAIN))


@patient
@given(
    st.lists(
        st.sampled_from([*"".join((UK, ENVELOPES, BULLETIN)).split("\n"), "", "ZCZC", "NNNN", "Contact:", "-ends-"])
    )
)
def test_any_lines_in_any_order_are_read_or_refused(lines):
    with suppress(Refused):
        assert read(raw("\n".join(lines).encode(), PLAIN))


def test_heads_cost_no_more_than_their_lines():
    """No pattern of a line takes exponential time."""
    for line in ("a" * 5000, "A, " * 2000, "/" * 4000, "Source: " * 500, "#" * 5000, "- " * 3000):
        assert text_release.is_release([line] * 6) in (True, False)
