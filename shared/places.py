"""Where an error came from, told without its text, which may quote a story. Pure."""

from __future__ import annotations

import traceback
from pathlib import Path

MAX_FRAMES = 12
MAX_CAUSES = 4


def where(error: BaseException) -> str:
    """Type and place of an error; the place is the last one in code of ours, if it passed any."""
    found = traceback.extract_tb(error.__traceback__)
    last = next((f for f in reversed(found) if "site-packages" not in f.filename), found[-1] if found else None)
    return type(error).__name__ + (f" at {Path(last.filename).name}:{last.lineno} in {last.name}" if last else "")


def frames(error: BaseException) -> list[str]:
    """The last places that an error passed, the deepest at the end."""
    found = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in found]


def causes(error: BaseException) -> list[str]:
    """Type and place of an error, of what it was raised from, and so on, outermost first."""
    found: list[str] = []
    left: BaseException | None = error
    while left is not None and len(found) < MAX_CAUSES:
        found.append(where(left))
        left = left.__cause__ or (None if left.__suppress_context__ else left.__context__)
    return found
