"""Stories that may not be seen, each with a word of its own in every text that it has: what the leak test looks for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

FAR = "2090-01-01T00:00:00Z"
COMMON = "riverbank"
"""A word that all of them have: searches for it would show what stands around it."""


@dataclass
class Corpus:
    """What was pushed: `words` that may never show, `receipts` and `ids` (the provider's) to ask for, in order of time."""

    tag: str = field(default_factory=lambda: uuid.uuid4().hex[:10])
    words: dict[str, str] = field(default_factory=dict)
    receipts: list[str] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        return f"leak{self.tag}"

    def word(self, what: str) -> str:
        return self.words.setdefault(what, f"zq{uuid.uuid4().hex[:12]}")

    def story(self, name: str, version: int, **more: Any) -> dict[str, Any]:
        """A story whose every text has the word of `name`."""
        word = self.word(name)
        return {
            "id": f"{name}-{self.tag}",
            "version": version,
            "title": f"The {COMMON} and {word}",
            "body": f"By the {COMMON} there was {word} in version {version}.\n\nAgain {word}.",
            "byline": f"Writer {word}",
            "section": f"section {word}",
            "topics": [f"topic {word}"],
            "ednote": f"Note {word}",
            "url": f"https://example.org/{word}",
            "source": self.source,
            "language": "en",
            "published": "2026-01-05T10:00:00Z",
        } | more

    def bare(self, name: str, version: int, **more: Any) -> dict[str, Any]:
        """A later version of it without its word: what a kill or a hold is, or a text put right."""
        return {
            "id": f"{name}-{self.tag}",
            "version": version,
            "title": "Nothing to see",
            "body": None if more.get("status") == "killed" else f"Only the {COMMON}.",
            "source": self.source,
            "language": "en",
        } | more


def rounds(corpus: Corpus) -> list[list[dict[str, Any]]]:
    """What is pushed, round by round; each is searchable, or held, before the next goes out."""
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    story, bare = corpus.story, corpus.bare
    return [
        [
            story("embargoed", 1, embargoed_until=FAR),
            story("withheld", 1, status="withheld"),
            story("later-withheld", 1),
            story("later-embargoed", 1),
            story("later-killed", 1),
            story("killed-after-expiry", 1, expires=soon),
            story("embargo-dropped", 1, embargoed_until=FAR),
            story("hold-dropped", 1, status="withheld"),
            bare("killed-before", 5, status="killed", ednote="Sent by mistake."),
            story("killed-under-embargo", 1, embargoed_until=FAR),
            story("killed-while-withheld", 1, status="withheld"),
        ],
        [
            story("later-withheld", 2),
            story("later-embargoed", 2),
            story("later-killed", 2),
            story("killed-before", 1),
            story("embargoed", 2, embargoed_until=FAR),
        ],
        [
            story("later-withheld", 3, status="withheld"),
            story("later-embargoed", 3, embargoed_until=FAR),
            bare("later-killed", 3, status="killed", ednote="Source retracted."),
            bare("killed-after-expiry", 2, status="killed"),
            story("killed-under-embargo", 2, status="killed", ednote="Sent by mistake."),  # with the headline once more
            story("killed-while-withheld", 2, status="killed", ednote="Sent by mistake."),
            bare("embargo-dropped", 2),
            bare("hold-dropped", 2),
            bare("in-the-open", 1),
        ],
        [
            story("later-killed", 4),
            story("later-killed", 0),
            story("later-withheld", 0),
            story("later-embargoed", 0, embargoed_until=FAR),
            story("killed-before", 9),
            bare("in-the-open", 2),
        ],
    ]


def unreadable_stories(corpus: Corpus) -> list[tuple[bytes, str]]:
    """Bodies that end as dead letters, with their types."""
    word = corpus.word("dead letter").encode()
    return [
        (b"<nitf><body><%s>x</other></body></nitf>" % word, "application/xml"),
        (b"<nitf><body>%s" % word, "application/xml"),
        (b'<newsItem guid="%s" version="%s" standard="%s">' % (word, word, word), "application/xml"),
    ]


def open_embargo(corpus: Corpus) -> dict[str, Any]:
    """A ninjs item under an embargo whose end cannot be read."""
    word = corpus.word("open embargo")
    return {
        "uri": f"urn:x:open:{corpus.tag}",
        "type": "text",
        "version": "1",
        "versioncreated": "2026-01-05T10:00:00Z",
        "pubstatus": "usable",
        "embargoed": "Next Monday",
        "language": "en",
        "headline": f"The {COMMON} and {word}",
        "body_text": f"By the {COMMON} there was {word}.",
        "byline": word,
    }
