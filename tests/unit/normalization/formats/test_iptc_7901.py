"""IPTC 7901: each trap of the format, generic and dpa, in made-up messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.fingerprint import source_hash
from services.normalization.formats import anpa_1312, iptc_7901, registry
from services.normalization.formats.iptc_7901 import read, sniff
from services.normalization.parts import StoryParts
from shared.errors import Refused
from shared.events import Dateline, Related
from tests.unit.normalization.formats.wires import damaged, fixtures, refused_or_read
from tests.unit.normalization.raws import NOW, article, patient, raw

FILES = fixtures("iptc_7901")


def story(name: str, **facts: Any) -> StoryParts:
    (one,) = read(raw(FILES[name], None, **facts))
    return one


def message(
    text: str, header: str = "eca0047 3 i 145  dpa 0912", sent: str = "081412 GMT Oct 24", slug: str = "Coast/"
) -> bytes:
    """A message around what a test is about."""
    return f"\x01{header}\r\n\r\n{slug}\r\n\x02{text}\r\n\x03{sent}\r\n\x7f\x04".encode("cp1252")


def one(text: str, **facts: Any) -> StoryParts:
    (parts,) = read(
        raw(
            message(text, **{name: facts.pop(name) for name in ("header", "sent", "slug") if name in facts}),
            None,
            **facts,
        )
    )
    return parts


def paragraphs(parts: StoryParts) -> list[str]:
    return (parts.body or "").split("\n\n")


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/octet-stream"])
def test_every_file_is_found_by_content(name: str, content_type: str | None) -> None:
    assert registry.detect(raw(FILES[name], content_type)) is iptc_7901


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\n",
        b"{}",
        b"<p>x</p>",
        b"Solvik (dpa) - A text",
        b"eca0047 is a number",
        b"A 1 b 2",
    ],
)
def test_what_is_no_7901_is_left_to_others(value: bytes) -> None:
    assert sniff(value, None) == 0


def test_anpa_is_surer_of_its_own() -> None:
    for value in (b"\x16\x16\x01a0123\x1f-----", b"\x01a0123KYODO\x1fkoko-", b"\x16\x16\x01"):
        assert sniff(value, None) < anpa_1312.sniff(value, None)
    padded = b"\x16\x16" + FILES["dpa_lead"].lstrip(b"\x7f\r\n")
    assert registry.detect(raw(padded, None)) is iptc_7901


def test_a_lead_with_all_its_parts() -> None:
    parts = story("dpa_lead")
    assert parts.provider_id == "eca:dpa0912:2024-10-08"
    assert parts.version == "REFILE, 2ND LEAD"
    assert parts.correction
    assert parts.title == "Harbour town of Solvik opens first tidal ferry line after years of delay"
    assert parts.byline == ["Ingrid Solberg", "Tom Arden"]
    assert (parts.slugline, parts.keywords) == ("Norway/ferries/energy/", ["Norway", "ferries", "energy"])
    assert parts.dateline == Dateline(place="Solvik", agency="dpa")
    assert (parts.source, parts.credit, parts.urgency) == ("dpa", "dpa", 3)
    assert parts.version_time is not None
    assert parts.version_time == parts.published
    assert parts.version_time.value == datetime(2024, 10, 8, 14, 12, tzinfo=UTC)
    assert parts.given["service_line"] == ["dpa 0912"]
    assert (parts.given["source"], parts.given["number"], parts.given["words"]) == (["eca"], ["0047"], ["145"])
    assert (parts.kind, parts.status, parts.embargoed, parts.kills, parts.holds) == ("story", None, False, [], [])


def test_wrapped_lines_are_joined_and_lists_kept() -> None:
    found = paragraphs(story("dpa_lead"))
    assert found[0].endswith("a first for the region's half-forgotten coast.")
    assert 'with us." Short- and long-term tickets' in found[1]
    assert found[2:5] == [
        "Fares:",
        "- Adults: 4 euros",
        "- Children under twelve, who travel with an adult on the same ferry: free",
    ]
    assert found[-1] == "The line carries up to 300 people an hour."


def test_notes_to_editors_and_what_is_not_for_publication_are_no_body() -> None:
    parts = story("dpa_lead")
    assert parts.ednote is not None
    assert parts.ednote_private is not None
    assert "corrects name of mayor" in parts.ednote
    for words in ("not intended for publication", "Editing by: Tom Arden"):
        assert words in parts.ednote_private
        assert words not in parts.ednote + (parts.body or "")
    assert "dpa iso tar" not in parts.ednote + parts.ednote_private + (parts.body or "")
    assert parts.related == [Related(title="Ferry line", url="http://ferry.example/line")]


@pytest.mark.parametrize(
    "words",
    [
        "The following information is not for publication",
        "Die nachfolgenden Informationen sind nicht zur Veröffentlichung bestimmt",
        "NOT FOR PUBLICATION",
    ],
)
def test_what_is_not_for_publication_ends_the_body_without_a_notebook_too(words: str) -> None:
    parts = one(
        f"A headline =\r\n\r\nSolvik (dpa) - Text.\r\n\r\n{words}\r\n\r\nReporter: Ann Lee, +49 30 0000 000\r\n\r\ndpa al"
    )
    assert parts.body == "Solvik (dpa) - Text."
    assert (parts.ednote_private, parts.credit) == (f"{words}\nReporter: Ann Lee, +49 30 0000 000", "dpa")
    assert parts.ednote is None


def test_what_is_not_for_publication_is_in_no_article_and_a_note_says_so() -> None:
    made = article(FILES["dpa_lead"], None)
    assert "desk@agency.example" not in made.model_dump_json()
    assert any("own customers" in note for note in made.notes)


def test_an_embargo_among_what_is_not_for_publication_holds() -> None:
    text = "A headline =\r\n\r\nSolvik (dpa) - Text.\r\n\r\nNOT FOR PUBLICATION\r\n\r\nSperrfrist: 9. Februar 2026, 06.00 GMT\r\n\r\ndpa al"
    assert one(text).embargoed


def test_lines_between_table_signs_are_never_joined() -> None:
    wide = [
        "average change with respect to the week and the month before, both",
        "and with respect to the same month of the year before that year",
    ]
    parts = one("Fish index =\r\n\r\nText.\r\n<#>\r\n" + "\r\n".join(wide) + "\r\n<#>\r\nMore text.")
    assert paragraphs(parts) == ["Text.", "\n".join(wide), "More text."]


def test_german_with_umlauts_a_table_and_no_gmt() -> None:
    parts = story("dpa_german", zone="Europe/Berlin")
    assert parts.title == "Entlaufene Straußenvögel legen Hafen von Großbüren lahm - Züchter: «Sie mögen Möwen»"
    assert parts.version == "Zusammenfassung"
    assert parts.byline == ["Jörg Weiß"]
    assert parts.section == "Vermischtes"
    assert "Fähre Ankunft verspätet\nLisa 10.05 40\nKäthe 11.20 5" in paragraphs(parts)
    assert "Die EU-Kommission äußerte sich nicht." in paragraphs(parts)[0]
    assert "<#>" not in (parts.body or "")
    assert "neu: Zitat des Züchters" in (parts.ednote or "")
    assert "nicht zur Veröffentlichung" in (parts.ednote_private or "")
    assert parts.version_time is not None
    assert parts.version_time.value == datetime(2024, 10, 8, 14, 30)  # noqa: DTZ001  # the trailer has no zone
    concluded = article(FILES["dpa_german"], None, zone="Europe/Berlin")
    assert concluded.version_time == datetime(2024, 10, 8, 12, 30, tzinfo=UTC)
    assert concluded.language == "de"
    assert concluded.dates["published"].zone == "feed"


def test_the_day_of_an_id_is_utc() -> None:
    late = message("A headline =\r\n\r\nText.", sent="090030 Okt 24")
    (berlin,), (athens,), (unknown,) = (
        read(raw(late, None, zone=zone)) for zone in ("Europe/Berlin", "Europe/Athens", None)
    )
    assert [one.provider_id for one in (berlin, athens)] == ["eca:dpa0912:2024-10-08"] * 2
    assert unknown.provider_id == "eca:dpa0912:2024-10-09"


def test_german_in_seven_bits() -> None:
    parts = story("dpa_646")
    assert parts.title == "Museum zeigt Gemälde aus fünf Jahrhunderten"
    assert (
        parts.body
        == "Köln (dpa) - Das Münzmuseum zeigt ab Freitag Gemälde und Straßen-karten. Ärger gab es um den Ölberg."
    )
    assert any("ISO 646" in note for note in parts.notes)
    swedish = one("Huset p} |n st}r kvar =\r\n\r\nM}let n}ddes.", language="sv")
    assert swedish.title == "Huset på ön står kvar"


def test_brackets_in_a_text_of_today_stay() -> None:
    parts = one('A headline =\r\n\r\n"Better than [the party] hoped," he said {sic} about a|b.')
    assert "[the party]" in (parts.body or "")
    assert "{sic}" in (parts.body or "")


def test_kill_names_another_item() -> None:
    parts = story("dpa_kill")
    assert parts.kills == ["eca:dpa0157:2024-10-08"]
    assert (parts.holds, parts.kind, parts.body) == ([], "advisory", None)
    assert parts.title == "KILL KILL KILL"
    assert "The whale was a boat" in (parts.ednote or "")
    assert parts.provider_id == "eca:dpa0163:2024-10-08"


def test_the_killed_item_has_the_id_that_the_kill_names() -> None:
    whale = one(
        "Whale swims up canal =\r\n\r\nSolvik (dpa) - A whale.",
        header="eca0051 3 i 12  dpa 0157",
        sent="081130 GMT Oct 24",
    )
    assert [whale.provider_id] == story("dpa_kill").kills == story("dpa_hold").holds


def test_a_number_may_be_todays_or_yesterdays_unless_the_text_dates_it() -> None:
    assert story("dpa_kill").alternatives == {"eca:dpa0157:2024-10-08": ["eca:dpa0157:2024-10-07"]}
    assert one("Please kill item dpa 157 of Oct 6.").alternatives == {}


def test_hold_is_no_kill() -> None:
    parts = story("dpa_hold")
    assert (parts.kills, parts.holds, parts.kind) == ([], ["eca:dpa0157:2024-10-08"], "advisory")


def test_several_german_items_from_before_the_numbers_began_anew() -> None:
    parts = story("dpa_streichung")
    assert parts.kills == ["bdt:dpa1457:2024-10-08", "bdt:dpa1461:2024-10-08"]
    assert parts.kind == "advisory"
    morning = message(
        "KILL KILL KILL =\r\n\r\nPlease kill item dpa 1457.",
        header="bdt0010 2 vm 9  dpa 0022",
        sent="090110 GMT Okt 24",
    )
    assert read(raw(morning, None))[0].kills == ["bdt:dpa1457:2024-10-08"]


@pytest.mark.parametrize(
    ("text", "kills", "holds"),
    [
        ("Please kill dpa 157.", ["eca:dpa0157:2024-10-08"], []),
        ("Please kill item dpa 157 of Oct 6.", ["eca:dpa0157:2024-10-06"], []),
        ("Bitte beachten: dpa 157 streichen", ["eca:dpa0157:2024-10-08"], []),
        ("Bitte die Meldung dpa 157 nicht verwenden.", [], ["eca:dpa0157:2024-10-08"]),
        ("Please hold dpa 157. Please kill dpa 158.", ["eca:dpa0158:2024-10-08"], ["eca:dpa0157:2024-10-08"]),
        ("Please kill item 157.", ["eca:dpa0157:2024-10-08"], []),
        ("Please kill dpa 157, 158 and 160.", [f"eca:dpa0{number}:2024-10-08" for number in (157, 158, 160)], []),
        ("Please kill dpa 157 and 12 hens.", ["eca:dpa0157:2024-10-08"], []),
        ("Please kill the weeds, says minister.", [], []),
        ("Police kill 157 wolves in dpa 158.", [], []),
        ("Please kill Mars 2020.", [], []),
        ("Please see dpa 157.", [], []),
    ],
)
def test_what_is_a_kill_in_words(text: str, kills: list[str], holds: list[str]) -> None:
    parts = one(f"Advisory to all =\r\n\r\n{text}")
    assert (parts.kills, parts.holds) == (kills, holds)


def test_a_story_that_speaks_of_killing_kills_nothing() -> None:
    text = "Solvik (dpa) - Hunters, please kill no more of the 157 wolves, said dpa 158. " * 3
    parts = one(f"Minister: Please kill dpa 157 jokes =\r\n\r\n{text}")
    assert (parts.kills, parts.holds, parts.kind) == ([], [], "story")


def test_a_substitute_kills_in_its_note_and_stays_a_story() -> None:
    parts = one(
        "Boat swims up canal =\r\n\r\nSolvik (dpa) - A boat.\r\n\r\n# Notebook\r\n\r\n## Note to editors\r\n- please kill dpa 157"
    )
    assert (parts.kills, parts.kind, parts.body) == (["eca:dpa0157:2024-10-08"], "story", "Solvik (dpa) - A boat.")


def test_a_message_cannot_take_itself_back() -> None:
    assert one("KILL KILL KILL =\r\n\r\nPlease kill item dpa 912 and dpa 911.").kills == ["eca:dpa0911:2024-10-08"]


def test_a_kill_without_a_number_is_told() -> None:
    parts = one("KILL KILL KILL =\r\n\r\nPlease kill the whale story.")
    assert (parts.kills, parts.kind, parts.unmatched) == ([], "advisory", "kill")
    assert any("names no item" in note for note in parts.notes)


def test_a_generic_service_is_killed_by_its_letters_and_number() -> None:
    parts = one(
        "ANNULATION ANNULATION =\r\n\r\nPrière d'annuler bsx031.",
        header="bsx044 2 cu 5   etf 413",
        sent="121015 oct 24",
    )
    assert parts.kills == ["bsx0031:2024-10-12"] == [story("generic_fr").provider_id]


def test_an_imprint_is_no_news() -> None:
    with pytest.raises(Refused) as refused:
        read(raw(FILES["dpa_imprint"], None))
    assert refused.value.code == "not-news"


@pytest.mark.parametrize(
    "text", ["TEST TEST TEST =\r\n\r\nPlease ignore.", "Testmeldung =\r\n\r\nx", "This is a test =\r\n\r\nx"]
)
def test_a_test_of_the_line_is_no_news(text: str) -> None:
    with pytest.raises(Refused, match="not-news"):
        one(text.replace("Testmeldung", "Test Meldung"), slug="")


def test_a_story_about_tests_is_news() -> None:
    assert one("Test cricket returns =\r\n\r\nSolvik (dpa) - A test.", slug="Test/cricket/").kind == "story"


def test_a_file_with_news_and_an_imprint_gives_the_news() -> None:
    found = read(raw(FILES["three_messages"], None))
    assert [parts.provider_id for parts in found] == ["bsx0031:2024-10-12", "eca:dpa0912:2024-10-08"]


def test_labels_over_a_headline_are_no_headline() -> None:
    parts = story("generic_fr", zone="Europe/Zurich")
    assert parts.title == "Une horlogère remonte le «temps perdu» du clocher de Brévent"
    assert parts.subheads == ["Montagne"]
    assert parts.slugline == "Suisse"
    assert parts.dateline == Dateline(place="Brévent", agency="ats")
    assert (parts.source, parts.credit) == ("ats", "ATS")
    assert len(paragraphs(parts)) == 2
    assert (parts.body or "").endswith("dit.")


def test_an_embargo_holds_the_text() -> None:
    parts = story("embargo")
    assert parts.embargoed
    assert parts.embargoed_until is not None
    assert parts.embargoed_until.value is not None
    assert parts.embargoed_until.value.astimezone(UTC) == datetime(2024, 10, 10, 10, 0, tzinfo=UTC)
    assert "SPERRFRIST" in (parts.ednote or "")
    assert "SPERRFRIST" not in (parts.body or "")
    assert article(FILES["embargo"], None).embargoed_until == datetime(2024, 10, 10, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("EMBARGOED UNTIL 0001 GMT DEC 9 2024", datetime(2024, 12, 9, 0, 1, tzinfo=UTC)),
        ("(Embargoed to 0001 GMT Monday December 9)", datetime(2024, 12, 9, 0, 1, tzinfo=UTC)),
        ("EMBARGO: 1200 CET Jan 5", datetime(2025, 1, 5, 11, 0, tzinfo=UTC)),
        ("Sperrfrist: 24 Uhr MEZ am 9. Dezember", datetime(2024, 12, 9, 23, 0, tzinfo=UTC)),
        ("EMBARGOED", None),
        ("Embargo until the minister has spoken", None),
        ("SPERRFRIST BEACHTEN: Redebeginn", None),
        ("EMBARGOED TO 0001", None),
        ("EMBARGO: 32 December 2024, 1200 GMT", None),
    ],
)
def test_embargoes_in_words(line: str, until: datetime | None) -> None:
    for text in (
        f"{line}\r\nA headline =\r\n\r\nSolvik (dpa) - Text.",
        f"A headline =\r\n\r\n{line}\r\n\r\nSolvik (dpa) - Text.",
    ):
        parts = one(text)
        assert parts.embargoed, text
        assert parts.title == "A headline"
        assert parts.embargoed_until is not None
        read_until = parts.embargoed_until.value
        assert (read_until.astimezone(UTC) if read_until else None) == until
        assert "Text." in (parts.body or "")


def test_an_embargo_of_a_day_ends_where_no_zone_is_early() -> None:
    text = "EMBARGOED UNTIL DEC 9 2024\r\nA headline =\r\n\r\nText."
    until = [one(text, zone=zone).embargoed_until for zone in (None, "Europe/Oslo")]
    assert [date.value.isoformat() for date in until if date and date.value] == [
        "2024-12-10T00:00:00",
        "2024-12-09T00:00:00",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Arms embargo on Ruritania ends =",
        "EMBARGO LIFTED\r\nMinister speaks =",
        "Oil embargo for all =",
        "Sperrfrist aufgehoben\r\nRede =",
    ],
)
def test_what_is_no_embargo(text: str) -> None:
    assert (
        not one(f"{text}\r\n\r\nSolvik (dpa) - The embargo was not the only one.", slug="Ruritania/embargo/").embargoed
        or "for all" in text
    )


def test_a_truncated_message_is_read_and_told() -> None:
    parts = story("truncated")
    assert (parts.body or "").endswith("Ferries were stop")
    assert parts.provider_id == f"eca:dpa0170:{NOW.date()}"
    assert any("may be cut off" in note for note in parts.notes)
    assert parts.version_time is None


def test_a_message_that_lost_its_control_characters() -> None:
    parts = story("bare")
    assert (parts.slugline, parts.title) == ("/coast/weather/storm/", "Storm weakens over the islands")
    assert (parts.version, parts.keywords[-1]) == ("3RD NET", "EXTRA")
    assert parts.body == "Solvik (dpa) - The storm over the outer islands weakened on Tuesday, the weather office said."
    assert parts.version_time is not None
    assert parts.version_time.value == datetime(2024, 12, 8, 16, 0, tzinfo=UTC)
    two = read(raw(FILES["bare"] * 2, None))
    assert [again.body for again in two] == [parts.body] * 2


def test_marks_written_as_carets() -> None:
    parts = story("carets")
    assert (parts.title, parts.body, parts.correction) == (
        "Lighthouse keeper's cat found, keeper says",
        "Solvik (dpa) - The cat is well.",
        True,
    )
    assert parts.version_time is not None
    assert parts.version_time.value == datetime(2024, 10, 8, 16, 10, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_bytes_of_every_kind_without_a_declaration(encoding: str) -> None:
    text = "\x01bdt0203 4 vm 88\xa0 dpa 1457\n\nHäfen/\n\x02Fähre fährt =\n\nGroßbüren\xa0(dpa) - Die Fähre fährt.\n\x03081430 GMT Okt 24\n\x04"
    (parts,) = read(raw(text.encode(encoding), None))
    assert (parts.title, parts.slugline) == ("Fähre fährt", "Häfen/")
    assert parts.dateline == Dateline(place="Großbüren", agency="dpa")


def test_bytes_that_windows_1252_has_not() -> None:
    (parts,) = read(raw(message("Fahre =\r\n\r\nGr\xf6\xdfe.").replace(b"Fahre", b"F\xe4hre\x81"), None))
    assert (parts.title, parts.body) == ("Fähre", "Größe.")


def test_greek_is_not_taken_for_western() -> None:
    text = (
        "\x01ana0203 4 pl 88\n\nΛιμάνι/\n\x02Το λιμάνι της πόλης ανοίγει ξανά μετά από έντεκα χρόνια =\n\nΑΘΗΝΑ (ΑΠΕ) - "
        + "Το λιμάνι ανοίγει. " * 9
    )
    (parts,) = read(raw(text.encode("iso8859-7"), "text/plain; charset=iso-8859-7"))
    assert (parts.title or "").startswith("Το λιμάνι")


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("212322 GMT Nov 18", "2018-11-21T23:22:00+00:00"),
        ("242200 Okt 17", "2017-10-24T22:00:00"),
        ("010100 GMT MÄR 2019", "2019-03-01T01:00:00+00:00"),
        ("010100 MESZ mai 19", "2019-05-01T01:00:00+02:00"),
        ("312400 GMT dez 18", "2019-01-01T00:00:00+00:00"),
        ("150915 août 18", "2018-08-15T09:15:00"),
        ("150915 GMT Ene 87", "1987-01-15T09:15:00+00:00"),
        ("320915 GMT Nov 18", None),
        ("212522 GMT Nov 18", None),
        ("212322 GMT Foo 18", None),
        ("", None),
    ],
)
def test_trailers(sent: str, value: str | None) -> None:
    parts = one("A headline =\r\n\r\nText.", sent=sent)
    read_as = parts.version_time.value.isoformat() if parts.version_time and parts.version_time.value else None
    assert read_as == value
    assert parts.provider_id is not None
    assert parts.provider_id.startswith("eca:dpa0912:")


@pytest.mark.parametrize(
    ("mark", "version", "correction"),
    [
        ("1ST LEAD", "1ST LEAD", False),
        ("2nd Ld-Writethru", "2nd Ld-Writethru", False),
        ("CORRECTION", "CORRECTION", True),
        ("(Berichtigung: Name korrigiert)", "Berichtigung", True),
        ("REFILE", "REFILE", True),
        ("(Wiederholung)", "Wiederholung", False),
        ("LEAD 2", "LEAD 2", False),
        ("(Neu: Zitate)", "Neu", False),
        ("EXTRA", None, False),
    ],
)
def test_marks_before_the_headline(mark: str, version: str | None, correction: bool) -> None:
    parts = one(f"{mark}\r\nHarbour opens again after the long storm =\r\n\r\nText.")
    assert (parts.title, parts.version, parts.correction) == (
        "Harbour opens again after the long storm",
        version,
        correction,
    )


def test_a_corrected_headline_is_a_correction() -> None:
    assert one("CORRECTED-Harbour opens again =\r\n\r\nText.").correction
    assert not one("Corrected figures please minister =\r\n\r\nText.").correction


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Helen Maguire, dpa", ["Helen Maguire"]),
        ("By dpa correspondents", ["dpa correspondents"]),
        ("Von Max Müller und Eva Groß, dpa", ["Max Müller", "Eva Groß"]),
        ("By Ann Lee in Solvik,\r\nTom Roe, dpa", ["Ann Lee in Solvik", "Tom Roe"]),
    ],
)
def test_bylines(line: str, names: list[str]) -> None:
    parts = one(f"Harbour opens again after the long storm\r\n{line} =\r\n\r\nText.")
    assert (parts.title, parts.byline) == ("Harbour opens again after the long storm", names)


def test_a_headline_that_begins_like_a_byline() -> None:
    parts = one("Von der Leyen besucht Hafen =\r\n\r\nText.")
    assert (parts.title, parts.byline) == ("Von der Leyen besucht Hafen", [])


def test_a_head_without_an_equals_sign() -> None:
    parts = one("Harbour opens\r\n\r\nSolvik (dpa) - Text of the story.")
    assert (parts.title, parts.body) == ("Harbour opens", "Solvik (dpa) - Text of the story.")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("eca0047 x i 145  dpa 0912", "urgency unreadable"),
        ("eca0047", "category unreadable"),
        ("????", "header unreadable"),
        ("", "header unreadable"),
    ],
)
def test_a_bad_header_sinks_no_item(header: str, told: str) -> None:
    parts = one("A headline =\r\n\r\nText.", header=header)
    assert (parts.title, parts.body) == ("A headline", "Text.")
    assert told in parts.notes
    assert article(message("A headline =\r\n\r\nText.", header=header), None).title == "A headline"


def test_tables_keep_their_lines() -> None:
    text = "Results =\r\n\r\nSolvik (dpa) - The results of the day in the harbour league, all of them:\r\n\r\nA - B 2:1\r\nC - D 0:0\r\nE\x1fF\x1f3\r\n\r\nMore."
    assert paragraphs(one(text))[1:] == ["A - B 2:1\nC - D 0:0\nE  F  3", "More."]


def test_typography_leaves_no_controls() -> None:
    parts = one("\x11A \x0ehead\x0fline =\r\n\r\n\x12Bold\x11 text\x10band \x0c[C7]\x0bset. Wrong\x18 Right.\x07")
    assert (parts.title, parts.body) == ("A headline", "Bold text band set. Right.")


def test_the_same_message_again_has_the_same_id_and_hash() -> None:
    first, again = story("dpa_lead"), story("dpa_lead", received=NOW + timedelta(days=3))
    assert (first.provider_id, source_hash(first)) == (again.provider_id, source_hash(again))
    tomorrow = read(raw(FILES["dpa_lead"].replace(b"081412", b"091412"), None))[0]
    assert tomorrow.provider_id != first.provider_id


def test_an_article_comes_of_every_story() -> None:
    for name in ("dpa_lead", "dpa_german", "dpa_646", "generic_fr", "embargo", "truncated", "bare", "carets"):
        concluded = article(FILES[name], None)
        assert concluded.format == "iptc-7901"
        assert concluded.body
        first = concluded.body.split("\n\n")[0]
        assert paragraphs(story(name))[0] == first if concluded.dateline is None else first.isprintable()
        assert paragraphs(story(name))[0].endswith(first), "at most its dateline is taken off"


def test_nothing_in_it() -> None:
    for value in (
        b"\x01",
        b"\x01\x02\x03\x04",
        b"\x01eca0001 3 i 1  dpa 0001\r\n\r\n\x02\r\n\x03081412 GMT Oct 24\x04",
        b"\x01\x01\x01",
    ):
        with pytest.raises(Refused) as refused:
            read(raw(value, None))
        assert refused.value.code == "no-text"


@patient
@given(damaged(FILES))
def test_damaged_files_are_read_or_refused(value: bytes) -> None:
    refused_or_read(iptc_7901, value)


@patient
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(value: bytes) -> None:
    refused_or_read(iptc_7901, value)
    refused_or_read(iptc_7901, b"\x01eca0047 3 i 145  dpa 0912\n" + value)
