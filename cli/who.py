"""Who does something, and the words that are kept of it."""

from __future__ import annotations

import getpass
import socket

from shared.errors import Misconfigured

LONGEST = 200


def whoever() -> str:
    """This user on this machine."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):  # a user without a name, as in containers
        return f"somebody@{socket.gethostname()}"


def said(text: str) -> str:
    """A line to be kept, stripped.

    Raises:
        Misconfigured: it is empty, too long, or has characters that do not print.
    """
    line = text.strip()
    if not line or len(line) > LONGEST or not line.isprintable():
        raise Misconfigured(f"a reason, and a name, is one printable line of 1 to {LONGEST} characters")
    return line
