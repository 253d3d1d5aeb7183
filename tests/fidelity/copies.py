"""Near copies: which of the labelled pairs are found to say the same, whether events stay apart, and what it costs.

Beside datasketch as its handbook shows it: MinHash of 128 permutations over the same runs of five words, alike from a
Jaccard likeness of a half on. It knows neither facts nor time, so forms that come again every day count as copies.
"""

from __future__ import annotations

import gzip
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from datasketch import MinHash
from orjson import dumps

from services.indexing.clusters import Key, Member, Ours, resolve
from services.normalization.language import second_opinion
from services.normalization.normalize import normalize
from services.normalization.raw import RawStory
from services.normalization.sketch import sketch_of
from shared.copies import says_the_same
from shared.errors import Refused
from shared.settings import IndexingSettings
from shared.sketch import decode, unpack
from tests.bench.stories import all_reuters_rows, reuters_story
from tests.fidelity.table import Row, each

BATCH: Final = 500
LIKE: Final = 0.5
PRECISION: Final = 0.98
RECALL: Final = 0.95
MOST_US: Final = 150.0
_RECEIPT: Final = UUID(int=1)
_SETTINGS: Final = IndexingSettings()


class Text(NamedTuple):
    """A story as normalization leaves it; `at` in hours since 1970."""

    id: str
    title: str | None
    body: str | None
    at: float


class Pair(NamedTuple):
    """Two stories, and whether people say that they are one."""

    one: str
    other: str
    same: bool


def rows(corpora: Path) -> Iterable[Row]:
    """The figures of near copies."""
    second_opinion()
    texts = {text.id: text for text in _reuters(corpora)}
    pairs = [pair for pair in _pairs(corpora) if {pair.one, pair.other} <= texts.keys()]
    together, seconds = clusters(list(texts.values()))
    like, like_seconds = _datasketch(texts, pairs)
    ours, beside = _scores(pairs, together), _scores(pairs, like)
    for what, goal, mine, its in zip(("precision", "recall"), (PRECISION, RECALL), ours, beside, strict=True):
        yield Row(f"near copies, {what}", f"{mine:.3f}", f"datasketch {its:.3f}", f"≥ {goal}", holds=mine >= goal)
    spent, its_spent = seconds / len(texts) * 1e6, like_seconds / len({id_ for pair in pairs for id_ in pair[:2]}) * 1e6
    yield Row(
        "near copies, CPU a story",
        f"{spent:.0f} µs",
        f"datasketch {its_spent:.0f} µs",
        f"≤ {MOST_US:.0f} µs",
        spent <= MOST_US,
    )
    yield from _events(corpora)


def clusters(texts: Sequence[Text]) -> tuple[Callable[[str, str], bool], float]:
    """Whether two of the texts end in one cluster when all are indexed in the order of time, and the seconds it took."""
    ordered = sorted(texts, key=lambda text: (text.at, text.id))
    bands: dict[str, list[str]] = defaultdict(list)
    members: dict[str, Member] = {}
    started = time.process_time()
    for start in range(0, len(ordered), BATCH):
        ours: dict[str, Ours] = {}
        near: set[str] = set()
        for number, text in enumerate(ordered[start : start + BATCH]):
            sketched = sketch_of(text.title, text.body)
            if sketched is None:
                continue
            key = Key(start + number, text.id)
            ours[text.id] = Ours(Member(text.id, key, unpack(sketched.sketch), text.at), later=False)
            near.update(id_ for band in sketched.bands for id_ in bands[band] if text.at - members[id_].at <= _window())
            for band in sketched.bands:
                bands[band].append(text.id)
            members[text.id] = ours[text.id].member
        resolved = resolve(ours, [members[id_] for id_ in near - ours.keys()], _same)
        moved = {finding.article_id: finding.key for finding in resolved.findings} | resolved.ours
        for id_, key in moved.items():
            one = members[id_]
            members[id_] = Member(one.article_id, key, one.sketch, one.at)
    seconds = time.process_time() - started
    return lambda one, other: members[one].key == members[other].key, seconds


def _window() -> float:
    return _SETTINGS.cluster_window_h


def _same(one: Member, other: Member) -> bool:
    hours = abs(one.at - other.at)
    return hours <= _window() and says_the_same(
        decode(one.sketch), decode(other.sketch), hours, _SETTINGS.cluster_threshold
    )


def _scores(pairs: Sequence[Pair], together: Callable[[str, str], bool]) -> tuple[float, float]:
    found = [pair for pair in pairs if together(pair.one, pair.other)]
    right = sum(pair.same for pair in found)
    return right / len(found), right / sum(pair.same for pair in pairs)


def _datasketch(texts: dict[str, Text], pairs: Sequence[Pair]) -> tuple[Callable[[str, str], bool], float]:
    started = time.process_time()
    made: dict[str, MinHash] = {}
    for id_ in {id_ for pair in pairs for id_ in pair[:2]}:
        words = f"{texts[id_].title or ''} {texts[id_].body or ''}".lower().split()
        runs = [" ".join(words[place : place + 5]).encode() for place in range(max(1, len(words) - 4))]
        made[id_] = MinHash(num_perm=128)
        made[id_].update_batch(runs)
    seconds = time.process_time() - started
    return lambda one, other: made[one].jaccard(made[other]) >= LIKE, seconds


def _reuters(corpora: Path) -> Iterator[Text]:
    for row in each(all_reuters_rows(corpora), "near copies"):
        story = {name: value for name, value in reuters_story(row, "").items() if value}
        text = _normalized(story | {"id": str(row["id"])})
        if text is not None:
            yield text


def _normalized(story: dict[str, Any]) -> Text | None:
    raw = RawStory(
        feed="local", provider="local", receipt=_RECEIPT, item=f"{_RECEIPT}.1", received=datetime.now(UTC),
        value=dumps(story), content_type="application/json",
    )  # fmt: skip
    try:
        made = normalize(raw, raw.received)[0]
    except Refused:
        return None
    return Text(story["id"], made.title, made.body, (made.published or made.received).timestamp() / 3600)


def _pairs(corpora: Path) -> Iterator[Pair]:
    with (corpora / "reuters/pairs.ndjson").open(encoding="utf-8", newline="\n") as lines:
        for row in map(json.loads, lines):
            yield Pair(str(row["a"]), str(row["b"]), row["same_story"])


def _events(corpora: Path) -> Iterator[Row]:
    """Other publishers' reports of one event may be an agency's text and so copies; reports of two events never are."""
    with gzip.open(corpora / "clusters/articles.ndjson.gz", "rt", encoding="utf-8", newline="\n") as lines:
        articles = [json.loads(line) for line in lines]
    event = {str(row["id"]): row["event_id"] for row in articles}
    texts = []
    for row in articles:
        story = {"id": str(row["id"]), "title": row["title"], "body": row["text"], "language": row["language"]}
        text = _normalized({name: value for name, value in story.items() if value})
        if text is not None:
            texts.append(text._replace(at=0.0))  # all at once: time must not be what keeps them apart
    together, _ = clusters(texts)
    merged = sum(
        together(one.id, other.id) and event[one.id] != event[other.id]
        for place, one in enumerate(texts)
        for other in texts[:place]
    )
    yield Row(f"near copies, events merged (of {len(set(event.values()))})", str(merged), "-", "0", holds=merged == 0)
