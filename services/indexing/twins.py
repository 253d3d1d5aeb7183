"""Texts that this worker has brought into their clusters lately: what comes with the very same text joins unasked. Pure.

Only the owner of an article moves it, so what is known here of one's own articles is exact: another article with the same
text is in the same cluster, and where the known one goes later, the other follows as a member of that cluster.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.indexing.clusters import Key, Member, text_of


class Twins:
    """About 400 bytes a text; the oldest go first.

    Args:
        limit: how many texts are held.
        window: hours between two articles beyond which they are never copies.
    """

    def __init__(self, limit: int, window: float) -> None:
        self._limit = limit
        self._window = window
        self._held: dict[str, Member] = {}
        self._texts: dict[str, str] = {}

    def cluster(self, member: Member) -> Key | None:
        """The cluster of the same text, if it is known, and older than what the article would be in alone."""
        twin = self._held.get(text_of(member.sketch))
        if twin is None or twin.article_id == member.article_id or abs(twin.at - member.at) > self._window:
            return None
        return twin.key if twin.key < member.key else None

    def hold(self, member: Member) -> None:
        """One of our articles stands in its cluster; of several with one text the first is held."""
        text = text_of(member.sketch)
        held = self._held.get(text)
        if held is not None and held.article_id != member.article_id:
            return
        self.forget([member.article_id])
        self._held[text] = member
        self._texts[member.article_id] = text
        if len(self._held) > self._limit:
            self.forget([next(iter(self._held.values())).article_id])

    def forget(self, article_ids: Iterable[str]) -> None:
        """Of these it is not certain any more where they stand, or what they say."""
        for article_id in article_ids:
            text = self._texts.pop(article_id, None)
            if text is not None:
                del self._held[text]

    def clear(self) -> None:
        """The articles may be another worker's."""
        self._held.clear()
        self._texts.clear()
