"""The Canadian Press's XML ('Jimi'): a `Publish` order around one `ContentItem`, sent anew for every version and service.

Rules by the elements' nature, as CP's own editors' system writes them: `SystemSlug` stays with a story through its
writethrus and into each service, `ContentItemID` and `PublishID` are new at every sending; writethrus are counted in words
('8th'), so that versions are ordered by `UpdatedDateTime`, which has a zone. `CreatedDateTime` is UTC without one,
`EmbargoTime` is Toronto's clock, and 0001-01-01 is .NET's way to say none.
"""

from __future__ import annotations

import re

from services.normalization.dates import read_date
from services.normalization.fragment import read_fragment, words
from services.normalization.parts import GivenDate, StoryParts
from services.normalization.raw import RawStory
from services.normalization.wire import in_utc, in_zone, is_true, read_urgency, read_version, unique
from services.normalization.xml import Fields, descendants, local, parse_xml, root_name
from shared.errors import Refused
from shared.events import Dateline, Image, Topic

NAME = "cp-jimi"
ZONE = "America/Toronto"

_ITEM = "ContentItem"
_LANGUAGES = {"1": "en", "2": "fr"}
_TEXTS = frozenset({"", "text", "texte", "broadcast"})
_NO_DATE = "0001-01-01"
_COMMA = re.compile(r"\s*,\s*")
_CORRECTIVE = re.compile(r"correct|corrig|rectif", re.IGNORECASE)
_TAKES_BACK = re.compile(r"\b(?:kill|annul\w*|withdraw\w*)\b", re.IGNORECASE)
_WRITTEN = {
    "file_name": "FileName", "content_item_id": "ContentItemID", "headline2": "Headline2", "class": "ContentType",
    "writethru": "WritethruNum", "writethru_value": "WritethruValue", "embargo_time": "EmbargoTime", "language": "Language",
    "ranking": "Ranking", "ranking_value": "RankingValue", "genre": "VersionType",
}  # fmt: skip
_MOST = 200
MAX_ITEMS = 1000
"""Items in an order: it has one, but for those that were put together."""


def sniff(head: bytes, content_type: str | None) -> float:  # noqa: ARG001 - the signature of every format
    """`Publish` is a common word: a `ContentItem` must stand in it."""
    name = root_name(head)
    return 1.0 if name in ("Publish", _ITEM) and b"<ContentItem" in head else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it.

    Raises:
        Refused: no XML that can be read; `not-news` for pictures, graphics and sound; `no-text` for items without a word.
    """
    found = read_all(raw)
    news = [one for one in found if one.kind != "not-news"]
    if not news:
        raise Refused("not-news", "pictures, graphics or sound, without a story")
    told = [one for one in news if one.title or one.body or one.status]
    if not told:
        raise Refused("no-text", "an item without headline and text")
    return told


def read_all(raw: RawStory) -> list[StoryParts]:
    """Every item of the order.

    Raises:
        Refused: no XML that can be read; `unreadable` without an item; `too-many-items`.
    """
    root, note = parse_xml(raw.value, raw.content_type)
    items = [root] if local(root) == _ITEM else list(descendants(root, _ITEM))
    if not items:
        raise Refused("unreadable", "no ContentItem in it")
    if len(items) > MAX_ITEMS:
        raise Refused("too-many-items", f"{len(items)} items in an order, and {MAX_ITEMS} are allowed")
    order = Fields(root)
    number, sent = order.text_at("PublishID"), _date(order, "PublishDateTime")
    found = [_item(Fields(one), raw, number, sent) for one in items]
    for parts in found:
        parts.notes[:0] = [note] if note else []
    return found


def _item(item: Fields, raw: RawStory, number: str | None, sent: GivenDate | None) -> StoryParts:
    parts = StoryParts(format=NAME)
    parts.provider_id = item.text_at("SystemSlug") or item.text_at("NewsCompID")
    parts.kind = "story" if (item.text_at("ContentType") or "").lower() in _TEXTS else "not-news"
    parts.title, parts.subheads = _headlines(item)
    parts.slugline = item.text_at("SlugProper")
    parts.byline = unique([item.text_at("Byline")])
    parts.credit, parts.source = item.text_at("Credit"), item.text_at("Source")
    parts.rights = item.text_at("Copyright")
    parts.language = _LANGUAGES.get(item.text_at("Language") or "")
    ranking = item.text_at("RankingValue")
    parts.urgency = read_urgency(ranking, parts.notes) if ranking != "0" else None
    _version(parts, item)
    _dates(parts, item, sent, raw)
    _places(parts, item)
    _subjects(parts, item)
    _text(parts, item)
    _notes(parts, item)
    parts.given |= {name: [value] for name, element in _WRITTEN.items() if (value := item.text_at(element))}
    if number:
        parts.given["publish_id"] = [number]
    return parts


def _headlines(item: Fields) -> tuple[str | None, list[str]]:
    found = unique([words(text) for name in ("Headline", "Headline2") if (text := item.text_at(name))])
    return (found[0], found[1:]) if found else (None, [])


def _version(parts: StoryParts, item: Fields) -> None:
    """'8th Writethru'; what is held back or thrown away in the editors' system is withheld or taken back."""
    count, kind = item.text_at("WritethruNum"), item.text_at("WriteThruType") or ""
    parts.version = read_version(" ".join(filter(None, [count, kind])) or None, parts.notes)
    parts.correction = bool(item.text_at("Corrections") or _CORRECTIVE.search(kind))
    if is_true(item.text_at("TrashFlag")) or _TAKES_BACK.search(kind):
        parts.status = "canceled"
    elif is_true(item.text_at("HoldFlag")):
        parts.status = "withheld"


def _dates(parts: StoryParts, item: Fields, sent: GivenDate | None, raw: RawStory) -> None:
    parts.published = in_utc(_date(item, "CreatedDateTime") or sent)
    parts.version_time = in_zone(_date(item, "UpdatedDateTime"), raw.zone, ZONE, parts.notes)
    until = _date(item, "EmbargoTime")
    if until is not None:
        parts.embargoed, parts.embargoed_until = True, in_zone(until, raw.zone, ZONE, parts.notes)


def _date(element: Fields, name: str) -> GivenDate | None:
    given = element.text_at(name)
    return read_date(given) if given and not given.startswith(_NO_DATE) else None


def _places(parts: StoryParts, item: Fields) -> None:
    """Where it was written, the narrower first; `Placeline` has the same three in one."""
    named = [item.text_at(name) for name in ("City", "Province", "Country")]
    if not any(named):
        named = list(map(str.strip, (item.text_at("Placeline") or "").split(";")))
    parts.places = unique(named)[:_MOST]
    if parts.places:
        parts.dateline = Dateline(place=parts.places[0][:_MOST])


def _subjects(parts: StoryParts, item: Fields) -> None:
    categories = unique(_COMMA.split(item.text_at("Category") or ""))
    parts.section = categories[0] if categories else None
    indexed = unique([*categories[1:], *_COMMA.split(item.text_at("IndexCode") or "")])
    parts.topics = [Topic(scheme="cp-index", name=name) for name in indexed]
    parts.topics += [Topic(scheme="stock", code=code) for code in unique(_COMMA.split(item.text_at("Stocks") or ""))]
    parts.topics += [Topic(scheme="genre", name=name) for name in unique([item.text_at("VersionType")])]
    parts.topics = parts.topics[:_MOST]
    parts.keywords = unique(_COMMA.split(item.text_at("Keyword") or ""))[:_MOST]


def _text(parts: StoryParts, item: Fields) -> None:
    """HTML, escaped; `DirectoryText` is the beginning of a text once more, or a broadcast's own short form."""
    element = item.child("ContentText")
    fragment = read_fragment((element.text or "") if element is not None else "")
    parts.blocks = fragment.blocks
    parts.body = fragment.text
    parts.images = fragment.images
    short = item.text_at("DirectoryText")
    if short and not (parts.body or "").replace("\n\n", " ").startswith(short[:60]):
        parts.summary = words(short)
    caption = item.text_at("EnglishCaption") or item.text_at("FrenchCaption")
    if caption and not parts.body:
        parts.body = words(caption)
    files = [item.text_at("ContentRef"), *_COMMA.split(item.text_at("PhotoReference") or "")]
    parts.images += [Image(url=name[:2048], credit=parts.rights) for name in unique(files)[:_MOST]]


def _notes(parts: StoryParts, item: Fields) -> None:
    said = [
        words(text)
        for name in ("UpdateNote", "Corrections", "EditorNote", "SpecialInstructions")
        for one in item.children(name)
        if (text := " ".join("".join(map(str, one.itertext())).split()))
    ]
    parts.ednote = "\n".join(unique(said)) or None
