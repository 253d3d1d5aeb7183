"""Errors of the two HTTP APIs as RFC 9457 problem documents: one table of codes, and no other error ever leaves.

A problem says what is wrong and where, and never repeats its input: `quoted` cuts what must be named at 100 characters.
A 500 says nothing of the inside; the log line has the place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Misconfigured, Refused, Transient
from shared.log import get_logger
from shared.metrics import PROBLEMS
from shared.places import where

MEDIA_TYPE: Final = "application/problem+json"
MAX_QUOTED: Final = 100
MAX_ERRORS: Final = 20
RETRY_AFTER_S: Final = 5

FieldError = Mapping[str, Any]
"""One mistake: `pointer` (RFC 6901, into the body), `offset` or `parameter`, with a `code` and a `message`."""

KINDS: Final[Mapping[str, tuple[int, str]]] = {
    # What was sent.
    "bad-request": (400, "The request cannot be read"),
    "bad-header": (400, "A header cannot be used"),
    "bad-idempotency-key": (400, "The Idempotency-Key cannot be used"),
    "empty-body": (400, "There is nothing in the body"),
    "bad-encoding": (400, "The body does not decode as its Content-Encoding says"),
    "wrong-length": (400, "The body is not as long as its Content-Length says"),
    "malformed-json": (400, "The body is not JSON"),
    "malformed-xml": (400, "The body is not well-formed XML"),
    "invalid-utf8": (400, "The text is not UTF-8"),
    "lone-surrogate": (400, "A string holds half a character"),
    "too-deep": (400, "The JSON is nested too deeply"),
    "body-timeout": (408, "The body came too slowly"),
    "header-timeout": (408, "The request's headers came too slowly"),
    "replayed": (409, "This signed push was taken before"),
    "idempotency-in-progress": (409, "A push with this Idempotency-Key is still under way"),
    "too-large": (413, "Too large"),
    "unsupported-media-type": (415, "This content type is not taken"),
    "unsupported-charset": (415, "This character encoding is not taken"),
    "unsupported-encoding": (415, "This Content-Encoding is not taken"),
    "too-complex": (422, "The JSON has too many values"),
    "not-a-number": (422, "A number is none that JSON has"),
    "duplicate-key": (422, "A JSON object has the same key twice"),
    "invalid-story": (422, "The story cannot be taken as it is"),
    "no-text": (422, "There is no text"),
    "format-not-supported": (422, "The format is none that newswire reads"),
    "idempotency-key-reused": (422, "The Idempotency-Key was used with another body"),
    # Who asks, and for what.
    "unauthorized": (401, "The key is missing or wrong"),
    "bad-signature": (401, "The signature is missing or wrong"),
    "forbidden": (403, "The key does not allow this"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "This method is not offered here"),
    "not-acceptable": (406, "None of the accepted types is offered"),
    "gone": (410, "There is nothing here any more"),
    "killed": (410, "This article was killed"),
    "uri-too-long": (414, "The address is too long"),
    "too-many-requests": (429, "Too many requests"),
    "headers-too-large": (431, "The request's line and headers are too large"),
    # Search.
    "bad-query": (400, "The query cannot be read"),
    "bad-parameter": (400, "A parameter cannot be used"),
    "unknown-parameter": (400, "There is no such parameter"),
    "query-too-expensive": (400, "The query would cost too much"),
    "bad-cursor": (400, "The cursor cannot be used"),
    "cursor-expired": (410, "The cursor is too old"),
    # Us.
    "internal-error": (500, "Something went wrong on our side"),
    "overloaded": (503, "Too busy; try again"),
    "unavailable": (503, "Not available right now; try again"),
    "search-timeout": (503, "The search took too long"),
}
"""Every problem code with its status and title. Codes are bounded: they label metrics and name dead letters."""

_BY_STATUS: Final = {
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "body-timeout",
    413: "too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    429: "too-many-requests",
    503: "unavailable",
}


class Problem(Exception):  # not a NewswireError: it ends at the HTTP border and never crosses a module's
    """An answer that is an error; raise it anywhere below a route, or send it by `problem_response`.

    `errors` tells each mistake; `members` are RFC 9457 extension members, beside the standard ones.
    """

    def __init__(  # noqa: PLR0917 - in the order of the document's members
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def document(self) -> dict[str, Any]:
        """The problem as it is sent; `type` is relative to the API's address."""
        document = {**self.members, "type": f"/problems/{self.code}", "title": self.title, "status": self.status}
        if self.detail:
            document["detail"] = self.detail
        if self.errors:
            document["errors"] = list(self.errors[:MAX_ERRORS])
        return document


def problem(
    code: str,
    detail: str = "",
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> Problem:
    """The problem of that code, with status and title from `KINDS`; a 503 always carries Retry-After.

    Raises:
        KeyError: the code is not in the table.
    """
    status, title = KINDS[code]
    given = dict(headers or {})
    if status == 503:
        given.setdefault("Retry-After", str(RETRY_AFTER_S))
    return Problem(status, code, title, detail, errors, given, members)


def of_refusal(refused: Refused) -> Problem:
    """The problem that a refusal is told as; `refused.errors`, where there are any, become its errors."""
    code = refused.code if refused.code in KINDS else "invalid-story"
    return problem(code, refused.reason, errors=getattr(refused, "errors", ()))


def quoted(value: str) -> str:
    """Input as it may stand in a message: printable ASCII with escapes, at most 100 characters."""
    shown = ascii(value[: MAX_QUOTED + 1])
    return shown if len(shown) <= MAX_QUOTED else shown[: MAX_QUOTED - 2] + "…" + shown[-1]


def problem_response(refusal: Problem) -> Response:
    """The HTTP answer of a problem. Pure: nothing is counted or logged."""
    return Response(
        orjson.dumps(refusal.document(), default=str),
        status_code=refusal.status,
        headers={"Cache-Control": "no-store", **refusal.headers},
        media_type=MEDIA_TYPE,
    )


def _answer(refusal: Problem) -> Response:
    PROBLEMS.labels(refusal.code).inc()
    return problem_response(refusal)


def of_http(error: HTTPException) -> Problem:
    """The problem of an error that the framework raised by status alone."""
    code = _BY_STATUS.get(error.status_code, "bad-request")
    title = KINDS[code][1]
    return Problem(error.status_code, code, title, headers=error.headers)


def of_validation(error: RequestValidationError) -> Problem:
    """The problem of parameters that FastAPI refused; places and reasons, never the values."""
    errors = [
        {
            "parameter": ".".join(str(part)[:MAX_QUOTED] for part in one["loc"][1:]),
            "code": one["type"],
            "message": one["msg"],
        }
        for one in error.errors()[:MAX_ERRORS]
    ]
    return problem("bad-parameter", errors=errors)


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - Starlette types handlers by Exception; it was registered for this
    return _answer(error)


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    return _answer(of_http(error))


async def _on_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    return _answer(of_validation(error))


async def _on_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - as above
    return _answer(of_refusal(error))


async def _on_unavailable(_: Request, error: Exception) -> Response:
    wish = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(max(1, round(wish)))} if wish else None
    return _answer(problem("unavailable", headers=headers))


class LastResort:
    """ASGI: what no handler took becomes a 500 problem that says nothing, and one log line that says where.

    The error's message is not logged, for it may quote a story; its class and place are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, watching whether an answer has begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # the last one who could turn it into an answer
            get_logger().error("internal error", at=where(error))
            if not begun:
                await _answer(problem("internal-error"))(scope, receive, send)


def install_problems(app: FastAPI) -> None:
    """Make every error of the app a problem: its own, the framework's (404, 405, 422), and whatever else goes wrong."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(Transient, _on_unavailable)
    app.add_exception_handler(Misconfigured, _on_unavailable)
    app.add_middleware(LastResort)
