"""A secret that is made once and kept in a file of its owner's: by several processes at once, one and the same."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def ensure_key_file(path: Path, make: Callable[[], bytes], good: Callable[[Path], bool]) -> None:
    """Put what `make` gives into the file, unless what stands there is `good`; mode 600, whole or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and good(path):
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and not good(path):
            fresh.replace(path)
        else:
            with suppress(FileExistsError):
                os.link(fresh, path)  # unlike a rename, never over one that another process has just made
    finally:
        fresh.unlink(missing_ok=True)
