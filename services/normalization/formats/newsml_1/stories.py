"""Which NewsComponents of a NewsItem are stories of their own, and what belongs to each. Pure.

A component is a story if it has text content of its own, or children that are pieces of one text (roles such as HeadLine,
Lead, Body). Other components are containers: main story and sidebars, or the same story in several languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from services.normalization.formats.newsml_1.content import Text, best, formal_name, medium, read_text
from services.normalization.markup import LONGEST_ADDRESS
from services.normalization.xml import Element, attribute, child, children, descendants, text_at
from shared.events import Image

Piece = Literal[
    "title", "subhead", "lead", "summary", "body", "after", "byline", "dateline", "caption", "ednote", "none"
]

_NAME = re.compile(r"[\W_]+")
_PIECES: dict[str, Piece] = {
    "headline": "title", "title": "title", "titre": "title", "hl1": "title", "hedline": "title", "maintitle": "title",
    "subheadline": "subhead", "subtitle": "subhead", "subhead": "subhead", "deck": "subhead", "hl2": "subhead",
    "lead": "lead", "lede": "lead", "leadtext": "lead", "intro": "lead", "chapeau": "lead",
    "abstract": "summary", "summary": "summary", "teaser": "summary", "resume": "summary", "synopsis": "summary",
    "body": "body", "bodytext": "body", "maintext": "body", "fulltext": "body", "text": "body", "bodycopy": "body",
    "contact": "after", "contacts": "after", "boilerplate": "after", "disclaimer": "after", "tagline": "after",
    "byline": "byline", "dateline": "dateline",
    "caption": "caption", "photocaption": "caption", "legend": "caption",
    "ednote": "ednote", "editorsnote": "ednote", "editornote": "ednote", "editorialnote": "ednote", "advisory": "ednote",
    "stylesheet": "none", "css": "none", "tweettext": "none", "tweet": "none", "sms": "none", "keywords": "none",
}  # fmt: skip
"""Roles that make a component a piece of its parent's text. IPTC's own list has Caption; the rest are agencies' words."""
_PICTURES = frozenset({
    "picture", "pictures", "photo", "photos", "image", "images", "graphic", "graphics", "logo", "thumbnail", "quicklook", "preview",
    "icon", "map", "relatedphoto", "relatedpicture", "highres", "lowres", "photograph", "illustration", "cartoon",
})  # fmt: skip
_SMALL = frozenset({"thumbnail", "quicklook", "preview", "icon", "lowres"})
_TELLS: tuple[Piece, ...] = ("lead", "summary", "body", "after")
_MOST_IMAGES = 100


@dataclass(slots=True)
class Story:
    """A story: `chain` are the components from the NewsItem's own to the story's, `texts` its pieces."""

    chain: list[Element]
    texts: dict[Piece, list[Text]] = field(default_factory=dict)

    def line(self, piece: Piece) -> str | None:
        """The first piece of that kind in one line."""
        return next((line for text in self.texts.get(piece, ()) if (line := text.line())), None)

    @property
    def key(self) -> str:
        """Equal for two renditions of one text; '' for a headline alone."""
        return "".join(text.key for text in self.texts.get("body", ()))


def role(component: Element) -> str:
    """Its role in lower-case letters and digits, '' if it has none."""
    return _NAME.sub("", formal_name(child(component, "Role")) or "").lower()


def stories(component: Element) -> list[Story]:
    """The stories under a NewsItem's component, each different text once, in document order."""
    several = list(_walk(component, []))
    if len(several) < 2:
        return several
    distinct: dict[str, Story] = {}
    found: list[Story] = []
    for story in several:
        if not story.key:
            found.append(story)
        elif story.key not in distinct:
            distinct[story.key] = story
            found.append(story)
    return found


def named_stories(component: Element, told: list[Story]) -> list[Story]:
    """The stories under a component with those that it only names: components without a word, as a kill has them.

    In document order; what holds a picture, film or sound, another item, or a piece of a text, is none.
    """
    known = {story.chain[-1]: story for story in told}
    return [known.get(chain[-1]) or Story(chain) for chain in _chains(component, [], set(known))]


def _chains(component: Element, above: list[Element], told: set[Element]) -> Iterator[list[Element]]:
    chain = [*above, component]
    own = [one for one in children(component, "ContentItem") if medium(one) != "text"]
    own += list(children(component, "NewsItem", "NewsItemRef"))
    inner = [
        one for one in children(component, "NewsComponent") if role(one) not in _PIECES and role(one) not in _PICTURES
    ]
    if component in told or not (inner or own):
        yield chain
    for one in inner:
        yield from _chains(one, chain, told)


def _walk(component: Element, above: list[Element]) -> Iterator[Story]:
    chain = [*above, component]
    inner = list(children(component, "NewsComponent"))
    pieces = [(kind, one) for one in inner if (kind := _PIECES.get(role(one)))]
    texts: dict[Piece, list[Text]] = {}
    if role(component) not in _PICTURES:
        if own := _texts(component):
            texts["body"] = own
        for kind, one in pieces:
            texts.setdefault(kind, []).extend(_texts_below(one))
        for kind, several in texts.items():
            texts[kind] = best(several, alternatives=False)
    below = [story for one in inner if role(one) not in _PIECES for story in _walk(one, chain)]
    if any(texts.get(kind) for kind in _TELLS) or (texts.get("title") and not below and not _media(component)):
        yield Story(chain, texts)
    yield from below


def _texts(component: Element) -> list[Text]:
    """The texts of its own content items; its alternatives are renditions of one text, of which the best is taken."""
    found = [text for one in children(component, "ContentItem") if (text := read_text(one))]
    alternatives = child(component, "BasisForChoice") is not None or attribute(component, "EquivalentsList") == "yes"
    return best(found, alternatives=alternatives)


def _texts_below(component: Element) -> list[Text]:
    return [text for one in _components(component) for text in _texts(one)]


def _components(component: Element) -> Iterator[Element]:
    """It and the components in it, those of NewsItems inside left out."""
    yield component
    for one in children(component, "NewsComponent"):
        yield from _components(one)


def _media(component: Element) -> bool:
    return any(medium(one) != "text" for each in _components(component) for one in children(each, "ContentItem"))


def has_media(component: Element | None) -> bool:
    """Whether there is a picture, film or sound in it."""
    return component is not None and _media(component)


def images(root: Element) -> list[tuple[Element, Image]]:
    """The pictures under a component, each with the component it hangs on; of several sizes the largest."""
    found: list[tuple[Element, Image]] = []
    for component in _components(root):
        if role(component) in _SMALL:
            continue
        shown = [one for one in children(component, "ContentItem") if medium(one) == "image" and _address(one)]
        if shown:
            largest = max(shown, key=_size)
            caption, credit = _about(component, root)
            found.append((component, Image(url=_address(largest) or "", caption=caption, credit=credit)))
    return found[:_MOST_IMAGES]


def _address(item: Element) -> str | None:
    address = attribute(item, "Href")
    return address if address and len(address) <= LONGEST_ADDRESS else None


def _size(item: Element) -> int:
    """Its width in pixels, else its size in bytes, else 0."""
    facts = child(item, "Characteristics")
    if facts is None:
        return 0
    for one in children(facts, "Property"):
        if (attribute(one, "FormalName") or "").lower() in ("width", "pixelwidth"):
            return _number(attribute(one, "Value"))
    return _number(text_at(facts, "SizeInBytes"))


def _number(given: str | None) -> int:
    return int(given) if given and given.isascii() and given.isdigit() and len(given) <= 12 else 0


def _about(component: Element, root: Element) -> tuple[str | None, str | None]:
    """Caption and credit of a picture: of its own component, else of that around it if it is a picture's too."""
    around = component.getparent()
    near = [component]
    if component is not root and around is not None and role(around) in _PICTURES | {"video"}:
        near.append(around)
    caption = credit = None
    for one in near:
        captions = [
            piece
            for each in children(one, "NewsComponent")
            if _PIECES.get(role(each)) == "caption"
            for piece in _texts_below(each)
        ]
        captions += _texts(one) if role(one) in _PICTURES else []
        caption = caption or next((words for text in captions if (words := text.line())), None)
        credit = credit or text_at(one, "NewsLines", "CreditLine")
    return caption, credit


def items(root: Element) -> list[Element]:
    """Every NewsItem of a document, those inside components too."""
    return list(descendants(root, "NewsItem"))
