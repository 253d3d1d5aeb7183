"""New fields of the mapping on slices that an older release made. Additive, idempotent, and safe beside that release.

A slice says under `_meta.mapping_version` which mapping it has. The properties of this release are put onto every slice
that says less; nothing is ever put onto one that says as much or more. Elasticsearch takes new fields and refuses a changed
one, so what an older release writes goes on fitting, and a mapping that is not additive stops this worker, unready, before it
has written anything. An analyzer cannot be added to an open slice: a new text field names one that is there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from shared.elastic.border import border
from shared.elastic.mapping import MAPPING_VERSION
from shared.log import get_logger

_AT_ONCE: Final = 50
"""Slices a request: their names stand in its address, which Elasticsearch bounds by 4 kB."""

log = get_logger()


async def upgrade_slices(client: AsyncElasticsearch, alias: str, properties: Mapping[str, Any]) -> None:
    """Put the new fields onto every slice of an alias that lacks them. The template goes first, or a slice may slip through.

    Raises:
        Transient: Elasticsearch is away or overloaded.
        Misconfigured: it refuses us, or the mapping changes a field that is there.
    """
    with border("mappings", refusal_is_ours=True):
        answer = await client.indices.get_mapping(
            index=f"{alias}-*",
            allow_no_indices=True,
            ignore_unavailable=True,
            filter_path=["*.mappings._meta", "*.mappings.dynamic"],
        )
    old = sorted(name for name, found in answer.body.items() if version_of(found) < MAPPING_VERSION)
    await upgrade(client, old, properties)


async def upgrade(client: AsyncElasticsearch, slices: Sequence[str], properties: Mapping[str, Any]) -> None:
    """Put the fields of this release onto these slices.

    Raises:
        Transient, Misconfigured: as `upgrade_slices`.
    """
    for start in range(0, len(slices), _AT_ONCE):
        names = list(slices[start : start + _AT_ONCE])
        with border("mappings", refusal_is_ours=True):
            await client.indices.put_mapping(
                index=names,
                properties=properties,
                meta={"mapping_version": MAPPING_VERSION},
                ignore_unavailable=True,
            )
        log.info("mapping upgraded", slices=names, mapping_version=MAPPING_VERSION)


def version_of(described: Mapping[str, Any]) -> int:
    """The mapping version that a slice says it has, out of Elasticsearch's description of it; 0 if it says none."""
    version = described.get("mappings", {}).get("_meta", {}).get("mapping_version")
    return version if isinstance(version, int) else 0
