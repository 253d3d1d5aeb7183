"""A query for a subject finds the stories of the narrower ones, in whichever of the IPTC's schemes either is written."""

from __future__ import annotations

import uuid

import pytest

pytestmark = [pytest.mark.servers]


def test_a_parent_an_old_code_and_a_name_find_the_story(pipeline):
    token = f"z{uuid.uuid4().hex[:12]}"
    soccer = {
        "id": f"urn:x:{token}:1",
        "title": f"{token} cup final",
        "topics": [{"scheme": "medtop", "code": "20001065", "name": "fotboll"}],
    }
    police = {
        "id": f"urn:x:{token}:2",
        "title": f"{token} arrest",
        "topics": [{"scheme": "iptc-subject", "code": "02003000"}],
    }
    own = {
        "id": f"urn:x:{token}:3",
        "title": f"{token} desk",
        "topics": [{"scheme": "desk", "code": "15000001", "name": "Sportlich"}],
    }
    for story in (soccer, police, own):
        assert pipeline.push(story).status_code == 202
    pipeline.wait_total(3, token)

    def found(topic):
        return [hit["title"].partition(" ")[2] for hit in pipeline.search(token, topic=topic)["items"]]

    for topic in (
        "15000000", "medtop:15000000", "sport", "20000822", "20001065", "15054000", "subj:15054000", "Football", "soccer", "fotboll",
        "http://cv.iptc.org/newscodes/mediatopic/20001065",
    ):  # fmt: skip
        assert found(topic) == ["cup final"], topic
    for topic in ("02000000", "20000129", "20000133", "02003000", "police"):
        assert found(topic) == ["arrest"], topic
    assert found("15000001") == ["desk"]
    assert found("17000000") == []
    assert pipeline.search(f"{token} topic:sport")["total"] == 1
    hit = pipeline.search(token, topic="sport")["items"][0]
    assert pipeline.article(hit["id"]).json()["topics"] == [
        {"scheme": "medtop", "code": "20001065", "name": "fotboll", "given": True},
        {"scheme": "medtop", "code": "20000822", "name": "competition discipline", "given": False},
        {"scheme": "medtop", "code": "15000000", "name": "sport", "given": False},
    ]
