"""Who is sending: a bearer key, held to the feed it is used on.

A missing key, a wrong one, another feed's and an unknown feed get one and the same 401, after the same work: without
a key, nobody learns which feeds there are.
"""

from __future__ import annotations

import hmac
from typing import Final, Protocol

from shared.feeds import Feed
from shared.local_feed import key_hash
from shared.problems import Problem, problem

MAX_AUTHORIZATION: Final = 512
_NO_HASH: Final = "0" * 64


class FeedDirectory(Protocol):
    """Where feeds are looked up."""

    def get(self, feed_id: str) -> Feed | None:
        """The feed of that id, or None."""


def authenticate(feeds: FeedDirectory, feed_id: str, authorization: str | None) -> Feed:
    """The feed, if `authorization` is `Bearer KEY` with one of its keys.

    Raises:
        Problem: 401, whatever the reason.
    """
    feed = feeds.get(feed_id)
    scheme, _, key = (authorization or "")[:MAX_AUTHORIZATION].partition(" ")
    given = key_hash(key.strip())
    # Always two comparisons: an unknown feed, and one with a single key, must take as long.
    hashes = ((*feed.key_hashes, _NO_HASH, _NO_HASH) if feed else (_NO_HASH, _NO_HASH))[:2]
    matches = [hmac.compare_digest(given, known) for known in hashes]
    if feed is None or scheme.lower() != "bearer" or not any(matches):
        raise unauthorized()
    return feed


def unauthorized() -> Problem:
    """The one answer to everyone who may not push."""
    return problem(
        "unauthorized",
        "send 'Authorization: Bearer KEY' with a key of this feed",
        headers={"WWW-Authenticate": 'Bearer realm="newswire"'},
    )
