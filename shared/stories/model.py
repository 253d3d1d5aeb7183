"""A plain story's fields and what each may hold. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.events import HonestDate

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
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\s")
_LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,4}$"


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

    controls_stripped: ClassVar[int] = 0
    """Control characters that were taken out of its texts; the reader sets it on the story. A private attribute would cost
    every story more than its own validation."""

    @property
    def is_kill(self) -> bool:
        """Whether this takes the story back for good."""
        return self.status in ("canceled", "cancelled", "killed")

    @model_validator(mode="after")
    def _has_something(self) -> Self:
        if self.is_kill:
            if self.id is None:
                raise _wrong("no-id", "a kill must have the id of the story that it takes back")
        elif not ((self.title and not self.title.isspace()) or (self.body and not self.body.isspace())):
            raise _wrong("no-text", "one of title and body must have text in it")
        return self


FIELDS: Final = frozenset(PlainStory.model_fields)
TOPIC_FIELDS: Final = frozenset(PlainTopic.model_fields)
