"""What the OpenAPI document says of a push: its bodies are read as streams, so the framework cannot know them."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from shared.problems import KINDS, MEDIA_TYPE
from shared.stories import PlainStory

_TEXT: Final = {"schema": {"type": "string"}}

_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "enum": [f"/problems/{code}" for code in KINDS]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "receipt": {"type": "string"},
        "items": {"type": "array", "items": {"type": "object"}},
    },
}

_ANSWER: Final = {
    "type": "object",
    "required": ["receipt", "items"],
    "properties": {
        "receipt": {"type": "string", "format": "uuid"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "status"],
                "properties": {
                    "id": {"type": "string", "description": "receipt, a dot, and the item's number from 1"},
                    "status": {"type": "string", "enum": ["accepted", "duplicate", "refused"]},
                    "problem": _PROBLEM,
                },
            },
        },
    },
}

_SCHEMES: Final = {
    "feed": {"type": "http", "scheme": "bearer", "description": "A key of the feed"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks, together with webhook-id and webhook-timestamp",
    },
}


def name_schemes(app: FastAPI) -> None:
    """Put the ways to say who sends into the app's document; FastAPI knows only those that are its own dependencies."""
    made = app.openapi

    def document() -> dict[str, Any]:
        described = made()
        described.setdefault("components", {})["securitySchemes"] = _SCHEMES
        return described

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to give a document of one's own


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}


PUSH: Final[dict[str, Any]] = {
    "summary": "Push one story, or a batch as NDJSON",
    "responses": {
        202: {
            "description": "At least one item is safe",
            "content": {"application/json": {"schema": _ANSWER}},
        },
        **{
            status: {"description": "; ".join(codes), "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
            for status, codes in {
                status: [code for code, (of, _) in KINDS.items() if of == status]
                for status in (400, 401, 408, 409, 413, 415, 422, 429, 503)
            }.items()
        },
    },
    "openapi_extra": {
        "security": [{"feed": []}, {"signature": []}],
        "parameters": [
            {"name": "feed", "in": "path", "required": True, "schema": {"type": "string"}},
            _header("Idempotency-Key", "1 to 255 printable characters; a retry with the same one changes nothing"),
            _header("Content-Location", "address of a pushed page"),
            _header("webhook-id", "of a signed push (Standard Webhooks): its id, good once"),
            _header("webhook-timestamp", "of a signed push: seconds since 1970, at most 300 from now"),
            _header(
                "webhook-signature",
                "of a signed push: `v1,BASE64` of HMAC-SHA256(id.timestamp.body), several by blanks",
            ),
            _header("traceparent", "W3C Trace Context"),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": PlainStory.model_json_schema(ref_template="#/$defs/{model}")},
                "application/x-ndjson": _TEXT,
                "text/plain": _TEXT,
                "text/html": _TEXT,
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
}
