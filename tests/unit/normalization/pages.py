"""Pages made up for these tests: `name.txt` with what newswire should understand of it in `name.json` beside it.

`lines` are the line numbers (from 1) that are the story; wrapped texts give their paragraphs under `body` instead.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "fixtures" / "pages"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def page(name: str) -> tuple[bytes, dict[str, Any]]:
    raw = (FOLDER / f"{name}.txt").read_bytes()
    expected = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    if "lines" in expected:
        lines = raw.decode().split("\n")
        expected["body"] = [lines[number - 1] for number in expected.pop("lines")]
    return raw, expected
