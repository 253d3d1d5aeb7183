"""Who a story is and what its version means: identity, order, status, embargo. Pure.

Rules are the design's ('Identity', 'Version', 'Kill'): an article is named inside its provider's namespace by the
provider's id without revision, else by its address, else by its content; `published` is never a version time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from services.normalization.parts import GivenDate, StoryParts
from services.normalization.raw import RawStory
from shared import ids
from shared.errors import Refused
from shared.events import Status

VersionedBy = Literal["version", "version-time", "received"]

_STATUS = {
    "": Status.USABLE,
    "usable": Status.USABLE,
    "embargoed": Status.USABLE,
    "replaced": Status.USABLE,  # TT: a newer story stands for it, and it stays readable
    "withheld": Status.WITHHELD,
    "canceled": Status.KILLED,
    "cancelled": Status.KILLED,
    "killed": Status.KILLED,
    "kill": Status.KILLED,
    "withdrawn": Status.KILLED,
}
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|mc_[ce]id|_hs(?:enc|mi)|mkt_tok|oly_\w+_id"
    r"|vero_(?:id|conv)|wickedid|s_cid|cmpid|ncid|at_(?:medium|campaign)\w*|xtor|ref_src|ref_url|smid|ito|__twitter_impression",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Identity:
    """The article a version belongs to, and the version's place in its order."""

    article_id: UUID
    ext_version: int
    versioned_by: VersionedBy


def canonical_url(address: str | None) -> str | None:
    """An http(s) address in one spelling: no fragment, no tracking, host in lower case, no default port.

    None if it is no such address. The rest of the query keeps its order: sites exist where that matters.
    """
    if not address:
        return None
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not host:
        return None
    netloc = f"[{host}]" if ":" in host else host
    if port and port != _DEFAULT_PORTS[scheme]:
        netloc += f":{port}"
    query = parts.query
    if query and any(_TRACKING.fullmatch(pair.partition("=")[0]) for pair in query.split("&")):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(name, value) for name, value in pairs if not _TRACKING.fullmatch(name)])
    return urlunsplit((scheme, netloc, parts.path or "/", query, "")).strip()


def identify(parts: StoryParts, raw: RawStory, version_time: datetime | None, *, killed: bool) -> Identity:
    """The article's id and this version's number, by the feed's order rule if it has one.

    Raises:
        Refused: `no-identity`, for a kill that names no story; `no-version`, where only numbers count and there is none.
    """
    identity = parts.provider_id
    if identity is None:
        address = canonical_url(raw.content_location) or canonical_url(parts.url)
        if address is None and killed:
            raise Refused("no-identity", "a kill without the id or address of the story that it takes back")
        identity = address or "content:" + ids.content_hash(_squeezed(parts.title), _squeezed(parts.body))
    version, moment = _ordering(parts.version, version_time, raw, killed=killed)
    base = ids.version_base(version, moment, raw.received)
    number = ids.ext_version(base) + (ids.KILL_BASE if killed else 0)
    return Identity(ids.article_id(raw.provider, identity), number, _versioned_by(version, moment))


def _ordering(
    version: str | None, version_time: datetime | None, raw: RawStory, *, killed: bool
) -> tuple[str | None, datetime | None]:
    """What of a version counts for its order: numbers and times must never meet in one article."""
    if raw.order_by is None:
        return version, version_time
    if raw.order_by == "received":
        return None, None
    if raw.order_by == "version-time":
        return None, version_time
    if _versioned_by(version, None) != "version" and not killed:  # a kill comes first whatever its number is
        raise Refused(
            "no-version", "the feed's stories are ordered by version, and this one has no version that is a number"
        )
    return version, None


def story_of(parts: StoryParts, raw: RawStory, identity: Identity) -> UUID:
    """The chain that an article belongs to: that of the story it goes on from, else its own."""
    return ids.article_id(raw.provider, parts.evolved_from) if parts.evolved_from else identity.article_id


def replacement(parts: StoryParts, raw: RawStory, identity: Identity) -> UUID | None:
    """The article that stands for this one by its own word."""
    if not parts.replaced_by:
        return None
    other = ids.article_id(raw.provider, parts.replaced_by)
    return other if other != identity.article_id else None


def _squeezed(text: str | None) -> str | None:
    return " ".join(text.split()) if text else None


def _versioned_by(version: str | None, version_time: datetime | None) -> VersionedBy:
    """Which rule `ids.version_base` went by."""
    if version is not None and version.isascii() and version.isdigit() and int(version) <= ids.MAX_PROVIDER_VERSION:
        return "version"
    return "version-time" if version_time is not None and ids.micros(version_time) > 0 else "received"


def meaning(word: str | None, feed_words: Mapping[str, str]) -> str:
    """A provider's status word in lower case, or what the feed's rules say that it means."""
    plain = (word or "").strip().lower()
    bare = plain.removeprefix("stat:")
    return feed_words.get(plain) or feed_words.get(bare) or bare


def status_of(word: str) -> tuple[Status, str | None]:
    """The status that a word means, and a note where it is unknown: held back until a person maps it."""
    status = _STATUS.get(word)
    if status is None:
        return Status.WITHHELD, "status word unknown: withheld"
    return status, None


def embargo(
    given: bool, until: GivenDate | None, read: datetime | None, *, ignore_empty: bool = False
) -> tuple[datetime | None, bool]:
    """When an embargo ends, and whether it is open: one without a readable end holds until a later version clears it.

    With `ignore_empty`, one without any end is none; one that cannot be read is one all the same.
    """
    if read is not None:
        return read, False
    if ignore_empty and (until is None or not until.raw.strip()):
        return None, False
    return None, given or until is not None


def says_embargoed(word: str) -> bool:
    """Whether a status word is an embargo, which is a time and no status (NewsML 1.x, NITF)."""
    return word == "embargoed"
