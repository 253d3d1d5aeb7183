"""The one error of the embedded servers."""

from __future__ import annotations

from shared.errors import NewswireError


class LocalError(NewswireError):
    """The embedded servers cannot be had; the message is one line that says what is wrong and what to do."""
