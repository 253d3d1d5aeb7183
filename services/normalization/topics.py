"""Subjects as the provider gave them, in one spelling, and with what the IPTC's tree says beside them. Pure.

Every topic given stays, in its order. A code of the IPTC's, however it is written, becomes scheme and eight digits and gets its
English name where it has none. Behind those come the topics that follow from them, with `given` false: the Media Topic
that took over from a Subject Code or from a retired topic, that of a category letter, and all parents.
So a query for 'sport' finds football without knowing the tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from shared.events import Topic
from shared.subjects import MEDTOP, SUBJECT, Subjects, code_of, code_under, subjects

MOST_DERIVED: Final = 200
"""Topics that may be added to one story; no honest one comes near it."""

LONGEST: Final = 200
"""Characters of a scheme and a code of which something may follow."""

_CATEGORY: Final = {
    "ACE": "01000000", "CLJ": "02000000", "DIS": "03000000", "FIN": "04000000", "EDU": "05000000", "EVN": "06000000",
    "HTH": "07000000", "HUM": "08000000", "LAB": "09000000", "LIF": "10000000", "POL": "11000000", "REL": "12000000",
    "SCI": "13000000", "SOI": "14000000", "SPO": "15000000", "WAR": "16000000", "WEA": "17000000",
}  # fmt: skip
"""IIM's three letters and the subject they stand for (IPTC Photo Metadata, 'mapping Category Codes to Subject NewsCodes')."""
_ANPA: Final = {"e": "01000000", "f": "04000000", "l": "10000000", "p": "11000000", "s": "15000000"}
"""ANPA 1312's letters that are a subject to every agency: entertainment, financial, lifestyle, political, sports.

The others say where (domestic, international) or what kind (advisory, feature), or are used differently by agencies.
"""
_CATEGORIES: Final = frozenset({"category", "mcc", "mccl", "iptc-category", "iim-category"})
_ANPA_CATEGORIES: Final = frozenset({"anpa-category", "anpa", "a1312cat", "apcategorycode", "category"})


def concluded(given: Sequence[Topic]) -> list[Topic]:
    """The given topics, in one spelling, and those that follow from them."""
    if not given:
        return []
    own = [_own_of(topic) for topic in given]
    known = {(topic.scheme, topic.code) for topic in own if topic.code}
    added: list[Topic] = []
    for topic in own:
        if topic.scheme is None or topic.code is None or len(topic.scheme) + len(topic.code) > LONGEST:
            continue
        for key, one in _follow(topic.scheme, topic.code):
            if key not in known and len(added) < MOST_DERIVED:
                known.add(key)
                added.append(one)
    return own + added


@lru_cache(maxsize=4096)
def _follow(scheme: str, code: str) -> tuple[tuple[tuple[str, str], Topic], ...]:
    """What follows from a code, ready to be added: stories carry the same few hundred again and again."""
    return tuple(
        (key, Topic(scheme=key[0], code=key[1], name=subjects().name(*key), given=False))
        for key in dict.fromkeys(_following(scheme, code))
    )


def _own_of(topic: Topic) -> Topic:
    if topic.code is None or len(topic.code) + len(topic.name or "") > LONGEST:
        return _named(_spelled(topic))
    return _known(topic.scheme, topic.code, topic.name)


@lru_cache(maxsize=4096)
def _known(scheme: str | None, code: str, name: str | None) -> Topic:
    """A topic with a code, spelled and named: feeds carry the same few hundred again and again."""
    return _named(_spelled(Topic(scheme=scheme, code=code, name=name)))


def _spelled(topic: Topic) -> Topic:
    """One spelling for the IPTC's codes; all others as they are."""
    code, name = topic.code, topic.name
    if code is None and topic.scheme is None and name and ":" in name:
        code, name = name, None  # from a list of words, among them 'medtop:20000573'
    found = code_of(topic.scheme, code)
    if found is None or found == (topic.scheme, topic.code):
        return topic
    return Topic(scheme=found[0], code=found[1], name=name)


def _named(topic: Topic) -> Topic:
    if topic.name is not None or topic.scheme not in (MEDTOP, SUBJECT):
        return topic
    name = subjects().name(topic.scheme, topic.code)
    return topic.model_copy(update={"name": name}) if name else topic


def _following(scheme: str, code: str) -> Iterator[tuple[str, str]]:
    """What follows from one topic, nearest first."""
    if scheme in (MEDTOP, SUBJECT):
        yield from _in_the_tree(subjects(), scheme, code)
    elif under := code_under(scheme, code):
        yield under
        yield from _in_the_tree(subjects(), *under)
    elif category := _of_category(scheme.lower(), code):
        yield MEDTOP, category


def _in_the_tree(table: Subjects, scheme: str, code: str) -> Iterator[tuple[str, str]]:
    if scheme == SUBJECT:
        yield from ((SUBJECT, wider) for wider in table.wider_subjects(code))
        topic = table.topic_of(code)
    else:
        topic = table.in_use(code)
    if topic:
        yield MEDTOP, topic
        yield from ((MEDTOP, wider) for wider in table.parents(topic))
    if scheme == MEDTOP:  # what replaces a retired topic may stand elsewhere in the tree
        yield from ((MEDTOP, wider) for wider in table.parents(code))


def _of_category(scheme: str, code: str) -> str | None:
    if scheme in _CATEGORIES and code.upper() in _CATEGORY:
        return _CATEGORY[code.upper()]
    return _ANPA.get(code.lower()) if scheme in _ANPA_CATEGORIES else None
