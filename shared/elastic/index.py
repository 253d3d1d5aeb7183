"""Aliases, monthly slices and their templates: what the index is made of.

An alias (`articles`, `article-versions`, `dead-letters`) covers slices `{alias}-YYYY.MM` and `{alias}-before`; `marks`
covers one, `marks-all`. A slice is made by its writer before its first write, out of the template, and is never made by
accident (`allow_auto_create` off).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError

from shared.elastic.border import border
from shared.elastic.mapping import (
    ANALYSIS,
    MAPPING_VERSION,
    article_properties,
    dead_letter_properties,
    mark_properties,
    version_properties,
)
from shared.elastic.upgrade import upgrade, upgrade_slices, version_of
from shared.errors import Misconfigured
from shared.settings import ElasticsearchSettings

ARTICLES: Final = "articles"
ARTICLE_VERSIONS: Final = "article-versions"
DEAD_LETTERS_ALIAS: Final = "dead-letters"
"""Records of dead letters for the trace; the letters themselves stand on the topic of that name (`shared.events`)."""
MARKS: Final = "marks"
"""How far workers have come, a few small documents; one slice for all time."""
KINDS: Final = (ARTICLES, ARTICLE_VERSIONS, DEAD_LETTERS_ALIAS, MARKS)

_PROPERTIES = {
    ARTICLES: article_properties,
    ARTICLE_VERSIONS: version_properties,
    DEAD_LETTERS_ALIAS: dead_letter_properties,
    MARKS: mark_properties,
}
_DESCRIBED = ["*.aliases", "*.mappings._meta", "*.mappings.dynamic"]
_PRIORITY = 500
"""Above Elasticsearch's own templates (100) and below what an operator would choose to override with."""


def slice_name(kind: str, moment: datetime | None, since: str) -> str:
    """The slice of an alias for a moment: `articles-2024.05`, or `articles-before` for what is older than `since`.

    Args:
        kind: the alias.
        moment: aware; None (undated) counts as older.
        since: first month with a slice of its own, `YYYY-MM`.
    """
    if kind == MARKS:
        return f"{kind}-all"
    if moment is None:
        return f"{kind}-before"
    utc = moment.astimezone(UTC)
    year, _, month = since.partition("-")
    if (utc.year, utc.month) < (int(year), int(month)):
        return f"{kind}-before"
    return f"{kind}-{utc.year:04d}.{utc.month:02d}"


def alias_of(name: str) -> str:
    """The alias that a slice belongs to.

    Raises:
        Misconfigured: no template covers the name, so an index of that name would have no mapping.
    """
    for kind in KINDS:
        if name.startswith(f"{kind}-"):
            return kind
    raise Misconfigured(f"no template covers the index {name}")


def template(kind: str, settings: ElasticsearchSettings) -> dict[str, Any]:
    """The composable index template of an alias."""
    return {
        "index_patterns": [f"{kind}-*"],
        "priority": _PRIORITY,
        "version": MAPPING_VERSION,
        "allow_auto_create": False,
        "_meta": {"managed_by": "newswire", "mapping_version": MAPPING_VERSION},
        "template": {
            "settings": {
                "number_of_shards": settings.shards,
                "number_of_replicas": settings.replicas,
                # Said explicitly, so that an index nobody searches for 30 s goes on refreshing (no 'search idle').
                "refresh_interval": settings.refresh_interval,
                # A batch is made searchable at once, as a small segment of each slice. With the 16 MB of Elasticsearch 9
                # all of those count as equal and are merged over and over: measured, each document 4 times instead of once.
                "merge.policy.floor_segment": "2mb",
                "analysis": ANALYSIS,
            },
            "mappings": {
                "dynamic": "strict",
                "_meta": {"mapping_version": MAPPING_VERSION},
                "properties": _PROPERTIES[kind](),
            },
        },
    }


async def ensure_templates(client: AsyncElasticsearch, settings: ElasticsearchSettings) -> None:
    """Put the templates in place, unless a newer release has put its own.

    Raises:
        Transient: Elasticsearch is away or overloaded.
        Misconfigured: it refuses us, or lacks an analyzer that the mapping names.
    """
    for kind in KINDS:
        name = f"newswire-{kind}"
        with border("templates", refusal_is_ours=True):
            try:
                found = await client.indices.get_index_template(name=name)
            except NotFoundError:
                stored = 0
            else:
                stored = found["index_templates"][0]["index_template"].get("version") or 0
            if stored > MAPPING_VERSION:
                continue
            await client.perform_request(
                "PUT",
                f"/_index_template/{name}",
                headers={"accept": "application/json", "content-type": "application/json"},
                body=template(kind, settings),
            )


async def ensure_mappings(client: AsyncElasticsearch) -> None:
    """Bring every slice that an older release made up to this release's mapping; call `ensure_templates` first.

    Raises:
        Transient, Misconfigured: as `shared.elastic.upgrade.upgrade_slices`.
    """
    for kind in KINDS:
        await upgrade_slices(client, kind, _PROPERTIES[kind]())


async def ensure_slice(client: AsyncElasticsearch, name: str) -> None:
    """Make a slice and put it behind its alias, unless it is there; safe when many workers do so at once.

    One that an older release has made since we started gets the new fields of the mapping.

    The alias comes last, once the slice's shards answer: a search over the alias would fail for the moment in between.

    Raises:
        Transient: Elasticsearch is away or overloaded.
        Misconfigured: it refuses to make the index, or no template covers the name.
    """
    alias = alias_of(name)
    with border("create slice", refusal_is_ours=True):
        answer = await client.indices.get(
            index=name, ignore_unavailable=True, features=["aliases", "mappings"], filter_path=_DESCRIBED
        )
    found = answer.body.get(name)
    if found is not None and version_of(found) < MAPPING_VERSION:
        await upgrade(client, [name], _PROPERTIES[alias]())
    if found is not None and alias in found.get("aliases", {}):
        return
    with border("create slice", refusal_is_ours=True):
        try:
            await client.indices.create(index=name, wait_for_active_shards=1)
        except ApiError as error:
            # Another worker was faster, or ended before it came to the alias.
            if error.error != "resource_already_exists_exception":
                raise
        await client.indices.put_alias(index=name, name=alias)
