"""What the services know of the index: actions, outcomes, stored documents, and one port.

`store.py` (Elasticsearch) and `memory.py` (in-process, with versions, refresh and scripted faults) both speak it; one
contract suite in `tests/contract` runs over the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from shared.elastic.outcomes import Outcome

OnWait = Callable[[str, float], None]
"""Called before each wait with its reason (a bounded code) and its length in seconds: let the worker's health beat."""


@dataclass(frozen=True, slots=True)
class Action:
    """One document to be written whole. `source` is its JSON, one line, sent as it is.

    With a `version` it is written under `version_type=external_gte`: what is stored with a higher version stays.
    `op='create'` refuses to overwrite and takes no version. `op='probe'` is read, and never written: STALE is the answer
    of an index that would take it.
    """

    index: str
    id: str
    version: int | None
    source: bytes
    op: Literal["index", "create", "probe"] = "index"


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of one action: `outcome` is OK, STALE or POISON.

    `reason` names the field and the kind of fault, never what the document says.
    """

    outcome: Outcome
    status: int
    error_type: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A stored document: the index it lives in, its external version, and the part of its source that was asked for."""

    index: str
    version: int
    source: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """Where a document of an article stands: its index, its id, and the article's."""

    index: str
    id: str
    article_id: str


@dataclass(frozen=True, slots=True)
class Near:
    """What near copies are told by, of a live document: its cluster, its sketch, and when it was published (or received).

    `since` is the cluster's, in µs since 1970; `at` in ms since 1970.
    """

    article_id: str
    cluster_id: str
    since: int
    sketch: str
    at: int


@dataclass(frozen=True, slots=True)
class Nearby:
    """Which live documents are asked for: those with one of these bands, and those in one of these clusters.

    Of the first only those published (or else received) between `start` and `end`, ms since 1970, both included; of both
    none of `besides`.
    """

    bands: Sequence[str] = ()
    clusters: Sequence[str] = ()
    besides: Sequence[str] = ()
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Threaded:
    """A message of a text wire's thread: the thread's key, when it was sent, and whether it is a lead."""

    article_id: str
    key: str
    at: datetime
    lead: bool


Instant = Literal["embargoed_until", "expires"]
After = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Due:
    """A usable article, free of an embargo without an end, whose instant lies in the span that was asked for.

    `place` is where it stands in the order of the answer: what to go on after.
    """

    article_id: str
    ext_version: int
    embargoed_until: datetime | None
    expires: datetime | None
    indexed: datetime
    place: After


class ArticleStore(Protocol):
    """The index as indexing needs it.

    Every method raises `Transient` (try again), or `Misconfigured` (a person must act). A partial answer is `Transient`,
    never 'not there'.
    """

    async def start(self) -> None:
        """Wait until Elasticsearch answers, however long that takes, and put the templates in place."""

    async def ensure_slice(self, name: str) -> None:
        """Make a slice with its mapping and alias unless it is there; cheap when called again."""

    async def lookup(self, alias: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Found]:
        """Documents of these ids anywhere behind the alias, as a search sees them (after a refresh)."""

    async def rows(
        self, alias: str, article_ids: Sequence[str], unless: Mapping[str, str | bool | None], limit: int
    ) -> list[Row]:
        """Documents of these articles behind the alias, as a search sees them, some `limit` of them.

        `unless`: those that have all of these values already are left out; None: the field is absent.
        """

    async def due(
        self, instant: Instant, span: tuple[datetime, datetime], after: After | None, limit: int
    ) -> list[Due]:
        """Articles whose instant lies in that span, as a search sees them, the earliest first (see `shared.elastic.due`)."""

    async def near(self, nearby: Nearby) -> list[Near]:
        """Live documents that may be near copies, as a search sees them, each once; some 10,000 at most a request."""

    async def threads(self, keys: Sequence[str], span: tuple[datetime, datetime]) -> list[Threaded]:
        """Live messages of these threads sent in that span, both ends included, as a search sees them; some 10,000 at most."""

    async def fetch(
        self, places: Sequence[tuple[str, str]], fields: Sequence[str] | None = None
    ) -> dict[tuple[str, str], Found]:
        """Documents by (index, id), as last written (no refresh needed); what is not there is absent.

        Whole, unless only `fields` are asked for; all are in memory at once, so ask for few whole ones at a time.
        """

    async def write(self, actions: Sequence[Action], *, refresh: bool = False) -> list[ItemOutcome]:
        """Write all, in order per id, until each is OK, STALE or POISON; one entry an action, in order.

        `refresh`: what was written is searchable when this returns.
        """

    async def refresh(self, indices: Iterable[str]) -> None:
        """Make all that was written to these indices (or aliases) searchable; a missing one is fine."""

    async def close(self) -> None:
        """Disconnect."""
