"""The key that signs cursors: from the settings, else a file in the data folder that all replicas of one machine share."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from shared.key_file import ensure_key_file
from shared.log import get_logger
from shared.settings import Settings

_FILE = "cursor.key"


def cursor_key(settings: Settings) -> bytes:
    """32 bytes; without a setting they are made once and kept in `data_dir/cursor.key` (mode 600).

    Where that folder cannot be written, the key lives as long as the process: cursors then do not survive a restart.
    """
    given = settings.search.cursor_key
    if given is not None:
        return hashlib.sha256(given.get_secret_value().encode()).digest()
    path = settings.data_dir / _FILE
    try:
        return _kept(path)
    except OSError as error:
        get_logger().warning(
            "cursors will not survive a restart; set NEWSWIRE_SEARCH__CURSOR_KEY", path=str(path), error=error.strerror
        )
        return secrets.token_bytes(32)


def _kept(path: Path) -> bytes:
    """The key in the file, made first if need be; of several processes that make it at once, one wins for all."""
    ensure_key_file(path, lambda: secrets.token_bytes(32), lambda _: True)
    key = path.read_bytes()
    return key if len(key) == 32 else hashlib.sha256(key).digest()
