"""ninjs: each version of the format and each dialect in made-up items, and each trap alone."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.items import check_item
from services.ingestion.media import Family
from services.normalization.formats import ninjs, plain_json, registry
from services.normalization.formats.ninjs import read, read_all, sniff
from services.normalization.parts import StoryParts
from shared import ids
from shared.errors import Refused
from shared.events import Dateline, Image, Related, Status, Topic
from shared.ninjs import identity, items
from tests.unit.normalization.formats.mutated import damaged
from tests.unit.normalization.raws import article, body, patient, raw

FIXTURES = Path(__file__).parents[3] / "fixtures" / "wire" / "ninjs"
FILES = {path.stem: path.read_bytes() for path in sorted(FIXTURES.glob("*.json"))}


def story(given: bytes | dict[str, Any]) -> StoryParts:
    (one,) = read(raw(given))
    return one


def item(**members: Any) -> dict[str, Any]:
    """A small story around what a test is about."""
    return {"uri": "urn:x:1", "type": "text", "headline": "A headline", "body_text": "A text."} | members


def test_one_x_says_all_that_it_can_say() -> None:
    one = story(FILES["story_1"])
    assert one.provider_id == "urn:newsml:harbour.example:20260207:ferry-tariffs"
    assert (one.version, one.status, one.urgency, one.language) == ("3", "usable", 4, "en-GB")
    assert one.version_time
    assert one.version_time.value == datetime(2026, 2, 8, 9, 2, 30, tzinfo=UTC)
    assert one.published
    assert (one.published.raw, one.published.value) == (
        "2026-02-07T09:15:00+0000",
        datetime(2026, 2, 7, 9, 15, tzinfo=UTC),
    )
    assert one.updated == one.version_time
    assert one.expires
    assert one.expires.raw == "2026-03-10T00:00:00Z"
    assert (one.title, one.slugline) == ("Ferry tariffs to rise by a tenth", "FERRY-TARIFFS/")
    assert one.byline == ["Ann Lee and Bo Nikolaou"]
    assert one.dateline == Dateline(place="PIRAEUS, Greece")
    assert (one.source, one.credit) == ("Harbour News", "Port Authority")
    assert one.rights == "(c) 2026 Harbour News\nNo archiving after 30 days"
    assert one.ednote == "Adds quote in paragraph 3. Not for publication."
    assert one.summary == "Tariffs of island ferries go up."
    assert one.places == ["Piraeus", "Samos"]
    assert one.keywords == ["ferries", "tariffs"]
    assert one.evolved_from == "urn:newsml:harbour.example:20260207:ferry-rumour"
    assert one.url == "https://harbour.example/ferry-tariffs"
    assert one.images == [Image(url="https://pictures.example/quay.jpg", caption="The quay")]
    assert (one.kind, one.correction, one.embargoed, one.notes) == ("story", False, False, [])


def test_the_marked_up_text_is_read_in_blocks_before_the_plain_one() -> None:
    one = story(FILES["story_1"])
    assert [(block.tag, block.text) for block in one.blocks] == [
        ("p", "PIRAEUS, Feb 8 (Harbour News) - Ferry tariffs rise by a tenth in March."),
        ("li", "Adults: 44 euros"),
        ("li", "Children: 22 euros"),
        ("p", "Route | Euros"),
        ("p", "Samos | 61.50"),
        ("p", '"It hurts," said a passenger.'),
    ]
    assert "Adds quote" not in (one.body or "")
    assert "Plain wording" not in (one.body or "")


def test_subjects_go_by_one_name_of_scheme_in_all_versions() -> None:
    assert story(FILES["story_1"]).topics == [
        Topic(scheme="medtop", code="20000337", name="transport"),
        Topic(scheme="iptc-subject", code="04015000", name="transport"),
        Topic(scheme="http://harbour.example/desk", code="SHP", name="Shipping"),
        Topic(scheme="http://harbour.example/people/", code="p17", name="Dora Pappas"),
    ]
    assert story(FILES["story_2"]).topics == [
        Topic(scheme="medtop", code="20000345", name="Schifffahrt"),
        Topic(scheme="http://kleiner-draht.example/ressort", code="wi", name="Wirtschaft"),
        Topic(code="hafen-17", name="Hafen"),
    ]
    assert story(FILES["superdesk"]).topics == [
        Topic(scheme="iptc-subject", code="04000000", name="economy"),
        Topic(scheme="medtop", code="20000170", name="business"),
    ]


def test_two_x_has_its_wordings_in_arrays_with_roles() -> None:
    one = story(FILES["story_2"])
    assert (one.title, one.subheads) == ("Die Werft wird umgebaut", ["Arbeiten bis zum Herbst"])
    assert one.body == "Der Hafen bekommt ein neues Dock.\n\nDie Arbeiten dauern bis Herbst."
    assert (one.summary, one.credit) == ("Umbau der Werft am Hafen.", "kdw")
    assert (one.byline, one.places, one.urgency) == (["Von Eva Klein, kdw"], ["Emden"], 9)
    assert one.embargoed
    assert one.embargoed_until
    assert one.embargoed_until.value == datetime(2026, 2, 9, 6, tzinfo=timezone(timedelta(hours=1)))
    assert one.published == one.version_time
    assert one.updated is None


def test_associations_are_pictures_at_any_depth_and_stories_by_title() -> None:
    one = story(FILES["story_2"])
    assert one.images == [
        Image(url="https://bilder.example/g.jpg", caption="Das alte Dock im Regen.", credit="Max Groß"),
        Image(url="https://bilder.example/karte.png"),
    ]
    assert one.related == [Related(title="Werft in Not", url="https://kleiner-draht.example/artikel/4000")]
    assert one.evolved_from == "http://kleiner-draht.example/items/4700"


def test_three_x_is_in_camel_case_and_has_its_own_word_for_embargo() -> None:
    one = story(FILES["story_3"])
    assert (one.provider_id, one.version, one.status, one.language) == (
        "urn:x-nordwire:artikel-88",
        "12",
        "withheld",
        "sv",
    )
    assert one.embargoed
    assert one.embargoed_until
    assert one.embargoed_until.raw == "2026-02-10T00:00:00+01:00"
    assert one.published
    assert one.published.raw == "2026-02-08T08:00:00+01:00"
    assert (one.ednote, one.rights, one.source) == ("Rättar namnet i stycke 2", "Nordwire", "Hamnen")
    # A whole page in the text: headline, section and byline round it are no text.
    assert one.body == "Färjan gick i går.\n\nAlla kom ombord."


def test_superdesk_names_by_guid_and_marks_corrections_among_the_subjects() -> None:
    one = story(FILES["superdesk"])
    assert (one.provider_id, one.version, one.correction) == ("tag:desk.example,2026:newsml:5f0c", "9", True)
    assert (one.section, one.byline, one.rights) == ("Business", ["Kim Wu"], None)
    assert one.body == "The bakers agreed & signed."
    assert one.images == [Image(url="https://desk.example/z.jpg", caption="Bread", credit="Pea")]
    assert one.related == [Related(title="Bread dearer", url="https://desk.example/bread-dearer")]
    assert one.title == "Bakers & millers agree"


def test_ap_is_named_by_itemid_counts_from_zero_and_has_its_text_beside() -> None:
    one = story(FILES["ap"])
    assert (one.provider_id, one.version, one.kind) == ("0123456789abcdef0123456789abcdef", "0", "story")
    assert one.body == "GHENT, Belgium (AP) - A bridge opened.\n\nCars crossed it."
    assert (one.source, one.credit, one.byline) == ("AP", "Bridge Gazette", ["By ANN LEE"])
    assert (one.urgency, one.slugline) == (2, "BC-EU--Bridge")
    assert one.rights == "For editors only.\nNo resale."
    assert one.url == "https://apnews.com/0123456789abcdef0123456789abcdef"
    assert one.summary == "A bridge of two miles opens to traffic."
    assert article(FILES["ap"]).ext_version == ids.ext_version(1)


def test_what_ap_does_not_mark_as_news_is_for_editors() -> None:
    data = orjson.loads(FILES["ap"])
    data["data"]["item"]["signals"] = ["test"]
    assert story(data).kind == "advisory"
    assert story(item(profile="Advisory")).kind == "advisory"
    assert story(item(genres=[{"name": "Daybook"}])).kind == "advisory"


def test_a_list_of_items_gives_its_news_and_leaves_out_pictures() -> None:
    kinds = [(one.provider_id, one.kind) for one in read_all(raw(FILES["wrapped"]))]
    assert kinds == [
        ("http://lists.example/1", "story"),
        ("http://lists.example/2", "not-news"),
        ("http://lists.example/3", "story"),
    ]
    assert [one.title for one in read(raw(FILES["wrapped"]))] == ["One", "Three"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: [one],
        lambda one: {"_items": [one]},
        lambda one: {"hits": [one], "total": 1},
        lambda one: {"hits": {"hits": [{"_source": one}]}},
        lambda one: {"data": {"items": [{"meta": {}, "item": one}]}},
        lambda one: {"item": one},
    ],
)
def test_wrappers_are_looked_into(wrap: Any) -> None:
    assert story(wrap(item())).provider_id == "urn:x:1"


@pytest.mark.parametrize("kind", ["picture", "video", "audio", "graphic", "composite", "event", "planning"])
def test_media_and_events_are_news_only_with_a_text(kind: str) -> None:
    bare = {"uri": "urn:x:1", "type": kind, "headline": "A headline", "description_text": "A caption."}
    with pytest.raises(Refused, match="not-news"):
        read(raw(bare))
    assert story(bare | {"body_text": "A text."}).kind == "story"
    # What takes back may be taking back one that had a text.
    assert story(bare | {"pubstatus": "canceled"}).kind == "story"


def test_an_event_is_told_by_its_details_too() -> None:
    with pytest.raises(Refused, match="not-news"):
        read(raw({"uri": "urn:x:1", "title": "Talks", "eventDetails": {"dates": {"startDate": "2026-03-01"}}}))


def test_a_package_without_text_gives_the_texts_in_it() -> None:
    package = {
        "uri": "urn:x:p",
        "type": "composite",
        "associations": {"main": item(uri="urn:x:main"), "pic": {"uri": "urn:x:pic", "type": "picture"}},
    }
    assert [one.provider_id for one in read(raw(package))] == ["urn:x:main"]


def test_a_kill_may_have_no_text() -> None:
    killed = article(
        {"uri": "urn:x:1", "type": "text", "version": "3", "pubstatus": "canceled", "headline": "H", "body_text": ""}
    )
    assert (killed.status, killed.body) == (Status.KILLED, None)
    assert killed.ext_version == ids.KILL_BASE + ids.ext_version(4)
    assert article({"guid": "g", "pubstatus": "canceled"}).status is Status.KILLED


def test_cancelled_with_two_l_is_a_kill_and_is_noted() -> None:
    one = story(item(pubstatus="cancelled"))
    assert "status 'cancelled' read as 'canceled'" in one.notes
    assert article(item(pubstatus="cancelled")).status is Status.KILLED


@pytest.mark.parametrize("word", ["sold", 5, ["canceled", "x"], {"a": 1}, True])
def test_a_status_that_is_no_word_of_the_format_holds_the_story_back(word: Any) -> None:
    assert article(item(pubstatus=word)).status is Status.WITHHELD


@pytest.mark.parametrize("absent", [{}, {"pubstatus": None}, {"pubstatus": ""}])
def test_no_status_is_usable(absent: dict[str, Any]) -> None:
    assert article(item(**absent)).status is Status.USABLE


@pytest.mark.parametrize("name", ["embargoed", "embargoedUntil", "embargoeduntil"])
@pytest.mark.parametrize("end", ["Next Monday", "", " ", 20260101, True, {}, ["2026-02-09T00:00:00Z"]])
def test_an_embargo_without_a_readable_end_holds(name: str, end: Any) -> None:
    one = article(item(**{name: end}))
    assert (one.embargo_open, one.embargoed_until) == (True, None)


def test_an_embargo_by_the_status_alone_holds() -> None:
    one = article(item(pubstatus="embargoed"))
    assert (one.embargo_open, one.embargoed_until) == (True, None)


@pytest.mark.parametrize("end", [None, False])
def test_no_embargo_is_no_embargo(end: Any) -> None:
    assert article(item(embargoed=end)).embargo_open is False


def test_the_later_of_two_embargoes_holds_and_an_unreadable_one_beats_both() -> None:
    both = item(embargoed="2026-02-09T00:00:00Z", embargoedUntil="2026-02-09T01:30:00+01:00")
    assert article(both).embargoed_until == datetime(2026, 2, 9, 0, 30, tzinfo=UTC)
    assert article(both | {"embargoedUntil": "soon"}).embargo_open


@pytest.mark.parametrize(
    ("given", "version", "by"),
    [
        ("0", "0", "version"),
        (0, "0", "version"),
        ("017", "017", "version"),
        ("v2", "v2", "version-time"),
        (-1, "-1", "version-time"),
        (1.5, None, "version-time"),
        (True, None, "version-time"),
        (None, None, "version-time"),
    ],
)
def test_versions_are_strings_or_numbers(given: Any, version: str | None, by: str) -> None:
    one = article(item(version=given, versioncreated="2026-02-08T10:00:00Z"))
    assert (one.version, one.versioned_by) == (version, by)


@pytest.mark.parametrize(
    ("given", "urgency"), [(1, 1), ("9", 9), (4.0, 4), (0, None), (10, None), ("high", None), ([], None), (True, None)]
)
def test_one_bad_field_is_noted_and_sinks_nothing(given: Any, urgency: int | None) -> None:
    one = story(item(urgency=given))
    assert one.urgency == urgency
    assert ("urgency unreadable" in one.notes) == (urgency is None)
    assert one.body == "A text."


def test_fields_of_the_wrong_kind_are_left_out() -> None:
    wrong = item(
        headline={"a": 1}, title="Title", byline=[{"by": "Ann"}], language=7, subject="Ferries", place={"name": "Samos"},
        keywords="one, two", associations=[1, None, "x"], infosources=[3], located=[], links="x", ednote=["A", "B"],
    )  # fmt: skip
    one = story(wrong)
    assert (one.title, one.byline, one.ednote) == ("Title", ["Ann"], "A\nB")
    assert (one.topics, one.places, one.keywords) == ([Topic(name="Ferries")], ["Samos"], ["one", "two"])
    assert {"headline unreadable", "infosources unreadable in part"} <= set(one.notes)


def test_replaced_stories_are_named_by_both_dialects() -> None:
    assert story(item(replacing=["http://tt.example/1"])).evolved_from == "http://tt.example/1"
    assert story(item(replacing="urn:x:1")).evolved_from is None
    assert article(item(pubstatus="replaced", replacedby="http://tt.example/2")).status is Status.USABLE
    assert story(item(replacedby="http://tt.example/2")).related == [Related(url="http://tt.example/2")]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"uri": "urn:newsml:a.example:20260208:x-1:4U"}, "urn:newsml:a.example:20260208:x-1"),
        ({"uri": "urn:newsml:a.example:20260208T101500Z:x-1:4"}, "urn:newsml:a.example:20260208T101500Z:x-1"),
        ({"uri": "urn:newsml:a.example:20260208:190510-99-167362"}, "urn:newsml:a.example:20260208:190510-99-167362"),
        (
            {"uri": "urn:newsml:localhost:2026-02-08T14:37:19.78:c044"},
            "urn:newsml:localhost:2026-02-08T14:37:19.78:c044",
        ),
        ({"uri": "https://api.ap.org/media/v/content/ab?qt=1&et=2"}, "https://api.ap.org/media/v/content/ab"),
        ({"uri": "https://other.example/content?id=5"}, "https://other.example/content?id=5"),
        ({"uri": " a ", "guid": ""}, "a"),
        ({"guid": "g", "uri": "u"}, "g"),
        ({"altids": [{"role": "itemid", "value": "i"}], "uri": "u"}, "i"),
        ({"altids": {"other": "i"}, "uri": "u"}, "u"),
        ({"uri": 4711}, "4711"),
        ({"uri": ["u"]}, None),
        ({"uri": "x" * 1025}, None),
    ],
)
def test_an_identity_has_no_revision_and_no_session(given: dict[str, Any], found: str | None) -> None:
    assert identity(given) == found


def test_versions_of_a_story_share_its_article_and_the_key_at_the_door() -> None:
    first, second = (item(uri=f"urn:newsml:a.example:20260208:x:{n}", version=str(n)) for n in (1, 2))
    assert article(first).article_id == article(second).article_id
    keys = {check_item(orjson.dumps(one), Family.JSON, 10_000) for one in (first, second)}
    assert keys == {"urn:newsml:a.example:20260208:x"}
    assert check_item(FILES["wrapped"], Family.JSON, 10_000) is None
    assert check_item(FILES["ap"], Family.NDJSON, 10_000) == "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("name", FILES)
def test_every_fixture_is_told_from_a_plain_story(name: str) -> None:
    assert registry.detect(raw(FILES[name])) is ninjs
    assert registry.detect(raw(FILES[name], None)) is ninjs


def test_a_plain_story_that_quotes_ninjs_stays_one() -> None:
    plain = raw({"title": "On formats", "body": '{"uri": "x", "headline": "y", "pubstatus": "usable"}'})
    assert sniff(plain.value, "application/json") == 0
    assert registry.detect(plain) is plain_json


def test_paragraphs_reach_the_article() -> None:
    assert body(article(FILES["story_2"])) == ["Der Hafen bekommt ein neues Dock.", "Die Arbeiten dauern bis Herbst."]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b'{"uri": "x", "headline": ', "malformed-json"),
        (b'{"uri": "x", "headline": "\\ud800"}', "malformed-json"),
        (b"[" * 100_000, "malformed-json"),
        (b'{"body_text": "without a name", "item": 1}', "invalid-ninjs"),
        (b"[1, 2]", "invalid-ninjs"),
        (b'{"uri": "x", "headline": "", "body_text": " "}', "no-text"),
    ],
)
def test_what_is_no_ninjs_is_refused_without_its_text(value: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read(raw(value))
    assert refused.value.code == code
    assert "without a name" not in refused.value.reason


def test_the_number_of_items_is_bounded() -> None:
    with pytest.raises(Refused, match="too-many-items"):
        read(raw(orjson.dumps([item(uri=str(n)) for n in range(1001)])))


def test_the_number_of_associations_is_bounded_at_all_levels_together() -> None:
    pictures = [{"type": "picture", "uri": f"https://p.example/{n}"} for n in range(300)]
    assert len(story(item(associations=[{"type": "text", "associations": pictures} for _ in range(3)])).images) == 300
    many = [{"type": "picture", "uri": f"https://p.example/{n}"} for n in range(900)]
    assert len(story(item(associations=many)).images) == 500


def test_other_charsets_are_read_and_said() -> None:
    one = story(orjson.dumps(item(headline="Färjan")).decode().encode("utf-16"))
    assert (one.title, one.notes) == ("Färjan", ["charset utf-16-le (bom)"])
    assert story("\ufeff".encode() + orjson.dumps(item())).notes == []


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "value", "role", "item"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = [
    "uri", "guid", "type", "version", "versioncreated", "pubstatus", "urgency", "headline", "headlines", "bodies", "body_html",
    "descriptions", "byline", "by", "bylines", "subject", "subjects", "place", "associations", "renditions", "altids", "links",
    "embargoed", "expires", "keywords", "infosource", "nitf", "signals", "genre", "evolvedfrom", "replacing", "ednote",
]  # fmt: skip


@patient
@given(st.dictionaries(st.sampled_from(NAMES), NESTED, max_size=12))
def test_members_of_any_kind_are_survived(members: dict[str, Any]) -> None:
    try:
        told = read_all(raw(orjson.dumps(members, option=orjson.OPT_PASSTHROUGH_DATACLASS)))
    except (Refused, orjson.JSONEncodeError):
        return
    assert told


@patient
@given(damaged(list(FILES.values())))
def test_damaged_items_are_read_or_refused(value: bytes) -> None:
    with suppress(Refused):
        assert read(raw(value))


def test_items_are_found_by_two_names_at_least() -> None:
    assert list(items({"uri": "x", "title": "one name may be a mistake"})) == []
    assert len(list(items({"uri": "x", "headline": "y"}))) == 1
