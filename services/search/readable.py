"""The live document of an id, where readers may have it, or why they may not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.search import article as articles
from services.search import notices
from services.search.history_repository import HistoryRepository
from services.search.refusals import article_key, gone, missing

Document = Mapping[str, Any]


async def readable(repository: HistoryRepository, article_id: str, now: datetime) -> tuple[Document, dict[str, Any]]:
    """The document and what readers are told of it.

    Raises:
        Problem: 404 (none, withheld, under embargo; an id that is no id is just not there), 410 with the notice.
        Transient: Elasticsearch is away.
    """
    known = article_key(article_id)
    document = await repository.article(known) if known else None
    try:
        told = articles.article(document, now) if document else None
    except articles.Killed as killed:
        raise gone(await _notice(repository, killed.tombstone, now)) from None
    if document is None or told is None:
        raise missing()
    return document, told


async def _notice(repository: HistoryRepository, tombstone: Document, now: datetime) -> dict[str, Any]:
    article_id = str(tombstone["id"])
    return notices.told(tombstone, (await repository.pasts([article_id], now)).get(article_id))
