from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser

import httpx2
import pytest

from services.search.app import create_app
from services.search.keys import cursor_key
from services.search.repository import TimedOut
from services.search.security import POLICY
from shared.errors import Misconfigured, Overloaded, Refused, Unavailable
from shared.health import Health
from shared.metrics import REGISTRY
from shared.settings import SearchSettings, Settings
from tests.unit.search.fakes import ID, NOW, FakeRepository, answer, at, document, hit


@pytest.fixture
def repository():
    return FakeRepository()


@pytest.fixture
def health():
    return Health()


@pytest.fixture
def app(repository, health, tmp_path):
    settings = Settings(data_dir=tmp_path, search=SearchSettings(cursor_key="secret"))
    return create_app(repository, settings, health, clock=lambda: NOW)


@pytest.fixture
async def client(app):
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://search") as client:
        yield client


async def test_a_search_answers_the_contract(client, repository):
    repository.answers = [answer(hit(1), hit(2), total=2)]
    found = await client.get("/v1/search", params={"q": "Minsk"})
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    document = found.json()
    assert set(document) == {
        "total", "total_relation", "took_ms", "items", "facets", "histogram", "next", "warnings",
    }  # fmt: skip
    assert (document["total"], document["next"]) == (2, None)


@pytest.mark.parametrize(
    ("sort", "place"),
    [("newest", {"search_after": [2, "id-2"]}), ("oldest", {"search_after": [2, "id-2"]}), ("relevance", {"from": 2})],
)
async def test_pages_follow_each_other_and_end(client, repository, sort, place):
    repository.answers = [answer(hit(1), hit(2), total=3), answer(hit(3), total=3)]
    asked = {"q": "a", "size": 2, "sort": sort}
    first = (await client.get("/v1/search", params=asked)).json()
    second = (await client.get("/v1/search", params={**asked, "cursor": first["next"]})).json()
    assert [row["id"] for row in second["items"]] == ["id-3"]
    assert second["next"] is None
    assert place.items() <= repository.bodies[1].items()
    assert len({"from", "search_after"} & set(repository.bodies[1])) == 1
    assert (repository.bodies[0]["size"], repository.bodies[1]["size"]) == (2, 3)


async def test_a_later_page_keeps_the_span_of_the_first(app, client, repository):
    repository.answers = [answer(hit(1), total=9)]
    first = (await client.get("/v1/search", params={"from": "now-1h", "size": 1})).json()
    app.state.finder._clock = lambda: NOW.replace(hour=20)
    await client.get("/v1/search", params={"from": "now-1h", "size": 1, "cursor": first["next"]})
    spans = [body["query"]["bool"]["filter"][1] for body in repository.bodies]
    assert spans[0] == spans[1]


@pytest.mark.parametrize("change", [{"q": "b"}, {"source": "AP"}, {"cursor": "x"}, {"sort": "oldest"}])
async def test_a_cursor_of_another_search_is_refused(client, repository, change):
    repository.answers = [answer(hit(1), total=9)]
    cursor = (await client.get("/v1/search", params={"q": "a", "size": 1})).json()["next"]
    refused = await client.get("/v1/search", params={"q": "a", "size": 1, "cursor": cursor, **change})
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/bad-cursor")


async def test_a_cursor_grows_old(app, client, repository):
    repository.answers = [answer(hit(1), total=9)]
    cursor = (await client.get("/v1/search", params={"size": 1})).json()["next"]
    app.state.finder._clock = lambda: NOW.replace(day=3)
    assert (await client.get("/v1/search", params={"size": 1, "cursor": cursor})).status_code == 410


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("x"), "unavailable"),
        (Overloaded("x", retry_after=7), "unavailable"),
        (Misconfigured("x"), "unavailable"),
        (TimedOut("x"), "search-timeout"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/search", f"/v1/articles/{ID}", f"/v1/trace/{ID}", "/", f"/articles/{ID}"])
async def test_elasticsearch_away_is_503_with_retry_after(client, repository, error, code, path):
    repository.error = error
    refused = await client.get(path)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    if path.startswith("/v1"):
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == f"/problems/{code}"


async def test_a_limit_of_elasticsearch_is_a_400(client, repository):
    repository.error = Refused("query-too-expensive", "too many terms")
    for path in ("/v1/search", "/"):
        assert (await client.get(path)).status_code == 400


async def test_a_bug_is_a_500_that_says_nothing(client, repository):
    repository.error = RuntimeError("secret text of a story")
    refused = await client.get("/v1/search")
    assert (refused.status_code, "secret" in refused.text) == (500, False)
    assert refused.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({}, 200),
        ({"expires": at(hours=-1)}, 200),
        ({"status": "withheld"}, 404),
        ({"embargo_open": True}, 404),
        ({"embargoed_until": at(hours=1)}, 404),
        ({"status": "killed", "notice_title": "Gone", "revision": 1}, 410),
    ],
)
async def test_articles_by_their_standing(client, repository, facts, status):
    repository.documents[ID] = document(**facts)
    for path in (f"/v1/articles/{ID}", f"/articles/{ID}", f"/v1/articles/{ID.upper()}"):
        found = await client.get(path)
        assert found.status_code == status
        assert ("First paragraph" in found.text) == (status == 200)
    if status == 410:
        problem = (await client.get(f"/v1/articles/{ID}")).json()
        assert (problem["type"], problem["notice"]["id"], problem["notice"]["title"]) == (
            "/problems/killed",
            ID,
            "Gone",
        )


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1", "/versions/1..2", "/similar"])
async def test_an_article_takes_no_parameter_that_there_is_not(client, repository, path):
    repository.documents[ID] = document(revision=1)
    for address in (f"/v1/articles/{ID}{path}", f"/v1/trace/{ID}"):
        refused = await client.get(address, params={"asof": "2024-01-01"})
        assert (refused.status_code, refused.json()["type"]) == (400, "/problems/unknown-parameter"), address
        assert refused.json()["errors"][0]["parameter"] == "asof"


@pytest.mark.parametrize("name", ["nosuch", ID[:-1], "x" * 36, "{" + ID + "}", ID.replace("-", "")])
async def test_an_id_that_is_none_is_not_there(client, repository, name):
    repository.documents[name] = document()
    assert (await client.get(f"/v1/articles/{name}")).status_code == 404


async def test_traces(client, repository):
    unknown = await client.get(f"/v1/trace/{ID}")
    assert (unknown.status_code, unknown.json()["known"]) == (200, False)
    repository.traces = ([document()], [], [])
    assert (await client.get(f"/v1/trace/{ID}")).json()["articles"][0]["id"] == ID
    assert (await client.get("/v1/trace/nosuch")).status_code == 400


@pytest.mark.parametrize("path", ["/nosuch", "/v1/nosuch", "/v1/articles", "/static/nosuch", "/static/../app.py"])
async def test_other_paths_are_problems(client, path):
    assert (await client.get(path)).json()["status"] == 404


async def test_other_methods_are_problems(client):
    refused = await client.post("/v1/search")
    assert (refused.status_code, refused.headers["content-type"]) == (405, "application/problem+json")


async def test_the_index_that_answers_makes_the_service_ready_for_good(app, client, repository, health):
    assert (await client.get("/readyz")).status_code == 503
    assert (await client.get("/livez")).status_code == 200
    repository.error = Unavailable("x")
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0.05)
        assert (await client.get("/readyz")).status_code == 503
    repository.error = None
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0.05)
        assert (await client.get("/readyz")).status_code == 200
        repository.error = Unavailable("x")
        assert (await client.get("/readyz")).status_code == 200


async def test_what_is_known_of_the_index_makes_searches_lean(app, client, repository):
    await client.get("/v1/search", params={"q": "a"})
    await app.state.finder.look_at_languages()
    await client.get("/v1/search", params={"q": "a"})
    many, few = (body["query"]["bool"]["must"][0]["bool"]["should"] for body in repository.bodies)
    assert (len(many), len(few)) == (37, 2)


async def test_the_api_describes_itself_with_every_parameter(client):
    described = (await client.get("/openapi.json")).json()
    names = {parameter["name"] for parameter in described["paths"]["/v1/search"]["get"]["parameters"]}
    assert names == {
        "q", "from", "to", "tz", "sort", "size", "cursor", "facets", "histogram", "highlight", "as_of", "versions",
        "collapse", "section", "source", "byline", "language", "topic", "place", "kind",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "route", "counted", "status"),
    [
        ("GET", f"/v1/articles/{ID}", "/v1/articles", "GET", "404"),
        ("GET", "/articlesome", "other", "GET", "404"),
        ("GET", "/", "/", "GET", "200"),
        ("BREW", "/openapi.json", "/openapi.json", "other", "405"),
    ],
)
async def test_requests_are_counted_under_few_labels(client, method, path, *, route, counted, status):
    def count():
        labels = {"route": route, "method": counted, "status": status}
        return REGISTRY.get_sample_value("newswire_http_requests_total", labels) or 0

    before = count()
    answered = await client.request(method, path)
    assert count() == before + 1
    assert answered.headers["content-security-policy"] == POLICY


# The page

FOUND = {
    "facet:language": {"buckets": [{"key": "en", "doc_count": 2}]},
    "facet:section": {"buckets": [{"key": "<b>Sport</b>", "doc_count": 2}]},
    "facet:source": {"buckets": []},
    "histogram": {
        "buckets": [
            {"key_as_string": "2022-01-01T00:00:00Z", "doc_count": 1},
            {"key_as_string": "2022-02-01T00:00:00Z", "doc_count": 2},
        ]
    },
}


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def tags(text):
    parser = Tags()
    parser.feed(text)
    return parser.tags


async def test_the_page_shows_what_was_found(client, repository):
    evil = document(title={"en": "<script>alert(1)</script>"}, section="<i>", url="javascript:alert(1)")
    repository.answers = [
        answer(hit(1, evil), hit(2, highlight={"title.en": ["<em>Talks</em> &lt;b&gt;"]}), total=9, aggregations=FOUND)
    ]
    shown = await client.get("/", params={"q": "talks", "size": 2, "section": "<b>Sport</b>", "tz": "Europe/Athens"})
    assert shown.status_code == 200
    assert shown.headers["content-security-policy"] == POLICY
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "<em>Talks</em> &lt;b&gt;" in shown.text
    assert "<script>alert" not in shown.text
    assert "<b>" not in shown.text
    assert 'rel="next"' in shown.text
    hidden = [attrs for tag, attrs in tags(shown.text) if tag == "input" and attrs.get("type") == "hidden"]
    assert {"name": "section", "value": "<b>Sport</b>"}.items() <= hidden[-1].items()


@pytest.mark.parametrize(
    ("asked", "step"),
    [
        ({"from": "1800", "to": "2025"}, "year"),
        ({"from": "0001", "to": "9999"}, None),
        ({"from": "now-7d", "facets": "topic", "histogram": "hour", "highlight": "false"}, "day"),
    ],
)
async def test_a_chart_is_never_why_the_page_refuses_a_search(client, repository, asked, step):
    repository.answers = [answer(hit(1))]
    assert (await client.get("/", params=asked)).status_code == 200
    sent = repository.bodies[-1]["aggs"].get("histogram")
    assert (sent and sent["date_histogram"]["calendar_interval"]) == step


async def test_an_archive_of_too_many_months_is_drawn_by_the_year(client, repository):
    months = [{"key_as_string": f"{1800 + n // 12}-{n % 12 + 1:02d}-01T00:00:00Z", "doc_count": 1} for n in range(2001)]
    years = [{"key_as_string": f"{year}-01-01T00:00:00Z", "doc_count": 12} for year in range(1800, 1967)]
    repository.answers = [
        answer(hit(1), aggregations={**FOUND, "histogram": {"buckets": buckets}}) for buckets in (months, years)
    ]
    shown = await client.get("/")
    assert shown.status_code == 200
    assert "1966: 12" in shown.text


@pytest.mark.parametrize(
    ("expires", "said"), [("2024-01-01T00:00:00Z", True), ("9999-01-01T00:00:00Z", False), (None, False)]
)
async def test_an_expired_story_says_so(client, repository, expires, said):
    repository.documents[ID] = document(expires=expires)
    assert ("leave to use this story ended" in (await client.get(f"/articles/{ID}")).text) == said


async def test_the_page_of_a_story_says_what_stands_for_it_and_how_many_say_the_same(client, repository):
    repository.documents[ID] = document(replaced_by="another")
    found = {"named": {"doc_count": 1}, "itself": {"doc_count": 1}}
    repository.wholes = [answer(hit(1), total=3, aggregations=found)]
    shown = (await client.get(f"/articles/{ID}")).text
    assert '<a href="/articles/another">read that</a>' in shown
    assert f'<a href="/v1/articles/{ID}/similar">2 others say the same</a>' in shown


async def test_the_page_shows_of_copies_one_and_how_many_it_stands_for(client, repository):
    copies = {"stories": {"hits": {"total": {"value": 4}}}}
    repository.answers = [
        answer(hit(1, inner_hits=copies), total=4, aggregations={**FOUND, "stories": {"value": 1}}),
    ]
    shown = (await client.get("/", params={"collapse": "story"})).text
    assert "3 copies" in shown
    assert "1 without copies" in shown
    assert "collapse: story" in shown, "and a way out of it"


async def test_the_page_needs_nothing_that_its_policy_forbids(client, repository):
    repository.answers = [answer(hit(1), total=1, aggregations=FOUND)]
    repository.documents[ID] = document(
        related=[{"title": "x", "url": "javascript:alert(1)"}], url="https://example.org/x"
    )
    for path in ("/", f"/articles/{ID}"):
        found = tags((await client.get(path)).text)
        for tag, attributes in found:
            assert "style" not in attributes
            assert not any(name.startswith("on") for name in attributes)
            if tag in ("script", "img"):
                assert attributes["src"].startswith("/static/")
            if tag == "a" and not attributes["href"].startswith(("/", "#")):
                assert attributes["href"] == "https://example.org/x"
                assert attributes["rel"] == "noopener noreferrer nofollow"
        assert "style" not in {tag for tag, _ in found}
        for tag, attributes in found:
            if tag in ("script", "link"):
                assert (await client.get(attributes.get("src") or attributes["href"])).status_code == 200


async def test_the_page_marks_the_place_of_a_mistake(client):
    shown = await client.get("/", params={"q": "oil (prices"})
    assert shown.status_code == 400
    assert "<mark>(</mark>" in shown.text
    assert 'value="oil (prices"' in shown.text


@pytest.mark.parametrize(
    ("params", "words"),
    [({}, "No stories yet"), ({"q": "zz"}, "No story matches"), ({"language": "el"}, "No story matches")],
)
async def test_the_page_says_what_to_do_where_nothing_is_found(client, repository, params, words):
    shown = await client.get("/", params=params)
    assert (shown.status_code, words in shown.text) == (200, True)


async def test_filters_without_a_facet_are_shown_with_a_way_out(client, repository):
    repository.answers = [answer(hit(1), total=1, aggregations=FOUND)]
    text = (await client.get("/", params={"q": "a", "place": "usa"})).text
    chip = re.search(r'<a class="chip" href="([^"]*)"', text)
    assert chip
    assert chip[1] == "/?q=a"


async def test_the_page_passes_unknown_parameters_to_the_same_check(client):
    assert (await client.get("/", params={"nosuch": "1"})).status_code == 400


# The key of cursors


def test_a_key_is_made_once_and_kept_to_its_owner(tmp_path):
    settings = Settings(data_dir=tmp_path / "new")
    key = cursor_key(settings)
    assert (len(key), cursor_key(settings)) == (32, key)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["cursor.key"]
    assert (tmp_path / "new" / "cursor.key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_given_is_the_same_everywhere(tmp_path):
    given = Settings(data_dir=tmp_path / "a", search=SearchSettings(cursor_key="s"))
    assert cursor_key(given) == cursor_key(given.model_copy(update={"data_dir": tmp_path / "b"}))
    assert not (tmp_path / "a").exists()


def test_without_a_folder_to_write_a_key_lives_with_the_process(tmp_path):
    (tmp_path / "file").write_text("")
    assert len(cursor_key(Settings(data_dir=tmp_path / "file" / "x"))) == 32
