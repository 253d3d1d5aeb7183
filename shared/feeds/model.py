"""What a feeds file may say of a feed: names, limits, ways in, and the rules that its stories are read by. Pure.

A name that is none of these is refused, so that a typing error is seen. The file is `feeds.toml`:

```toml
[feeds.afp-en]
name = "AFP English"
provider = "afp"            # feeds with the same provider share one namespace of story ids
format = "newsml-g2"        # what to read an item as where its bytes leave it open
zone = "Europe/Paris"       # how dates without a zone are read
language = "en"
rights = "© AFP"            # of stories that say nothing of their rights
learn_lines = true          # leave out the lines that the feed repeats from story to story
order_by = "version-time"   # what orders the versions of a story: version, version-time or received
empty_embargo = "ignore"    # an embargo without any end is noise of the sender's template, and holds nothing
key_hashes = ["…"]          # SHA-256 (hex) of each valid key; two, so that keys can be changed without a gap
signing_secret_files = ["afp.whsec"]   # Standard Webhooks secrets, each in a file of its own; two at most

[feeds.afp-en.status_map]   # the provider's status words
withheld = "embargoed"

[feeds.afp-en.limits]
item_bytes = 1_000_000
batch_items = 500
requests_per_minute = 600

[feeds.afp-en.poll]         # newswire asks this address
url = "https://example.org/feed.xml"
min_interval_s = 60
max_interval_s = 3600
fetch_pages = true

[feeds.afp-en.websub]       # and its hub sends at once what is new; an empty table takes the hub that the feed names
hub = "https://hub.example.org/"
topic = "https://example.org/feed.xml"
lease_seconds = 864_000

[feeds.afp-en.drop]         # files renamed into this folder are taken
folder = "/srv/wires/afp"
```
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAX_KEYS: Final = 2
"""Keys, and signing secrets, that are valid at a time: the old and the new one while a sender changes over."""

MIB: Final = 1024 * 1024


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # a name that is not there, a folder, a name with '..'
        raise ValueError("is no time zone, as in Europe/Athens") from None
    return name


def _address(text: str) -> str:
    """An absolute http(s) address without credentials; whether it may be asked is judged when it is, by its IP address."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
        _ = parts.port  # a port that is none raises
    except ValueError:
        good = False
    if not good or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in text):
        raise ValueError("must be an absolute http(s) address without user name")
    return text


FeedId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Address = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_address)]
KeyHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FormatHint = Literal[
    "plain-json", "html", "text", "ninjs", "json-feed", "newsml-g2", "newsml-1.2", "nitf", "rss", "atom", "sitemap",
    "iptc-7901", "anpa-1312", "ritzau", "cp-jimi", "solita",
]  # fmt: skip
OrderBy = Literal["version", "version-time", "received"]
EmptyEmbargo = Literal["hold", "ignore"]
StatusMeaning = Literal["usable", "withheld", "embargoed", "killed"]


class Rules(BaseModel):
    """A table of the feeds file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitRules(Rules):
    """How much a feed may send; the service's own limits hold as well."""

    item_bytes: Annotated[int, Field(ge=1024, le=64 * MIB)] | None = None
    """Most bytes in one item."""
    batch_items: Annotated[int, Field(ge=1, le=50_000)] | None = None
    """Most items in one batch."""
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Most pushes a minute at one replica; more are answered 429."""


class PollRules(Rules):
    """A feed that newswire asks for news: RSS, Atom, JSON Feed or a news sitemap."""

    url: Address
    min_interval_s: Annotated[float, Field(ge=1, le=86_400)] = 60
    """Shortest time between two polls; the interval adapts between the two bounds."""
    max_interval_s: Annotated[float, Field(ge=1, le=7 * 86_400)] = 3600
    """Longest time between two polls."""
    fetch_pages: bool = False
    """Fetch the page behind each new entry: for feeds that offer a teaser and a link."""
    max_pages: Annotated[int, Field(ge=1, le=500)] = 20
    """Most pages fetched after one poll; the rest wait for the next."""
    deleted_entries: Literal["ignore", "withhold", "kill"] = "ignore"
    """What an Atom feed's deleted entries (RFC 6721) mean: nothing, or that the story is taken back, a kill for good."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_interval_s < self.min_interval_s:
            raise ValueError("max_interval_s must not be smaller than min_interval_s")
        return self


class WebSubRules(Rules):
    """A hub that sends a polled feed's news at once; polling goes on beside it, as the fallback."""

    hub: Address | None = None
    """Without one: the hub that the feed itself names."""
    topic: Address | None = None
    """Without one: the address that the feed gives as its own, else the polled one."""
    lease_seconds: Annotated[int, Field(ge=60, le=366 * 86_400)] | None = None
    """How long a subscription is asked for before it is renewed (default: ten days); hubs give what they like."""


class DropRules(Rules):
    """A folder into which files are renamed."""

    folder: Path


class FeedRules(Rules):
    """What the feeds file says of one feed."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    provider: FeedId | None = None
    format: FormatHint | None = None
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$")] | None = None
    rights: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] | None = None
    order_by: OrderBy | None = None
    """None: the version where it is an integer, else the version time, else when it was received."""
    empty_embargo: EmptyEmbargo = "hold"
    """What an embargo without any end means: it holds until a later version ends it, or it is the template's noise."""
    status_map: Annotated[
        dict[Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=64)], StatusMeaning],
        Field(max_length=100),
    ] = Field(default_factory=dict)  # fmt: skip
    """The provider's status words (case does not matter) and what they mean; others keep their usual meaning."""
    key_hashes: Annotated[tuple[KeyHash, ...], Field(max_length=MAX_KEYS)] = ()
    signing_secret_files: Annotated[tuple[Path, ...], Field(max_length=MAX_KEYS)] = ()
    learn_lines: bool = True
    """False: no line of its stories is left out because the feed repeats it, and none is learned."""
    limits: LimitRules = LimitRules()
    poll: PollRules | None = None
    websub: WebSubRules | None = None
    drop: DropRules | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.websub and not self.poll:
            raise ValueError("a websub table goes with a poll table: what a hub does not send is polled")
        return self


class Feed(FeedRules):
    """A feed with its id, and its secrets once they were read."""

    id: FeedId
    signing_secrets: tuple[bytes, ...] = Field((), repr=False, exclude=True)

    @property
    def namespace(self) -> str:
        """Whose story ids these are: the provider's, if the feed has one, else the feed's own."""
        return self.provider or self.id
