"""Why an article is not shown, as problems, and the spelling of its id. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.problems import Problem, problem


def gone(notice: Mapping[str, Any]) -> Problem:
    """The 410 of a killed article, with its notice."""
    detail = "this article was killed, by its provider or by an operator; what may be said of it is in the notice"
    return problem("killed", detail, members={"notice": notice})


def missing() -> Problem:
    """The 404 of an article that is not there, withheld or under embargo: readers are not told which."""
    return problem("not-found", "no article has this id, or it may not be shown")


def article_key(text: str) -> str | None:
    """The id as it is stored, if the text is one; other spellings of a UUID (braces, no hyphens) are not."""
    if len(text) != 36:
        return None
    try:
        return str(UUID(text))
    except ValueError:
        return None
