"""An item's headline, text and summary: `headline`, `body_…`, `description_…` in 1.x; arrays with roles in 2.x and 3.x. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.normalization import fragment
from services.normalization.formats.ninjs.fields import Fields
from services.normalization.fragment import Fragment, is_markup, read_fragment
from services.normalization.parts import StoryParts
from services.normalization.phrases import fold

_MAIN = ("main", "", "headline", "hl", "title", "display", "text")
_BELOW = ("sub", "deck", "under")
_SUMMARIES = ("text", "", "summary", "abstract", "description", "lead", "teaser", "plain", "html", "xhtml", "caption")
_SHORT = frozenset({"abstract", "teaser", "summary", "short", "sms", "lead", "tweet", "social", "caption"})
_PRIVATE = frozenset({"private", "internal", "note", "ednote"})
_NITF_HEADS = frozenset({"body.head", "body.end", "hedline", "byline", "dateline", "distributor"})
_AROUND = frozenset({"dat", "byline", "vignette"})
"""Classes of what TT sets round the text in its pages: section, source and byline."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A wording with its role and content type in lower case, as far as given."""

    role: str
    kind: str
    value: str

    @property
    def marked_up(self) -> bool:
        """By its type or role; where neither tells, by its tags."""
        kind = f"{self.kind} {self.role}"
        if any(word in kind for word in ("html", "xml", "nitf")):
            return True
        return "plain" not in kind and is_markup(self.value)


def _said(item: Fields, array: str, prefix: str = "") -> Iterator[_Said]:
    """The array of 2.x and 3.x, then the members of 1.x that begin with `prefix`, the rest of whose name is role and type."""
    for one in item.objects(array):
        if value := one.words("value", "name"):
            kind = one.words("contenttype", "mimetype") or ""
            yield _Said((one.words("role") or "").lower(), kind.lower(), value)
    for name in item.names(prefix) if prefix else ():
        if value := item.words(name):
            yield _Said(name.removeprefix(prefix), "text/plain" if name.endswith("text") else "", value)


def read_headlines(item: Fields, parts: StoryParts) -> None:
    """The headline; those for below it; else the item's title."""
    several = list(_said(item, "headlines"))
    below = [one for one in several if any(word in one.role for word in _BELOW)]
    main = [one for one in several if one not in below]
    chosen = min(main, key=lambda one: _rank(one.role, _MAIN), default=None)
    given = item.words("headline") or (chosen.value if chosen else None) or item.words("title")
    parts.title = fragment.words(given) if given and is_markup(given) else given
    parts.subheads = [one.value for one in below]


def _rank(role: str, order: tuple[str, ...]) -> int:
    return order.index(role) if role in order else len(order)


def read_body(item: Fields, parts: StoryParts) -> None:
    """The text: with its markup where there is some with words in it, else plain."""
    bodies = [one for one in _said(item, "bodies", "body_") if one.role not in _PRIVATE]
    plain = item.words("body")
    if plain:
        bodies.append(_Said("", "", plain))
    for one in sorted(bodies, key=lambda body: (body.role in _SHORT, not body.marked_up)):
        if not one.marked_up:
            parts.body = one.value
            return
        found = read_fragment(one.value, skip=_NITF_HEADS, classes=_AROUND)
        if found.blocks:
            _take(found, parts)
            return
    nitf = item.get("nitf")
    if isinstance(nitf, dict):
        read_body(Fields({name: value for name, value in nitf.items() if name.startswith("body_")}, item.notes), parts)


def _take(found: Fragment, parts: StoryParts) -> None:
    blocks = found.blocks
    if len(blocks) > 1 and parts.title and fold(blocks[0].text) == fold(parts.title):
        blocks = blocks[1:]
    parts.blocks = blocks
    parts.body = "\n\n".join(block.text for block in blocks)
    parts.images += found.images


def read_summary(item: Fields, parts: StoryParts) -> None:
    """The description for readers; a credit line among the descriptions is the credit."""
    described = list(_said(item, "descriptions", "description_"))
    parts.credit = item.words("creditline") or next((one.value for one in described if one.role == "creditline"), None)
    fit = [one for one in described if one.role in _SUMMARIES or "text" in one.role or "html" in one.role]
    chosen = min(fit, key=lambda one: (one.marked_up, _rank(one.role, _SUMMARIES)), default=None)
    given = chosen.value if chosen else item.words("headline_extended", "abstract", "description")
    if given:
        parts.summary = read_fragment(given).text if is_markup(given) else given


def caption_of(item: Fields) -> str | None:
    """What a picture shows, in one line."""
    parts = StoryParts(format="")
    read_summary(item, parts)
    read_headlines(item, parts)
    found = parts.summary or parts.title
    return " ".join(found.split()) if found else None
