"""What the components around a story say of it: news lines, language, subjects, places, keywords, source, rights. Pure.

Metadata of a component hold for all in it (specification, 'Metadata inheritance'), so they are gathered from the story's
component outwards. A headline, slug, date line or byline of a component that has several stories in it is that of the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.normalization.formats.newsml_1.content import formal_name
from services.normalization.wire import unique
from services.normalization.xml import (
    Element,
    attribute,
    child,
    children,
    descendants,
    language_of,
    local,
    text_at,
    text_of,
)
from shared.events import Topic

_SUBJECT = re.compile(r"\d{8}")
_LEVELS = ("Subject", "SubjectMatter", "SubjectDetail", "SubjectQualifier")
_NOTE_TYPES = re.compile(r"advis|ednote|editor|instruction|attention|notice|embargo", re.IGNORECASE)
_NOTE_PROPERTIES = frozenset({"editorialinfo", "editorialnote", "ednote", "editorsnote"})
_PLACE_PROPERTIES = (
    "sublocation",
    "city",
    "countryarea",
    "area",
    "region",
    "state",
    "province",
    "country",
    "worldregion",
)
_SECURITIES = {"isin": "isin", "ticker symbol": "ticker"}
_CONTENT = frozenset(
    {"NewsComponent", "ContentItem", "NewsItem", "NewsItemRef", "BasisForChoice", "Role", "Catalog", "TopicSet"}
)
_SEPARATORS = re.compile(r"\s*[,;]\s*")
_MOST = 200
"""Entries of a list; more of them are no work of an editor."""

CORRECTS = re.compile(
    r"\W*(?:correct(?:s|ed|ion|ing|ive)?|refile[sd]?|rectificati(?:f|on|vo)|rectific\w+|corrig\w+|corre(?:cción|ção|zione)|"
    r"korrektur|korrig\w+|berichtig(?:ung|t)|rettelse|rättelse|rättad|retting|korja(?:ttu|us)|δι[όο]ρθωση|επαν[άα]ληψη\sστο\sορθ[όο]|ορθ[ήη]\sεπαν[άα]ληψη)(?!\w)",
    re.IGNORECASE,
)
"""How an advisory line begins that says what a revision puts right (AFP: 'CORRECTS …', ANA: 'Διόρθωση', STT: 'Korjattu')."""


class Facts:
    """What one component itself says: its lines by name in lower case, its metadata by kind and name."""

    def __init__(self, component: Element) -> None:
        self.lines: dict[str, list[tuple[str, Element]]] = {}
        self.given: dict[tuple[str, str], list[Element]] = {}
        for part in component:
            name = local(part)
            if name == "NewsLines":
                for line in part:
                    said = self.lines.setdefault(local(line).lower(), [])
                    if len(said) < _MOST and (words := text_of(line)):
                        said.append((words, line))
            elif name not in _CONTENT:
                # By the beginning of the name: TASS writes DescriptiveMetada.
                group = "Descriptive" if name.startswith("Descriptive") else name
                for one in part:
                    given = self.given.setdefault((group, local(one)), [])
                    if len(given) < _MOST:
                        given.append(one)
        self.silent = not self.lines and not self.given


class Metadata:
    """Metadata for one story. `chain` runs from the outermost component to the story's; `own` says which are its alone.

    `known` keeps what components say, for the other stories in them.
    """

    def __init__(self, chain: list[Element], own: list[bool], known: dict[Element, Facts], *, first: bool) -> None:
        self.inmost = chain[-1]
        self._lines: dict[str, list[tuple[str, Element]]] = {}
        self._shared: dict[str, list[tuple[str, Element]]] = {}
        self._given: dict[tuple[str, str], list[Element]] = {}
        for component, alone in zip(reversed(chain), reversed(own), strict=True):
            facts = known.get(component)
            if facts is None:
                facts = known[component] = Facts(component)
            if facts.silent:
                continue
            for line, said in facts.lines.items():
                self._shared.setdefault(line, []).extend(said)
                if alone or first:
                    self._lines.setdefault(line, []).extend(said)
            for name, given in facts.given.items():
                self._given.setdefault(name, []).extend(given)

    def lines(self, *names: str) -> list[str]:
        """Lines of these kinds that are the story's own, the nearest first, each once."""
        return unique(words for name in names for words, _ in self._lines.get(name, ()))

    def shared_lines(self, *names: str) -> list[str]:
        """The same, of all components around it: credit, copyright, keywords."""
        return unique(words for name in names for words, _ in self._shared.get(name, ()))

    def byline(self) -> list[str]:
        """Bylines without the writers' titles; NewsML says those in an element of their own."""
        return self.lines("byline")

    def other_lines(self) -> Iterator[tuple[str, str]]:
        """Lines of a provider's own kind: kind and text."""
        for _, line in self._lines.get("newsline", ()):
            kind = formal_name(child(line, "NewsLineType")) or ""
            for one in children(line, "NewsLineText"):
                if words := text_of(one):
                    yield kind, words

    def ednote(self) -> str | None:
        """Advisory lines and other notes to editors, a line each; never part of the text."""
        notes = [words for kind, words in self.other_lines() if _NOTE_TYPES.search(kind)]
        notes += [
            attribute(one, "Value") or ""
            for one in self._all("AdministrativeMetadata", "Property")
            if (attribute(one, "FormalName") or "").lower() in _NOTE_PROPERTIES
        ]
        return "\n".join(unique(notes)) or None

    def corrects(self) -> bool:
        """Whether an advisory line or the genre marks the revision as a correction."""
        if any(_NOTE_TYPES.search(kind) and CORRECTS.match(words) for kind, words in self.other_lines()):
            return True
        return any(CORRECTS.match(formal_name(one) or "") for one in self._all("Descriptive", "Genre"))

    def _all(self, group: str, name: str) -> list[Element]:
        """Elements of that name in the metadata of that kind, the nearest component's first."""
        return self._given.get((group, name), [])

    def language(self) -> str | None:
        """The nearest language that is named, else the nearest xml:lang."""
        named = next((tag for one in self._all("Descriptive", "Language") if (tag := formal_name(one))), None)
        return named or language_of(self.inmost)

    def topics(self, named: dict[str, Element]) -> list[Topic]:
        """Subjects with their parents as given, genres, topics of the document's sets, securities."""
        found = [topic for one in self._all("Descriptive", "SubjectCode") for topic in _subjects(one)]
        found += [
            Topic(scheme=attribute(one, "Scheme") or "genre", code=name)
            for one in self._all("Descriptive", "Genre")
            if (name := formal_name(one))
        ]
        for one in self._all("Descriptive", "TopicOccurrence"):
            if topic := _occurrence(one, named):
                found.append(topic)
        for one in self._all("Metadata", "Property"):
            scheme = _SECURITIES.get((attribute(one, "FormalName") or "").lower())
            if scheme and (code := attribute(one, "Value")):
                found.append(Topic(scheme=scheme, code=code))
        distinct = {(one.scheme, one.code, one.name): one for one in found}
        return list(distinct.values())[:_MOST]

    def keywords(self) -> list[str]:
        """Keyword and series lines, properties named Keyword, lists of keywords in a provider's own metadata."""
        found = [word for line in self.shared_lines("keywordline") for word in _SEPARATORS.split(line)]
        found += self.lines("seriesline")
        for one in self._all("Descriptive", "Property"):
            if (attribute(one, "FormalName") or "").lower() in ("keyword", "keywords"):
                found += _SEPARATORS.split(attribute(one, "Value") or "")
        for one in self._all("Metadata", "Property"):
            if (attribute(one, "FormalName") or "").lower().endswith(("keyword", "keywords")):
                found.append(attribute(one, "Value") or "")
        return unique(found)[:_MOST]

    def places(self) -> list[str]:
        """Names in the locations, the narrower first, codes as written."""
        found: list[str | None] = []
        for one in self._all("Descriptive", "Location"):
            found += _place_names(children(one, "Property"))
        found += _place_names(self._all("Descriptive", "Property"))
        return unique(found)[:_MOST]

    def source(self) -> str | None:
        """The party named as source, else as provider."""
        for name in ("Source", "Provider"):
            for one in self._all("AdministrativeMetadata", name):
                if party := next((given for each in children(one, "Party") if (given := formal_name(each))), None):
                    return party
        return None

    def credit(self) -> str | None:
        """The credit line, else a property of that name."""
        lines = self.shared_lines("creditline")
        if lines:
            return lines[0]
        for one in self._all("AdministrativeMetadata", "Property"):
            if (attribute(one, "FormalName") or "").lower() == "credit" and (credit := attribute(one, "Value")):
                return credit
        return None

    def rights(self) -> str | None:
        """Copyright and rights lines, holder and usage, in one line."""
        said: list[str | None] = [*self.shared_lines("copyrightline", "rightsline")]
        for one in self._all("RightsMetadata", "Copyright"):
            said += [text_at(one, "CopyrightHolder"), text_at(one, "CopyrightDate")]
        for one in self._all("RightsMetadata", "UsageRights"):
            said += [text_at(one, name) for name in ("UsageType", "Limitations", "Geography", "RightsHolder")]
        return "; ".join(unique(said)) or None


def _subjects(code: Element) -> Iterator[Topic]:
    """All levels of a subject code: subject, matter, detail, each a code of eight digits of its own."""
    for one in children(code, *_LEVELS):
        if given := formal_name(one):
            scheme = attribute(one, "Scheme")
            name = text_at(one, "Comment")
            if _SUBJECT.fullmatch(given) and (scheme is None or scheme.lower().startswith("iptc")):
                yield Topic(scheme="iptc-subject", code=given, name=name)
            elif any(letter.isdigit() for letter in given) or scheme:
                yield Topic(scheme=scheme, code=given, name=name)
            else:
                yield Topic(name=given)


def topics_by_id(root: Element) -> dict[str, Element]:
    """The topics that the document itself defines, by their Duid."""
    return {duid: one for one in descendants(root, "Topic") if (duid := attribute(one, "Duid"))}


def _occurrence(element: Element, named: dict[str, Element]) -> Topic | None:
    reference = (attribute(element, "Topic") or "").removeprefix("#")
    topic = named.get(reference)
    if topic is None:
        return Topic(code=reference) if reference else None
    kind = formal_name(child(topic, "TopicType"))
    code = child(topic, "FormalName")
    scheme = attribute(code, "Scheme") or kind
    return Topic(scheme=scheme, code=text_of(code), name=text_at(topic, "Description"))


def _place_names(properties: Iterable[Element]) -> list[str | None]:
    given: dict[str, str | None] = {}
    for one in properties:
        given.setdefault((attribute(one, "FormalName") or "").lower(), attribute(one, "Value"))
    return [given[name] for name in _PLACE_PROPERTIES if name in given]
