"""Keys that senders push with, and the feed `local`, whose key stands in the data folder of a single machine.

A key is `nw_` and 256 random bits; only its SHA-256 is kept elsewhere. It has so much entropy that no slow hash is needed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

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
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / KEY_FILE
    if read_key(path) is not None:
        return path
    fresh = data_dir / f".{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(new_key() + "\n")
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            fresh.replace(path)  # what stood there was no key
        else:
            with suppress(FileExistsError):
                os.link(fresh, path)  # unlike a rename, never over a key that another caller has just made
    finally:
        fresh.unlink(missing_ok=True)
    return path
