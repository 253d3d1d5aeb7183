"""Where an article lives, and what the worker remembers of it.

A slice comes from the first version in the partition's log and never changes; later versions go where the first is. The
memory saves a look-up for articles seen lately; what it may forget is bound by what a look-up can see.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime

from services.indexing.parse import moment
from services.indexing.versions import Stored, Version
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, slice_name


def place(version: Version, since: str) -> str:
    """The slice of an article whose first version this is: by first publication, else version time, else reception.

    A time after the month of reception (a typing error, or a hostile feed that would make a slice a story) counts as
    the time of reception, so there is no slice for the future.

    Args:
        version: the first version in the partition's log.
        since: first month with a slice of its own, `YYYY-MM`.

    Raises:
        Refused: a time that cannot be read (`invalid-event`).
    """
    when, received = _first_time(version), version.received_at
    if (when.year, when.month) > (received.year, received.month):
        when = received
    return slice_name(ARTICLES, when, since)


def _first_time(version: Version) -> datetime:
    for name in ("first_published", "version_time"):
        given = version.data.get(name)
        if given is not None:
            return moment(given, name)
    return version.received_at


def history_slice(article_slice: str) -> str:
    """The slice of `article-versions` that holds the history of the articles of a slice."""
    return ARTICLE_VERSIONS + article_slice.removeprefix(ARTICLES)


class Memory:
    """The articles seen lately, least recently used first out; about 300 bytes each.

    A look-up sees only what was refreshed. So an article leaves this memory only after a refresh that began after its
    last acknowledged write: until then it is held, whatever the limit says. Use: `put` after each acknowledged write,
    `begin_refresh` before and `end_refresh` after each refresh that succeeded.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[str, Stored] = {}
        self._held: set[str] = set()
        self._covered: set[str] = set()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, article_id: str) -> Stored | None:
        """What is known of an article, or None: then it must be looked up. Counts as a use."""
        stored = self._known.pop(article_id, None)
        if stored is not None:
            self._known[article_id] = stored
        return stored

    def put(self, article_id: str, stored: Stored) -> None:
        """An acknowledged write: held until the next refresh has ended."""
        self._known.pop(article_id, None)
        self._known[article_id] = stored
        self._held.add(article_id)

    def learn(self, article_id: str, stored: Stored) -> None:
        """What a look-up saw: it may be forgotten and looked up again at any time."""
        self._known.pop(article_id, None)
        self._known[article_id] = stored

    def forget(self, article_ids: Iterable[str]) -> None:
        """No longer certain of these; the caller refreshes before it looks them up again."""
        for article_id in article_ids:
            self._known.pop(article_id, None)
            self._held.discard(article_id)

    def clear(self) -> None:
        """Forget all: the partitions are another worker's."""
        self._known.clear()
        self._held.clear()
        self._covered.clear()

    def begin_refresh(self) -> None:
        """A refresh begins now: it covers all writes acknowledged so far. If it fails, begin again."""
        self._covered |= self._held
        self._held = set()

    def end_refresh(self) -> None:
        """The refresh begun last has succeeded; what was written since it began stays held."""
        self._covered.clear()
        excess = len(self._known) - self._limit
        if excess > 0:
            free = (article_id for article_id in self._known if article_id not in self._held)
            for article_id in list(itertools.islice(free, excess)):
                del self._known[article_id]
