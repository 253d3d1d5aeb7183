"""Every error that crosses a module border.

* NewswireError
  + Transient            try again later: the other side is away or overloaded
    · Unavailable        no answer at all (connection, time-out)
    · Overloaded         answered 'not now' (429, cluster block)
  + Misconfigured        a person must act: credentials, missing index, wrong settings. Never a dead letter
  + Refused              bad input, told to its sender as a problem (HTTP) or kept as a dead letter
    · TooLarge           over a limit of the size ladder
"""

from __future__ import annotations


class NewswireError(Exception):
    """Base of all errors that newswire raises on purpose."""


class Transient(NewswireError):
    """Worth trying again; `retry_after` is the other side's wish in seconds, if it had one."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(Transient):
    """No answer: refused, reset, timed out. What was sent may or may not have been done."""


class Overloaded(Transient):
    """An answer that says 'not now'."""


class Misconfigured(NewswireError):
    """Trying again changes nothing until a person acts; work stops, unready, and keeps its records."""


class Refused(NewswireError):
    """Input that cannot be taken. `code` is a bounded class name, `reason` says what and where.

    `reason` never quotes a story: it ends up in dead letters, logs and answers.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class TooLarge(Refused):
    """Over a limit of the size ladder (docs/architecture.md)."""

    def __init__(self, reason: str) -> None:
        super().__init__("too-large", reason)
