"""Keys that senders push with, and the feed `local`, whose key stands in the data folder of a single machine.

A key is `nw_` and 256 random bits; only its SHA-256 is kept elsewhere. It has so much entropy that no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Final

from shared.key_file import ensure_key_file

LOCAL: Final = "local"
"""Id of the feed that `newswire up` makes."""

KEY_PREFIX: Final = "nw_"
KEY_FILE: Final = "local.key"


def new_key() -> str:
    """A fresh key, to be shown once."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def key_hash(key: str) -> str:
    """SHA-256 of a key in lower-case hex: what `feeds.toml` holds."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def read_key(path: Path) -> str | None:
    """The key in that file, or None if there is no file or no key in it."""
    try:
        key = path.read_text("utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return key if key.startswith(KEY_PREFIX) else None


def ensure_local_key(data_dir: Path) -> Path:
    """Make the key of the feed `local` unless it is there; returns its file, readable by its owner only.

    Two callers at once end with one key: the file appears whole or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    path = data_dir / KEY_FILE
    ensure_key_file(path, _line, lambda at: read_key(at) is not None)
    return path


def _line() -> bytes:
    return f"{new_key()}\n".encode()
