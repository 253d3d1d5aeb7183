"""`newswire withhold`, `release`, `kill`, `erase`: which article is meant, what is asked, what is sent, what is said."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.orders import command
from cli.orders.target import applied, target_of
from services.indexing.orders import Ordered
from services.indexing.parse import read
from shared import ids
from shared.errors import Misconfigured, Unavailable
from shared.events import ARTICLES_NORMALIZED
from shared.kafka.ports import Message, Record

ONE, TWO = str(uuid.uuid4()), str(uuid.uuid4())
KNOWN = {"known": True, "articles": [{"id": ONE, "status": "usable"}, {"id": ONE, "status": "usable"}]}


def test_the_one_article_of_a_trace_is_meant():
    assert target_of("receipt", KNOWN) == (uuid.UUID(ONE), True)


@pytest.mark.parametrize(
    ("trace", "words"),
    [
        ({"articles": [{"id": ONE}, {"id": TWO}]}, "2 articles"),
        ({"dead_letters": [{"class": "no-text"}]}, "no article: no-text"),
        ({"known": False}, "nothing is known"),
    ],
)
def test_what_is_no_article_or_several_is_said(trace, words):
    with pytest.raises(Misconfigured, match=words):
        target_of("dpa157", trace)


def test_an_article_that_has_not_come_can_be_meant_by_its_id():
    assert target_of(TWO, {"known": False, "articles": []}) == (uuid.UUID(TWO), False)


def test_an_order_is_carried_out_once_its_article_says_so():
    told = {"articles": [{"id": ONE, "status": "withheld", "orders": [{"id": "o1", "change": "withheld"}]}]}
    assert applied("o1", told) == {"id": "o1", "change": "withheld", "status": "withheld"}
    assert applied("o2", told) is None
    assert applied("o1", KNOWN) is None


class World:
    """A search API that carries out what is sent, unless it is told not to."""

    def __init__(self, trace: dict[str, Any]) -> None:
        self.trace, self.sent, self.asked = trace, list[Message](), list[str]()
        self.carries_out = True
        self.letters: int | Exception = 0
        self.erased: list[Any] = []

    def get(self, path: str, _: Any = None) -> dict[str, Any]:
        self.asked.append(path)
        if path.startswith("/v1/articles"):
            return {"title": "Ferry returns", "feed": "local", "version": "2"}
        trace = orjson.loads(orjson.dumps(self.trace))
        if self.sent and self.carries_out:
            data = orjson.loads(self.sent[0].value or b"")["data"]
            trace["articles"] = [
                {"id": data["article_id"], "status": "killed", "orders": [{"id": data["id"], "change": "killed"}]}
            ]
        return trace

    async def send(self, _: Any, message: Message) -> None:
        self.sent.append(message)

    def erase_letters(self, _: Any, names: Any, **said: str) -> int:
        if isinstance(self.letters, Exception):
            raise self.letters
        self.erased.append((set(names), said))
        return self.letters


@pytest.fixture
def world(monkeypatch, tmp_path) -> World:
    world = World(KNOWN)
    monkeypatch.setenv("NEWSWIRE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(command, "Finder", lambda _: world)
    monkeypatch.setattr(command, "_send", world.send)
    monkeypatch.setattr(command, "erase_letters", world.erase_letters)
    monkeypatch.setattr(command, "_ASK_AGAIN_S", 0.01)
    monkeypatch.setattr(command, "log_to", lambda _: None)
    return world


def call(*words: str):
    return CliRunner().invoke(app, list(words))


def order_in(message: Message) -> Ordered:
    found = read(Record(message.topic, 0, 1, 0, message.key, message.value, message.headers))
    assert isinstance(found, Ordered)
    return found


@pytest.mark.parametrize("order", ["withhold", "release", "kill", "erase"])
def test_what_is_sent_is_an_order_that_indexing_reads(world, order):
    done = call(order, ONE, "--reason", "Wrong person.", "--by", "Ann", "--yes")
    assert done.exit_code == 0, done.output
    (message,) = world.sent
    sent = order_in(message)
    assert (message.topic, message.key) == (ARTICLES_NORMALIZED, ONE.encode())
    assert (sent.order, sent.article_id, sent.by, sent.reason) == (order, ONE, "Ann", "Wrong person.")
    assert f"killed: article {ONE}" in done.output


def test_an_erasure_takes_the_dead_letters_of_the_article_and_of_its_items_too(world):
    world.trace = KNOWN | {"articles": [{"id": ONE, "item": "r.1"}], "dead_letters": [{"item": "r.2"}, {"item": None}]}
    world.letters = 2
    done = call("erase", ONE, "--reason", "court order", "--by", "Ann", "--yes")
    assert done.exit_code == 0, done.output
    assert world.erased == [({ONE, "r.1", "r.2"}, {"by": "Ann", "why": "court order"})]
    assert "2 dead letters of it" in done.output
    world.sent.clear()
    assert call("kill", ONE, "--reason", "x", "--yes").exit_code == 0
    assert len(world.erased) == 1, "a kill leaves them to be looked at"


def test_letters_that_could_not_be_reached_are_told(world):
    world.letters = Unavailable("Kafka is away")
    done = call("erase", ONE, "--reason", "court order", "--yes")
    assert done.exit_code == 1
    assert "give the same order again" in done.output
    assert len(world.sent) == 1


def test_a_reason_must_be_given(world):
    assert call("kill", ONE, "--yes").exit_code == 2
    assert call("kill", ONE, "--yes", "--reason", "  ").exit_code == 2
    assert world.sent == []


@pytest.mark.parametrize("order", ["kill", "erase"])
def test_what_is_final_is_asked_before_and_nobody_there_is_no(world, order):
    done = call(order, ONE, "--reason", "x")
    assert (done.exit_code, world.sent) == (2, [])
    assert "--yes" in done.output


@pytest.mark.parametrize(("answer", "sent"), [("y\n", 1), ("n\n", 0)])
def test_the_question_names_the_story(world, monkeypatch, answer, sent):
    monkeypatch.setattr(command, "_somebody_there", lambda: True)
    monkeypatch.setattr(command.typer, "confirm", lambda *_, **__: answer.startswith("y"))
    done = call("kill", ONE, "--reason", "x")
    assert "Ferry returns (local, version 2)" in done.output
    assert len(world.sent) == sent
    assert done.exit_code == (0 if sent else 1)


def test_a_hold_of_a_known_story_asks_nothing_and_one_of_an_unknown_does(world):
    assert call("withhold", ONE, "--reason", "x").exit_code == 0
    world.trace = {"known": False}
    world.sent.clear()
    done = call("withhold", TWO, "--reason", "x")
    assert (done.exit_code, world.sent) == (2, [])
    assert call("withhold", TWO, "--reason", "x", "--yes").exit_code == 0


def test_not_carried_out_in_time_is_exit_code_1_and_says_where_to_look(world):
    world.carries_out = False
    done = call("withhold", ONE, "--reason", "x", "--wait", "0.05")
    assert done.exit_code == 1
    assert f"newswire trace {ONE}" in done.output
    assert len(world.sent) == 1


def test_without_waiting(world):
    world.carries_out = False
    done = call("withhold", ONE, "--reason", "x", "--no-wait")
    assert done.exit_code == 0
    assert "sent: withhold" in done.output


def test_by_a_providers_own_id(world, tmp_path):
    (tmp_path / "feeds.toml").write_text('[feeds.dpa-de]\nprovider = "dpa"\n')
    world.trace = {"known": False}
    for feed, namespace in (("dpa-de", "dpa"), ("local", "local")):
        world.sent.clear()
        assert call("withhold", "dpa157", "--feed", feed, "--reason", "x", "--yes").exit_code == 0
        assert order_in(world.sent[0]).article_id == str(ids.article_id(namespace, "dpa157"))
    unknown = call("withhold", "dpa157", "--feed", "afp", "--reason", "x", "--yes")
    assert unknown.exit_code != 0
    assert "no feed afp" in str(unknown.exception)


def test_json_for_scripts(world):
    done = call("kill", ONE, "--reason", "x", "--yes", "--json")
    told = orjson.loads(done.stdout)
    assert (told["article_id"], told["order"], told["applied"], told["change"]) == (ONE, "kill", True, "killed")
