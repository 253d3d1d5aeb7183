"""The page that lists every setting, made from the settings themselves: `python -m shared.settings_page` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.settings import Settings

SETTINGS_PAGE = """# Settings

Environment variables, read once at the start of a command. A name with this prefix that is not listed here is refused, so
that a typing error is seen. A `_FILE` twin names a file that holds the secret; the file wins. Settings that contradict each
other are refused at the start.

"""


def settings_table() -> str:
    """Every setting as a Markdown table: name, default, meaning; `docs/settings.md` ends in it."""

    def rows(model: type[BaseModel], values: Any, prefix: str) -> Iterator[str]:
        for name, field in model.model_fields.items():
            value = getattr(values, name)
            if isinstance(value, BaseModel):
                heading = (type(value).__doc__ or "").strip().splitlines()[0]
                yield f"| **{prefix}{name.upper()}__…** | | {heading} |"
                yield from rows(type(value), value, f"{prefix}{name.upper()}__")
            else:
                default = "" if value is None else f"`{value}`"
                twin = " Has a `_FILE` twin." if "SecretStr" in str(field.annotation) else ""
                meaning = " ".join((field.description or "").split())
                yield f"| `{prefix}{name.upper()}` | {default} | {meaning}{twin} |"

    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += rows(Settings, Settings.model_construct(), "NEWSWIRE_")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path("docs/settings.md").write_text(SETTINGS_PAGE + settings_table(), encoding="utf-8")
