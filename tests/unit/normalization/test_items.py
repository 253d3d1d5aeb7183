"""Several items in one record, orders about other stories, and what is no news."""

from __future__ import annotations

import pytest

from services.normalization.formats import registry
from services.normalization.normalize import normalize, normalize_each
from services.normalization.parts import StoryParts
from shared import ids
from shared.errors import Refused
from shared.events import Status
from tests.unit.normalization.raws import NOW, raw


@pytest.fixture
def reads(monkeypatch):
    """A format that gives the parts it is told."""

    class Told:
        NAME = "told"
        parts: list[StoryParts]

        def sniff(self, head, content_type):
            return 1.0

        def read(self, raw):
            return self.parts

    told = Told()

    def tell(*parts):
        told.parts = list(parts)
        return raw(b"told", "application/x-told")

    monkeypatch.setattr(registry, "FORMATS", [told])
    return tell


def story(name, **more):
    return StoryParts(format="told", provider_id=name, title=f"Story {name}", body=f"Text of {name}.", **more)


def test_one_bad_item_spoils_no_other(reads):
    articles, refusals = normalize_each(reads(story("a"), StoryParts(format="told"), story("c")), NOW)
    assert [one.provider_id for one in articles] == ["a", "c"]
    assert [(one.code, one.reason[:12]) for one in refusals] == [("no-text", "item 2 of 3:")]


def test_a_record_without_any_story_is_refused(reads):
    with pytest.raises(Refused) as refused:
        normalize(reads(story("a", kind="not-news")), NOW)
    assert refused.value.code == "not-news"


def test_what_is_no_news_beside_a_story_is_no_fault(reads):
    articles, refusals = normalize_each(reads(story("a"), story("picture", kind="not-news")), NOW)
    assert [one.provider_id for one in articles] == ["a"]
    assert refusals == []


def test_an_advisory_says_so(reads):
    (one,) = normalize(reads(story("a", kind="advisory")), NOW)
    assert one.kind == "advisory"


def test_a_kill_of_another_story_is_a_tombstone_of_that_story(reads):
    order = story("note", kills=["a"], ednote="Wrong person.")
    note, tombstone = normalize(reads(order), NOW)
    (target,) = normalize(reads(story("a")), NOW)
    assert note.status is Status.USABLE
    assert tombstone.article_id == target.article_id, "keyed by its target, so that the target's owner applies it"
    assert tombstone.status is Status.KILLED
    assert tombstone.ext_version > ids.KILL_BASE
    assert (tombstone.title, tombstone.body, tombstone.reason) == (None, None, "Wrong person.")


def test_an_order_counts_even_if_its_message_is_no_news(reads):
    articles, refusals = normalize_each(reads(story("note", kind="not-news", kills=["a"])), NOW)
    assert [(one.provider_id, one.status) for one in articles] == [("a", Status.KILLED)]
    assert refusals == []


def test_a_hold_of_another_story_withholds_it(reads):
    _, held = normalize(reads(story("note", holds=["a"])), NOW)
    assert (held.provider_id, held.status, held.body) == ("a", Status.WITHHELD, None)
    assert held.ext_version < ids.KILL_BASE


def test_a_story_that_goes_on_from_another_is_of_its_chain(reads):
    (root,) = normalize(reads(story("a")), NOW)
    (later,) = normalize(reads(story("b", evolved_from="a")), NOW)
    assert later.story_id == root.article_id != later.article_id
