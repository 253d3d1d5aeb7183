"""`newswire conformance` on made-up wire files: what is understood, what is refused and where, and what a terminal is spared."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from cli import main
from cli.conformance.command import documents, wire_files
from cli.conformance.fields import said, understood
from cli.conformance.reading import Sender, understand
from cli.conformance.shown import Tally, as_json, document_view
from cli.manifest import NotFound
from services.normalization.normalize import normalize_each
from services.normalization.raw import RawStory

WIRE = Path(__file__).parents[2] / "fixtures" / "wire"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILES = sorted(path for path in WIRE.rglob("*") if path.is_file())


def read(name, **about):
    return understand(name, (WIRE / name).read_bytes(), Sender(**about), NOW)


def lines(reading, item=0, **options):
    return dict(understood(reading.items[item], private=options.get("private", False)))


def view(reading, **options) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(document_view(reading, facts=options.get("facts", False), private=options.get("private", False)))
    return console.file.getvalue()


def run(*arguments):
    return CliRunner().invoke(main.app, ["conformance", *map(str, arguments)])


class TestWhatIsUnderstood:
    def test_every_field_of_a_story(self):
        told = lines(read("newsml_g2/story.xml"))
        assert told["identity"] == "urn:newsml:norwire.example:20260207:ferry-77"
        assert told["version"] == "3 (ordered by its number)"
        assert told["status"] == "usable (as given: stat:usable)"
        assert told["correction"] == "yes"
        assert told["published"] == (
            "2026-02-07 13:05:30 UTC (second, zone given, as written: 2026-02-07T14:05:30+01:00)"
        )
        assert told["headline"] == "Fire on ferry off Malmo"
        assert told["byline"] == "Anna Holm and Piet Vos"
        assert told["dateline"] == "MALMO · Feb 7 · Norwire"
        assert (told["credit"], told["language"], told["keywords"]) == ("Norwire/CG", "en", "ferries | Oresund")
        assert "medtop:20000141 transport accident" in told["subjects"]
        assert told["body"].startswith("31 words, 6 paragraphs: A fire on the ferry Sea Star II")
        assert told["related"].startswith("urn:newsml:norwire.example:20260207:ferry-70")
        assert told["goes on from"] == "urn:newsml:norwire.example:20260207:ferry-70"

    def test_private_notes_only_when_asked_for(self):
        reading = read("newsml_g2/notepad.xml")
        private = reading.items[0].parts.ednote_private
        assert private
        for shown in (view(reading), view(reading, facts=True)):
            assert "muster@landwire.example" not in shown
            assert "--private shows it" in shown
        assert "muster@landwire.example" in view(reading, private=True)
        for facts in (True, False):
            hidden = orjson.dumps(as_json(reading, facts=facts, private=False))
            assert b"muster@" not in hidden
        assert b"muster@" in orjson.dumps(as_json(reading, facts=False, private=True))

    def test_an_embargo_without_an_end_and_a_kill_say_so(self):
        assert "without an end" in lines(read("newsml_g2/embargo_empty.xml"))["embargo"]
        killed = lines(read("newsml_g2/kill.xml"))
        assert killed["status"].startswith("killed")
        assert "body" not in killed

    def test_a_zone_counts_where_none_is_given(self):
        told = b'{"id": "1", "title": "t", "body": "Some words.", "published": "2026-02-08T10:00:00"}'
        plain = understand("x", told, Sender(), NOW)
        zoned = understand("x", told, Sender(zone="Europe/Athens"), NOW)
        assert "10:00:00 UTC (second, no zone: UTC assumed" in lines(plain)["published"]
        assert "08:00:00 UTC (second, the feed's zone" in lines(zoned)["published"]
        assert any("no zone" in note for note in plain.items[0].article.notes)
        assert "warning" in lines(plain)

    def test_items_that_are_no_news_are_told_beside_the_stories(self):
        reading = read("newsml_g2/package_message.xml")
        assert (len(reading.items), reading.articles, reading.is_sound) == (5, 2, True)
        assert [item.is_news for item in reading.items] == [False, True, True, False, False]
        assert "no article" in lines(reading)

    def test_a_document_of_no_news_is_sound(self):
        reading = read("newsml_1/no_news.xml")
        assert reading.is_not_news
        assert reading.is_sound
        assert "no news: not-news" in view(reading)

    def test_facts_are_as_written(self):
        told = dict(said(read("newsml_g2/story.xml").items[0].parts, private=False))
        assert told["published"] == "2026-02-07T14:05:30+01:00"
        assert told["status"] == "stat:usable"
        assert told["given class"] == "ninat:text"
        assert not {"[]", "{}", ""} & set(told.values()), "nothing was said there"

    def test_a_kill_by_number_counts_the_order_too(self):
        reading = read("iptc_7901/dpa_kill.txt")
        assert reading.articles == 2
        assert lines(reading)["takes back"] == "eca:dpa0157:2024-10-08"


class TestTheSameCodeAsTheService:
    @pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(WIRE)))
    def test_articles_are_those_of_normalization(self, path):
        """What is told of an item is what the service would make of it, field by field."""
        reading = understand(path.name, path.read_bytes(), Sender(), NOW)
        if reading.refused is not None:
            return
        told = [item.article for item in reading.items if item.article is not None]
        raw = RawStory("conformance", "conformance", told[0].receipt, told[0].item, NOW, path.read_bytes())
        made = normalize_each(raw, NOW).articles
        assert reading.articles == len(made)
        orders = [article for article in made if any(note.startswith("ordered by") for note in article.notes)]
        assert told == [article for article in made if article not in orders]

    @settings(deadline=None)  # the first text loads what tells languages apart
    @given(st.binary(max_size=300), st.sampled_from([None, "text/plain", "application/xml", "application/pdf", "x"]))
    def test_no_bytes_raise(self, value, content_type):
        reading = understand("x", value, Sender(content_type=content_type), NOW)
        assert reading.refused is not None or reading.articles
        assert view(reading)
        assert orjson.dumps(as_json(reading, facts=False, private=True))

    @settings(deadline=None)
    @given(st.data())
    def test_no_mutilated_file_raises(self, data):
        value = data.draw(st.sampled_from(FILES)).read_bytes()
        start = data.draw(st.integers(0, len(value)))
        end = data.draw(st.integers(start, min(len(value), start + 80)))
        reading = understand("x", value[:start] + data.draw(st.binary(max_size=6)) + value[end:], Sender(), NOW)
        assert view(reading)


class TestRefusals:
    def test_what_the_door_refuses_is_refused(self):
        reading = understand("x.xml", b"<?xml version='1.0'?><invoice><total>3</total></invoice>", Sender(), NOW)
        assert (reading.at_door, reading.refused.code, reading.is_sound) == (True, "format-not-supported", False)
        assert "refused at the front door" in view(reading)

    def test_what_normalization_refuses_is_told_with_class_and_reason(self):
        reading = understand("x.xml", b"<?xml version='1.0'?><nitf><head>", Sender(), NOW)
        assert not reading.is_sound
        assert not reading.at_door
        assert f"refused: {reading.refused.code}: {reading.refused.reason}" in view(reading)

    def test_a_content_type_that_is_not_taken(self):
        reading = understand("x.pdf", b"words", Sender(content_type="application/pdf"), NOW)
        assert reading.refused.code == "unsupported-media-type"


def test_a_file_cannot_steer_the_terminal():
    value = orjson.dumps({"id": "1", "title": "Red \x1b[31m alert \u202e", "body": "One.\n\nTwo \x1b]0;x\x07 words."})
    for facts in (True, False):
        shown = view(understand("\x1b[2Jname", value, Sender(), NOW), facts=facts)
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert "\u202e" not in shown


class TestCommand:
    def test_a_folder_in_one_run(self):
        result = run(WIRE / "newsml_g2", WIRE / "nitf" / "full.xml")
        assert result.exit_code == 0, result.output
        assert "Fire on ferry off Malmo" in result.output
        assert result.output.rstrip().splitlines()[-1].startswith("8 documents, ")

    def test_exit_code_1_where_a_file_cannot_be_taken(self, tmp_path):
        (tmp_path / "good.json").write_bytes(b'{"id": "1", "title": "t", "body": "Some words."}')
        assert run(tmp_path).exit_code == 0
        (tmp_path / "bad.xml").write_bytes(b"<invoice/>")
        result = run(tmp_path)
        assert result.exit_code == 1
        assert "1 refused" in result.output

    def test_lines_of_json_are_documents_of_their_own(self, tmp_path):
        story = b'{"id": "%d", "title": "t", "body": "Some words."}'
        (tmp_path / "many.ndjson").write_bytes(story % 1 + b"\n\n" + story % 2 + b"\n{\n")
        result = run("--json", tmp_path)
        told = orjson.loads(result.stdout)
        assert [each["file"].rpartition(":")[2] for each in told] == ["1", "3", "4"]
        assert [each["refused_at"] for each in told] == [None, None, "ingestion"]
        assert result.exit_code == 1

    def test_json_has_what_was_said_and_what_was_understood(self):
        told = orjson.loads(run("--json", WIRE / "newsml_g2" / "story.xml").stdout)[0]
        item = told["items"][0]
        assert (told["format"], told["articles"], told["refused"]) == ("newsml-g2", 1, None)
        assert item["said"]["status"] == "stat:usable"
        assert item["understood"]["status"] == "usable"
        assert item["warnings"] == item["understood"]["notes"]
        assert "receipt" not in item["understood"]
        facts = orjson.loads(run("--json", "--facts", WIRE / "newsml_g2" / "story.xml").stdout)[0]
        assert set(facts["items"][0]) == {"said"}

    def test_a_zone_that_is_none_and_a_path_that_is_none(self):
        assert run("--feed-zone", "Mars/Olympus", WIRE / "nitf" / "full.xml").exit_code == 2
        assert run(WIRE / "no-such-file").exit_code == 2

    def test_needs_no_settings(self, monkeypatch):
        """It reads no settings at all, so that a wrong one cannot stand in its way."""
        monkeypatch.setenv("NEWSWIRE_NO_SUCH_SETTING", "1")
        assert run(WIRE / "nitf" / "full.xml").exit_code == 0


class TestFiles:
    def test_all_suffixes_sorted_and_none_hidden(self, tmp_path):
        for name in ("b.tst", "a", "c.newsml", ".hidden", "deep/d.xml", ".git/e.xml"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("x")
        found = [str(file.relative_to(tmp_path)) for file in wire_files([str(tmp_path)])]
        assert found == ["a", "b.tst", "c.newsml", "deep/d.xml"]

    def test_missing(self):
        with pytest.raises(NotFound):
            wire_files(["/no/such/place"])

    def test_a_file_is_one_document(self, tmp_path):
        (tmp_path / "x.xml").write_bytes(b"a\nb")
        assert list(documents(tmp_path / "x.xml")) == [(str(tmp_path / "x.xml"), b"a\nb")]


def test_summary_counts():
    tally = Tally()
    for reading in (
        read("newsml_g2/story.xml"),
        read("newsml_1/no_news.xml"),
        understand("x", b"<invoice/>", Sender(), NOW),
        understand("y", b'{"id": "1", "title": "t", "published": "2026-02-08T10:00:00"}', Sender(), NOW),
    ):
        tally.enter(reading)
    assert tally.line() == "4 documents, 2 read into 2 articles, 1 no news, 1 refused, 2 warnings"
    assert not tally.sound
