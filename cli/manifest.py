"""Files and folders → parcels: what `newswire push` sends, in which content type, and where each story stood.

Deciding (what a text is, how lines are batched) is pure; only `parcels` and its readers touch files.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

BATCH_LINES = 100
BATCH_BYTES = 4 * 1024 * 1024
"""A batch is sent once it has that many lines or bytes; a single longer line goes alone."""

JSON, NDJSON = "application/json", "application/x-ndjson"
UNKNOWN = "application/octet-stream"
"""The front door tells by the content whether it is a text; called a text, a picture would be taken and come to nothing later."""
TYPES = {
    ".json": JSON,
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    ".xml": "application/xml",
}
STDIN = "-"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One request to the front door. `places` says where each of its items stood (`news.ndjson:17`)."""

    body: bytes
    content_type: str
    places: tuple[str, ...]

    def idempotency_key(self, feed: str) -> str:
        """A key made of what is sent: a push that broke can be repeated whole, and nothing arrives twice."""
        digest = hashlib.sha256(f"{feed}\0{self.content_type}\0".encode() + self.body)
        return f"push-{digest.hexdigest()[:32]}"


class NotFound(Exception):
    """A path given by name that is not there or cannot be read; the message says which."""


def sniff(content: bytes) -> str:
    """The content type of bytes without a telling suffix."""
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] in (b"{", b"["):
        return NDJSON if _is_lines_of_json(content) else JSON
    if head[:1] == b"<":
        lowered = head[:1024].lower()
        return "text/html" if b"<html" in lowered or b"<!doctype html" in lowered else "application/xml"
    return UNKNOWN


def _is_lines_of_json(content: bytes) -> bool:
    """Whether the first two lines that are not empty are each a JSON object."""
    lines = [line for line in content[:2_000_000].split(b"\n") if line.strip()][:2]
    if len(lines) < 2:
        return False
    try:
        return all(isinstance(orjson.loads(line), dict) for line in lines)
    except orjson.JSONDecodeError:
        return False


def batch(lines: Iterable[tuple[str, bytes]]) -> Iterator[Parcel]:
    """Lines with their places, gathered into NDJSON parcels."""
    held: list[bytes] = []
    places: list[str] = []
    size = 0
    for place, line in lines:
        if held and (len(held) >= BATCH_LINES or size + len(line) > BATCH_BYTES):
            yield Parcel(b"\n".join(held) + b"\n", NDJSON, tuple(places))
            held, places, size = [], [], 0
        held.append(line)
        places.append(place)
        size += len(line) + 1
    if held:
        yield Parcel(b"\n".join(held) + b"\n", NDJSON, tuple(places))


def split(name: str, content: bytes, content_type: str) -> Iterator[Parcel]:
    """The parcels of one file's content: NDJSON and a JSON list of stories in batches, anything else whole."""
    if content_type == NDJSON:
        yield from batch(numbered(name, content.split(b"\n")))
        return
    if content_type == JSON and content.lstrip()[:1] == b"[" and (stories := _story_list(content)):
        yield from batch((f"{name}[{index}]", orjson.dumps(story)) for index, story in enumerate(stories))
        return
    yield Parcel(content, content_type, (name,))


def _story_list(content: bytes) -> list[Any]:
    """The objects of a JSON list, or nothing if it is another thing: then the front door says what is wrong with it."""
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return []
    return value if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value) else []


def numbered(name: str, lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Lines that are not empty, each with `name:number`, counted from 1."""
    for number, line in enumerate(lines, 1):
        stripped = line.strip(b"\r\n \t")
        if stripped:
            yield f"{name}:{number}", stripped


def expand(paths: Sequence[str]) -> list[str]:
    """Files to send, in order: folders give their files with a known suffix, sorted, hidden ones left out.

    Raises:
        NotFound: a path is not there.
    """
    files: list[str] = []
    for given in paths:
        path = Path(given)
        if given == STDIN:
            files.append(STDIN)
        elif path.is_dir():
            files += [str(file) for file in sorted(path.rglob("*")) if _is_story_file(file.relative_to(path), file)]
        elif path.exists():
            files.append(given)
        else:
            raise NotFound(f"{given}: no such file or folder")
    return files


def _is_story_file(relative: Path, file: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return not hidden and file.suffix.lower() in TYPES and file.is_file()


def size_of(files: Sequence[str]) -> int:
    """Bytes of all files together; standard input counts nothing."""
    return sum(Path(file).stat().st_size for file in files if file != STDIN)


def parcels(file: str) -> Iterator[Parcel]:
    """The parcels of one file; NDJSON files are read line by line, so that their size does not matter.

    Raises:
        NotFound: the file cannot be read.
    """
    try:
        if file == STDIN:
            content = sys.stdin.buffer.read()
            yield from split("stdin", content, sniff(content))
            return
        known = TYPES.get(Path(file).suffix.lower())
        if known == NDJSON:
            with Path(file).open("rb") as lines:
                yield from batch(numbered(file, lines))
            return
        content = Path(file).read_bytes()
        yield from split(file, content, known or sniff(content))
    except OSError as error:
        raise NotFound(f"{file}: {error.strerror}") from None
