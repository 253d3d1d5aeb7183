"""A record of `stories.raw` as normalization sees it: CloudEvents attributes read and checked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Headers, major_version

MAJOR = 1
KIND = "newswire.story.received"

_READ = frozenset(
    {
        "ce_specversion", "ce_type", "ce_id", "ce_feed", "ce_receipt", "ce_time", "ce_provider", "content-type",
        "ce_contentlocation", "ce_zone", "ce_language",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RawStory:
    """The bytes of one item with what the front door said of them.

    `provider` is the namespace of its ids; `zone` (IANA name) and `language` are the feed's defaults.
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


def raw_story(headers: Headers, value: bytes | None) -> RawStory:
    """Read a record's headers.

    Raises:
        Refused: `not-an-event` without value or attributes, `unsupported-schema` for another type or major version.
    """
    if value is None:
        raise Refused("not-an-event", "a null value")
    given = {name: text.decode("utf-8", "replace") for name, text in headers if name in _READ}
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


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise Refused("not-an-event", "ce_time has no zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("not-an-event", "ce_time is no time") from None
