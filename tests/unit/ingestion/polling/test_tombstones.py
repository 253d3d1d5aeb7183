"""Entries that an Atom feed says are gone (RFC 6721)."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.document import Deleted
from services.ingestion.polling.entries import split
from services.ingestion.polling.tombstones import MAX_DELETED, orders

FEED = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">
<entry><id>tag:e.org,1</id><title>t</title></entry>
<at:deleted-entry ref="tag:e.org,2" when="2026-03-04T10:00:00Z"><at:comment>gone</at:comment></at:deleted-entry>
<at:deleted-entry ref="tag:e.org,1" when="2026-03-04T10:00:00Z"/>
<at:deleted-entry when="2026-03-04T10:00:00Z"/></feed>"""


def test_they_are_no_entries_and_are_told_apart():
    document = split(FEED.encode(), None)
    assert [entry.name for entry in document.entries] == ["tag:e.org,1"]
    assert document.deleted[:2] == [
        Deleted("tag:e.org,2", "2026-03-04T10:00:00Z"),
        Deleted("tag:e.org,1", "2026-03-04T10:00:00Z"),
    ]


@pytest.mark.parametrize(("meaning", "status"), [("kill", "canceled"), ("withhold", "withheld")])
def test_an_order_names_the_entry_by_its_own_id(meaning, status):
    document = split(FEED.encode(), None)
    found = orders(document.deleted, (entry.name for entry in document.entries), meaning)
    assert [one.name for one in found] == ["tag:e.org,2"], (
        "one that stands in the feed is not gone; one without id is nobody"
    )
    story = orjson.loads(found[0].document)
    assert story == {"uri": "tag:e.org,2", "pubstatus": status, "versioncreated": "2026-03-04T10:00:00Z"}
    assert found[0].order
    assert not found[0].teaser


def test_a_repetition_is_the_same_and_a_later_one_another():
    first, again = (orders([Deleted("a", "1")], (), "kill")[0] for _ in range(2))
    assert first.pair == again.pair
    assert orders([Deleted("a", "2")], (), "kill")[0].pair != first.pair
    assert orders([Deleted("a", "1")], (), "withhold")[0].pair != first.pair


@given(st.lists(st.builds(Deleted, st.text(max_size=600), st.text(max_size=60)), max_size=50))
def test_nothing_in_a_feed_raises(deleted):
    for one in orders(deleted, (), "kill"):
        orjson.loads(one.document)


def test_they_are_bounded():
    many = [Deleted(str(n), "") for n in range(MAX_DELETED + 5)]
    assert len(orders(many, (), "kill")) == MAX_DELETED
