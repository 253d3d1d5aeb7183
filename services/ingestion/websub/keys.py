"""The key that tokens and secrets are made of: from the settings, else a file in the data folder."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from shared.errors import Misconfigured
from shared.key_file import ensure_key_file
from shared.settings import Settings

_FILE: Final = "websub.key"


def websub_key(settings: Settings) -> bytes:
    """32 bytes; without a setting they are made once and kept in `data_dir/websub.key` (mode 600), for replicas on one machine.

    Raises:
        Misconfigured: there is no setting, and the folder cannot be written.
    """
    given = settings.ingestion.websub_key
    if given is not None:
        return hashlib.sha256(given.get_secret_value().encode()).digest()
    path = settings.data_dir / _FILE
    try:
        ensure_key_file(path, lambda: secrets.token_bytes(32), lambda at: len(at.read_bytes()) == 32)
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"{path}: {error.strerror}; set NEWSWIRE_INGESTION__WEBSUB_KEY, the same for all replicas"
        ) from None
