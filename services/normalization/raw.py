"""A record of `stories.raw` as normalization sees it: CloudEvents attributes read and checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, cast, get_args
from uuid import UUID

import orjson

from services.normalization.feed_lines import LINES_HEADER, FeedLines, read_header
from shared.errors import Refused
from shared.events import Headers, major_version

MAJOR = 1
KIND = "newswire.story.received"

_READ = frozenset(
    {
        "ce_specversion", "ce_type", "ce_id", "ce_feed", "ce_receipt", "ce_time", "ce_provider", "content-type",
        "ce_contentlocation", "ce_zone", "ce_language", "ce_formathint", "ce_statusmap", "ce_orderby", "ce_rights",
        "ce_learnlines",
        "ce_emptyembargo",
    }
)  # fmt: skip

OrderBy = Literal["version", "version-time", "received"]


@dataclass(frozen=True, slots=True)
class RawStory:
    """The bytes of one item with what the front door said of them.

    `provider` is the namespace of its ids; `zone` (IANA name), `language` and `rights` are the feed's defaults. `format_hint`
    names the format to read where the bytes leave it open, `order_by` what alone orders the versions of a story, and
    `status_map` what the provider's status words (in lower case) mean: usable, withheld, embargoed or killed. `empty_embargo`
    is `ignore` where an embargo without any end is noise of the sender's.
    """

    feed: str
    provider: str
    receipt: UUID
    item: str
    received: datetime
    value: bytes
    content_type: str | None = None
    content_location: str | None = None
    zone: str | None = None
    language: str | None = None
    rights: str | None = None
    format_hint: str | None = None
    order_by: OrderBy | None = None
    status_map: Mapping[str, str] = field(default_factory=dict)
    empty_embargo: str = "hold"
    lines: FeedLines | None = None
    """The lines that the feed repeats; None where nobody keeps such lines, or the feed does not want them learned."""


def raw_story(headers: Headers, value: bytes | None) -> RawStory:
    """Read a record's headers.

    Raises:
        Refused: `not-an-event` without value or attributes, `unsupported-schema` for another type or major version.
    """
    if value is None:
        raise Refused("not-an-event", "a null value")
    given = {name: text.decode("utf-8", "replace") for name, text in headers if name in _READ}
    lines = next((text for name, text in reversed(headers) if name == LINES_HEADER), None)
    _check_type(given)
    missing = [name for name in ("ce_id", "ce_feed", "ce_receipt", "ce_time") if not given.get(name)]
    if missing:
        raise Refused("not-an-event", f"without the header {missing[0]}")
    try:
        receipt = UUID(given["ce_receipt"])
    except ValueError:
        raise Refused("not-an-event", "ce_receipt is no UUID") from None
    return RawStory(
        feed=given["ce_feed"],
        provider=given.get("ce_provider") or given["ce_feed"],
        receipt=receipt,
        item=given["ce_id"],
        received=_moment(given["ce_time"]),
        value=value,
        content_type=given.get("content-type") or None,
        content_location=given.get("ce_contentlocation") or None,
        zone=given.get("ce_zone") or None,
        language=given.get("ce_language") or None,
        rights=given.get("ce_rights") or None,
        format_hint=given.get("ce_formathint") or None,
        order_by=_order_by(given.get("ce_orderby")),
        status_map=_status_map(given.get("ce_statusmap") or "{}"),
        lines=read_header(lines) if lines and given.get("ce_learnlines") != "false" else None,
        empty_embargo=given.get("ce_emptyembargo") or "hold",
    )


def _check_type(given: dict[str, str]) -> None:
    if given.get("ce_specversion", "") != "1.0":
        if "ce_specversion" in given:
            raise Refused("unsupported-schema", "another version of CloudEvents than 1.0")
        raise Refused("not-an-event", "without CloudEvents headers")
    kind = given.get("ce_type", "")
    if not kind:
        raise Refused("not-an-event", "without the header ce_type")
    if kind.rpartition(".v")[0] != KIND or major_version(kind) != MAJOR:
        raise Refused("unsupported-schema", "ce_type is not one of those that this release reads")


def _order_by(text: str | None) -> OrderBy | None:
    if text and text not in get_args(OrderBy):
        raise Refused("unsupported-schema", "ce_orderby is no rule that this release knows")
    return cast("OrderBy", text) if text else None


@lru_cache(maxsize=256)
def _status_map(text: str) -> Mapping[str, str]:
    """A feed sends the same map with every story."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(meaning, str) for meaning in found.values()):
        raise Refused("not-an-event", "ce_statusmap is no JSON object of words")
    return found


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise Refused("not-an-event", "ce_time has no zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("not-an-event", "ce_time is no time") from None
