"""The text of a feeds file to its feeds. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from os.path import normpath
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from shared.errors import Misconfigured
from shared.feeds.model import DropRules, Feed, FeedId, FeedRules, Rules
from shared.local_feed import LOCAL


class _File(Rules):
    model_config = ConfigDict(extra="forbid")

    feeds: dict[FeedId, FeedRules] = Field(default_factory=dict)


def parse_feeds(text: str, base: Path = Path()) -> dict[str, Feed]:
    """The feeds of a feeds file, by id. Paths in it that are relative begin at `base`, the file's folder.

    Raises:
        Misconfigured: with the place and what is wrong there.
    """
    try:
        found = _File.model_validate(tomllib.loads(text)).feeds
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"no TOML: {error}") from None
    except ValidationError as error:
        raise Misconfigured(_first(error)) from None
    for feed_id, rules in found.items():
        if LOCAL in {feed_id, rules.provider}:
            raise Misconfigured(f"feeds.{feed_id}: 'local' is the feed that newswire makes itself")
    feeds = {feed_id: _feed(feed_id, rules, base) for feed_id, rules in found.items()}
    _check_folders(feeds)
    _check_keys(feeds)
    return feeds


def _first(error: ValidationError) -> str:
    """The first mistake and its place; never the value, which may be a key in the wrong field."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"


def _feed(feed_id: str, rules: FeedRules, base: Path) -> Feed:
    given: dict[str, Any] = {name: getattr(rules, name) for name in FeedRules.model_fields}
    given["signing_secret_files"] = tuple(base / path for path in rules.signing_secret_files)
    if rules.drop:
        given["drop"] = DropRules(folder=Path(normpath(base / rules.drop.folder)))
    return Feed(id=feed_id, **given)


def _check_keys(feeds: Mapping[str, Feed]) -> None:
    """A key writes to one feed."""
    seen: dict[str, str] = {}
    for feed in feeds.values():
        for known in feed.key_hashes:
            if seen.setdefault(known, feed.id) != feed.id:
                raise Misconfigured(f"feeds.{feed.id}.key_hashes: {known[:8]}… is a key of feeds.{seen[known]}")


def _check_folders(feeds: Mapping[str, Feed]) -> None:
    """One folder, one feed: a file in a folder of two, or in a folder inside another, would be whose comes first."""
    seen: list[tuple[Path, str]] = []
    for feed in feeds.values():
        if not feed.drop:
            continue
        folder = feed.drop.folder
        for other, owner in seen:
            if folder.is_relative_to(other) or other.is_relative_to(folder):
                raise Misconfigured(
                    f"feeds.{feed.id}.drop.folder: is the folder of feeds.{owner}, or lies in it or around it"
                )
        seen.append((folder, feed.id))
