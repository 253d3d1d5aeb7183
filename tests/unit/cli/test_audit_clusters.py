"""The audit's check for split clusters, over an index in memory."""

from __future__ import annotations

import pytest

from cli.audit import clusters
from cli.audit.clusters import split_clusters
from services.normalization.sketch import sketch_of
from shared.elastic.ports import Near
from shared.settings import IndexingSettings

TEXT = (
    "The harbour council said on Tuesday that it would pay 31 million for the bridge at Nordvik, which engineers had closed "
    "in March after 14 of its 62 cables were found to be worn; ferries will run until the work is done, the council said"
)
OTHER = (
    "Wheat exports rose to 1,204 thousand tonnes in the third quarter as the railway to Port Elin was opened again, the "
    "ministry of trade in Varna said, adding that barley fell by 7 percent and that prices were the lowest since 2019"
)


def document(name: str, cluster: str, text: str = TEXT, published: str = "2026-03-05T12:00:00.000000Z", **more):
    made = sketch_of("Council agrees on a new bridge", text)
    return {
        "id": name, "ext_version": 1, "cluster_id": cluster, "cluster_since": 1, "sketch": made.sketch,
        "bands": made.bands, "published": published, "received": published, **more,
    }  # fmt: skip


class Index:
    """`cli.audit.clusters.Copies` over a list; `later` is what stands there from the second look on."""

    def __init__(self, *documents, later=None):
        self.documents, self.later = list(documents), later

    async def scan(self, alias, fields, by, query=None):
        assert (alias, by[0]) == ("articles", "id")
        if "terms" in query and self.later is not None:
            self.documents = self.later
        wanted = query.get("terms", {}).get("id")
        for row in sorted(self.documents, key=lambda row: row["id"]):
            if wanted is None or row["id"] in wanted:
                yield {name: row[name] for name in fields if name in row}

    async def near(self, nearby):
        return [
            Near(row["id"], row["cluster_id"], row["cluster_since"], row["sketch"], 1772712000000)
            for row in self.documents
            if row["id"] not in nearby.besides and set(row["bands"]) & set(nearby.bands)
        ]


@pytest.mark.parametrize("at_once", [1, 500])
async def test_copies_in_two_clusters_are_found_once_whether_looked_up_together_or_apart(monkeypatch, at_once):
    monkeypatch.setattr(clusters, "AT_ONCE", at_once)
    index = Index(document("a", "a"), document("b", "b"), document("c", "a"), document("d", "d", OTHER))
    found = await split_clusters(index, IndexingSettings(), patience_s=0)
    assert found == [("a", "b"), ("b", "c")]


async def test_a_sound_index_has_none(monkeypatch):
    index = Index(document("a", "a"), document("b", "a"), document("d", "d", OTHER))
    assert await split_clusters(index, IndexingSettings(), patience_s=0) == []


async def test_copies_beyond_the_window_may_stand_apart():
    index = Index(document("a", "a"), document("b", "b", published="2026-03-15T12:00:00.000000Z"))
    assert await split_clusters(index, IndexingSettings(), patience_s=0) == []


async def test_what_is_under_way_is_waited_for():
    whole = [document("a", "a"), document("b", "a")]
    assert (
        await split_clusters(
            Index(document("a", "a"), document("b", "b"), later=whole), IndexingSettings(), patience_s=0.01
        )
        == []
    )
    still = Index(document("a", "a"), document("b", "b"))
    assert await split_clusters(still, IndexingSettings(), patience_s=0.01) == [("a", "b")]


async def test_documents_of_an_older_release_and_a_switched_off_search_are_no_finding():
    old = document("b", "b")
    del old["cluster_since"]
    assert await split_clusters(Index(document("a", "a"), old | {"bands": []}), IndexingSettings(), patience_s=0) == []
    apart = Index(document("a", "a"), document("b", "b"))
    assert await split_clusters(apart, IndexingSettings(clusters=False), patience_s=0) == []
