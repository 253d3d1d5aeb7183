"""The comparison itself: it finds what is wrong, and a disagreement hides nothing but what it names."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from services.normalization.dates import read_date
from shared.events import Dateline
from tests.conformance.__main__ import main
from tests.conformance.compare import compare
from tests.conformance.corpus import Sample
from tests.conformance.disagreements import Disagreement, Known, Refusal, known
from tests.conformance.feeds import compare_feed, feeds_table
from tests.conformance.report import wire_table
from tests.conformance.same import same

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STORY = b"""<?xml version="1.0"?><nitf><head><title>Fair</title><docdata management-status="usable">
<doc-id id-string="hbr:7"/><urgency ed-urg="4"/><date.issue norm="20260208T101500+0200"/></docdata></head>
<body><body.head><hedline><hl1>Fair opens</hl1></hedline></body.head><body.content><p>Some words.</p></body.content>
</body></nitf>"""
NOTHING = Known([], [])


def judged(facts, rules=NOTHING, content=STORY, **entry):
    told = {"format": "NITF", "provider": "Harbour", "item_count": 1, "encoding": {"bytes": "ascii"}, "facts": [facts]}
    result = compare(Sample("fair.xml", content, told | entry), rules, NOW)
    return result, {fact.fact: fact.outcome for fact in result.facts}


def test_right_facts_are_matched():
    facts = {
        "id": "hbr:7",
        "headline": "Fair  opens",
        "date": "2026-02-08T08:15:00Z",
        "urgency": "4",
        "status": "usable",
    }
    result, outcomes = judged(facts)
    assert set(outcomes.values()) == {"matched"}
    assert len(outcomes) == len(facts) + 2
    assert result.how == "read"


@pytest.mark.parametrize(
    ("fact", "outcome"),
    [
        ({"headline": "Fair closes"}, "differs"),
        ({"date": "2026-02-08T10:15:00Z"}, "differs"),
        ({"urgency": "5"}, "differs"),
        ({"id": "hbr:8"}, "differs"),
        ({"byline": "By Jo Park"}, "not kept"),
        ({"some_code": "X"}, "not kept"),
        ({"keywords": ["fair", "tents"]}, "not kept"),
        ({"ed_msg": ["Some words."]}, "not kept"),
    ],
)
def test_wrong_facts_are_found(fact, outcome):
    assert judged(fact)[1][next(iter(fact))] == outcome


def test_a_wrong_count_a_wrong_charset_and_a_lost_mark_are_found():
    _, outcomes = judged(
        {}, item_count=2, encoding={"bytes": "utf-16-le"}, marks=[{"kind": "update", "words": "2ND LEAD"}]
    )
    assert (outcomes["item_count"], outcomes["encoding"], outcomes["mark update"]) == ("differs", "differs", "not kept")


def test_a_mark_without_its_consequence_is_found():
    assert judged({}, marks=[{"kind": "correction", "words": "Fair opens"}])[1]["mark correction"] == "not kept"
    assert judged({}, marks=[{"kind": "label", "words": "Fair opens"}])[1]["mark label"] == "matched"


def test_who_read_it():
    assert judged({}, format="Norsk XML", content=b"<nyhet/>")[0].how == "no reader"
    assert judged({}, format="NewsML 1.2")[0].how == "other reader"
    assert judged({}, content=b"<nitf><head/>")[0].how == "refused"


def test_every_number_of_the_tables_stands_under_its_name():
    table = wire_table(
        [judged({"headline": "Fair closes", "byline": "Jo"})[0], judged({}, format="X", content=b"<x/>")[0]]
    )
    names = [str(column.header) for column in table.columns]
    whole = dict(zip(names, [list(column.cells)[-1] for column in table.columns], strict=True))
    assert "" not in names
    assert whole == {
        "format": "all",
        "provider": "",
        "files": "2",
        "read": "1",
        "no news": "-",
        "refused": "-",
        "no reader": "1",
        "other reader": "-",
        "facts": "6",
        "matched": "2",
        "held otherwise": "-",
        "differs": "2",
        "not kept": "2",
    }


FEED = b"<rss version='2.0'><channel><item><title>One</title><link>http://a.example/1</link></item></channel></rss>"


@pytest.mark.parametrize(
    ("entry", "how", "outcomes"),
    [
        ({"entries": 1, "first_entry": {"title": "One", "link": "http://a.example/1"}}, "read", ["matched"] * 3),
        (
            {"entries": 2, "first_entry": {"title": "Two", "pubDate": "Mon, 1 Feb 2026"}},
            "read",
            ["differs", "differs", "not kept"],
        ),
        ({"well_formed": False}, "read", []),
    ],
)
def test_feeds(entry, how, outcomes):
    result = compare_feed(Sample("set/one.xml", FEED, entry), NOTHING, NOW)
    assert (result.how, [fact.outcome for fact in result.facts]) == (how, outcomes)
    table = feeds_table([result])
    assert all(column.header for column in table.columns)
    assert [list(column.cells)[-1] for column in table.columns][:3] == ["all", "1", "1"]


class TestDisagreements:
    def explained(self, rule, value="Fair"):
        return judged({"title": value, "headline": "Fair opens"}, Known([rule], []))[1]["title"]

    def test_what_we_keep_has_to_be_what_it_says(self):
        assert self.explained(Disagreement("r", ["title"], ours=["{headline}"])) == "held otherwise"
        assert self.explained(Disagreement("r", ["title"], ours=["{slug}"])) == "differs"
        assert self.explained(Disagreement("r", ["title"], ours=["another"])) == "differs"
        assert self.explained(Disagreement("r", ["title"])) == "differs"  # it says that nothing is kept

    def test_only_for_its_format_and_files(self):
        assert self.explained(Disagreement("r", ["title"], formats=["ninjs*"], ours=["{headline}"])) == "differs"
        assert self.explained(Disagreement("r", ["title"], files=["other.xml"], ours=["{headline}"])) == "differs"
        assert self.explained(Disagreement("r", ["title"], files=["f*.xml"], ours=["{headline}"])) == "held otherwise"

    def test_what_is_left_off(self):
        rule = Disagreement("r", ["title"], without="_[0-9]+$")
        assert self.explained(rule, "Fair opens_03") == "held otherwise"
        assert self.explained(rule, "Fair ends_03") == "differs"

    def test_a_refusal_is_explained_by_its_class_alone(self):
        broken = b"<nitf><head/>"
        code = judged({}, content=broken)[0].reading.refused.code
        assert judged({}, Known([], [Refusal(["fair.xml"], code, "r")]), broken)[0].how == "no news"
        assert judged({}, Known([], [Refusal(["fair.xml"], "no-text", "r")]), broken)[0].how == "refused"

    def test_each_has_a_reason(self):
        rules = known()
        assert rules.disagreements
        assert all(len(rule.reason) > 20 for rule in (*rules.disagreements, *rules.refusals))


@pytest.mark.parametrize(
    ("fact", "ours", "alike"),
    [
        ("Luxembourg (dpa) -", Dateline(place="Luxembourg", agency="dpa"), True),
        ("SYDNEY March 22 AAP -", Dateline(place="SYDNEY", date="March 22", agency="AAP"), True),
        ("SYDNEY March 22 AAP -", Dateline(place="SYDNEY", agency="AAP"), False),
        ("Luxembourg (dpa) -", Dateline(place="Luxemburg", agency="dpa"), False),
        ("0399", 399, True),
        (4, "4", True),
        (4, "5", False),
        ("20260208T101500+0200", read_date("2026-02-08T08:15:00Z"), True),
        ("2026-02-08T10:15:00", read_date("2026-02-08T10:15:00"), True),
        ("2026-02-08T10:15:00", read_date("2026-02-08T10:16:00"), False),
        ("01", "1", False),
    ],
)
def test_same(fact, ours, alike):
    assert same(fact, ours) is alike


@pytest.mark.parametrize("folder", [None, "/no/such/folder"])
def test_without_the_samples_it_says_so(folder, monkeypatch, capsys):
    monkeypatch.delenv("NEWSWIRE_CORPORA", raising=False)
    if folder:
        monkeypatch.setenv("NEWSWIRE_CORPORA", folder)
    monkeypatch.setattr(sys, "argv", ["conformance"])
    assert main() == 2
    said = capsys.readouterr().err
    assert said.startswith("newswire: NEWSWIRE_CORPORA")
    assert said.count("\n") == 1
