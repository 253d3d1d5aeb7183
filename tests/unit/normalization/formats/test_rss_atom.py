"""RSS, RDF, Atom and CDF: each trap in made-up feeds, and the two readers against each other."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from services.ingestion.items import check_item
from services.ingestion.media import Family
from services.normalization.formats import html_page, registry, rss_atom
from services.normalization.formats.rss_atom import read, read_all
from services.normalization.formats.rss_atom.model import Moment
from services.normalization.formats.rss_atom.story import given_date, read_entries
from services.normalization.formats.rss_atom.tolerant import read_broken
from services.normalization.normalize import normalize
from services.normalization.parts import StoryParts
from shared.errors import Refused
from shared.events import Image, Related, Status, Topic
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import NOW, patient, raw

FIXTURES = Path(__file__).parents[3] / "fixtures" / "wire" / "rss_atom"
FILES = {path.stem: path.read_bytes() for path in sorted(FIXTURES.glob("*.xml"))}
XML = "application/xml"


def stories(value: str | bytes, **given: Any) -> list[StoryParts]:
    return read(raw(value if isinstance(value, bytes) else value.encode(), XML, **given))


def rss(item: str, head: str = "") -> str:
    return f"<rss version='2.0'><channel><title>Feed</title>{head}<item>{item}</item></channel></rss>"


def test_an_rss_item_says_all_that_it_can_say() -> None:
    one = stories(FILES["rss_2"])[0]
    assert (one.format, one.provider_id) == ("rss", "quay-1001")
    assert one.url == "https://quay.example/news/cranes?utm_source=rss"
    assert one.title == "Cranes & tides: <GLD> up"
    assert one.byline == ["Ann Lee", "Bo Nik"]
    assert one.topics == [
        Topic(name="Harbour"),
        Topic(scheme="https://quay.example/codes", code="CRANES", name="CRANES"),
    ]
    assert one.published
    assert one.published.value == datetime(2026, 2, 8, 10, tzinfo=timezone(timedelta(hours=2)))
    assert (one.version, one.version_time, one.updated) == (None, None, None)
    assert one.body == "Three cranes came to the quay.\n\nThey were painted red."
    assert one.images == [
        Image(url="https://quay.example/m.jpg", caption="The quay", credit="Pea"),
        Image(url="https://quay.example/enclosed.png"),
        Image(url="https://quay.example/news/red.jpg", caption="Red cranes"),
    ]
    assert (one.source, one.rights, one.language) == ("The Gazette", "(c) Quay News", "en-gb")
    assert (one.status, one.kind, one.notes) == (None, "story", [])


def test_a_summary_that_only_begins_the_text_is_none() -> None:
    same = "<description>Three cranes came.</description>"
    encoded = "<x:encoded xmlns:x='http://purl.org/rss/1.0/modules/content/'>&lt;p&gt;{}&lt;/p&gt;</x:encoded>"
    (one,) = stories(rss(same + encoded.format("Three cranes came. And went.")))
    assert (one.body, one.summary) == ("Three cranes came. And went.", None)
    (one,) = stories(rss(same + encoded.format("The harbour has news.")))
    assert (one.body, one.summary) == ("The harbour has news.", "Three cranes came.")


def test_a_teaser_is_the_text_and_its_permanent_link_the_address() -> None:
    one = stories(FILES["rss_2"])[1]
    assert (one.provider_id, one.url) == ("https://quay.example/news/teaser",) * 2
    assert (one.body, one.summary) == ("A teaser with a link.", None)
    assert (one.byline, one.source) == (["Cas Bo"], "Quay News")
    # 'CEST' is no zone of e-mail's; dc:date is of the same publication, not of a version.
    assert one.published
    assert one.published.value == datetime(2026, 2, 8, 9, tzinfo=timezone(timedelta(hours=2)))
    assert one.version_time is None


def test_a_place_that_georss_names_and_no_bare_coordinates() -> None:
    space = "xmlns:g='http://www.georss.org/georss'"
    named = f"<title>t</title><g:point {space}>37.9 23.7</g:point><g:featurename {space}> Piraeus </g:featurename>"
    assert stories(rss(named))[0].places == ["Piraeus"]
    assert stories(rss(f"<title>t</title><g:point {space}>37.9 23.7</g:point>"))[0].places == []
    broken = rss(named.replace(f" {space}", "")).replace("'2.0'", f"'2.0' {space}").replace("g:", "georss:")
    assert stories(broken.replace("</rss>", ""))[0].places == ["Piraeus"]


def test_drafts_of_an_export_are_held_back_and_menus_are_no_news() -> None:
    one = stories(FILES["rss_2"])[2]
    assert (one.title, one.status) == ("A draft", "draft")
    told = normalize(raw(FILES["rss_2"], XML), NOW)
    assert [(each.title, each.status) for each in told] == [
        ("Cranes & tides: <GLD> up", Status.USABLE),
        ("Only a teaser", Status.USABLE),
        ("A draft", Status.WITHHELD),
    ]
    assert [each.kind for each in read_all(raw(FILES["rss_2"], XML))][3] == "not-news"


def test_rdf_names_its_items_by_about() -> None:
    (one,) = stories(FILES["rdf"])
    assert (one.provider_id, one.url) == ("https://wissen.example/1#id", "https://wissen.example/1")
    assert (one.title, one.body, one.language, one.rights) == ("Ein Fund", "Ein kurzer Text.", "de", "CC BY")
    assert one.topics == [Topic(name="Forschung")]
    assert one.published
    assert (one.published.value, one.published.precision) == (datetime(2026, 2, 7), "day")  # noqa: DTZ001 - no zone is given


def test_an_atom_entry_has_a_version_time_and_addresses_made_whole_by_xml_base() -> None:
    one = stories(FILES["atom_1"])[0]
    assert (one.format, one.provider_id, one.language) == ("atom", "tag:fjord.example,2026:1", "sv")
    assert one.url == "https://fjord.example/blad/1.html"
    assert one.title == "Färjan går igen"
    assert one.version_time
    assert one.version_time.value == datetime(2026, 2, 8, 11, tzinfo=timezone(timedelta(hours=1)))
    assert one.published
    assert one.published.raw == "2026-02-08T08:00:00+01:00"
    assert one.updated == one.version_time
    assert (one.body, one.summary) == ("Färjan gick i går.\n\nAlla kom ombord.", "Kort om färjan.")
    assert one.images == [Image(url="https://fjord.example/blad/bilder/f.jpg", caption="Färjan")]
    assert one.related == [Related(title="Förra gången", url="https://fjord.example/gammalt")]
    assert one.topics == [Topic(scheme="https://fjord.example/amnen", code="inrikes", name="Inrikes")]
    # An entry without an author has the feed's, never its source's.
    assert (one.byline, one.source, one.rights) == (["Redaktionen"], "Hamnbladet", "(c) Fjordbladet")


def test_plain_text_of_atom_is_no_markup_and_a_draft_is_held_back() -> None:
    one = stories(FILES["atom_1"])[1]
    assert (one.title, one.body, one.byline) == ("AT&T <Fjord>", "Ren text.\n\nTvå stycken.", ["Siv Holm"])
    assert one.status == "draft"
    assert one.published == one.version_time


def test_atom_03_has_modes_and_other_names_of_dates() -> None:
    (one,) = stories(FILES["atom_03"])
    assert (one.title, one.body, one.url) == ("Old but true", "One.\n\nTwo.", "https://old.example/1")
    assert one.version_time
    assert one.version_time.raw == "2003-12-14T18:30:02Z"
    assert one.published
    assert one.published.raw == "2003-12-13T08:29:29-04:00"


def test_cdf_has_its_addresses_in_attributes() -> None:
    (one,) = stories(FILES["cdf"])
    assert (one.provider_id, one.url) == (None, "https://cdf.example/one")
    assert (one.title, one.body, one.source) == ("One", "The first.", "Channel")
    assert one.published
    assert one.published.raw == "1998-11-05T12:00"


def test_a_broken_feed_is_read_as_far_as_it_goes() -> None:
    first, second = stories(FILES["broken"])
    assert (first.provider_id, first.url) == ("b-1", "https://broken.example/?a=1&b=2")
    assert (first.title, first.body) == ("Um & dois", "Primeiro texto.\n\nSegundo.")
    assert (first.byline, first.language, first.source) == (["Eva Reis"], "pt", "Broken Quay")
    assert first.topics == [Topic(name="Porto")]
    assert first.images == [Image(url="https://broken.example/b.jpg")]
    assert first.published
    assert first.published.value == datetime(2026, 2, 9, 8, 30, tzinfo=timezone(-timedelta(hours=3)))
    assert "no well-formed XML: read as far as it can be told" in first.notes
    assert (second.provider_id, second.title) == ("b-2", "Sem fim")


def test_a_reference_to_no_character_costs_a_broken_feed_nothing_else() -> None:
    (one,) = stories(rss("<title>T&#x110000; &#99999999999999999999;U</title><guid>x</guid><unclosed>"))
    assert (one.title, one.provider_id) == ("T U", "x")


def test_content_elsewhere_leaves_the_summary_as_the_text() -> None:
    entry = (
        "<entry><title>T</title><summary>S</summary><content type='audio/mpeg' src='https://a.example/t.mp3'/></entry>"
    )
    (one,) = stories(f"<feed xmlns='http://www.w3.org/2005/Atom'>{entry}</feed>")
    assert (one.body, one.summary) == ("S", None)


def test_an_id_that_all_entries_share_names_none_of_them() -> None:
    first, second, third = stories(FILES["same_ids"])
    assert [one.provider_id for one in (first, second, third)] == [None, None, "other"]
    assert any("another entry's" in note for note in first.notes)
    assert len({each.article_id for each in normalize(raw(FILES["same_ids"], XML), NOW)}) == 3


def test_two_feeds_with_one_id_are_two_articles() -> None:
    both = [normalize(raw(FILES["cdf"], XML, provider=name), NOW)[0].article_id for name in ("one", "two")]
    assert both[0] != both[1]


@pytest.mark.parametrize("name", ["rss_2", "rdf", "atom_1", "atom_03", "same_ids"])
def test_both_readers_agree_on_who_and_what_and_when(name: str) -> None:
    """A feed that is broken one day and whole the next must keep its stories' ids."""
    strict = read_all(raw(FILES[name], XML))
    loose = read_entries(read_broken(FILES[name].decode()), None)
    for one, other in zip(strict, loose, strict=True):
        assert (one.format, one.provider_id, one.title, one.body) == (
            other.format,
            other.provider_id,
            other.title,
            other.body,
        )
        assert (one.published, one.version_time, one.byline) == (other.published, other.version_time, other.byline)
        assert (one.url, one.status, one.kind, one.topics) == (other.url, other.status, other.kind, other.topics)


@pytest.mark.parametrize(
    ("links", "location", "found"),
    [
        ("<link>https://a.example/x</link>", None, "https://a.example/x"),
        ("<link> https://a.example/x\n</link>", None, "https://a.example/x"),
        ("<link>x</link>", None, None),
        ("<link>x</link>", "https://b.example/feeds/1.xml", "https://b.example/feeds/x"),
        ("<link>/x</link><guid isPermaLink='false'>https://c.example/17</guid>", None, "https://c.example/x"),
        ("<guid isPermaLink='false'>https://c.example/17</guid>", None, None),
        ("<guid>https://c.example/17</guid>", None, "https://c.example/17"),
        ("<link>javascript:alert(1)</link>", "https://b.example/", None),
        ("<link>http://[bad</link>", None, None),
        ("<link>https://a.example/a b</link>", None, "https://a.example/a%20b"),
    ],
)
def test_addresses_are_made_whole_or_left_out(links: str, location: str | None, found: str | None) -> None:
    (one,) = stories(rss(f"<title>T</title>{links}"), content_location=location)
    assert one.url == found


def test_the_feed_s_own_link_is_the_base_and_its_self_link_the_last_resort() -> None:
    own = "<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='https://s.example/feeds/1.xml'/>"
    (one,) = stories(rss("<title>T</title><link>x</link>", "<link>/home/</link>" + own))
    assert one.url == "https://s.example/home/x"


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Ann Lee", ["Ann Lee"]),
        ("ann@example.org (Ann Lee)", ["Ann Lee"]),
        ("Ann Lee <ann@example.org>", ["Ann Lee"]),
        ("Ann Lee (ann@example.org)", ["Ann Lee"]),
        ("ann@example.org", []),
        ("mailto:ann@example.org", []),
        ("<b>Ann</b> Lee", ["Ann Lee"]),
    ],
)
def test_authors_come_in_many_forms(author: str, name: list[str]) -> None:
    escaped = author.replace("<", "&lt;")
    assert stories(rss(f"<title>T</title><author>{escaped}</author>"))[0].byline == name


@pytest.mark.parametrize(
    ("raw_date", "value"),
    [
        ("Sun, 08 Feb 2026 10:00:00 GMT", datetime(2026, 2, 8, 10, tzinfo=UTC)),
        ("Thu, 07 Dec 17 10:00:29 -0800", datetime(2017, 12, 7, 18, 0, 29, tzinfo=UTC)),
        ("Sun, 08 Feb 2026 10:00 EST", datetime(2026, 2, 8, 15, tzinfo=UTC)),
        ("Sun, 08 Feb 2026 10:00:00 MSK", datetime(2026, 2, 8, 7, tzinfo=UTC)),
        ("Seg, 24 Set 2018 19:42:40 -0300", datetime(2018, 9, 24, 22, 42, 40, tzinfo=UTC)),
        ("lundi 3 mars 2014 08:00:00 +0100", datetime(2014, 3, 3, 7, tzinfo=UTC)),
        ("2026-02-08T10:00:00+0200", datetime(2026, 2, 8, 8, tzinfo=UTC)),
        ("1518478934", None),
        ("2014-13-45", None),
        ("24:00", None),
        ("soon", None),
    ],
)
def test_dates_are_read_in_the_forms_of_feeds_and_never_made_up(raw_date: str, value: datetime | None) -> None:
    (one,) = stories(rss(f"<title>T</title><pubDate>{raw_date}</pubDate>"))
    assert one.published
    assert (one.published.raw, one.published.value) == (raw_date, value)


def test_a_date_without_a_zone_says_so_and_one_of_another_alphabet_is_feedparser_s() -> None:
    date = given_date(Moment("Sun, 08 Feb 2026 10:00:00 IST"))
    assert date
    assert date.value == datetime(2026, 2, 8, 10)  # noqa: DTZ001 - 'IST' is three zones, so none
    guess = datetime(2026, 2, 8, 8, tzinfo=UTC)
    date = given_date(Moment("Κυρ, 08 Φεβ 2026 10:00:00 +0200", guess))
    assert date
    assert date.value == guess
    date = given_date(Moment("24:00", guess))
    assert date
    assert date.value is None


def test_characters_of_another_charset_are_repaired() -> None:
    (one,) = stories(rss("<title>don&#146;t</title><description>caf\u00c3\u00a9 \u00e2\u0080\u00a6</description>"))
    assert one.title == "don’t"
    assert one.body == "café …"
    assert "characters of another charset in it repaired" in one.notes


@pytest.mark.parametrize(
    ("charset", "declared"), [("iso-8859-7", "ISO-8859-7"), ("utf-16", "UTF-16"), ("utf-8", "ISO-8859-1")]
)
def test_charsets_are_found_whatever_is_declared(charset: str, declared: str) -> None:
    text = f"<?xml version='1.0' encoding='{declared}'?>" + rss("<title>Η γέφυρα άνοιξε σήμερα το πρωί</title>")
    assert stories(text.encode(charset))[0].title == "Η γέφυρα άνοιξε σήμερα το πρωί"


def test_entities_of_a_document_type_are_read_if_harmless_and_refused_if_not() -> None:
    harmless = '<!DOCTYPE rss [<!ENTITY quay "the quay">]>' + rss(
        "<title>News of &quay;</title><description>x</description>"
    )
    assert stories(harmless)[0].title == "News of the quay"
    bomb = f"<!DOCTYPE rss [<!ENTITY a '{'x' * 100_000}'>]>" + rss("<title>T</title>" + "&a;" * 100)
    with pytest.raises(Refused, match="xml-entities"):
        stories(bomb)
    with pytest.raises(Refused, match="more than 300 entities"):
        stories("<!DOCTYPE rss [" + "<!ENTITY a '" * 10_000)
    laughs = "<!DOCTYPE rss [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'><!ENTITY c '&b;&b;'>]>" + rss("<title>T &c;</title>")
    assert len(stories(laughs)[0].title or "") < 20
    outside = "<!DOCTYPE rss [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>" + rss("<title>T &f;</title>")
    assert "root" not in (stories(outside)[0].title or "")


@pytest.mark.parametrize(
    ("value", "content_type", "name"),
    [
        (FILES["rss_2"], None, "rss"),
        (FILES["rdf"], "text/xml", "rss"),
        (FILES["cdf"], XML, "rss"),
        (FILES["atom_1"], "application/atom+xml", "atom"),
        (FILES["broken"], "text/plain", "rss"),
        (b"<entry xmlns='http://www.w3.org/2005/Atom'><title>T</title></entry>", XML, "atom"),
        (b"<html><body><feed xmlns='http://www.w3.org/2005/Atom'><entry/></feed></body></html>", "text/html", "atom"),
        (b"garbage first <rss version='2.0'>", "text/xml", "rss"),
    ],
)
def test_a_feed_is_told_by_its_root(value: bytes, content_type: str | None, name: str) -> None:
    assert name == registry.detect(raw(value, content_type)).NAME


def test_a_page_that_shows_a_feed_stays_a_page() -> None:
    assert (
        registry.detect(raw(b"<!doctype html><html><body><pre>&lt;rss&gt;</pre></body></html>", "text/html"))
        is html_page
    )


@pytest.mark.parametrize("name", [name for name in FILES if name != "broken"])
def test_the_door_lets_feeds_through(name: str) -> None:
    assert check_item(FILES[name], Family.XML, 100_000) is None
    assert check_item(FILES[name], Family.BY_CONTENT, 100_000) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("<rss><channel><title>Empty</title></channel></rss>", "not-news"),
        (rss("<guid>x</guid>"), "no-text"),
        ("<rss", "no-feed"),
        ("<head><title>Moved</title></head><body>here</body>", "no-feed"),
        ("<rss>" + "<item><title>T</title></item>" * 5001 + "</rss>", "too-many-items"),
        ("<rss>" + "<a>" * 200 + "</a>" * 200 + "</rss>", "too-deep"),
        ("", "no-feed"),
    ],
)
def test_what_holds_no_story_is_refused(value: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        stories(value)
    assert refused.value.code == code
    assert "Moved" not in refused.value.reason


def test_a_text_in_another_vocabulary_is_read_where_there_is_no_other() -> None:
    (one,) = stories(rss("<title>T</title><y:full-text xmlns:y='http://y.example/'>The whole text.</y:full-text>"))
    assert one.body == "The whole text."


def test_feedparser_is_given_bytes_and_never_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_text(rss("<title>Secret</title>"))
    for name in (str(secret), f"file://{secret}", "http://127.0.0.1:9/"):
        with pytest.raises(Refused, match="no-feed"):
            stories(name)


@patient
@given(damaged(list(FILES.values())))
def test_damaged_feeds_are_read_or_refused(value: bytes) -> None:
    with suppress(Refused):
        assert read(raw(value, XML))


def test_the_two_names_are_of_one_reader() -> None:
    assert [one.NAME for one in (rss_atom.RSS, rss_atom.ATOM)] == ["rss", "atom"]
    assert rss_atom.RSS.read(raw(FILES["atom_03"], XML))[0].format == "atom"
