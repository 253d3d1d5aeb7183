from __future__ import annotations

import re

import orjson
import pytest
from fastapi import FastAPI, Query
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from shared.errors import Misconfigured, Overloaded, Refused, Unavailable
from shared.problems import KINDS, MAX_QUOTED, Problem, install_problems, of_refusal, problem, problem_response, quoted
from tests.unit.ingestion.support import Answer, call


def test_every_code_is_a_slug_with_a_status_and_a_title() -> None:
    for code, (status, title) in KINDS.items():
        assert re.fullmatch(r"[a-z0-9-]{3,40}", code)
        assert 400 <= status < 600
        assert title


def test_a_problem_is_written_as_rfc_9457_says() -> None:
    answer = problem_response(
        problem(
            "bad-query",
            "no",
            errors=[{"offset": 3, "code": "x", "message": "y"}],
            members={"receipt": "r", "status": 1},
        )
    )
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert orjson.loads(answer.body) == {
        "type": "/problems/bad-query",
        "title": "The query cannot be read",
        "status": 400,
        "detail": "no",
        "errors": [{"offset": 3, "code": "x", "message": "y"}],
        "receipt": "r",
    }


def test_a_503_always_says_when_to_try_again() -> None:
    assert problem("unavailable").headers["Retry-After"] == "5"
    assert problem("overloaded", headers={"Retry-After": "9"}).headers["Retry-After"] == "9"


def test_an_unknown_code_is_a_bug_except_in_a_refusal() -> None:
    with pytest.raises(KeyError):
        problem("nosuch")
    assert of_refusal(Refused("nosuch", "x")).code == "invalid-story"


def test_errors_are_bounded() -> None:
    many = [{"pointer": "/a", "code": "x", "message": "y"}] * 1000
    assert len(problem("invalid-story", errors=many).document()["errors"]) == 20


@given(st.text(max_size=300))
def test_quoted_input_is_short_and_plain(text: str) -> None:
    shown = quoted(text)
    assert len(shown) <= MAX_QUOTED
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", shown)


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/raise/{kind}")
    async def fail(kind: str) -> None:
        raise {
            "problem": problem("killed", members={"notice": "n"}),
            "http": HTTPException(403, "SECRET"),
            "teapot": HTTPException(418, "SECRET"),
            "refused": Refused("too-deep", "x"),
            "away": Unavailable("SECRET"),
            "busy": Overloaded("SECRET", retry_after=7.4),
            "settings": Misconfigured("SECRET"),
            "bug": ZeroDivisionError("SECRET"),
        }[kind]

    @app.get("/numbers")
    async def numbers(size: int = Query(ge=1)) -> int:
        return size

    install_problems(app)
    return app


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/raise/problem", 410, "killed"),
        ("/raise/http", 403, "forbidden"),
        ("/raise/teapot", 418, "bad-request"),
        ("/raise/refused", 400, "too-deep"),
        ("/raise/away", 503, "unavailable"),
        ("/raise/busy", 503, "unavailable"),
        ("/raise/settings", 503, "unavailable"),
        ("/raise/bug", 500, "internal-error"),
        ("/numbers", 400, "bad-parameter"),
        ("/nosuch", 404, "not-found"),
    ],
)
async def test_every_error_leaves_as_a_problem(app: FastAPI, path: str, status: int, code: str) -> None:
    answer = await call(app, "GET", path, [], [b""])
    assert (answer.status, answer.code) == (status, code)
    assert b"SECRET" not in answer.body


async def test_a_wish_for_a_pause_is_kept(app: FastAPI) -> None:
    assert (await call(app, "GET", "/raise/busy", [], [b""])).headers["retry-after"] == "7"
    assert (await call(app, "GET", "/raise/settings", [], [b""])).headers["retry-after"] == "5"


async def test_a_wrong_parameter_is_named_and_not_repeated(app: FastAPI) -> None:
    async def asked(query: bytes) -> Answer:
        async def with_query(scope, receive, send):
            await app({**scope, "query_string": query}, receive, send)

        return await call(with_query, "GET", "/numbers", [], [b""])

    answer = await asked(b"size=SECRET")
    assert answer.json["errors"][0]["parameter"] == "size"
    assert b"SECRET" not in answer.body


def test_a_problem_can_be_made_by_hand() -> None:
    made = Problem(418, "teapot", "Short", "and stout", [{"offset": 1}], {"X": "y"})
    assert problem_response(made).status_code == 418
    assert made.document()["errors"] == [{"offset": 1}]
