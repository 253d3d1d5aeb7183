"""What is wrong with bytes that are no plain story, told without quoting them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.errors import Refused

MAX_ERRORS: Final = 20


class BadStory(Refused):
    """Bytes that are no plain story. `errors` has a pointer, code and message for each mistake, at most 20."""

    def __init__(self, code: str, reason: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(code, reason)
        self.errors = tuple(errors)


def mistake(pointer: str, code: str, message: str) -> dict[str, Any]:
    """One mistake as problem documents tell it; `pointer` is a JSON pointer (RFC 6901)."""
    return {"pointer": pointer, "code": code, "message": message}
