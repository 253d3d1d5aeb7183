"""What hangs on an item: pictures as references, other stories by title and address, the story it goes on from. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from services.normalization.formats.ninjs.content import caption_of, read_headlines
from services.normalization.formats.ninjs.fields import Fields
from services.normalization.fragment import absolute
from services.normalization.parts import StoryParts
from shared import ninjs
from shared.events import Image, Related

MAX_NESTED = 4
"""Levels of associations in associations that are read."""
MAX_ASSOCIATIONS = 500
"""Associated items of an item that are read, at all levels together."""

_PICTURES = frozenset({"picture", "graphic", "photo", "image", "animation"})
_OTHER_MEDIA = frozenset({"video", "audio"})
_BEST = (
    "original",
    "main",
    "full",
    "highres",
    "hires",
    "baseimage",
    "view",
    "viewimage",
    "preview",
    "small",
    "thumbnail",
)
_BEFORE = frozenset({"evolvedfrom", "replaces", "replacing", "derivedfrom", "previousversion", "updates"})
_AFTER = frozenset({"replacedby", "supersededby", "evolvedto", "nextversion"})


def nested(item: Fields) -> Iterator[tuple[dict[str, Any], Fields]]:
    """Every associated item, those in associations too, as it stands and by its fields."""
    return islice(_nested(item, 0), MAX_ASSOCIATIONS)


def _nested(item: Fields, depth: int) -> Iterator[tuple[dict[str, Any], Fields]]:
    found = item.get("associations")
    entries = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    for entry in entries:
        one = entry
        for name in ("data", "item"):
            one = one[name] if isinstance(one, dict) and isinstance(one.get(name), dict) else one
        if isinstance(one, dict):
            fields = Fields(one)
            yield one, fields
            if depth < MAX_NESTED:
                yield from _nested(fields, depth + 1)


def read_associations(item: Fields, parts: StoryParts) -> None:
    """Pictures, related stories, and what it replaces."""
    images = {image.url: image for image in parts.images}
    for raw, one in nested(item):
        kind = (one.words("type") or "").lower()
        if kind in _PICTURES:
            if image := picture(one):
                images.setdefault(image.url, image)
        elif _relation(one) in _BEFORE:
            parts.evolved_from = parts.evolved_from or _other(raw, parts)
        elif _relation(one) in _AFTER:
            parts.replaced_by = parts.replaced_by or _other(raw, parts)
        elif kind not in _OTHER_MEDIA and (related := _related(one)):
            parts.related.append(related)
    if (item.words("type") or "").lower() in _PICTURES and (image := picture(item)):
        images.setdefault(image.url, image)
    parts.images = list(images.values())
    _chain(item, parts)


def _relation(one: Fields) -> str:
    """How an associated item stands to this one ('evolvedFrom', 'irel:replacedBy')."""
    return (one.words("rel") or "").rpartition(":")[2].replace("_", "").lower()


def _other(raw: dict[str, Any], parts: StoryParts) -> str | None:
    """The associated item's id, unless it is this item's own."""
    other = ninjs.identity(raw)
    return other if other != parts.provider_id else None


def _chain(item: Fields, parts: StoryParts) -> None:
    """Superdesk's `evolvedfrom`, TT's `replacing` and `replacedby`."""
    for name in ("evolvedfrom", "replacing", "replaces"):
        for one in item.objects(name):
            before = one.words("name", "guid", "uri")
            own = ninjs.identity({"uri": before}) if before else None
            if own and own != parts.provider_id:
                parts.evolved_from = parts.evolved_from or own
    for one in item.objects("replacedby"):
        after = one.words("name", "guid", "uri")
        parts.replaced_by = parts.replaced_by or (ninjs.identity({"uri": after}) if after else None)
        if address := absolute(one.words("name", "uri")):
            parts.related.append(Related(title=one.words("headline"), url=address))


def _related(one: Fields) -> Related | None:
    titled = StoryParts(format="")
    read_headlines(one, titled)
    address = absolute(one.words("uri"))
    return Related(title=titled.title, url=address) if titled.title or address else None


def picture(item: Fields) -> Image | None:
    """A picture by its best rendition, else by its own address."""
    address = _best(item) or absolute(item.words("uri"))
    if address is None:
        return None
    by = item.words("creditline", "byline", "by")
    return Image(url=address, caption=caption_of(item), credit=by or item.words("copyrightholder", "source"))


def _best(item: Fields) -> str | None:
    """The address of the rendition for print, else of the widest."""
    given = item.get("renditions")
    named = (
        given.items() if isinstance(given, dict) else (("", one) for one in given) if isinstance(given, list) else ()
    )
    best: tuple[int, int, str] | None = None
    for name, one in list(named)[:50]:
        if not isinstance(one, dict):
            continue
        fields = Fields(one)
        address = absolute(fields.words("href", "url"))
        kind = fields.words("mimetype", "contenttype") or "image/"
        if address and kind.startswith("image"):
            role = (fields.words("name", "usage", "rel") or name).lower()
            width = fields.get("width")
            rank = _BEST.index(role) if role in _BEST else len(_BEST) // 2
            found = (rank, -width if type(width) is int else 0, address)
            best = min(best, found) if best else found
    return best[2] if best else None
