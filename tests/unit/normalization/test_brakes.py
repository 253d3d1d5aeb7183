"""The text says kill, hold or embargo, the metadata says usable: held; a mention in prose is no brake."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.normalization.brakes import brake_of
from services.normalization.normalize import normalize
from services.normalization.parts import Block, StoryParts
from shared.events import Status
from tests.unit.normalization.raws import NOW, raw

SENT = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def parts(**given) -> StoryParts:
    return StoryParts(
        format="ninjs", **{"title": "Ferry returns", "body": "The ferry is back.\n\nIt was away.", **given}
    )


def word(**given) -> str | None:
    found = brake_of(parts(**given), SENT)
    return found.word if found else None


@pytest.mark.parametrize(
    "line",
    [
        "KILL KILL KILL",
        "KILL KILL",
        "--KILL--KILL--KILL--",
        "BULLETIN KILL",
        "MANDATORY KILL",
        "URGENT KILL KILL KILL: Ferry",
        "STREICHUNG STREICHUNG",
        "ANNULATION ANNULATION ANNULATION",
    ],
)
@pytest.mark.parametrize("where", ["title", "slugline", "ednote", "body"])
def test_a_kill_in_words(line, where):
    text = f"{line}\n\nThe ferry is back." if where == "body" else line
    assert word(**{where: text}) == "kill"


@pytest.mark.parametrize("line", ["HOLD HOLD HOLD", "HOLD HOLD", "BULLETIN HOLD", "MANDATORY HOLD", "STOPP STOPP"])
@pytest.mark.parametrize("where", ["title", "slugline", "ednote", "body"])
def test_a_hold_in_words(line, where):
    text = f"{line}\n\nThe ferry is back." if where == "body" else line
    assert word(**{where: text}) == "hold"


@pytest.mark.parametrize(
    "note",
    [
        "Editors: please do not use this story.",
        "Eds: Kill this item, the source is in doubt.",
        "This story has been withdrawn.",
        "Please withhold this version until the lawyers are done.",
    ],
)
def test_a_note_to_editors_about_this_very_story(note):
    assert word(ednote=note) == "hold"


@pytest.mark.parametrize(
    "line",
    [
        "Embargoed until 6 March 2026 0001 GMT",
        "EMBARGOED TO 0001 SATURDAY MARCH 7",
        "STRICTLY EMBARGOED: not before 7 March",
        "Under embargo until midnight",
        "Embargo: 10 March, 10:00",
        "EMBARGOED UNTIL FURTHER NOTICE",
        "SPERRFRIST: 7. März, 10.00 Uhr",
        "Not for publication before 2200 GMT, March 5",
        "Hold for release until 8 March",
        "Not for release before 8 March",
        "Sous embargo jusqu'au 8 mars",
        "EMBARGOED",
        "Note to editors: embargoed until 8 March",
    ],
)
@pytest.mark.parametrize("where", ["title", "slugline", "ednote", "body", "subheads"])
def test_an_embargo_in_words(line, where):
    text = {"body": f"{line}\n\nThe ferry is back.", "subheads": [line]}.get(where, line)
    assert word(**{where: text}) == "embargo"


def test_an_embargo_in_the_blocks_of_a_page():
    assert word(blocks=[Block("p", "EMBARGOED UNTIL 7 MARCH 2026"), Block("p", "The ferry is back.")]) == "embargo"


@pytest.mark.parametrize(
    "line",
    [
        "Embargo on Iraq to be lifted",
        "U.N. embargo until Iraq complies",
        "Embargoed Iraqi oil reaches market",
        "EMBARGO-HIT REGION LOOKS FOR HELP",
        "Embargo against Cuba for decades, says minister",
        "Killers on the loose",
        "Kill Bill returns to cinemas",
        "KILL BILL RETURNS",
        "To kill a mockingbird: 60 years on",
        "Hold on to your hats",
        "HOLD THE LINE: TOTO TOUR",
        "He shouted: Kill! Kill! Kill!",
        '"Kill, kill, kill," the crowd cried.',
        "The embargo was to last until 7 March 2026, diplomats said.",
        "Government holds release of figures",
        "Police release for 12 suspects",
        "The study, which was under embargo until Thursday, found 3 errors.",
        "Household spending rises 3 pct",
        "For release of hostages, 40 nations plead",
        "Embargo to hurt trade, ministers say",
    ],
)
@pytest.mark.parametrize("where", ["title", "body", "slugline"])
def test_a_mention_is_no_brake(line, where):
    text = f"{line}\n\nThe ferry is back." if where == "body" else line
    assert word(**{where: text}) is None


def test_a_long_paragraph_and_one_further_down_are_prose():
    line = "Embargoed until 6 March 2030"
    assert word(body="A.\n\nB.\n\nC.\n\n" + line) is None
    assert word(body=line + " " + "and so on " * 30) is None


@pytest.mark.parametrize(
    "line", ["Embargoed until 1 March 2026 0001 GMT", "Embargo lifted", "SPERRFRIST aufgehoben", "Embargo: lifted"]
)
def test_an_embargo_that_is_over_or_lifted_holds_nothing(line):
    assert word(ednote=line) is None


def ninjs(**given):
    item = {"uri": "urn:x:1", "type": "text", "version": "1", "pubstatus": "usable", "headline": "Ferry", **given}
    return raw(json.dumps({"body_text": "The ferry is back.", **item}).encode(), "application/json")


def test_the_text_says_embargo_the_metadata_usable_held_and_flagged():
    end = (NOW + timedelta(days=9)).date()
    (one,) = normalize(ninjs(ednote=f"Embargoed until {end:%d %B %Y} 1000 GMT"), NOW)
    assert one.status is Status.USABLE
    assert one.braked
    assert one.embargoed_until == datetime(end.year, end.month, end.day, 10, tzinfo=UTC)
    assert any("the text says embargo" in note for note in one.notes)


def test_an_embargo_without_an_end_is_open():
    (one,) = normalize(ninjs(ednote="STRICTLY EMBARGOED UNTIL FURTHER NOTICE"), NOW)
    assert (one.embargo_open, one.embargoed_until, one.braked) == (True, None, True)


def test_the_text_says_kill_the_metadata_usable_withheld_and_flagged():
    (one,) = normalize(ninjs(headline="KILL KILL KILL"), NOW)
    assert (one.status, one.braked) == (Status.WITHHELD, True)


def test_a_status_wins_where_it_is_the_more_careful():
    (one,) = normalize(ninjs(headline="HOLD HOLD HOLD", pubstatus="canceled"), NOW)
    assert (one.status, one.braked) == (Status.KILLED, False)


def test_an_embargo_of_the_metadata_is_not_told_twice():
    until = (NOW + timedelta(days=2)).isoformat()
    (one,) = normalize(ninjs(ednote="Embargoed until 1 January 2099", embargoed=until), NOW)
    assert (one.braked, one.embargoed_until) == (False, NOW + timedelta(days=2))


def test_a_story_without_a_brake_is_free():
    (one,) = normalize(ninjs(), NOW)
    assert (one.braked, one.status, one.embargo_open) == (False, Status.USABLE, False)
