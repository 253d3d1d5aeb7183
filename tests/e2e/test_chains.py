"""Leads and writethrus of text wires, and links of ninjs, through the front door: one story, of which the newest is shown."""

from __future__ import annotations

import uuid

import orjson
import pytest

from tests.harness import wait_until
from tests.unit.normalization.wire_messages import anpa, iptc

pytestmark = pytest.mark.servers


def word() -> str:
    return "z" + "".join(chr(ord("a") + int(digit, 16)) for digit in uuid.uuid4().hex[:12])


def pushed(pipeline, value: bytes, content_type: str = "text/plain") -> str:
    """Push, and wait until it is known what became of it; the article's id."""
    answer = pipeline.push(value, content_type)
    assert answer.status_code == 202, answer.text

    def known() -> list[dict]:
        return pipeline.trace(answer.json()["receipt"]).get("articles") or []

    (article,) = wait_until(known, 60, "what became of it")
    return str(article["id"])


@pytest.mark.parametrize(("month", "order"), [("03", (0, 1, 2)), ("04", (2, 0, 1)), ("05", (1, 2, 0))])
def test_the_leads_of_anpa_are_one_story_with_the_first_version(pipeline, month, order):
    # A message is known by service letter, number and day: a month of its own keeps each life apart from every other
    # that these services see, one of which is killed.
    key, text = f"BC-{word().capitalize()}", word()
    sent = [
        ("a0577", f"{month}-08-23 1250GMT", ""),
        ("a0601", f"{month}-08-23 1330GMT", "1st Ld"),
        ("a0633", f"{month}-09-23 0110GMT", "2nd Ld-Writethru"),
    ]
    made = [anpa(number, key, f"The {text} ran aground.", sent=at, tag=tag) for number, at, tag in sent]
    ids = {place: pushed(pipeline, made[place]) for place in order}
    first, second, third = (ids[place] for place in range(3))

    def stands() -> bool:
        found = [pipeline.article(one).json() for one in (first, second, third)]
        told = [(one["story_id"], one.get("replaced_by")) for one in found]
        return told == [(first, second), (first, third), (first, None)]

    wait_until(stands, 30, "one story")
    assert [hit["id"] for hit in pipeline.search(text)["items"]] == [third]
    assert pipeline.search(text, versions="all")["total"] == 3


def test_a_summary_of_7901_goes_on_from_its_first_version_and_a_new_story_next_week_does_not(pipeline):
    slug, text = f"{word()}/Unfall/", word()
    first = pushed(pipeline, iptc(47, slug, f"Die {text} lief auf Grund."))
    later = pushed(
        pipeline, iptc(81, slug, f"Die {text} liegt fest.", sent="081612 GMT Oct 24", mark="Zusammenfassung")
    )
    other = pushed(pipeline, iptc(30, slug, f"Die {text} ist frei.", sent="151612 GMT Oct 24", mark="Zusammenfassung"))
    wait_until(lambda: pipeline.article(first).json().get("replaced_by") == later, 30, "the link")
    assert {hit["id"] for hit in pipeline.search(text)["items"]} == {later, other}
    assert [pipeline.article(one).json()["story_id"] for one in (first, later, other)] == [first, first, other]


def test_a_chain_of_ninjs_that_comes_newest_first_is_named_by_its_root_and_gives_way_at_a_kill(pipeline):
    names, text = [word() for _ in range(3)], word()

    def item(place: int, version: int = 1, **more: str) -> bytes:
        link = {"evolvedfrom": f"urn:x:{names[place - 1]}"} if place else {}
        told = {
            "uri": f"urn:x:{names[place]}",
            "type": "text",
            "version": str(version),
            "pubstatus": "usable",
            "language": "en",
        }
        return orjson.dumps(told | link | {"headline": f"Part {place}", "body_text": f"{text} part {place}."} | more)

    third, second, first = (pushed(pipeline, item(place), "application/json") for place in (2, 1, 0))

    def told(*ids: str) -> list[tuple[str, str | None]]:
        found = [pipeline.article(one).json() for one in ids]
        return [(one["story_id"], one.get("replaced_by")) for one in found]

    wait_until(lambda: told(first, second, third) == [(first, second), (first, third), (first, None)], 30, "one story")
    pushed(pipeline, item(1, 2, pubstatus="canceled"), "application/json")
    wait_until(lambda: told(first, third) == [(first, third), (first, None)], 30, "the newest that stands")
    pushed(pipeline, item(2, 2, pubstatus="canceled"), "application/json")
    wait_until(lambda: told(first) == [(first, None)], 30, "the older is shown again")
    assert [hit["id"] for hit in pipeline.search(text)["items"]] == [first]
