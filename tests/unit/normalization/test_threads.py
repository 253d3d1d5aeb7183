"""Which messages of a text wire are of one story, and which of them go on from another: by service, slugline and tag."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.normalization.normalize import normalize
from shared.events import Thread
from tests.unit.normalization.raws import NOW, article, raw
from tests.unit.normalization.wire_messages import anpa, iptc

TEXT = "A ferry ran aground off the coast on Tuesday, officials said."


def thread(value: bytes, **facts: str) -> Thread | None:
    return article(value, None, **facts).thread


@pytest.mark.parametrize(
    "tag", ["1st Ld", "2nd Ld-Writethru", "1st Ld-Writethru", "Writethru", "3rd Lead", "RPT", "CORRECTION", "Update 2"]
)
def test_a_lead_of_anpa_has_the_thread_of_its_first_version(tag: str) -> None:
    first, lead = thread(anpa("a0577", "BC-Ferry", TEXT)), thread(anpa("a0612", "BC-Ferry", TEXT, tag=tag))
    assert first is not None
    assert lead is not None
    assert (first.key, first.lead, lead.lead) == (lead.key, False, True)
    assert lead.at == datetime(2024, 10, 8, 12, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    "mark", ["Zusammenfassung", "1ST LEAD", "2. Lead", "REFILE", "EXTRA", "(Zusammenfassung - neu: Zitate)"]
)
def test_a_lead_of_7901_has_the_thread_of_its_first_version(mark: str) -> None:
    first, lead = thread(iptc(47, "Schiff/Unfall/", TEXT)), thread(iptc(81, "Schiff/Unfall/", TEXT, mark=mark))
    assert first is not None
    assert lead is not None
    assert (first.key, first.lead, lead.lead) == (lead.key, False, True)


@pytest.mark.parametrize("tag", ["1st Add", "2nd Take", "Insert", "Optional"])
def test_a_part_that_stands_beside_the_first_joins_nothing(tag: str) -> None:
    assert thread(anpa("a0612", "BC-Ferry", TEXT, tag=tag)) is None


def test_the_cycle_of_a_day_is_no_part_of_a_slugline() -> None:
    found = [thread(anpa("a0577", keyword, TEXT)) for keyword in ("AM-Ferry", "PM-Ferry", "BC-Ferry")]
    assert len({one.key for one in found if one is not None}) == 1


def test_another_slugline_service_or_provider_is_another_thread() -> None:
    values = [anpa("a0577", "BC-Ferry", TEXT), anpa("d0577", "BC-Ferry", TEXT), anpa("a0577", "BC-Ferries", TEXT)]
    found = [thread(value) for value in values]
    found += [thread(values[0], provider="another"), thread(iptc(47, "Ferry/", TEXT))]
    assert len({one.key for one in found if one is not None}) == 5


def test_notes_and_orders_to_editors_and_other_formats_have_none() -> None:
    kill = iptc(81, "Schiff/Unfall/", "Bitte streichen Sie dpa 0047.", mark="KILL KILL KILL")
    told = normalize(raw(kill, None), NOW)
    assert [(one.kind, one.status, one.thread) for one in told] == [
        ("advisory", "usable", None),
        ("story", "killed", None),
    ]
    assert thread(b'{"title": "A ferry", "body": "Aground."}') is None
