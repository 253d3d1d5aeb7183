"""What the index holds of an article, as much as decides about its next version. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.indexing import overlay
from services.indexing.standing import standing_of
from services.indexing.versions import Embargo, Stored, given_of
from shared.elastic.ports import Found

FIELDS = (
    "article_id",
    "ext_version",
    "source_hash",
    "status",
    "revision",
    "change",
    "receipt",
    "item",
    "received",
    "indexed",
    "versioned_by",
    "version",
    "version_time",
    "normalized",
    "embargo_open",
    "embargoed_until",
    "kill_partition",
    "kill_offset",
    "text_hash",
    "story_id",
    "evolved_from",
    "braked",
    "replaced_by",
    "first_published",
    *overlay.FIELDS,
)
"""What is asked of a live document."""
_LONG_AGO = "1970-01-01T00:00:00Z"


def as_stored(found: Found) -> Stored:
    """What a look-up says; a field that an older release did not store counts as 'nothing known'."""
    source = found.source
    laid = overlay.overlay_of(source)
    return Stored(
        slice=found.index,
        ext_version=found.version,
        source_hash=source.get("source_hash", ""),
        status=source.get("status", ""),
        revision=source.get("revision", 1),
        change=source.get("change", ""),
        receipt=source.get("receipt", ""),
        item=source.get("item", ""),
        received=source.get("received", _LONG_AGO),
        indexed=source.get("indexed", _LONG_AGO),
        versioned_by=source.get("versioned_by", "received"),
        given=given_of({"received": _LONG_AGO, **source, "ext_version": found.version}),
        normalized=source.get("normalized", _LONG_AGO),
        standing=standing_of(source.get("status", ""), source),
        killed_at=(source["kill_partition"], source["kill_offset"]) if "kill_offset" in source else None,
        text_hash=source.get("text_hash"),
        story_id=source.get("story_id", ""),
        parent=_parent(source),
        own_status=source.get("own_status", "") or (source.get("status", "") if laid else ""),
        overlay=laid,
        embargo=Embargo(bool(source.get("embargo_open")), source.get("embargoed_until")),
        braked=source.get("braked") is True,
        replaced=source.get("replaced_by") is not None and not source.get("replaced_told"),
        first_published=source.get("first_published"),
    )


def _parent(source: Mapping[str, Any]) -> str:
    """What a stored article goes on from; an older release stored that as its story."""
    found = source.get("evolved_from") or source.get("story_id") or ""
    return "" if found == source.get("article_id") else str(found)
