"""Atom's deleted entries (RFC 6721) as orders to take a story back, for feeds whose rules say that they mean it. Pure.

Many feeds drop entries without meaning anything by it, so the rule's default is to pass over them. The order is a small ninjs
document under the entry's own id: the same article, a later version, and a word for its status that all of newswire knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import orjson

from services.ingestion.polling.document import Deleted, Entry
from services.ingestion.polling.seen import pair_of

MAX_DELETED: Final = 1_000
"""Of one feed document; the first ones."""
MAX_REF: Final = 512
_STATUS: Final = {"kill": "canceled", "withhold": "withheld"}


def orders(
    deleted: Iterable[Deleted], present: Iterable[str | None], meaning: Literal["kill", "withhold"]
) -> list[Entry]:
    """An order for each; none for an entry that stands in the same document: it is back, or was never gone (RFC 6721, 3)."""
    there = set(present)
    found: dict[str, Entry] = {}
    for one in deleted:
        if one.ref in there or not 0 < len(one.ref) <= MAX_REF or len(found) >= MAX_DELETED:
            continue
        story = {"uri": one.ref, "pubstatus": _STATUS[meaning], "versioncreated": one.when}
        found.setdefault(
            one.ref,
            Entry(
                name=one.ref,
                link=None,
                pair=pair_of(one.ref, f"deleted\n{meaning}\n{one.when}".encode("utf-8", "replace")),
                document=orjson.dumps(story),
                content_type="application/json",
                teaser=False,
                order=True,
            ),
        )
    return list(found.values())
