"""Ritzau's XML (`RBNews`, Denmark): one story an element, alone or several in the answer of its queue (`XMLNewsQueuedResponse`).

The fields are those of Ritzau's web service, a .NET contract: nothing is left out, what is empty is `nil`. Text fields are
HTML, escaped into XML, and what releases bring along was often escaped once more. Times have no zone: Ritzau's clock is
Copenhagen's.
"""

from __future__ import annotations

import html
import re
from itertools import islice

from services.normalization.dates import read_date
from services.normalization.fragment import absolute, read_fragment, words
from services.normalization.parts import Block, StoryParts
from services.normalization.raw import RawStory
from services.normalization.wire import in_zone, is_true, read_urgency, read_version, unique
from services.normalization.xml import (
    Element,
    Fields,
    attribute,
    child,
    children,
    descendants,
    local,
    parse_xml,
    root_name,
    text_of,
)
from shared.errors import Refused
from shared.events import Dateline, Image, Related, Topic

NAME = "ritzau"
ZONE = "Europe/Copenhagen"

_ROOTS = frozenset({"rbnews", "listofrbnews", "xmlnewsqueuedresponse", "xmlnewsqueuedresult", "arrayofrbnews"})
_TAKEN_BACK = re.compile(r"annull|cancel|delet|slett|withdraw|kill|tilbagekald", re.IGNORECASE)
_FLASH = re.compile(r"flash|urgent|haste", re.IGNORECASE)
_STILL_ESCAPED = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,5}|[a-z]{2,8});", re.IGNORECASE)
_SUBJECT = re.compile(r"\d{7,8}")
_PERSON = re.compile(r"\s*(?:,|/|&|\bog\b)\s*")
_SENDER = "/ "
_FLAGS = {"cancelled": "Annuleret", "new_version": "NyVersion", "correction": "Korrektion", "info_flash": "InfoFlash"}
_WORDS = {"origin": "origin", "town": "town", "format": "format", "status": "Status", "history": "HistID"}
_MOST = 200
MAX_ITEMS = 1000
"""Stories in an answer."""


def sniff(head: bytes, content_type: str | None) -> float:  # noqa: ARG001 - the signature of every format
    """Sure of its root elements; a SOAP envelope around them helps nobody."""
    name = root_name(head)
    if name is None:
        return 0.0
    if name.lower() in _ROOTS:
        return 1.0
    return 0.97 if b"<RBNews" in head else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """One story for each `RBNews`.

    Raises:
        Refused: no XML that can be read; `not-news` for an answer without a story; `no-text` for stories without a word;
            `too-many-items`.
    """
    root, note = parse_xml(raw.value, raw.content_type)
    found = [one for one in descendants(root, "RBNews") if not any(local(up) == "RBNews" for up in one.iterancestors())]
    if not found:
        raise Refused("not-news", "an answer of Ritzau's service without a story")
    if len(found) > MAX_ITEMS:
        raise Refused("too-many-items", f"{len(found)} stories in an answer, and {MAX_ITEMS} are allowed")
    stories = [_story(Fields(one), raw) for one in found]
    told = [one for one in stories if one.title or one.body or one.status]
    if not told:
        raise Refused("no-text", f"{len(stories)} stories without headline and text")
    for story in told:
        story.notes[:0] = [note] if note else []
    return told


def _is_nil(element: Element) -> bool:
    """`nil` of XML Schema instances, whose name space is misspelled in some files."""
    return (attribute(element, "nil") or "").lower() == "true"


def _text(item: Fields, name: str) -> str | None:
    """The element's text as it stands in XML, None where it is nil or empty."""
    return _said(item.child(name))


def _said(element: Element | None) -> str | None:
    return None if element is None or _is_nil(element) else text_of(element)


def _words(item: Fields, name: str) -> str | None:
    return _as_words(_text(item, name))


def _as_words(text: str | None) -> str | None:
    return words(_unescaped(text)) if text else None


def _unescaped(text: str) -> str:
    """Escaped once more than HTML needs: `&amp;apos;` inside the field is an apostrophe."""
    return html.unescape(text) if "&amp;" in text and _STILL_ESCAPED.search(text.replace("&amp;", "&")) else text


def _story(item: Fields, raw: RawStory) -> StoryParts:
    parts = StoryParts(format=NAME, source="Ritzau")
    parts.provider_id = _text(item, "NewsID")
    parts.version = read_version(_text(item, "version"), parts.notes)
    parts.published = in_zone(read_date(_text(item, "PublishDate")), raw.zone, ZONE, parts.notes)
    parts.version_time = parts.published
    parts.title = _words(item, "headline")
    parts.subheads = unique([_words(item, "subtitle")])
    parts.slugline = _text(item, "strapline")
    parts.section = _words(item, "section")
    parts.urgency = read_urgency(_text(item, "Priority"), parts.notes)
    origin, town = _text(item, "origin"), _words(item, "town")
    parts.credit = (origin or "").strip(_SENDER) or None
    parts.dateline = Dateline(place=town[:_MOST], agency=parts.credit) if town else None
    parts.byline = [name for name in _PERSON.split(_words(item, "byLine") or "") if name and name != parts.credit]
    _subjects(parts, item)
    _body(parts, item, origin)
    parts.ednote = _note(item)
    _lifecycle(parts, item)
    _references(parts, item)
    parts.given |= {name: [value] for name, element in (_WORDS | _FLAGS).items() if (value := _text(item, element))}
    return parts


def _subjects(parts: StoryParts, item: Fields) -> None:
    """IPTC's eight digits lose a leading zero as numbers; stock numbers, companies and keywords are lists of their own."""
    listed = item.child("IPTCList")
    for one in listed if listed is not None else ():
        code = (one.text or "").strip()
        if _SUBJECT.fullmatch(code):
            parts.topics.append(Topic(scheme="iptc-subject", code=code.zfill(8)))
    for scheme, name in (("isin", "ISIN"), ("company", "Companies")):
        parts.topics += [Topic(scheme=scheme, code=code[:_MOST]) for code in _entries(item, name)]
    parts.topics = parts.topics[:_MOST]
    parts.keywords = _entries(item, "SubjectKeyword")
    if _FLASH.search(_text(item, "format") or "") or is_true(_text(item, "InfoFlash")):
        parts.keywords.append("Flash")


def _entries(item: Fields, name: str) -> list[str]:
    element = item.child(name)
    if element is None or _is_nil(element):
        return []
    return unique(" ".join("".join(map(str, one.itertext())).split()) for one in element)[:_MOST]


def _body(parts: StoryParts, item: Fields, origin: str | None) -> None:
    """The text's blocks without the agency's sign, which closes it as a paragraph of its own ('/ritzau/')."""
    fragment = read_fragment(_text(item, "content") or "")
    blocks = [Block(one.tag, _plain(one.text)) if _STILL_ESCAPED.search(one.text) else one for one in fragment.blocks]
    if blocks and origin and blocks[-1].text.strip() == origin:
        del blocks[-1]
        parts.notes.append("sign-off taken out of the body")
    parts.blocks = blocks
    parts.body = "\n\n".join(block.text for block in blocks) or None
    parts.images = fragment.images
    short = _words(item, "ContentShort")
    if short and short != parts.title and not (parts.body or "").startswith(short.rstrip(". …")):
        parts.summary = short


def _plain(text: str) -> str:
    return " ".join(html.unescape(html.unescape(text)).split())


def _note(item: Fields) -> str | None:
    """`TilRedaktionen`: to the editors."""
    return "\n".join(block.text for block in read_fragment(_text(item, "TilRedaktionen") or "").blocks) or None


def _lifecycle(parts: StoryParts, item: Fields) -> None:
    """What is cancelled takes back the story that it replaces, too: the cancellation may come under an id of its own."""
    parts.correction = is_true(_text(item, "Korrektion"))
    other = _text(item, "replacedID") or _text(item, "Replaces")
    if other in ("0", parts.provider_id):
        other = None
    if is_true(_text(item, "Annuleret")) or _TAKEN_BACK.search(_text(item, "Status") or ""):
        parts.status = "canceled"
        parts.kills += [other] if other else []
    else:
        parts.evolved_from = other


def _references(parts: StoryParts, item: Fields) -> None:
    """Related stories by their id and headline; pictures by their address."""
    related = item.child("Related")
    for one in islice(descendants(related, "NewsID"), _MOST) if related is not None else ():
        # Not by `Fields`: all of them may stand in one element, which would be gone through for each.
        title = _as_words(_said(child(one.getparent(), "headline")))
        if name := (one.text or "").strip():
            parts.related.append(Related(title=title, url=name[:2048]))
    listed = item.child("MultimedieList")
    for entry in list(children(listed))[:_MOST] if listed is not None else ():
        leaves = {local(one).lower(): (one.text or "").strip() for one in entry.iter() if not len(one)}
        address = next((whole for value in leaves.values() if (whole := absolute(value))), None)
        if address:
            parts.images.append(Image(url=address, caption=_named(leaves, "caption", "text", "tekst")))


def _named(leaves: dict[str, str], *names: str) -> str | None:
    return next((value for key, value in leaves.items() if value and any(name in key for name in names)), None)
