"""A story's life as its provider sends it, in any order; and a model of what must come of it.

The items are what a provider would push, read by the real normalization in three ways of numbering: plain JSON and ninjs with
version numbers, ninjs with nothing but version times. `expected` is the model: written from the rules of the wire, it knows
nothing of how indexing does it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import orjson

from services.normalization.normalize import normalize
from services.normalization.raw import RawStory
from shared.events import Article

RECEIVED = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
FAR = "2091-01-01T00:00:00Z"


class Item(NamedTuple):
    """One thing that a provider sends: its version, its words, and what it says of itself.

    `seconds`: when the front door took it, after `RECEIVED`; it decides only between two contents of one version.
    """

    version: int
    words: str
    seconds: int
    correction: bool = False
    killed: bool = False
    embargoed: bool = False
    urgent: bool = False

    @property
    def content(self) -> tuple[int, str, bool]:
        """What makes it the same version as another item."""
        return self.version, self.words, self.embargoed


LIFE: dict[str, Item] = {
    "v0": Item(0, "zero", 1),
    "v1": Item(1, "one", 2),
    "v1 again": Item(1, "one", 3),
    "v2": Item(2, "two", 4),
    "v2 rewritten": Item(2, "two, rewritten", 5),
    "correction": Item(3, "three", 6, correction=True),
    "embargoed": Item(4, "four", 7, embargoed=True),
    "release": Item(5, "four", 8),
    "kill": Item(6, "", 9, killed=True),
    "v9": Item(9, "nine", 10),
    "metadata": Item(7, "four", 11, urgent=True),
}
"""By name. Beside the kinds that the promise names: one version sent with other words, and one that says nothing new."""
PROMISED = tuple(name for name in LIFE if name not in ("v2 rewritten", "metadata"))


def plain(name: str, item: Item) -> dict[str, Any]:
    """As plain JSON, which has no mark for a correction."""
    story = {"id": name, "version": item.version, "title": f"Headline of {name}", "language": "en"}
    story["status"] = "canceled" if item.killed else "usable"
    story["body"] = None if item.killed else f"The ferry of {name} sails at {item.words}."
    return story | ({"embargoed_until": FAR} if item.embargoed else {}) | ({"urgency": 1} if item.urgent else {})


def ninjs(name: str, item: Item) -> dict[str, Any]:
    """As ninjs with a version number; its kill has no text, and a first time of its own."""
    story = {
        "uri": f"urn:x:{name}",
        "type": "text",
        "version": str(item.version),
        "pubstatus": "canceled" if item.killed else "usable",
        "firstcreated": "2026-03-05T10:30:00Z" if item.killed else "2026-03-05T09:00:00Z",
        "headline": f"Headline of {name}",
        "body_text": "" if item.killed else f"The ferry of {name} sails at {item.words}.",
        "language": "en",
    }
    if item.correction:
        story["subject"] = [{"code": "sig:correction"}]
    return story | ({"embargoed": FAR} if item.embargoed else {}) | ({"urgency": 1} if item.urgent else {})


def timed(name: str, item: Item) -> dict[str, Any]:
    """As ninjs of a provider that numbers nothing: only the times of its versions tell their order."""
    story = ninjs(name, item)
    del story["version"]
    moment = datetime(2026, 3, 5, 9, 0, tzinfo=UTC) + timedelta(minutes=item.version)
    return story | {"versioncreated": moment.isoformat()}


Dialect = Callable[[str, Item], dict[str, Any]]
DIALECTS: tuple[Dialect, ...] = (plain, ninjs, timed)


def marks_corrections(dialect: Dialect) -> bool:
    """Whether that way of writing can say that a version corrects."""
    return dialect is not plain


@functools.cache
def told(dialect: Dialect, article: str, name: str, feed: str = "wire") -> Article:
    """The item `name` of the life of an article, through the real normalization."""
    item = LIFE[name]
    receipt = uuid5(NAMESPACE_URL, f"{article}/{name}/{feed}")
    received = RECEIVED + timedelta(seconds=item.seconds)
    value = orjson.dumps(dialect(article, item))
    raw = RawStory(
        value=value, content_type="application/json", feed=feed, provider=feed, receipt=receipt, item=f"{receipt}.0",
        received=received,
    )  # fmt: skip
    (made,) = normalize(raw, received + timedelta(milliseconds=20))
    return made


@dataclass
class Expected:
    """What must come of a life: `live` is an item's name; contents stand under the item that brought them first.

    `announced` are (change, item of the version, sub), `letters` (item, class of its dead letter).
    """

    live: str = ""
    sub: int = 0
    first: dict[tuple[int, str, bool], str] = field(default_factory=dict)
    announced: set[tuple[str, int, int]] = field(default_factory=set)
    letters: set[tuple[str, str]] = field(default_factory=set)

    @property
    def history(self) -> set[str]:
        """The items whose contents are not live."""
        return set(self.first.values()) - {self.live}

    @property
    def held(self) -> bool:
        """Whether no reader may have anything of it, for good."""
        return bool(self.live) and LIFE[self.live].killed


def expected(names: Iterable[str], *, corrections: bool = True) -> Expected:
    """What comes of these items in this order: the model.

    Args:
        names: items as their partition has them.
        corrections: whether corrections are marked.
    """
    end = Expected()
    for name in names:
        item = LIFE[name]
        now = LIFE[end.live] if end.live else None
        if item.content in end.first:
            if end.first[item.content] != name:
                end.letters.add((name, "duplicate"))
            continue
        end.first[item.content] = name
        if now is not None and now.killed:
            end.letters.add((name, "after-kill"))
        elif now is None or item.killed or (item.version, item.seconds) > (now.version, now.seconds):
            end.sub = end.sub + 1 if now is not None and item.version == now.version else 0
            end.live = name
            change = _change(now, item, corrections=corrections)
            if change:
                end.announced.add((change, item.version, end.sub))
    return end


def _change(before: Item | None, item: Item, *, corrections: bool) -> str:
    """What readers are told when one item takes the place of another; nothing under embargo, or where no word is new."""
    if item.killed:
        return "killed"
    seen = before is not None and not before.embargoed
    if item.embargoed:
        return "withheld" if seen else ""
    if before is None:
        return "created"
    if not seen:
        return "released"
    if before.words == item.words:
        return ""
    return "corrected" if item.correction and corrections else "updated"


ORDER_DEPENDENT = frozenset(
    {
        "revision", "change", "superseded_by", "live_from", "live_until", "indexed", "ext_version", "_index",
        "kill_partition", "kill_offset",
    }
)  # fmt: skip
"""When a version was live, as how manieth, and where in the log: that is what an order of arrival is."""
OF_THE_FIRST = frozenset({"receipt", "item", "received", "normalized", "cluster_since", "first_published"})
"""Which of two items with one content came first; and of all items, for that one says when its story was first published."""


def essence(document: Mapping[str, Any]) -> dict[str, Any]:
    """What of a document, live or of history, must be the same in whatever order its story came."""
    return {name: value for name, value in document.items() if name not in ORDER_DEPENDENT | OF_THE_FIRST}


def sample(random: Any, count: int, longest: int = 14) -> list[Sequence[str]]:
    """Lives in random order, all of them with every item, and with some items again anywhere."""
    lives = []
    for _ in range(count):
        names = list(LIFE)
        names += random.choices(list(LIFE), k=random.randint(0, longest - len(names)))
        random.shuffle(names)
        lives.append(names)
    return lives
