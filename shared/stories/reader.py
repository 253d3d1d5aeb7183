"""Bytes to a plain story. Pure."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError

from shared.stories.errors import MAX_ERRORS, BadStory, mistake
from shared.stories.model import FIELDS, TOPIC_FIELDS, PlainStory
from shared.stories.strict_json import parse_json, refuse_depth, string_tokens, strings_in

MAX_CONTROLS: Final = 100_000
"""Control characters are dirt and taken out; with so many of them it is no text."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CONTROL_ESCAPE = re.compile(rb"\\[ubf]")
_NOT_TEXT: Final = frozenset({"id", "version", "url", "published", "embargoed_until", "expires"})
"""Fields where a control character is a mistake rather than dirt."""


def parse_story(raw: bytes) -> PlainStory:
    """Read one plain story from UTF-8 JSON.

    Raises:
        BadStory: it is none; the code is one of `malformed-json`, `invalid-utf8`, `lone-surrogate`, `too-deep` (400),
            `too-complex`, `not-a-number`, `duplicate-key`, `no-text` or `invalid-story` (422), and the reason has a JSON pointer.
    """
    return story_of(parse_json(raw), raw)


def story_of(data: Any, raw: bytes) -> PlainStory:
    """The story of JSON that is read already; `raw` is what it was read from, and shows repeated keys.

    Raises:
        BadStory: as `parse_story`.
    """
    if type(data) is not dict:
        refuse_depth(data)
        raise BadStory(
            "invalid-story",
            "the story is not a JSON object; several stories go as application/x-ndjson",
            [mistake("", "not-an-object", "must be an object")],
        )
    if string_tokens(raw) != strings_in(data):
        refuse_depth(data)
        raise BadStory("duplicate-key", "an object in the story has the same key twice")
    if not data.keys() <= FIELDS:
        refuse_depth(data)
        raise _unknown_fields(data)
    stripped = _strip_controls(data) if _may_hold_controls(raw) else 0
    try:
        story = PlainStory.model_validate(data)
    except ValidationError as error:
        refuse_depth(data)
        raise _invalid(error) from None
    if stripped:
        story.__dict__["controls_stripped"] = stripped  # no field, so none that could be sent
    return story


def _may_hold_controls(raw: bytes) -> bool:
    """Whether a string may hold a control character: in JSON, C0 is always escaped, DEL and C1 need not be."""
    return _CONTROL_ESCAPE.search(raw) is not None or b"\x7f" in raw or b"\xc2" in raw


def _strip_controls(data: dict[str, Any]) -> int:
    """Take control characters out of the text fields, in place; returns how many.

    Raises:
        BadStory: there are more than `MAX_CONTROLS` in one text.
    """
    stripped = 0
    for name, value in data.items():
        if name in _NOT_TEXT:
            continue
        if isinstance(value, str):
            data[name], count = _stripped(value)
            stripped += count
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                if isinstance(entry, str):
                    value[index], count = _stripped(entry)
                    stripped += count
                elif isinstance(entry, dict):
                    stripped += _strip_controls(entry)
    return stripped


def _stripped(text: str) -> tuple[str, int]:
    clean, count = _CONTROLS.subn("", text, MAX_CONTROLS + 1)
    if count > MAX_CONTROLS:
        raise BadStory("invalid-story", f"a text has more than {MAX_CONTROLS} control characters: it is none")
    return clean, count


def _unknown_fields(data: dict[str, Any]) -> BadStory:
    # Names of unknown fields are the sender's input: told to the sender, kept out of the reason.
    unknown = data.keys() - FIELDS
    errors = [
        mistake(f"/{_escaped(name)}", "unknown-field", "is none of the story's fields")
        for name in islice((name for name in data if name in unknown), MAX_ERRORS)
    ]
    return BadStory("invalid-story", f"{len(unknown)} field(s) that a story does not have", errors)


def _invalid(error: ValidationError) -> BadStory:
    found = error.errors(include_url=False, include_input=False, include_context=False)[:MAX_ERRORS]
    errors = []
    for one in found:
        known = [part for part in one["loc"] if isinstance(part, int) or part in FIELDS or part in TOPIC_FIELDS]
        pointer = "".join(f"/{part}" for part in known)
        code = _CODES.get(one["type"], one["type"].replace("_", "-"))
        message = "is none of the topic's fields" if code == "unknown-field" else one["msg"]
        errors.append(mistake(pointer, code, message))
    first = errors[0]
    code = "no-text" if first["code"] == "no-text" else "invalid-story"
    return BadStory(code, f"{first['pointer'] or 'the story'}: {first['message']}", errors)


_CODES: Final = {"extra_forbidden": "unknown-field", "string_too_long": "too-long", "too_long": "too-long"}


def _escaped(name: str) -> str:
    """A key as a JSON pointer has it, cut at 100 characters, controls replaced."""
    return _CONTROLS.sub("?", name[:100]).replace("~", "~0").replace("/", "~1")
