"""A document of NITF to its stories: who the story is, what its management data say, and its body. Pure."""

from __future__ import annotations

import re

from services.normalization.formats.nitf.body import read_body
from services.normalization.formats.nitf.head import Head
from services.normalization.parts import GivenDate, StoryParts
from services.normalization.raw import RawStory
from services.normalization.wire import read_dateline_field, read_urgency, read_version, read_wire_date
from services.normalization.xml import Element, Fields, attribute, child, descendants, language_of, local, parse_xml
from services.normalization.xml import root_name as _root_name
from shared.errors import Refused

NAME = "nitf"
_TYPES = frozenset({"application/nitf+xml", "text/vnd.iptc.nitf", "application/vnd.iptc.nitf", "text/nitf"})
_TAKES_BACK = frozenset({"canceled", "cancelled", "killed", "kill", "withdrawn"})
_HOLDS = frozenset({"withheld", "embargoed"})
_REVISION = re.compile(r"[_:.-]\d{1,6}")


def sniff(head: bytes, content_type: str | None) -> float:
    """Sure of a root element `nitf`; a type of NITF's own helps where another element is around it."""
    name = _root_name(head)
    if name is None:
        return 0.0
    if name.lower() == "nitf":
        return 1.0
    return 0.9 if content_type in _TYPES and b"<nitf" in head else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """One story for each `nitf` element: one in almost every document.

    Raises:
        Refused: the document is no XML that can be read, or has no `nitf` element.
    """
    parsed = parse_xml(raw.value, raw.content_type)
    root = parsed.root
    found = [root] if local(root).lower() == "nitf" else list(descendants(root, "nitf", "NITF"))
    if not found:
        raise Refused("unreadable", "no nitf element in it")
    stories = [read_nitf(one) for one in found]
    if parsed.note:
        for story in stories:
            story.notes.insert(0, parsed.note)
    return stories


def read_nitf(element: Element) -> StoryParts:
    """What one `nitf` element says; `element` itself is not changed. Inside another format it often is a body alone."""
    head = Head(child(element, "head"))
    body = child(element, "body")
    parts = StoryParts(format=NAME, language=attribute(element, "baselang") or language_of(element))
    _identity(parts, head)
    _management(parts, head)
    _description(parts, head)
    read_body(parts, body if body is not None else element)
    if parts.title is None:
        parts.title = head.title
    elif head.title and head.title not in (parts.title, *parts.subheads):
        parts.subheads.append(head.title)
    parts.places = list(dict.fromkeys(parts.places))
    if parts.dateline is None and (given := head.meta("dateline")):
        parts.dateline = read_dateline_field(given)
    _keep_as_written(parts, head)
    return parts


def _keep_as_written(parts: StoryParts, head: Head) -> None:
    """What no field holds: the id with its revision, generation, and the words of an ANPA head that went into NITF."""
    written = {
        "id": attribute(head.docdata.child("doc-id"), "id-string"),
        "generation": attribute(head.docdata.child("du-key"), "generation"),
        "anpa_takekey": head.meta("anpa-takekey"),
        "wordcount": head.meta("anpa-wordcount"),
    }
    parts.given |= {name: [value] for name, value in written.items() if value and value != parts.provider_id}


def _identity(parts: StoryParts, head: Head) -> None:
    """`doc-id` names the story and `du-key` its version; a `du-key` alone is used again for other stories."""
    stem = _revised_stem(head)
    given = attribute(head.docdata.child("doc-id"), "id-string")
    parts.provider_id = _without_revision(given, stem)
    key = head.docdata.child("du-key")
    parts.version = read_version(attribute(key, "version") or attribute(key, "generation"), parts.notes)
    parts.slugline = attribute(key, "key") or head.meta(
        "slugline", "slug", "anpa-keyword", "anpa-slug", "ntbstikkord", "stikkord"
    )
    issued = _date(head.docdata, "date.issue")
    parts.version_time = issued
    parts.published = issued or read_wire_date(attribute(head.pubdata, "date.publication"))
    if (address := attribute(head.pubdata, "ex-ref")) and address.lower().startswith(("http://", "https://")):
        parts.url = address


def _revised_stem(head: Head) -> str | None:
    """The story's own id where `doc-id` is that with a revision behind it, by the word of a vendor's `…ID` element.

    NTB's NTBID is such an id. Without one nothing is taken off: `-2` may as well number the stories of a day.
    """
    given = attribute(head.docdata.child("doc-id"), "id-string") or ""
    for name, value in head.metas.items():
        if (
            name.endswith("id")
            and len(value) > 3
            and given.startswith(value)
            and _REVISION.fullmatch(given[len(value) :])
        ):
            return value
    return None


def _without_revision(given: str | None, stem: str | None) -> str | None:
    if given and stem and given.startswith(stem) and _REVISION.fullmatch(given[len(stem) :]):
        return stem
    return given


def _date(docdata: Fields, name: str) -> GivenDate | None:
    """`norm` of a date's element, else its text, which the schema does not know and some send."""
    for one in docdata.children(name):
        if found := read_wire_date(attribute(one, "norm") or one.text):
            return found
    return None


def _management(parts: StoryParts, head: Head) -> None:
    docdata = head.docdata
    if docdata.element is None:
        return
    parts.status = attribute(docdata.element, "management-status")
    word = (parts.status or "").lower()
    _embargo(parts, word, _date(docdata, "date.release"))
    parts.expires = _date(docdata, "date.expire")
    parts.urgency = read_urgency(attribute(docdata.child("urgency"), "ed-urg"), parts.notes)
    other = _without_revision(attribute(docdata.element, "management-doc-idref"), _revised_stem(head))
    if other and other != parts.provider_id:
        _order_about(parts, other, word, (attribute(docdata.element, "management-idref-status") or "").lower())
    correction = docdata.child("correction")
    if correction is not None and (not correction.attrib or any(value.strip() for _, value in correction.items())):
        parts.correction = True
        corrected = _without_revision(attribute(correction, "id-string"), _revised_stem(head))
        if corrected and corrected != parts.provider_id:
            parts.evolved_from = parts.evolved_from or corrected


def _embargo(parts: StoryParts, word: str, release: GivenDate | None) -> None:
    """Under embargo by its status, or by a release after its issue; a release that cannot be read holds it too.

    Compared with the issue and never with the clock: the same bytes say the same at any time.
    """
    if word == "embargoed" or (release is not None and not _at_once(parts.version_time, release)):
        parts.embargoed, parts.embargoed_until = True, release


def _at_once(issued: GivenDate | None, release: GivenDate) -> bool:
    if release.value is None or issued is None or issued.value is None:
        return False
    if (release.value.tzinfo is None) != (issued.value.tzinfo is None):
        return False
    return release.value <= issued.value


def _order_about(parts: StoryParts, other: str, word: str, status: str) -> None:
    """What the document says of another one: its new status if one is given, else that it goes on from it.

    Without a status of the other's, `canceled` says that this document is the cancellation of that one (schema).
    """
    if status in _TAKES_BACK or (not status and word in _TAKES_BACK):
        parts.kills.append(other)
    elif status in _HOLDS:
        parts.holds.append(other)
    else:
        parts.evolved_from = other
        if status and status != "usable":
            parts.notes.append("status of another document unreadable")


def _description(parts: StoryParts, head: Head) -> None:
    parts.topics = head.topics()
    parts.keywords = head.keywords()
    parts.places = head.places()
    parts.section = attribute(head.pubdata, "position.section")
    parts.source = head.source()
    parts.rights = head.rights()
    parts.ednote = head.ednote()
