"""What the door decides of one item: let through under which name, or refused and why. Pure.

The door checks what a sender can mend at once: encoding, well-formedness, a known format, and a plain story whole. What a
wire format's fields mean is judged behind it.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import Any

from services.ingestion.media import Family
from services.ingestion.sniff import FORMATS, looks_like_json, sniff, sniff_json
from shared import ninjs
from shared.errors import Refused, TooLarge
from shared.stories import parse_json, story_of


def check_item(raw: bytes, family: Family, limit: int) -> str | None:
    """Let an item through: returns the provider's own name for the story (its id, else its URL), if it is read cheaply.

    Raises:
        Refused: with a code of `shared.problems.KINDS`.
    """
    if len(raw) > limit:
        raise TooLarge(f"an item may have {limit} bytes")
    if family is Family.JSON or family is Family.NDJSON or (family is Family.BY_CONTENT and looks_like_json(raw)):
        return _check_json(raw)
    if not raw or raw.isspace():
        raise Refused("empty-body", "there is nothing but white space")
    found = sniff(raw, family)
    if found == "binary":
        raise Refused("unsupported-media-type", "the content is no text of any kind")
    if not FORMATS[found]:
        raise _not_supported(found)
    return None


def _check_json(raw: bytes) -> str | None:
    if not raw or raw.isspace():
        raise Refused("empty-body", "there is nothing but white space")
    data = parse_json(raw)
    found = sniff_json(data)
    if not FORMATS[found]:
        raise _not_supported(found)
    if found == "ninjs":
        return _of_ninjs(data)
    if found != "plain":
        return None
    story = story_of(data, raw)
    return story.id or story.url


def _of_ninjs(data: Any) -> str | None:
    """Who the one item is; None where there are several."""
    first, second = islice(chain(ninjs.items(data), (None, None)), 2)
    return ninjs.identity(first) if first is not None and second is None else None


def _not_supported(found: str) -> Refused:
    return Refused("format-not-supported", f"the format ({found}) is none that newswire reads")
