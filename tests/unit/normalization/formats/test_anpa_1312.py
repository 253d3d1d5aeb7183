"""ANPA 1312: each trap of the format, in the dialects of AP, Canadian Press and Kyodo, in made-up messages."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.formats import anpa_1312, iptc_7901, registry
from services.normalization.formats.anpa_1312 import read, sniff
from services.normalization.parts import StoryParts
from shared.errors import Refused
from shared.events import Dateline, Related, Topic
from tests.unit.normalization.formats.wires import damaged, fixtures, refused_or_read
from tests.unit.normalization.raws import article, patient, raw

FILES = fixtures("anpa_1312")


def story(name: str, **facts: Any) -> StoryParts:
    (one,) = read(raw(FILES[name], None, **facts))
    return one


def message(
    text: str, second: str = "r a\x13\x11 BC-Coast   10-08 0050", trailer: str = "AP-WF-10-08-24 1250GMT<"
) -> bytes:
    """A message around what a test is about; `text` has LF line breaks."""
    frame = f"\x16\x16\x01a0577\x1f-----\n{second}\n\x02^BC-Coast,50<\n{text}\n\t   \x03{trailer}\n\n\x0c\n\x04"
    return frame.replace("\n", "\r\n").encode("latin-1")


def one(text: str, **facts: Any) -> StoryParts:
    (parts,) = read(raw(message(text, **facts), None))
    return parts


def paragraphs(parts: StoryParts) -> list[str]:
    return (parts.body or "").split("\n\n")


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/octet-stream"])
def test_every_file_is_found_by_content(name: str, content_type: str | None) -> None:
    assert registry.detect(raw(FILES[name], content_type)) is anpa_1312


@pytest.mark.parametrize(
    "value", [b"", b"{}", b"<p>x</p>", b"a0577 is a number", b"\x01eca0047 3 i 145  dpa 0912\r\n", b"u s BC-Coast"]
)
def test_what_is_no_anpa_is_left_to_others(value: bytes) -> None:
    assert sniff(value, None) == 0


def test_a_writethru_with_all_its_parts() -> None:
    parts = story("ap_writethru")
    assert parts.provider_id == "z4415:2024-10-08"
    assert parts.version == "2ndLd-Writethru"
    assert parts.slugline == "BC-HKN--Otters-Terns"
    assert parts.title == "Otters edge Terns 3-2 in overtime on Vale's late goal"
    assert (parts.summary or "").startswith("Jon Vale scored in overtime and the harbour Otters")
    assert parts.byline == ["MARA QUILL"]
    assert parts.given["byline"] == ["By MARA QUILL", "AP Sports Writer"]
    assert parts.ednote == "Eds: Updates with quotes. With AP Photos."
    assert parts.related == [Related(title="AP Photo XYZ101, XYZ102")]
    assert parts.dateline == Dateline(place="SOLVIK", agency="AP")
    assert (parts.source, parts.section, parts.urgency) == ("AP", "Sports", 4)
    assert Topic(scheme="iptc-subject", code="15031000", name="ice hockey") in parts.topics
    assert Topic(scheme="anpa-category", code="s", name="Sports") in parts.topics
    assert parts.version_time is not None
    assert parts.version_time.value == datetime(2024, 10, 8, 23, 37, tzinfo=UTC)
    assert (parts.given["service_id"], parts.given["words"], parts.given["date"]) == (["z4415"], ["0210"], ["10-08"])
    assert parts.given["title"] == ["BC-HKN--Otters-Terns, 2nd Ld-Writethru,210"]


def test_the_body_is_paragraphs_and_nothing_else() -> None:
    assert paragraphs(story("ap_writethru")) == [
        "SOLVIK (AP) _ Jon Vale scored in overtime and the Otters beat the Terns 3-2 on Tuesday night.",
        "``I just shot,'' Vale said. ``It went in.''",
        "UP NEXT",
        "Otters: Host the Gulls on Friday.",
    ]


def test_a_table_keeps_lines_and_columns() -> None:
    parts = story("ap_table")
    assert (parts.title, parts.subheads, parts.byline) == (
        "Harbour League Glance",
        ["All Times GMT"],
        ["The Associated Press"],
    )
    assert paragraphs(parts) == [
        "NORTH",
        "W  L  GB\nPort Solvik  7  2  _\nLunde  4  5  2½",
        "Monday's Games",
        "Solvik 6, Lunde 5",
        "Lunde 4, Brevik 3",
    ]
    assert parts.slugline == "BC-BBO--HarbourLeagueGla"
    assert parts.keywords == ["BC-BBO--Harbour League Glance"]


def test_an_alert_has_no_headline() -> None:
    parts = story("ap_alert")
    assert (parts.title, parts.urgency) == (None, 2)
    assert article(FILES["ap_alert"], None).title_derived


def test_a_kill_names_another_item() -> None:
    parts = story("ap_kill")
    assert (parts.kills, parts.kind, parts.body) == (["a0577:2024-10-08"], "advisory", None)
    assert "The whale was a boat" in (parts.ednote or "")
    assert parts.kills == [one("^Whale swims<\n\t   SOLVIK (AP) _ A whale.").provider_id]


def test_a_kill_by_keyword_alone_is_told() -> None:
    parts = one(
        "^EDITORS:<\n\t   Kill the Solvik story slugged BC-Coast. A kill is mandatory.",
        second="b a\x13\x11 BC-Coast, KILL   10-08 0040",
    )
    assert (parts.kills, parts.kind) == ([], "advisory")
    assert any("names no item" in note for note in parts.notes)


def test_a_withhold_is_a_hold() -> None:
    parts = one("^WITHHOLD<\n^EDITORS:<\n\t   Withhold BC-Whale, a0501, until further notice.")
    assert (parts.kills, parts.holds, parts.kind) == ([], ["a0501:2024-10-08"], "advisory")


def test_a_story_about_killing_kills_nothing() -> None:
    parts = one("^Hunters kill a0501 wolf<\n\t   SOLVIK (AP) _ Editors, hunters kill wolf a0501. Please kill no more.")
    assert (parts.kills, parts.holds, parts.kind) == ([], [], "story")


def test_wrapped_lines_are_joined() -> None:
    parts = story("ap_wrapped")
    assert paragraphs(parts) == [
        "LUNDE, Norway (AP) _ A storm reached the outer islands on Tuesday and the two-lane causeway was closed, police said.",
        "The island of Hval (pop. 40) was cut off, and its short- and long-distance lines were down.",
    ]
    assert parts.correction
    assert parts.keywords == ["BC-Coast-Storm", "URGENT"]
    assert parts.byline == ["JOHN ROE"]


def test_a_trailer_without_its_end_of_text() -> None:
    parts = story("ap_wrapped")
    assert parts.version_time is not None
    assert parts.version_time.value is not None
    assert parts.version_time.value.astimezone(UTC) == datetime(2024, 10, 8, 16, 5, tzinfo=UTC)
    assert "AP-NY" not in (parts.body or "")


def test_kyodo_writes_the_day_first() -> None:
    parts = story("kyodo", zone="Asia/Tokyo")
    assert parts.title == "Sumo: Harbour wrestler wins the boat cup"
    assert parts.dateline == Dateline(place="SOLVIK, Japan", date="Dec. 9", agency="Kyodo")
    assert (parts.source, parts.credit, parts.slugline) == ("HARBOR", "Kyodo", "BC-Sumo-Harbor")
    assert len(paragraphs(parts)) == 2
    assert article(FILES["kyodo"], None, zone="Asia/Tokyo").published == datetime(2024, 12, 9, 12, 37, tzinfo=UTC)
    assert parts.provider_id == "a0212:2024-12-09"


def test_canadian_press_labels_its_lines() -> None:
    parts = story("canada")
    assert parts.title == "Fish markets advance as harbour opens world's No. 3 ferry line"
    assert parts.keywords == ["Harbour-Markets", "Economy", "Fish", "TSX:FSH"]
    assert (parts.byline, parts.credit) == (["Mara Quill"], "THE CANADIAN PRESS")
    assert (parts.version, parts.given["reference"], parts.ednote) == ("7thWritethru", ["TB06"], "Update: ADDS details")
    assert parts.section is None, "another agency's letter b is not AP's"
    assert parts.version_time is not None
    assert parts.version_time.value is not None
    assert parts.version_time.value.astimezone(UTC) == datetime(2024, 10, 31, 20, 35, tzinfo=UTC)
    assert (
        paragraphs(parts)[0]
        == "HALIFAX _ The fish market ran ahead sharply Thursday on relief that another ferry line is open."
    )


def test_marks_written_as_carets() -> None:
    parts = story("carets")
    assert (parts.title, parts.body, parts.slugline) == (
        "Herring price steady",
        "SOLVIK (AP) _ The price of herring was steady on Tuesday.",
        "BC-Herring",
    )
    assert parts.version_time is not None
    assert parts.version_time.value == datetime(2024, 10, 8, 7, 13, tzinfo=UTC)


def test_latin_bytes_and_no_trailer() -> None:
    parts = story("no_trailer")
    assert (parts.title, parts.slugline) == ("Café opens on pier", "BC-Café")
    assert parts.version_time is None, "a day without a year is no version time"
    assert parts.published is not None
    assert (parts.published.raw, parts.published.precision) == ("12-30", "day")
    assert parts.published.value is not None
    assert parts.published.value.year == 2025
    assert parts.provider_id == "p2020:2025-12-30"


def test_an_advance_is_under_embargo() -> None:
    until = [story("advance", zone=zone).embargoed_until for zone in (None, "America/New_York")]
    assert [date.value.isoformat() for date in until if date and date.value] == [
        "2024-10-14T00:00:00",
        "2024-10-13T00:00:00",
    ]
    parts = story("advance")
    assert parts.embargoed
    assert "For Release Sunday" in (parts.ednote or "")
    assert "For Release" not in (parts.body or "")
    assert (parts.title, parts.slugline) == ("Opera house to open on the pier", "BC-Opera")


def test_several_messages_in_a_file() -> None:
    assert [parts.provider_id for parts in read(raw(FILES["two_messages"], None))] == [
        "W1701:2024-10-08",
        "a0212:2024-12-09",
    ]


@pytest.mark.parametrize(
    ("trailer", "value"),
    [
        ("AP-WF-02-20-16 0337GMT<", "2016-02-20T03:37:00+00:00"),
        ("AP-NY-06-14-93 1205EDT<", "1993-06-14T12:05:00-04:00"),
        ("KWS-21:37-09-12-18", "2018-12-09T21:37:00"),
        ("16:35ET 31-10-14<", "2014-10-31T16:35:00-04:00"),
        ("AP-WF-20-02-16 0337GMT<", "2016-02-20T03:37:00+00:00"),
        ("AP-WF-31-31-16 0337GMT<", None),
        ("AP-WF-02-20-16 2537GMT<", None),
        ("212322 GMT Nov 18", "2018-11-21T23:22:00+00:00"),
        ("", None),
    ],
)
def test_trailers(trailer: str, value: str | None) -> None:
    parts = one("^A headline<\n\t   SOLVIK (AP) _ Text.", trailer=trailer)
    read_as = parts.version_time.value.isoformat() if parts.version_time and parts.version_time.value else None
    assert read_as == value


def test_a_dateline_decides_where_day_and_month_can_be_either() -> None:
    first = one("^A headline<\n\t   SOLVIK, Japan, Dec. 9 (AP) _ Text.", trailer="AP-WF-09-12-18 0337GMT<")
    assert first.version_time is not None
    assert first.version_time.value == datetime(2018, 12, 9, 3, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("second", "slug", "version", "urgency"),
    [
        ("u i\x13\x11 BC-EU--Coast,6th Ld-Writethru    02-20 0500", "BC-EU--Coast", "6th Ld-Writethru", 3),
        ("f a\x13\x11 BC-Coast 1stLd   02-20 0500", "BC-Coast", "1stLd", 1),
        ("r s\x14\x12 BC-GLF--Coast Open Glance     02-20 ", "BC-GLF--Coast Open Glance", None, 4),
        ("? s\x14\x12 BC-Coast", None, None, None),
        ("x s\x13\x11 BC-Coast   02-20 0500", "BC-Coast", None, None),
        ("", None, None, None),
    ],
)
def test_second_header_lines(second: str, slug: str | None, version: str | None, urgency: int | None) -> None:
    parts = one("^A headline<\n\t   SOLVIK (AP) _ Text.", second=second)
    assert (parts.version, parts.urgency) == (version, urgency)
    assert parts.slugline == (slug or "BC-Coast")
    assert (parts.title, parts.body) == ("A headline", "SOLVIK (AP) _ Text.")


def test_a_cut_version_in_the_header_gives_way_to_the_full_one() -> None:
    frame = message("^A headline<\n\t   SOLVIK (AP) _ Text.", second="r a\x13\x11 BC-Coast 1stLd-W   10-08 0050")
    (parts,) = read(raw(frame.replace(b"^BC-Coast,50<", b"^BC-Coast, 1st Ld-Writethru,50<"), None))
    assert parts.version == "1st Ld-Writethru"


def test_an_advisory_is_marked() -> None:
    assert (
        one(
            "^AP News Digest<\n\t   The supervisor is Mara Quill.", second="r v\x13\x11 BC-AP--NewsDigest   10-08 0050"
        ).kind
        == "advisory"
    )


def test_an_editors_note_is_no_body() -> None:
    parts = one(
        "^A headline<\n^EDITOR'S NOTE _ Mara Quill has covered the sea since 1999.<\n\t   SOLVIK (AP) _ Text.\n\t   EDITOR'S NOTE _ With AP Graphic SEA."
    )
    assert parts.body == "SOLVIK (AP) _ Text."
    assert "Mara Quill has covered" in (parts.ednote or "")
    assert "AP Graphic SEA" in (parts.ednote or "")


def test_a_bad_first_line_sinks_no_item() -> None:
    (parts,) = read(raw(message("^A headline<\n\t   SOLVIK (AP) _ Text.").replace(b"a0577\x1f", b"a05?7"), None))
    assert (parts.title, parts.body, parts.provider_id) == ("A headline", "SOLVIK (AP) _ Text.", None)
    assert "service letter and number unreadable" in parts.notes


def test_a_text_without_carets_or_indents() -> None:
    frame = b"\x16\x16\x01a0577\x1f-----\r\nr a\x13\x11 BC-Coast   10-08 0050\r\n\x02BC-Coast\r\nA headline\r\n\r\nSOLVIK (AP) _ Text of\r\nthe story.\r\n\r\nMore text.\r\n\x03AP-WF-10-08-24 1250GMT\r\n\x04"
    (parts,) = read(raw(frame, None))
    assert (parts.title, paragraphs(parts)) == ("A headline", ["SOLVIK (AP) _ Text of the story.", "More text."])


def test_a_text_of_set_lines_alone_keeps_its_words() -> None:
    parts = one(
        "^Coast forecast<\n^By The Associated Press=\n^Tuesday: rain, wind from the west.<\n^Wednesday: rain again, wind from the east.<"
    )
    assert "Tuesday: rain" in (parts.body or "")
    assert "Wednesday: rain again" in (parts.body or "")


def test_an_article_comes_of_every_story() -> None:
    for name in (
        "ap_writethru",
        "ap_table",
        "ap_alert",
        "ap_wrapped",
        "kyodo",
        "canada",
        "carets",
        "no_trailer",
        "advance",
    ):
        concluded = article(FILES[name], None)
        assert concluded.format == "anpa-1312"
        assert concluded.body


def test_nothing_in_it() -> None:
    for value in (
        b"\x16\x16\x01",
        b"\x16\x16\x01\x02\x03\x04",
        b"\x16\x16\x01a0577\x1f-----\r\nr a\x13\x11 BC-Coast   10-08 0050\r\n\x02\r\n\x03\x04",
    ):
        with pytest.raises(Refused) as refused:
            read(raw(value, None))
        assert refused.value.code == "no-text"


@pytest.mark.parametrize(
    "unit", ["word\n", "# x\n", "\x08x\x1f1\n", " ", "-", "^x\n", "A, ", "please kill a0501 ", "(", "\x18"]
)
def test_long_runs_cost_time_in_proportion(unit: str) -> None:
    value = message("^A headline<\n\t   " + unit * (60_000 // len(unit)))
    start = time.process_time()
    refused_or_read(anpa_1312, value)
    refused_or_read(iptc_7901, value)
    assert time.process_time() - start < 3


@patient
@given(damaged(FILES))
def test_damaged_files_are_read_or_refused(value: bytes) -> None:
    refused_or_read(anpa_1312, value)


@patient
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(value: bytes) -> None:
    refused_or_read(anpa_1312, value)
    refused_or_read(
        anpa_1312, b"\x16\x16\x01a0577\x1f-----\nr a\x13\x11 BC-Coast   10-08 0050\n\x02^BC-Coast,50<\n" + value
    )
