"""What `newswire feeds …` does. A new key or secret goes to standard output alone, this once; words about it do not."""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from cli.feeds import findings, text
from cli.feeds.file import change, read_text, write
from cli.output import console, count, fail, print_json, say
from shared.errors import Misconfigured
from shared.feeds import Feed, new_secret, parse_feeds
from shared.feeds.model import MAX_KEYS
from shared.local_feed import KEY_FILE, LOCAL, key_hash
from shared.local_feed import new_key as fresh_key
from shared.settings import Settings, load_settings

KEY_HASH: Final = re.compile("[0-9a-f]{64}")


def list_feeds(*, as_json: bool) -> None:
    """Show the feeds of the settings' file, and `local` where it is."""
    settings = load_settings()
    feeds = _feeds(settings.feeds_path) if settings.feeds_path.exists() else {}
    if as_json:
        shown = [feed.model_dump(mode="json", exclude_none=True, exclude_defaults=True) for feed in feeds.values()]
        print_json({"file": str(settings.feeds_path), "local": settings.local_key_path.exists(), "feeds": shown})
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("feed", "name", "provider", "ways in", "read as"):
        table.add_column(column)
    if settings.local_key_path.exists():
        table.add_row(LOCAL, "This machine", "", f"push (key in {settings.local_key_path})", "")
    for feed in feeds.values():
        rules = (feed.format, feed.language, feed.zone, feed.order_by and f"by {feed.order_by}")
        read_as = ", ".join(rule for rule in rules if rule)
        table.add_row(feed.id, feed.name or "", feed.provider or "", "\n".join(findings.ways(feed)) or "none", read_as)
    console().print(table)
    if not feeds:
        say(f"No feeds in {settings.feeds_path}; `newswire feeds add` adds one.")


def check(file: Path | None, *, look_up: bool) -> None:
    """Print a line for each finding; exit code 1 if one must be mended."""
    settings = load_settings()
    path = file or settings.feeds_path
    feeds = _feeds(path)
    found = list(findings.findings(feeds, settings, findings.resolve if look_up else None))
    for finding in found:
        say(str(finding))
    errors = sum(finding.kind == "error" for finding in found)
    say(f"{path}: {count(len(feeds), 'feed')}, {count(errors, 'error')}, {count(len(found) - errors, 'warning')}")
    raise SystemExit(1 if errors else 0)


def add(feed_id: str, rules: Mapping[str, Any], *, key: bool, signing: bool) -> None:
    """Add a feed, with a key and a secret if they are wanted."""
    settings = load_settings()
    path = settings.feeds_path
    _not_local(feed_id, settings)
    written = dict(rules)
    secret_file = _secret_name(feed_id) if signing else None
    made, secret = fresh_key() if key else None, new_secret() if signing else None
    if made:
        written["key_hashes"] = [key_hash(made)]
    if secret_file:
        written["signing_secret_files"] = [secret_file]

    def edit(old: str) -> str:
        new = text.with_feed(old, feed_id, written)
        _judge(parse_feeds(new, path.resolve().parent)[feed_id], settings)
        _put_secret(path, secret_file, secret)
        return new

    change(path, edit, may_make=True)
    _tell(f"Added the feed {feed_id} to {path}.")
    if made:
        _show("Its key, shown this once", made)
    if secret:
        _show("Its signing secret, for the sender", secret)


def new_key(feed_id: str, *, signing: bool) -> None:
    """Make a key or a secret, beside the one that is there."""
    settings = load_settings()
    _not_local(feed_id, settings)
    path = settings.feeds_path
    made, secret_file = (new_secret(), _secret_name(feed_id)) if signing else (fresh_key(), None)

    def edit(old: str) -> str:
        known = _listed(old, feed_id, signing=signing)
        if len(known) >= MAX_KEYS:
            what = "secrets" if signing else "keys"
            raise Misconfigured(
                f"{feed_id} has {MAX_KEYS} {what} ({', '.join(map(_short, known))}): --revoke one of them first"
            )
        new = text.with_list(old, feed_id, _list_name(signing), [*known, secret_file or key_hash(made)])
        _put_secret(path, secret_file, made)
        return new

    change(path, edit)
    if secret_file:
        _show(f"A signing secret of {feed_id}, for the sender", made)
    else:
        _show(f"A key of {feed_id}, shown this once", made)


def revoke(feed_id: str, start: str, *, signing: bool) -> None:
    """Take back the one key or secret that starts so."""
    settings = load_settings()
    _not_local(feed_id, settings)
    gone: list[str] = []

    def edit(old: str) -> str:
        known = _listed(old, feed_id, signing=signing)
        gone[:] = [one for one in known if start and (one.startswith(start) or _short(one).startswith(start))]
        if len(gone) != 1:
            there = ", ".join(map(_short, known)) or "none"
            raise Misconfigured(f"{len(gone)} of {feed_id} start so; there are: {there}")
        return text.with_list(old, feed_id, _list_name(signing), [one for one in known if one != gone[0]])

    change(settings.feeds_path, edit)
    _tell(f"Took back {_short(gone[0])} of {feed_id}; services stop taking it within a second.")
    if signing:
        _tell("Its file is still there and can be deleted.")


def _feeds(path: Path) -> dict[str, Feed]:
    try:
        return parse_feeds(read_text(path), path.absolute().parent)
    except Misconfigured as error:
        raise error if str(path) in str(error) else Misconfigured(f"{path}: {error}") from None


def _judge(feed: Feed, settings: Settings) -> None:
    """Refuse a feed that could never work, before it is written: an inside address above all (SSRF)."""
    for finding in findings.findings({feed.id: feed}, settings, findings.resolve):
        if finding.kind == "warning":
            _tell(str(finding))
        elif not finding.place.endswith(".signing_secret_files"):  # those are being made
            raise Misconfigured(str(finding))


def _listed(old: str, feed_id: str, *, signing: bool) -> list[str]:
    """The hashes, or the files of secrets, as they stand in the feeds file."""
    feeds = parse_feeds(old, Path())
    if feed_id not in feeds:
        raise Misconfigured(f"there is no feed {feed_id}; `newswire feeds add {feed_id}` adds it")
    feed = feeds[feed_id]
    return [str(file) for file in feed.signing_secret_files] if signing else list(feed.key_hashes)


def _list_name(signing: bool) -> str:
    return "signing_secret_files" if signing else "key_hashes"


def _short(one: str) -> str:
    """A hash by its first digits; a file by its name."""
    return one[:8] if KEY_HASH.fullmatch(one) else Path(one).name


def _secret_name(feed_id: str) -> str:
    return f"{feed_id}-{secrets.token_hex(4)}.whsec"


def _put_secret(feeds_file: Path, name: str | None, secret: str | None) -> None:
    """The secret's file, beside the feeds file, is there before the feeds file names it."""
    if name and secret:
        write(feeds_file.resolve().parent / name, secret + "\n", 0o600)


def _not_local(feed_id: str, settings: Settings) -> None:
    if feed_id == LOCAL:
        fail(f"the feed {LOCAL} is newswire's own; its key is in {settings.data_dir / KEY_FILE}")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _show(what: str, secret: str) -> None:
    """A secret alone on standard output, so that `> file` and `$( )` get nothing else."""
    _tell(f"{what}:")
    print(secret, flush=True)
