"""The plain JSON story: the form a sender without a wire format uses, checked whole and at once.

`parse_story` is exact and fast: the front door refuses with it, and normalization reads the same bytes with it again.
Nothing here quotes a story: a reason names fields and places only, for it ends up in dead letters and logs.
"""

from __future__ import annotations

import re
import unicodedata
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.errors import Refused
from shared.events import HonestDate

MAX_DEPTH: Final = 64
MAX_ERRORS: Final = 20
MAX_ID: Final = 512
EARLIEST_YEAR: Final = 1400
FUTURE: Final = timedelta(hours=48)
"""A story may be dated this far ahead: clocks and zones go wrong, but a later date is a mistake."""
FAR_FUTURE: Final = timedelta(days=36_525)
"""An embargo or an expiry may be up to a century ahead."""

Precision = Literal["second", "day"]

# RFC 3339 section 5.6, without leap seconds and 24:00; the zone may be missing, and so may the time.
_DATE = re.compile(
    r"([0-9]{4})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"([Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CONTROL_ESCAPE = re.compile(rb"\\[ubf]")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\s")
_LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,4}$"


class BadStory(Refused):
    """Bytes that are no plain story. `errors` has a pointer, code and message for each mistake, at most 20."""

    def __init__(self, code: str, reason: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(code, reason)
        self.errors = tuple(errors)


def _wrong(code: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(code, message)


@dataclass(frozen=True, slots=True)
class StoryDate:
    """A date as its sender wrote it: `value` is aware where a zone was given, else local time in the feed's zone."""

    value: datetime
    precision: Precision
    raw: str

    @classmethod
    def read(cls, given: Any) -> Self:
        """Read RFC 3339 with or without a zone, or a day alone.

        Raises:
            PydanticCustomError: anything else; numbers, words and dates that no calendar has included.
        """
        match = _DATE.fullmatch(given) if isinstance(given, str) else None
        if match is None:
            raise _wrong("date-format", "must be a date as in 2026-02-08T14:30:00+02:00, or 2026-02-08")
        try:
            value = datetime.fromisoformat(given.upper())
        except ValueError:
            raise _wrong("no-such-date", "is no date of the calendar, or its zone is none") from None
        if not EARLIEST_YEAR <= value.year < 9000:
            raise _wrong("date-out-of-range", "must not be before the year 1400 or so far ahead")
        return cls(value, "second" if match[2] else "day", given)

    def at(self, zone: tzinfo) -> datetime:
        """The moment in UTC; `zone` counts only where none was given. A day alone is its first moment."""
        local = self.value if self.value.tzinfo is not None else self.value.replace(tzinfo=zone)
        return local.astimezone(UTC)

    def honest(self, zone: tzinfo | None) -> HonestDate:
        """The date with what is known of it; without a zone of the feed (None), UTC is assumed."""
        if self.value.tzinfo is not None:
            return HonestDate(value=self.at(UTC), precision=self.precision, zone="given", raw=self.raw)
        source: Literal["feed", "assumed"] = "feed" if zone else "assumed"
        return HonestDate(value=self.at(zone or UTC), precision=self.precision, zone=source, raw=self.raw)

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """To pydantic, a date is what `read` takes."""
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        """In OpenAPI: a string."""
        return {"type": "string", "pattern": f"^{_DATE.pattern}$", "examples": ["2026-02-08T14:30:00+02:00"]}


def _before(limit: timedelta, message: str) -> AfterValidator:
    def check(date: StoryDate) -> StoryDate:
        # A missing zone moves a date by less than a day; FUTURE and FAR_FUTURE are coarser than that.
        if date.at(UTC) > datetime.now(UTC) + limit:
            raise _wrong("date-in-the-future", message)
        return date

    return AfterValidator(check)


def _identifier(given: str) -> str:
    if _UNPRINTABLE.search(given):
        raise _wrong("bad-characters", "must have no spaces and no control characters")
    return given if given.isascii() else unicodedata.normalize("NFC", given)


def _version(given: Any) -> Any:
    if type(given) is int:
        if given < 0:
            raise _wrong("negative", "must not be negative")
        return str(given)
    return given


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Published = Annotated[StoryDate, _before(FUTURE, "must not be more than 48 hours ahead")]
Later = Annotated[StoryDate, _before(FAR_FUTURE, "must not be more than a century ahead")]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID), AfterValidator(_identifier)]
Version = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(_identifier), BeforeValidator(_version)
]
Url = Annotated[
    str, StringConstraints(max_length=2048, pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]"), AfterValidator(_identifier)
]
Line = Annotated[str, StringConstraints(max_length=500)]


class PlainTopic(BaseModel):
    """A topic that says its scheme; a bare string is a topic's name."""

    model_config = ConfigDict(extra="forbid", strict=True)

    scheme: Line | None = None
    code: Line | None = None
    name: Line | None = None


class PlainStory(BaseModel):
    """One version of one story. All fields are optional, but a title or a body there must be, unless it is a kill.

    `byline` may be one string or a list, `version` a string or a whole number from 0 on, `topics` strings or
    `{"scheme","code","name"}`. A field that is none of these is refused.
    """

    model_config = ConfigDict(extra="forbid", strict=True, title="Plain story")

    id: Identifier | None = None
    title: Annotated[str, StringConstraints(max_length=4000)] | None = None
    body: str | None = None
    published: Published | None = None
    language: Annotated[str, StringConstraints(max_length=35, pattern=_LANGUAGE)] | None = None
    byline: Annotated[list[Line], Field(max_length=100), BeforeValidator(_listed)] | None = None
    section: Line | None = None
    topics: Annotated[list[Line | PlainTopic], Field(max_length=500)] | None = None
    source: Line | None = None
    url: Url | None = None
    version: Version | None = None
    status: Literal["usable", "withheld", "canceled", "cancelled", "killed"] | None = None
    embargoed_until: Later | None = None
    expires: Later | None = None
    ednote: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    urgency: Annotated[int, Field(ge=1, le=9)] | None = None

    _controls: int = PrivateAttr(default=0)

    @property
    def is_kill(self) -> bool:
        """Whether this takes the story back for good."""
        return self.status in ("canceled", "cancelled", "killed")

    @property
    def controls_stripped(self) -> int:
        """Control characters that were taken out of its texts."""
        return self._controls

    @model_validator(mode="after")
    def _has_something(self) -> Self:
        if self.is_kill:
            if self.id is None:
                raise _wrong("no-id", "a kill must have the id of the story that it takes back")
        elif not ((self.title and not self.title.isspace()) or (self.body and not self.body.isspace())):
            raise _wrong("no-text", "one of title and body must have text in it")
        return self


FIELDS: Final = frozenset(PlainStory.model_fields)
_TOPIC_FIELDS: Final = frozenset(PlainTopic.model_fields)
_NOT_TEXT: Final = frozenset({"id", "version", "url", "published", "embargoed_until", "expires"})
"""Fields where a control character is a mistake rather than dirt."""


def parse_story(raw: bytes) -> PlainStory:
    """Read one plain story from UTF-8 JSON.

    Raises:
        BadStory: it is none; the code is one of `malformed-json`, `invalid-utf8`, `lone-surrogate`, `too-deep` (400),
            `not-a-number`, `duplicate-key`, `no-text` or `invalid-story` (422), and the reason has a JSON pointer.
    """
    return story_of(parse_json(raw), raw)


def parse_json(raw: bytes) -> Any:
    """Read JSON strictly: UTF-8 (a BOM is passed over), no NaN, no half characters.

    Repeated keys and depth are not looked at: `story_of` does that.

    Raises:
        BadStory: it is no such JSON.
    """
    if raw.startswith(BOM_UTF8):
        raw = raw[3:]
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _malformed(raw, error) from None


def story_of(data: Any, raw: bytes) -> PlainStory:
    """The story of JSON that is read already; `raw` is what it was read from, and shows repeated keys.

    Raises:
        BadStory: as `parse_story`.
    """
    if type(data) is not dict:
        _refuse_depth(data)
        raise BadStory(
            "invalid-story",
            "the story is not a JSON object; several stories go as application/x-ndjson",
            [_error("", "not-an-object", "must be an object")],
        )
    if _string_tokens(raw) != _strings_in(data):
        _refuse_depth(data)
        raise BadStory("duplicate-key", "an object in the story has the same key twice")
    if not data.keys() <= FIELDS:
        _refuse_depth(data)
        raise _unknown_fields(data)
    stripped = _strip_controls(data) if _may_hold_controls(raw) else 0
    try:
        story = PlainStory.model_validate(data)
    except ValidationError as error:
        _refuse_depth(data)
        raise _invalid(error) from None
    if stripped:
        story._controls = stripped  # noqa: SLF001 - our own model; a field of that name could be sent
    return story


def _string_tokens(raw: bytes) -> int:
    """String tokens in valid JSON: half its quotes, leaving out those that a backslash escapes."""
    quotes = raw.count(b'"')
    if b"\\" in raw:
        # In a run of backslashes each pair is a backslash; only an odd one at its end escapes the quote behind it.
        quotes -= raw.replace(b"\\\\", b"").count(b'\\"')
    return quotes // 2


def _strings_in(data: dict[str, Any]) -> int:
    """Keys and string values in parsed JSON. A repeated key leaves fewer of them than there are string tokens."""
    count = 0
    left: list[Any] = [data]
    while left:
        node = left.pop()
        if type(node) is dict:
            count += len(node)
            node = node.values()
        for value in node:
            kind = type(value)
            if kind is str:
                count += 1
            elif kind is list or kind is dict:
                left.append(value)
    return count


def _may_hold_controls(raw: bytes) -> bool:
    """Whether a string may hold a control character: in JSON, C0 is always escaped, DEL and C1 need not be."""
    return _CONTROL_ESCAPE.search(raw) is not None or b"\x7f" in raw or b"\xc2" in raw


def _strip_controls(data: dict[str, Any]) -> int:
    """Take control characters out of the text fields, in place; returns how many."""
    stripped = 0
    for name, value in data.items():
        if name in _NOT_TEXT:
            continue
        if isinstance(value, str):
            data[name], count = _CONTROLS.subn("", value)
            stripped += count
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                if isinstance(entry, str):
                    value[index], count = _CONTROLS.subn("", entry)
                    stripped += count
                elif isinstance(entry, dict):
                    stripped += _strip_controls(entry)
    return stripped


def _refuse_depth(data: Any) -> None:
    """Called before any other refusal: a story that is valid cannot be deep, so a valid one pays nothing."""
    level, depth = [data], 0
    while level := [node for node in level if isinstance(node, list | dict)]:
        depth += 1
        if depth > MAX_DEPTH:
            raise BadStory("too-deep", f"the JSON is nested more than {MAX_DEPTH} levels deep")
        level = [child for node in level for child in (node.values() if isinstance(node, dict) else node)]


def _malformed(raw: bytes, error: orjson.JSONDecodeError) -> BadStory:
    """What kind of no-JSON it is, from the place where the reader stopped."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as bad:
        return BadStory("invalid-utf8", f"the byte at offset {bad.start} is not UTF-8")
    if error.msg.startswith("depth limit"):
        return BadStory("too-deep", f"the JSON is nested more than {MAX_DEPTH} levels deep")
    where = f"at character {error.pos} (line {error.lineno}, column {error.colno})"
    if "surrogate" in error.msg:
        return BadStory("lone-surrogate", f"half a surrogate pair {where}")
    near = text[max(error.pos - 1, 0) : error.pos + 9]
    if "infinity" in error.msg or near.lstrip(":-, [").startswith(("NaN", "Infinity")):
        return BadStory("not-a-number", f"a number that JSON does not have {where}")
    return BadStory("malformed-json", f"no JSON {where}")


def _unknown_fields(data: dict[str, Any]) -> BadStory:
    # Names of unknown fields are the sender's input: told to the sender, kept out of the reason.
    errors = [
        _error(f"/{_escaped(name)}", "unknown-field", "is none of the story's fields")
        for name in data
        if name not in FIELDS
    ]
    return BadStory("invalid-story", f"{len(errors)} field(s) that a story does not have", errors[:MAX_ERRORS])


def _invalid(error: ValidationError) -> BadStory:
    found = error.errors(include_url=False, include_input=False, include_context=False)[:MAX_ERRORS]
    errors = []
    for one in found:
        known = [part for part in one["loc"] if isinstance(part, int) or part in FIELDS or part in _TOPIC_FIELDS]
        pointer = "".join(f"/{part}" for part in known)
        code = _CODES.get(one["type"], one["type"].replace("_", "-"))
        message = "is none of the topic's fields" if code == "unknown-field" else one["msg"]
        errors.append(_error(pointer, code, message))
    first = errors[0]
    code = "no-text" if first["code"] == "no-text" else "invalid-story"
    return BadStory(code, f"{first['pointer'] or 'the story'}: {first['message']}", errors)


_CODES: Final = {"extra_forbidden": "unknown-field", "string_too_long": "too-long", "too_long": "too-long"}


def _error(pointer: str, code: str, message: str) -> dict[str, Any]:
    return {"pointer": pointer, "code": code, "message": message}


def _escaped(name: str) -> str:
    """A key as a JSON pointer has it, cut at 100 characters, controls replaced."""
    return _CONTROLS.sub("?", name[:100]).replace("~", "~0").replace("/", "~1")
