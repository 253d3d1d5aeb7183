"""A version as the document that Elasticsearch stores: live, superseded, or the tombstone of a kill. Pure.

A document is the article's fields under the same names, with the text under the one key of its language's analyzer, and
what indexing adds: `id`, `cluster_id`, `revision`, `change`, `indexed`. It is built from the event's own JSON in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from services.indexing.clusters import Key
from services.indexing.overlay import NOTHING, Overlay, laid_over
from services.indexing.standing import Standing, told
from services.indexing.versions import Stored, Version
from shared.elastic.languages import text_field
from shared.events import Article, Dateline, Thread, Topic
from shared.ids import micros

_KNOWN = frozenset(Article.model_fields)
_TOMBSTONE = frozenset(
    {
        "article_id",
        "story_id",
        "evolved_from",
        "provider_id",
        "version",
        "versioned_by",
        "source_hash",
        "receipt",
        "item",
        "feed",
        "format",
        "kind",
        "status",
        "status_given",
        "reason",
        "slugline",
        "language",
        "published",
        "first_published",
        "updated",
        "version_time",
        "received",
        "normalized",
    }
)
"""What is left of a killed article: who it is, when, and why it was killed. No text, and nothing drawn from the text."""

_BONES = frozenset(
    {
        "id",
        "article_id",
        "story_id",
        "evolved_from",
        "chain",
        "cluster_id",
        "receipt",
        "item",
        "feed",
        "format",
        "kind",
        "version",
        "versioned_by",
        "source_hash",
        "ext_version",
        "revision",
        "change",
        "superseded_by",
        "status",
        "embargoed_until",
        "embargo_open",
        "expires",
        "published",
        "version_time",
        "received",
        "normalized",
        "indexed",
        "live_from",
        "live_until",
        "held",
        "held_until",
        "kill_partition",
        "kill_offset",
        "on_hold",
        "own_status",
        "erased",
        "replaced_told",
        "replaced_by",
        "replaced_at",
        "order_id",
        "orders",
    }
)
"""What is left of an erased article."""

_TOPIC = frozenset(Topic.model_fields)
_DATELINE = frozenset(Dateline.model_fields)
_THREAD = frozenset(Thread.model_fields)
_OF_CLUSTERS = ("bands", "sketch", "cluster_since")
"""By which copies are found: of live documents only, for what was superseded is nobody's copy any more."""
_BITS = (("urgency", 7), ("word_count", 31))
"""Numbers of the mapping's `byte` and `integer`."""


def live(
    version: Version,
    *,
    ext_version: int,
    revision: int,
    change: str,
    indexed: str,
    origin: Mapping[str, str] | None = None,
    killed_at: tuple[int, int] | None = None,
    cluster: Key | None = None,
    overlay: Overlay | None = None,
    chained: Stored | None = None,
    first_published: str | None = None,
) -> bytes:
    """The live document of a version, as one line of JSON.

    Args:
        version: what came.
        ext_version: with the sub that this index has given.
        revision: ours, from 1.
        change: what the version did to its article.
        indexed: when the write was sent, RFC 3339.
        origin: facts of the item that was live with this content before, and stays so (see `Verdict.RAISE`).
        killed_at: of a tombstone, partition and offset of the record that killed the article: the order of kills.
        cluster: the cluster that it is known to be in; without it, it stands alone.
        overlay: what stands over the version.
        chained: the article as it will stand: its story, and what it goes on from; None: as the version says.
        first_published: of the article, if an earlier version has said so.
    """
    document = _document(version, ext_version, revision, change, indexed)
    if first_published is not None:
        document["first_published"] = first_published
    if cluster is not None:
        document["cluster_id"], document["cluster_since"] = cluster.id, cluster.since
    if overlay is not None:
        document = laid_over(document, overlay)
    if chained is not None:
        _chain(document, chained)
    if killed_at is not None:
        document["kill_partition"], document["kill_offset"] = killed_at
    if origin is not None:
        document |= origin
    return orjson.dumps(document)


def unspanned(
    version: Version,
    *,
    ext_version: int,
    revision: int | None,
    change: str,
    superseded_by: int,
    standing: Standing,
    overlay: Overlay | None = None,
    first_published: str | None = None,
    erased: bool = False,
) -> bytes:
    """The history document of a version that no reader ever saw live: late, after a kill, or replaced in its own batch.

    `overlay` and `first_published` are its article's, where it took its turn; of an `erased` article there is no text.
    """
    document = _document(version, ext_version, revision, change, None)
    if first_published is not None:
        document["first_published"] = first_published
    if overlay is not None:
        document = laid_over(document, overlay)
    if erased:
        document = scrubbed(document)
    document["superseded_by"] = str(superseded_by)
    return orjson.dumps(_past(document) | told(standing))


def superseded(source: dict[str, Any], *, live_until: str, superseded_by: int, standing: Standing) -> bytes:
    """The history document of what was live: its stored source with the span in which readers saw it."""
    return orjson.dumps(
        {
            **_past(source),
            **told(standing),
            "live_from": source.get("indexed"),
            "live_until": live_until,
            "superseded_by": str(superseded_by),
        }
    )


def clustered(source: Mapping[str, Any], cluster: Key) -> bytes:
    """The same live document in a cluster."""
    return orjson.dumps({**source, "cluster_id": cluster.id, "cluster_since": cluster.since})


def _past(source: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name not in _OF_CLUSTERS}


def ordered(source: Mapping[str, Any] | None, after: Stored, article_id: str, reason: str | None) -> bytes:
    """The live document that an order makes out of the stored one (None: nothing was there), as one line of JSON.

    Args:
        source: the stored document.
        after: what it is to say of itself.
        article_id: whose it is.
        reason: of a kill, for its notice.
    """
    overlay = after.overlay or NOTHING
    document = dict(source) if source else _stub(article_id, after)
    document["status"] = after.own_status or after.status
    if overlay.erased:
        document = scrubbed(document)
        for name in ("embargo_open", "embargoed_until", "expires"):
            document.pop(name, None)  # of the version that was live; its row of history keeps them
    elif after.killed and document.get("change") != after.change:
        document = _entombed(document, reason)
    if document.get("braked") and not after.braked:
        for name in ("braked", "embargo_open", "embargoed_until"):
            document.pop(name, None)
    document = laid_over(document, overlay)
    _chain(document, after)
    if after.killed_at is not None:
        document["kill_partition"], document["kill_offset"] = after.killed_at
    numbers = {"ext_version": after.ext_version, "revision": after.revision, "change": after.change}
    return orjson.dumps(document | numbers | {"indexed": after.indexed})


def _chain(document: dict[str, Any], after: Stored) -> None:
    """The story, and what it goes on from, as far as that is another article."""
    document["story_id"] = after.story_id or document["article_id"]
    if after.parent:
        document["evolved_from"] = after.parent
    else:
        document.pop("evolved_from", None)


def scrubbed(source: Mapping[str, Any]) -> dict[str, Any]:
    """What may be kept of an erased article: ids, numbers and times; nothing that anybody wrote."""
    kept = {name: value for name, value in source.items() if name in _BONES}
    version = kept.get("version")
    if isinstance(version, str) and not version.isdigit():
        del kept["version"]  # '1st Lead Ferry', say
    if "cluster_id" in kept:
        kept["cluster_id"] = kept["article_id"]  # what its text was like is nobody's business any more
    return kept | {"erased": True}


def _stub(article_id: str, after: Stored) -> dict[str, Any]:
    """A document for an article of which only orders have come: shown to nobody, and no version."""
    return {
        "id": article_id,
        "article_id": article_id,
        "story_id": article_id,
        "cluster_id": article_id,
        "source_hash": "",
        "received": after.received,
    }


def _entombed(document: Mapping[str, Any], reason: str | None) -> dict[str, Any]:
    """The tombstone of what was live."""
    kept = {name: value for name, value in document.items() if name in _TOMBSTONE or name == "id"}
    title = document.get("title")
    kept["cluster_id"] = kept["id"]
    kept["notice_title"] = next(iter(title.values()), None) if isinstance(title, dict) else None
    if reason is not None:
        kept["reason"] = reason
    return kept


def _document(
    version: Version, ext_version: int, revision: int | None, change: str, indexed: str | None
) -> dict[str, Any]:
    data = version.data
    if version.killed:
        document = {name: data[name] for name in _TOMBSTONE if data.get(name) is not None}
        document["notice_title"] = data.get("title")
    else:
        document = {name: value for name, value in data.items() if value is not None and name in _KNOWN}
        _place_text(document)
        _fit(document)
    document["id"] = document["cluster_id"] = version.article_id
    if "sketch" in document:
        document["cluster_since"] = micros(version.received_at)
    document["ext_version"] = ext_version
    document["change"] = change
    if revision is not None:
        document["revision"] = revision
    if indexed is not None:
        document["indexed"] = indexed
    return document


def _place_text(document: dict[str, Any]) -> None:
    field = text_field(document.get("language"))
    for name in ("title", "summary", "body"):
        if name in document:
            document[name] = {field: document[name]}


def _fit(document: dict[str, Any]) -> None:
    """Drops what the strict mapping would refuse the whole article for, though the article is worth having without it.

    Lengths need no care: every keyword of the mapping has `ignore_above`, and analyzers cut words at 255 characters.
    """
    for name, bits in _BITS:
        number = document.get(name)
        # An integer beyond 64 bits has become a float on its way through JSON.
        if isinstance(number, int | float) and not -(2**bits) <= number < 2**bits:
            del document[name]
    for topic in document.get("topics") or ():
        if isinstance(topic, dict) and not topic.keys() <= _TOPIC:
            _keep(topic, _TOPIC)
    dateline = document.get("dateline")
    if isinstance(dateline, dict) and not dateline.keys() <= _DATELINE:
        _keep(dateline, _DATELINE)
    thread = document.get("thread")
    if isinstance(thread, dict):
        _keep(thread, _THREAD)


def _keep(part: dict[str, Any], names: frozenset[str]) -> None:
    for name in part.keys() - names:
        del part[name]
