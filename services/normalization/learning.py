"""Which lines a feed repeats: learned from many stories in bounded memory, forgotten again, shared between workers. Pure.

A line is learned once it stood in `ENOUGH` stories of its site and in at least a third of those seen since it first stood
in one. What counts as a story of its own is what keeps news in: versions of an article are one story; so are the days of a
form (a headline or a first line that is the same but for numbers and dates, on another day), and a story that mostly repeats earlier ones (a copy, a table of the
same rows) or opens as one of them counts for nothing.

A site's knowledge is a value that any two workers' copies can be merged into, in any order and as often as one likes:
stories that prove a line are a union of those that differ, of two counts that of the longer observation holds, of two dates the later one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from services.normalization.feed_lines import Proof, Sighting

ENOUGH: Final = 10
"""Stories, all different, in which a line must have stood."""
SHARE: Final = 1 / 3
SPAN: Final = 256
"""Stories after which what was counted weighs half: a line that is gone is forgotten within about two spans."""
DAYS: Final = 30
"""A line that was not seen for so long is forgotten, and so is a site."""
MOST_LINES: Final = 384
"""Lines watched per site."""
MOST_OTHERS: Final = 384
MOST_TOLD: Final = 64
"""Lines per site that are shared and kept over a restart."""
MOST_IN_ALL: Final = 80_000
"""Lines of all sites together, and the sites: some 20 MB."""
MOST_KNOWN: Final = 3 / 4
"""A story of which a larger part than this stood in earlier ones proves nothing."""


@dataclass(slots=True)
class Watched:
    """A line under observation. `since` is the site's count of stories when it was first seen, less what was forgotten."""

    since: float
    hits: float = 0.0
    proofs: list[Proof] = field(default_factory=list)
    last: int = 0
    """Day (since 1970) on which it was seen."""
    sample: str | None = None

    def prove(self, proof: Proof) -> bool:
        """Count a story unless it, or another day of its form, has been counted; whether it was."""
        if len(self.proofs) >= ENOUGH or not all(proof.is_another_than(known) for known in self.proofs):
            return False
        self.proofs.append(proof)
        return True


@dataclass(slots=True)
class Site:
    """What is known of one site of one feed."""

    total: float = 0.0
    lines: OrderedDict[int, Watched] = field(default_factory=OrderedDict)
    others: OrderedDict[int, int] = field(default_factory=OrderedDict)
    """Lines that can be no boilerplate, and the article that they stood in."""
    learned: frozenset[int] = frozenset()

    @property
    def size(self) -> int:
        """Lines of both kinds, and one for itself."""
        return len(self.lines) + len(self.others) + 1

    def see(self, story: Sighting, day: int) -> bool:
        """Take in one story; whether a line came to be learned, to be forgotten, or to have a sample."""
        self.total += 1
        counts = self._is_of_its_own(story)
        for hash_ in story.lines:
            line = self.lines.get(hash_)
            if line is None:
                line = self.lines[hash_] = Watched(self.total - 1)
            self.lines.move_to_end(hash_)
            line.hits += 1
            line.last = day
            if counts or not line.proofs:
                line.prove(story.proof)
            self._fade(line)
        bare = [(one, text) for hash_, text in story.samples if (one := self.lines.get(hash_)) and one.sample is None]
        for line, text in bare:
            line.sample = text
        for hash_ in story.others:
            self.others[hash_] = story.proof.article
            self.others.move_to_end(hash_)
        self._bound()
        return self._judge(self.learned.union(story.lines), day) or bool(bare)

    def _is_of_its_own(self, story: Sighting) -> bool:
        """Whether a story is neither a copy of earlier ones nor a form filled in again; what is learned tells nothing of that."""
        own = [hash_ for hash_ in (*story.lines, *story.others) if hash_ not in self.learned]
        known = [hash_ for hash_ in own if self._stood_elsewhere(hash_, story.proof.article)]
        return len(known) <= MOST_KNOWN * len(own) and story.lead not in known

    def _stood_elsewhere(self, hash_: int, article: int) -> bool:
        if (line := self.lines.get(hash_)) is not None:
            return any(proof.article != article for proof in line.proofs)
        return self.others.get(hash_, article) != article

    def _fade(self, line: Watched) -> None:
        while (seen := self.total - line.since) > SPAN:
            line.hits /= 2
            line.since = self.total - seen / 2

    def _bound(self) -> None:
        while len(self.others) > MOST_OTHERS:
            self.others.popitem(last=False)
        while len(self.lines) > MOST_LINES:
            # The longest unseen of those that little speaks for; what is proven is given up last.
            oldest = [hash_ for hash_, _ in zip(self.lines, range(16), strict=False)]
            del self.lines[min(oldest, key=lambda one: (one in self.learned, len(self.lines[one].proofs) > 1))]

    def share(self, line: Watched) -> float:
        """The part of the stories since its first that have the line."""
        return min(line.hits / max(self.total - line.since, 1.0), 1.0)

    def judge(self, day: int) -> bool:
        """Decide anew which lines are learned; whether that changed."""
        return self._judge(self.learned.union(self.lines), day)

    def _judge(self, touched: frozenset[int], day: int) -> bool:
        """The same where only the touched lines, among them all that are learned, can have changed."""
        before = self.learned
        self.learned = frozenset(hash_ for hash_ in touched if self._is_repeated(self.lines.get(hash_), day))
        return self.learned != before

    def _is_repeated(self, line: Watched | None, day: int) -> bool:
        if line is None or len(line.proofs) < ENOUGH:
            return False
        return line.last > day - DAYS and self.share(line) >= SHARE

    def told(self) -> list[tuple[int, Watched]]:
        """The lines worth sharing: those that stood in two stories at least, the most proven first."""
        found = [(hash_, line) for hash_, line in self.lines.items() if len(line.proofs) > 1]
        found.sort(key=lambda one: (len(one[1].proofs), one[1].hits), reverse=True)
        return found[:MOST_TOLD]

    def merge(self, hash_: int, other: Watched, seen: float) -> bool:
        """Take in what another worker knows of a line, `seen` being the stories it saw since its first; whether it was news."""
        line = self.lines.get(hash_)
        if line is None:
            self.lines[hash_] = Watched(
                self.total - seen, other.hits, list(other.proofs[:ENOUGH]), other.last, other.sample
            )
            return True
        news = [line.prove(proof) for proof in other.proofs]
        if seen > self.total - line.since:
            line.hits, line.since = other.hits, self.total - seen
        line.last = max(line.last, other.last)
        line.sample = line.sample or other.sample
        return any(news)


class Learner:
    """What one worker knows of all feeds. Keys are (feed, site)."""

    def __init__(self) -> None:
        self._sites: OrderedDict[tuple[str, str], Site] = OrderedDict()
        self._learned: dict[str, frozenset[int]] = {}
        self._size = 0
        self.changed: set[tuple[str, str]] = set()
        """Sites of which something is known that others were not told."""
        self.urgent = False
        """Whether more than counts changed since `changed` was last told: a line was learned, forgotten, or shows a sample."""

    @property
    def size(self) -> int:
        """Lines of all sites together, and the sites."""
        return self._size

    def learned(self, feed: str) -> frozenset[int]:
        """Hashes of the lines that the feed's stories come without."""
        return self._learned.get(feed, frozenset())

    def see(self, feed: str, sightings: Iterable[Sighting], day: int) -> None:
        """Take in stories of a feed."""
        for story in sightings:
            key = (feed, story.site)
            site = self._site(key)
            before = site.size
            turned = site.see(story, day)
            self._size += site.size - before
            if turned:
                self._gather(feed)
                self.urgent = True
            if turned or any(len(site.lines[one].proofs) > 1 for one in story.lines if one in site.lines):
                self.changed.add(key)
        self._bound()

    def _site(self, key: tuple[str, str]) -> Site:
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = Site()
            self._size += site.size
        self._sites.move_to_end(key)
        return site

    def _gather(self, feed: str) -> None:
        found = [site.learned for (owner, _), site in self._sites.items() if owner == feed and site.learned]
        if found:
            self._learned[feed] = frozenset().union(*found)
        else:
            self._learned.pop(feed, None)

    def _bound(self) -> None:
        """The sites longest unseen keep only what is learned, and then go; some room is made, so that it is seldom done."""
        if self._size <= MOST_IN_ALL:
            return
        enough, feeds = 0.9 * MOST_IN_ALL, set()
        for whole in (True, False):
            for key, site in list(self._sites.items())[:-1]:
                if self._size <= enough:
                    break
                self._size -= site.size
                if whole and site.learned:
                    site.lines = OrderedDict((one, site.lines[one]) for one in site.lines if one in site.learned)
                    site.others.clear()
                    self._size += site.size
                else:
                    feeds.add(key[0])
                    self._drop(key)
        for feed in feeds:
            self._gather(feed)

    def _drop(self, key: tuple[str, str]) -> None:
        del self._sites[key]
        self.changed.discard(key)

    def forget(self, day: int) -> None:
        """Judge all sites by the date, and let go of those that were not seen for long."""
        for key, site in list(self._sites.items()):
            turned = site.judge(day)
            if all(line.last <= day - DAYS for line in site.lines.values()):
                self._size -= site.size
                self._drop(key)
            elif not turned:
                continue
            self._gather(key[0])

    def tell(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Feed, site and value of each site that changed, for others and for the next start."""
        changed, self.changed, self.urgent = self.changed, set(), False
        for key in sorted(changed):
            if (site := self._sites.get(key)) is not None and (told := site.told()):
                yield *key, {"v": 1, "lines": [_told(site, hash_, line) for hash_, line in told]}

    def hear(self, feed: str, site_name: str, value: Any, day: int) -> bool:
        """Take in what was told of a site, by whomever; whether anything in it is still remembered.

        Raises:
            ValueError: it is no such value.
        """
        heard = list(heard_lines(value))
        fresh = [(hash_, line, seen) for hash_, line, seen in heard if line.last > day - DAYS]
        if not fresh:
            return False
        site = self._site((feed, site_name))
        before = site.size
        for hash_, line, seen in fresh[:MOST_TOLD]:
            site.merge(hash_, line, seen)
        site._bound()  # noqa: SLF001 - its own class's other half
        self._size += site.size - before
        if site.judge(day):
            self._gather(feed)
        self._bound()
        return True


def _told(site: Site, hash_: int, line: Watched) -> dict[str, Any]:
    told: dict[str, Any] = {
        "hash": f"{hash_:016x}",
        "stories": [list(proof) for proof in line.proofs],
        "hits": round(line.hits, 2),
        "of": round(site.total - line.since, 2),
        "last": line.last,
        "learned": hash_ in site.learned,
    }
    return told | ({"sample": line.sample} if line.sample else {})


def heard_lines(value: Any) -> Iterator[tuple[int, Watched, float]]:
    """Hash, observation and stories seen of each line in a told value.

    Raises:
        ValueError: it is no such value.
    """
    try:
        if value["v"] != 1:
            raise ValueError("another version")
        for one in value["lines"]:
            proofs = [Proof(*map(int, story)) for story in one["stories"]]
            sample = one.get("sample")
            seen = max(float(one["of"]), 1.0)
            hits = min(max(float(one["hits"]), 0.0), seen)
            line = Watched(0.0, hits, proofs, int(one["last"]), str(sample) if sample else None)
            yield int(one["hash"], 16), line, seen
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"no lines of a site: {type(error).__name__}") from None
