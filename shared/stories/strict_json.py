"""JSON read strictly, and bounded in what it can cost, before and after it is parsed. Pure."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Any, Final

import orjson

from shared.stories.errors import BadStory

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000
"""Values in one item. A plain story has some hundreds, a big document of a wire some ten thousand; 8 MiB can hold millions."""


def parse_json(raw: bytes) -> Any:
    """Read JSON strictly: UTF-8 (a BOM is passed over), no NaN, no half characters, at most `MAX_VALUES` values.

    Repeated keys and depth are not looked at: `story_of` does that.

    Raises:
        BadStory: it is no such JSON.
    """
    if raw.startswith(BOM_UTF8):
        raw = raw[3:]
    _refuse_complex(raw)
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _malformed(raw, error) from None


def _refuse_complex(raw: bytes) -> None:
    """Refuse too many values before any is made: parsing, freeing and walking millions holds up everybody else's requests.

    In JSON every value follows a comma or an opening bracket, or is the only one of its document.
    """
    if len(raw) <= 2 * MAX_VALUES or _separators(raw) <= MAX_VALUES:
        return
    # Prose has commas too; what is left between the strings has only the document's own.
    unescaped = _unescaped(raw)
    if unescaped.count(b'"') // 2 > 2 * MAX_VALUES or _separators(b"".join(unescaped.split(b'"')[::2])) > MAX_VALUES:
        raise BadStory("too-complex", f"the JSON has more than {MAX_VALUES} values")


def _unescaped(raw: bytes) -> bytes:
    """JSON without escaped backslashes and quotes: each quote left begins or ends a string."""
    # In a run of backslashes each pair is a backslash; only an odd one at its end escapes the quote behind it.
    return raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw


def _separators(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def string_tokens(raw: bytes) -> int:
    """String tokens in valid JSON: half its quotes, leaving out those that a backslash escapes."""
    return _unescaped(raw).count(b'"') // 2


def strings_in(data: dict[str, Any]) -> int:
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


def refuse_depth(data: Any) -> None:
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
