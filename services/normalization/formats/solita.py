"""Releases of the platform that Nordic agencies' release services share (NTB Kommunikasjon, STT Info, Via Ritzau; by Solita).

One `release` an element. The format explains itself in comments: which fields are HTML, and that dates are written
`dd.MM.yyyy HH:mm`, on the clock of the service's country. Every element is always there; an empty one says nothing, an
empty `embargo` too. There is no version: a release is sent again whole.
"""

from __future__ import annotations

import re

from services.normalization.fragment import absolute, read_fragment, words
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from services.normalization.wire import read_wire_date, unique
from services.normalization.xml import (
    Element,
    Fields,
    attribute,
    children,
    descendants,
    local,
    parse_xml,
    root_name,
    text_at,
    text_of,
)
from shared.errors import Refused
from shared.events import Image, Related, Topic

NAME = "solita"

_ROOTS = frozenset({"release", "releases"})
_OWN = re.compile(
    rb"<(?:longurl|leadtext|publicationDate|contactsAsText|boilerplate|distributionChannels|videoembedcode)\b"
)
_COMMA = re.compile(r"\s*[,;]\s*")
_CONTACT = ("name", "title", "phone", "email")
_MOST = 200
MAX_ITEMS = 1000
"""Releases in a list."""


def sniff(head: bytes, content_type: str | None) -> float:  # noqa: ARG001 - the signature of every format
    """`release` is a common word: an element that only this platform has must stand in it."""
    return 1.0 if root_name(head) in _ROOTS and _OWN.search(head) else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """One story for each `release`.

    Raises:
        Refused: no XML that can be read; `not-news` for a list without a release; `no-text` for releases without a word;
            `too-many-items`.
    """
    root, note = parse_xml(raw.value, raw.content_type)
    found = [root] if local(root) == "release" else list(descendants(root, "release"))
    if not found:
        raise Refused("not-news", "a list without a release")
    if len(found) > MAX_ITEMS:
        raise Refused("too-many-items", f"{len(found)} releases in a list, and {MAX_ITEMS} are allowed")
    stories = [story for one in found if (story := _story(Fields(one))).title or story.body]
    if not stories:
        raise Refused("no-text", f"{len(found)} releases without title and text")
    for story in stories:
        story.notes[:0] = [note] if note else []
    return stories


def _story(release: Fields) -> StoryParts:
    parts = StoryParts(format=NAME)
    parts.provider_id = attribute(release.element, "id")
    parts.url = absolute(release.text_at("longurl"))
    parts.language = attribute(release.element, "lang")
    parts.title = _words(release, "title")
    parts.summary = _words(release, "leadtext")
    parts.published = parts.version_time = read_wire_date(release.text_at("publicationDate"))
    if embargo := read_wire_date(release.text_at("embargo")):
        parts.embargoed, parts.embargoed_until = True, embargo
    _text(parts, release)
    parts.source = parts.credit = _words(Fields(release.child("publisher")), "name")
    parts.keywords = unique(_COMMA.split(release.text_at("keywords") or ""))[:_MOST]
    _labels(parts, release)
    _references(parts, release)
    parts.ednote = _contacts(release)
    return parts


def _words(element: Fields, name: str) -> str | None:
    """Plain text, or HTML where the field allows it."""
    text = element.text_at(name)
    return words(text) if text else None


def _text(parts: StoryParts, release: Fields) -> None:
    """The body, and behind it what the publisher says of itself with every release."""
    fragments = [
        read_fragment("".join(map(str, element.itertext())), parts.url)
        for name in ("body", "boilerplate")
        if (element := release.child(name)) is not None
    ]
    parts.blocks = [block for fragment in fragments for block in fragment.blocks]
    parts.body = "\n\n".join(block.text for block in parts.blocks) or None
    parts.images = [image for fragment in fragments for image in fragment.images]


def _labels(parts: StoryParts, release: Fields) -> None:
    """Type of the release and categories: a number that stays and a label in the release's language."""
    kind = release.child("type")
    listed = release.child("categories")
    labelled = [("genre", kind)] if kind is not None else []
    labelled += [("category", one) for one in children(listed, "category")] if listed is not None else []
    for scheme, element in labelled[:_MOST]:
        code, name = attribute(element, "id"), text_at(element, "label")
        if code or name:
            parts.topics.append(Topic(scheme=scheme, code=code, name=name))
    if kind is not None and (name := text_at(kind, "label")):
        parts.given["type"] = [name]
    if parts.summary:
        parts.given["lead"] = [parts.summary]


def _references(parts: StoryParts, release: Fields) -> None:
    for image in map(Fields, _listed(release, "images", "image")):
        if address := absolute(image.text_at("url"), parts.url):
            parts.images.append(Image(url=address, caption=_words(image, "caption")))
    for element in [*_listed(release, "documents", "document"), *_listed(release, "links", "link")]:
        one = Fields(element)
        address = absolute(one.text_at("url") or text_of(element), parts.url)
        if address:
            title = _words(one, "title") or _words(one, "name") or _words(one, "caption")
            parts.related.append(Related(title=title, url=address))
    if video := absolute(release.text_at("videochannellink"), parts.url):
        parts.related.append(Related(title=_words(release, "videodescription"), url=video))


def _listed(release: Fields, group: str, name: str) -> list[Element]:
    element = release.child(group)
    return list(children(element, name))[:_MOST] if element is not None else []


def _contacts(release: Fields) -> str | None:
    """Whom editors may ask, a line each: they are no part of the text."""
    persons = map(Fields, _listed(release, "contacts", "contact"))
    said = [", ".join(unique(_words(one, name) for name in _CONTACT)) for one in persons]
    said.insert(0, _words(release, "contactsAsText") or "")
    return "\n".join(unique(said)) or None
