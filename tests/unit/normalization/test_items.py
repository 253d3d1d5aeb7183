"""Several items in one record, orders about other stories, and what is no news."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.normalization.formats import registry
from services.normalization.normalize import normalize, normalize_each
from services.normalization.parts import GivenDate, StoryParts
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


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "a story without headline and text"),
        ({"body": "\u00ad\u200b"}, "nothing is left of it once set phrases and teasers are taken out"),
    ],
)
def test_what_has_no_text_says_whether_it_ever_had_any(reads, said, why):
    with pytest.raises(Refused) as refused:
        normalize(reads(StoryParts(format="told", provider_id="a", **said)), NOW)
    assert (refused.value.code, refused.value.reason) == ("no-text", why)


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


def test_a_kill_says_which_articles_it_may_mean(reads):
    order = story("note", kills=["dpa157:today", "dpa9:today"], alternatives={"dpa157:today": ["dpa157:yesterday"]})
    note, first, second = normalize(reads(order), NOW)
    today, yesterday = (ids.article_id(raw(b"").provider, f"dpa157:{day}") for day in ("today", "yesterday"))
    assert note.reference is None
    assert first.article_id == today
    assert (first.reference.articles, first.reference.asked) == ([today, yesterday], 0)
    assert second.reference.articles == [second.article_id]


@pytest.mark.parametrize("word", ["kill", "hold"])
def test_an_order_that_names_no_story_waits_for_a_person(reads, word):
    articles, refusals = normalize_each(reads(story("note", kind="advisory", unmatched=word)), NOW)
    assert [one.kind for one in articles] == ["advisory"], "what it says is kept all the same"
    (refused,) = refusals
    assert refused.code == "kill-unmatched"
    assert ("newswire kill" if word == "kill" else "newswire withhold") in refused.reason


def test_what_stands_for_a_story_by_its_own_word(reads):
    (one,) = normalize(reads(story("a", replaced_by="b")), NOW)
    (other,) = normalize(reads(story("b", replaced_by="b")), NOW)
    assert one.replaced_by == other.article_id
    assert other.replaced_by is None, "nothing stands for itself"


def test_only_text_makes_a_text_hash(reads):
    (one,) = normalize(reads(story("a")), NOW)
    (tagged,) = normalize(reads(story("a", keywords=["k"], urgency=3, version="2")), NOW)
    changed = [story("a", subheads=["s"]), story("a", summary="s")]
    assert tagged.text_hash == one.text_hash
    assert tagged.source_hash != one.source_hash
    assert len({one.text_hash, *(normalize(reads(other), NOW)[0].text_hash for other in changed)}) == 3


@pytest.mark.parametrize(
    ("rule", "given", "open_"),
    [
        ("hold", {"embargoed": True}, True),
        ("ignore", {"embargoed": True}, False),
        ("ignore", {"embargoed": True, "embargoed_until": GivenDate("", None)}, False),
        ("ignore", {"embargoed": True, "embargoed_until": GivenDate("Next Monday", None)}, True),
        ("ignore", {"status": "embargoed"}, True),
    ],
)
def test_an_empty_embargo_is_noise_only_where_the_feed_says_so(reads, rule, given, open_):
    (one,) = normalize(replace(reads(story("a", **given)), empty_embargo=rule), NOW)
    assert one.embargo_open is open_
