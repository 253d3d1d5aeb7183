"""Where ninjs items stand in JSON, and who each is: the front door and normalization find them by the same rules. Pure.

ninjs is IPTC's News in JSON (1.x with names in lower case and text in `body_…`, 2.x with arrays, 3.x in camel case). Dialects
wrap it: AP's Media API has the item in `data.item`, search answers have lists in `items`, `item`, `hits` or `_items`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

NAMES: Final = frozenset({
    "uri", "guid", "pubstatus", "versioncreated", "firstcreated", "contentcreated", "headline", "headlines", "body_text",
    "body_html", "body_xhtml", "body_html5", "bodies", "bylines", "usageterms", "copyrightholder", "copyrightnotice",
    "representationtype", "associations", "infosource", "infosources", "subject", "subjects", "slugline", "slug",
    "descriptions", "description_text", "description_html", "description_xhtml", "renditions", "altids", "embargoed",
    "embargoeduntil", "eventdetails", "plannedcoverage", "people", "person", "organisation", "organisations", "located",
    "mimetype", "standard", "trustindicators", "rightsinfo", "profile", "place", "genre", "genres",
})  # fmt: skip
"""Names of ninjs, in lower case, that the plain story has not."""
MIN_NAMES: Final = 2
"""One such name may be a plain story's mistake ('uri' for 'url'); two are no mistake."""
MAX_ID: Final = 1024
"""Characters; nothing longer is an identifier."""

WRAPPERS: Final = ("data", "item", "items", "_items", "hits", "results", "_source")
_MAX_WRAPPED: Final = 5
_BESIDE: Final = ("nitf", "associations")
"""What AP's clients put beside `data`: the text, which AP has in a second document, and the pictures in full."""

_AP_CONTENT = re.compile(r"https?://[\w.-]*\bap\.org/media/v[\d.]*/content/[\w.-]+(?=\?)", re.IGNORECASE)
_REVISION = re.compile(r"(urn:newsml:[^:]+:\d{8}(?:T\d{4,6}Z?)?:[^:]+):\d+[NAU]?", re.IGNORECASE)
"""RFC 3085: urn:newsml:provider:date:item:revision."""


def is_item(data: Any) -> bool:
    """Whether an object has enough of ninjs's names to be an item."""
    return isinstance(data, dict) and sum(name.lower() in NAMES for name in data) >= MIN_NAMES


def items(data: Any) -> Iterator[dict[str, Any]]:
    """The items in a JSON document, in order; none if it is no ninjs of any kind. Those in associations belong to their item."""
    yield from _items(data, 0)


def _items(data: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        for one in data:
            yield from _items(one, depth + 1) if depth < _MAX_WRAPPED else ()
        return
    if not isinstance(data, dict):
        return
    if is_item(data) and not is_item(data.get("item")):
        yield data
    elif depth < _MAX_WRAPPED:
        beside = {name: data[name] for name in _BESIDE if name in data}
        for name in WRAPPERS:
            if name in data:
                for one in _items(data[name], depth + 1):
                    yield one | beside if beside else one


def identity(item: Mapping[str, Any]) -> str | None:
    """The provider's id of all versions of an item: AP's `itemid`, else `guid` (Superdesk), else `uri`; None if unreadable.

    A revision at the end of a NewsML name and the session in AP's addresses are no part of it.
    """
    given = _of_ap(item.get("altids") or item.get("altIds")) or _name(item.get("guid")) or _name(item.get("uri"))
    if given is None:
        return None
    session = _AP_CONTENT.match(given)
    revision = _REVISION.fullmatch(given)
    return session[0] if session else revision[1] if revision else given


def _of_ap(ids: Any) -> str | None:
    if isinstance(ids, dict):
        return _name(ids.get("itemid"))
    if isinstance(ids, list):
        found = (one.get("value") for one in ids if isinstance(one, dict) and one.get("role") == "itemid")
        return next((name for value in found if (name := _name(value))), None)
    return None


def _name(value: Any) -> str | None:
    text = value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""
    return text if text and len(text) <= MAX_ID else None
