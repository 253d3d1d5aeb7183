"""The IPTC's tree of Media Topics, and which topic took over from which Subject Code.

Facts come from `newscodes.json` beside this file, which is read when they are first asked for (a few milliseconds, half
a megabyte), once in a process.

A Media Topic has one parent (CV `mediatopic`, `skos:broader`). Topics are retired, never deleted; some name the topic to
use instead. A Subject Code has eight digits, `SSMMMDDD`: subject, matter and detail, so its parents can be read from it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import orjson

MEDTOP: Final = "medtop"
SUBJECT: Final = "iptc-subject"


class Subjects:
    """The table. Codes are the eight digits alone; what is not in it has neither name nor parents."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.as_of: str = facts["as_of"]
        self._topics: dict[str, list[Any]] = {row[0]: row for row in facts["topics"]}
        self._subjects: dict[str, list[Any]] = {row[0]: row for row in facts["subjects"]}
        self._took_over: dict[str, list[str]] = {}
        self._named: dict[str, list[str]] = {}
        for row in (*facts["topics"], *facts["subjects"]):
            self._named.setdefault(row[1].casefold(), []).append(row[0])
        for row in facts["subjects"]:
            if len(row) > 2:
                self._took_over.setdefault(row[2], []).append(row[0])

    @property
    def topics(self) -> frozenset[str]:
        """All Media Topics, retired ones too."""
        return frozenset(self._topics)

    @property
    def subject_codes(self) -> frozenset[str]:
        """All Subject Codes."""
        return frozenset(self._subjects)

    def knows(self, scheme: str | None, code: str | None) -> bool:
        """Whether that is a code of one of the two schemes."""
        return code in (self._topics if scheme == MEDTOP else self._subjects if scheme == SUBJECT else ())

    def name(self, scheme: str | None, code: str | None) -> str | None:
        """The English name, None if there is no such code."""
        row = (self._topics if scheme == MEDTOP else self._subjects if scheme == SUBJECT else {}).get(code or "")
        return row[1] if row else None

    def codes_named(self, name: str) -> list[str]:
        """The codes of either scheme that have this English name, whatever its case."""
        return self._named.get(name.casefold(), [])

    def retired(self, topic: str) -> bool:
        """Whether the IPTC has taken the topic out of use."""
        row = self._topics.get(topic)
        return row is not None and len(row) > 3

    def parent(self, topic: str) -> str | None:
        """The next wider topic, retired or not; None at the top and for what is unknown."""
        row = self._topics.get(topic)
        return row[2] if row else None

    def parents(self, topic: str) -> list[str]:
        """The wider topics that are in use, nearest first."""
        found = []
        wider = self.parent(topic)
        while wider:
            if not self.retired(wider):
                found.append(wider)
            wider = self.parent(wider)
        return found

    def in_use(self, topic: str) -> str | None:
        """The topic itself, else the one to use instead, else the nearest wider one that is in use."""
        row = self._topics.get(topic)
        if row is None or len(row) < 4:
            return topic if row else None
        if len(row) > 4:
            return self.in_use(row[4])
        return next(iter(self.parents(topic)), None)

    def wider_subjects(self, code: str) -> list[str]:
        """The wider Subject Codes, nearest first: 15014003 → 15014000, 15000000."""
        wider = (code[:5] + "000", code[:2] + "000000")
        return [one for one in dict.fromkeys(wider) if one != code and one in self._subjects]

    def took_over_from(self, topic: str) -> list[str]:
        """The Subject Codes that mean the same as the topic."""
        return self._took_over.get(topic, [])

    def same_topic(self, code: str) -> str | None:
        """The topic that means the same as a Subject Code, retired or not."""
        row = self._subjects.get(code)
        return row[2] if row and len(row) > 2 else None

    def topic_of(self, code: str) -> str | None:
        """The topic in use that a Subject Code falls under: the same, else that of the nearest wider code."""
        if code not in self._subjects:
            return None
        for one in (code, *self.wider_subjects(code)):
            if (same := self.same_topic(one)) and (found := self.in_use(same)):
                return found
        return None


@lru_cache(maxsize=1)
def subjects() -> Subjects:
    """The one table of this process."""
    return Subjects(orjson.loads((files("shared.subjects") / "newscodes.json").read_bytes()))
