"""The search API as a reader sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2
import orjson

from cli.door import problem_line, reason
from shared.errors import NewswireError, Unavailable

TIMEOUT_S = 30.0


class Answered(NewswireError):
    """The search API answered with a problem; the message is that problem in one line."""


class Finder:
    """A connection to the search API. Blocking."""

    def __init__(self, url: str, *, transport: httpx2.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._client = httpx2.Client(timeout=TIMEOUT_S, trust_env=False, transport=transport)

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object at that path.

        Raises:
            Unavailable: nobody answered.
            Answered: the answer is a problem, or no JSON object.
        """
        try:
            answer = self._client.get(f"{self.url}{path}", params=dict(parameters or {}))
        except httpx2.TransportError as error:
            raise Unavailable(
                f"no answer from {self.url} ({reason(error)}): does it run? `newswire up` starts it"
            ) from None
        try:
            document = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            document = None
        if not isinstance(document, dict) or answer.status_code != httpx2.codes.OK:
            raise Answered(problem_line(answer.status_code, document if isinstance(document, dict) else {}))
        return document

    def search(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of `GET /v1/search`."""
        return self.get("/v1/search", parameters)

    def total(self, parameters: Mapping[str, Any]) -> int:
        """How many articles match; 0 while nobody answers."""
        try:
            return int(self.search({**parameters, "size": "1"}).get("total", 0))
        except NewswireError:
            return 0
