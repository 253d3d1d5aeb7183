"""The web page: searches, articles and errors as HTML made on the server; it works without a script.

The page asks the same `Finder` as the API, so it can show nothing that the API would not. Its addresses are searches:
every link and form is a plain GET that can be kept or sent to a colleague.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.search import page_model as model
from services.search.archive import Archive
from services.search.finder import Finder
from services.search.version_model import changes, steps
from shared.errors import Misconfigured, Refused, Transient
from shared.events import now
from shared.problems import RETRY_AFTER_S, Problem, of_refusal, problem

_WEB: Final = Path(__file__).parent / "web"
_SORTS: Final = (("", "Best match"), ("newest", "Newest first"), ("oldest", "Oldest first"))
_QUICK: Final = (
    ("now-1d", "24 hours"),
    ("now-7d", "7 days"),
    ("now-1M", "Month"),
    ("now-1y", "Year"),
    ("", "Any time"),
)
_OWN: Final = ("facets", "histogram", "highlight")
"""Parameters of the API that the page sets by itself; in an address copied from there they are passed over."""
_SINGLE: Final = ("q", "from", "to", "tz", "sort", "size")


class Page:
    """Renders; every method answers a whole document."""

    def __init__(self, finder: Finder, archive: Archive) -> None:
        self._finder = finder
        self._archive = archive
        self._templates = Environment(
            loader=FileSystemLoader(_WEB / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "highlighted": model.highlighted,
            "paragraphs": model.paragraphs,
            "moment": model.moment,
            "language_name": model.language_name,
            "sentence": model.sentence,
            "web_address": model.web_address,
        }
        self._templates.globals |= {"build": _build(), "find": _find, "read": model.story_address}

    async def home(self, request: Request) -> Response:
        """`GET /`: the search, and what it found."""
        pairs = [
            (name, value) for name, value in request.query_params.multi_items() if value.strip() and name not in _OWN
        ]
        form = _form(pairs)
        try:
            found, step = await self._found(pairs, model.interval(form["from"], form["to"], now()))
        except (Problem, Refused, Transient, Misconfigured) as error:
            return self._refused(_problem(error), form)
        cursor = found["next"]
        return self._render(
            "results.html",
            form=form,
            found=found,
            facets={name: model.choices(pairs, name, found["facets"][name]) for name in model.FACETS},
            bars=model.bars(found["histogram"] or (), step, pairs),
            chart=(model.CHART_WIDTH, model.CHART_HEIGHT),
            next=model.address([*model.without(pairs), ("cursor", cursor)]) if cursor else None,
            earlier=model.earlier(pairs, now()),
            first=model.address(model.without(pairs)) if any(name == "cursor" for name, _ in pairs) else None,
            chips=model.chips(pairs),
            narrowed=model.without(pairs, "sort", "size", "tz"),
        )

    async def _found(self, pairs: model.Pairs, step: str) -> tuple[dict[str, Any], str]:
        """What is found, and the step of its chart: the reader asked for no chart, so none is a reason to refuse."""
        extra = [("facets", ",".join(model.FACETS)), ("histogram", step)]
        try:
            return await self._finder.search([*pairs, *extra]), step
        except Problem as error:
            if not step or [one.get("parameter") for one in error.errors] != ["histogram"]:
                raise
            return await self._found(pairs, model.coarser(step))

    async def article(self, request: Request) -> Response:
        """`GET /articles/{id}`: one story to read, as it stands or `as_of` a moment, or why there is none."""
        asked, id_ = request.query_params.get("as_of"), request.path_params["id"]
        try:
            story = await (self._archive.article(id_, [("as_of", asked)]) if asked else self._finder.article(id_))
        except (Problem, Transient, Misconfigured) as error:
            return self._not_shown(error)
        return self._render("article.html", form=_form([]), story=story, asked=asked)

    async def versions(self, request: Request) -> Response:
        """`GET /articles/{id}/versions`: what a story was, step by step."""
        try:
            found = await self._archive.versions(request.path_params["id"])
        except (Problem, Transient, Misconfigured) as error:
            return self._not_shown(error)
        return self._render("versions.html", form=_form([]), found=found, steps=steps(found["versions"]))

    async def version(self, request: Request) -> Response:
        """`GET /articles/{id}/versions/{which}`: one version to read, or what changed from one to another."""
        params = request.path_params
        try:
            found = await self._archive.version(params["id"], params["which"])
        except (Problem, Transient, Misconfigured) as error:
            return self._not_shown(error)
        if "fields" in found:
            return self._render("difference.html", form=_form([]), found=found, fields=changes(found))
        return self._render("version.html", form=_form([]), story=found)

    def _not_shown(self, error: Exception) -> Response:
        if isinstance(error, Problem) and error.code == "killed":
            return self._render("killed.html", status=410, form=_form([]), notice=error.members["notice"])
        return self._refused(_problem(error), _form([]))

    def _refused(self, refusal: Problem, form: Mapping[str, Any]) -> Response:
        first: Mapping[str, Any] = refusal.errors[0] if refusal.errors else {}
        place = model.shown_position(form["q"], first.get("position")) if first.get("parameter") == "q" else None
        answer = self._render("refused.html", status=refusal.status, form=form, refusal=refusal, place=place)
        answer.headers.update(refusal.headers)
        return answer

    def _render(self, template: str, *, status: int = 200, **shown: Any) -> Response:
        text = self._templates.get_template(template).render(**shown)
        return Response(text, status_code=status, media_type="text/html", headers={"cache-control": "no-store"})


def page_routes(finder: Finder, archive: Archive) -> list[BaseRoute]:
    """The page, the article view and its history, and what they are drawn with."""
    page = Page(finder, archive)
    return [
        Route("/", page.home),
        Route("/articles/{id}", page.article),
        Route("/articles/{id}/versions", page.versions),
        Route("/articles/{id}/versions/{which}", page.version),
        Mount("/static", StaticFiles(directory=_WEB / "static"), name="static"),
    ]


def _form(pairs: model.Pairs) -> dict[str, Any]:
    """What stands in the form: single values by name, and the filters that it carries along."""
    form: dict[str, Any] = dict.fromkeys(_SINGLE, "")
    form |= {name: value for name, value in pairs if name in _SINGLE}
    form["filters"] = [(name, value) for name, value in pairs if name not in _SINGLE and name != "cursor"]
    form["sorts"] = _SORTS
    form["quick"] = [
        (
            label,
            model.address([*model.without(pairs, "from", "to"), ("from", start)]),
            form["from"] == start and not form["to"],
        )
        for start, label in _QUICK
    ]
    return form


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return of_refusal(error)
    wish = getattr(error, "retry_after", None)
    return problem("unavailable", headers={"Retry-After": str(max(1, round(wish or RETRY_AFTER_S)))})


def _find(name: str, value: str) -> str:
    """The address of a search for one fact."""
    return model.address([(name, value)])


def _build() -> str:
    """A short hash of the static files: their addresses change when they do, so browsers may keep them."""
    digest = hashlib.sha256()
    for path in sorted((_WEB / "static").iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
