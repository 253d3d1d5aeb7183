"""`newswire dead-letters` over the in-process broker: what is chosen, what is shown, what is sent back."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from cli import main
from cli.dead_letters.choice import Choice, names, place
from cli.dead_letters.shown import (
    calm,
    calm_value,
    details,
    details_table,
    plan,
    stats,
    stats_table,
    survey_json,
    survey_table,
)
from cli.dead_letters.work import Replayed, chosen, drop, drops_in, replay, survey, where
from cli.moments import moment
from cli.who import said, whoever
from services.indexing import letters as letters_module
from shared.errors import Misconfigured, TooLarge, Transient, Unavailable
from shared.events import ARTICLES_NORMALIZED, DEAD_LETTERS, STORIES_RAW
from shared.kafka.dead_letter import Burial, dead_letter
from shared.kafka.letter import UNREADABLE, drop_of, letter_of, mark_of, original_of
from shared.kafka.memory import MemoryBroker
from shared.kafka.memory_reader import MemoryReader
from shared.kafka.ports import Message, Record

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECEIPT = "0195a000-0000-7000-8000-00000000000"
STORY = b"\x01SECRET embargoed text\x02\xff"


def raw(n=1, *, feed="harbour", value=STORY, key=None, offset=7) -> Record:
    """A record of `stories.raw` as the front door writes it."""
    headers = (
        ("ce_id", f"{RECEIPT}{n}.1".encode()),
        ("ce_time", b"2026-02-28T08:00:00.000000Z"),
        ("ce_feed", feed.encode()),
        ("ce_receipt", f"{RECEIPT}{n}".encode()),
        ("content-type", b"text/plain"),
    )
    return Record(STORIES_RAW, 2, offset, 0, key or f"{feed}:{n}".encode(), value, headers)


def bury(broker, record, *, code="timeout", stage="normalization", at=NOW, reason="took longer than 10 s") -> None:
    broker.append(dead_letter(Burial(record, code, reason), stage, at, "1.0"))


def letters(broker) -> list:
    return [letter_of(record) for record in broker.records(DEAD_LETTERS)]


def shown(renderable) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(renderable)
    return console.file.getvalue()


def article_letter() -> Record:
    event = {"data": {"feed": "afp", "receipt": RECEIPT + "9", "article_id": "a" * 8 + "-bbbb-cccc-dddd-eeeeeeeeeeee"}}
    return Record(ARTICLES_NORMALIZED, 0, 1, 0, b"k", orjson.dumps(event), (("traceparent", b"00-1"),))


def test_a_letter_tells_whose_it_is_and_why():
    broker = MemoryBroker()
    bury(broker, raw())
    bury(broker, article_letter(), code="too-large", stage="indexing")
    by_stage = {letter.stage: letter for letter in letters(broker)}
    one = by_stage["normalization"]
    assert (one.feed, one.receipt, one.item) == ("harbour", RECEIPT + "1", RECEIPT + "1.1")
    assert (one.code, one.at, one.topic, one.partition, one.offset) == ("timeout", NOW, STORIES_RAW, 2, 7)
    other = by_stage["indexing"]
    assert (other.feed, other.receipt, other.item) == ("afp", RECEIPT + "9", None)
    assert other.article
    assert other.article.startswith("aaaaaaaa")


def test_what_goes_back_is_the_record_as_it_was():
    record = raw()
    broker = MemoryBroker()
    bury(broker, record)
    [buried] = broker.records(DEAD_LETTERS)
    assert original_of(buried) == Message(STORIES_RAW, record.key, record.value, record.headers)


@pytest.mark.parametrize("topic", [None, b"dead-letters", b"articles.changes", b"somewhere", b"\xff"])
def test_a_letter_of_no_known_origin_goes_nowhere(topic):
    headers = () if topic is None else (("dlq-topic", topic),)
    record = Record(DEAD_LETTERS, 0, 0, 0, None, None, headers)
    assert original_of(record) is None
    assert letter_of(record).code == UNREADABLE


@given(st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=30))), st.none() | st.binary(max_size=80))
def test_any_record_is_a_letter(headers, value):
    names_of = ["dlq-at", "dlq-partition", "dlq-offset", "dlq-attempts", "dlq-topic", "ce_feed", "ce_time"]
    odd = tuple((name, given_value) for name, (_, given_value) in zip(names_of, headers, strict=False))
    letter = letter_of(Record(DEAD_LETTERS, 1, 2, 3, None, value, (*headers, *odd)))
    assert letter.id == "1:2"
    Choice(since=NOW).takes(letter)


def test_each_filter_holds_and_they_hold_together():
    broker = MemoryBroker()
    bury(broker, raw(1))
    bury(broker, raw(2, feed="afp"), code="too-large", stage="indexing", at=NOW - timedelta(hours=3))

    def taken(**conditions) -> set[str]:
        return {letter.receipt[-1] for letter in letters(broker) if Choice(**conditions).takes(letter)}

    assert taken() == {"1", "2"}
    assert taken(feeds=frozenset({"afp"})) == {"2"}
    assert taken(feeds=frozenset({"afp", "harbour"})) == {"1", "2"}
    assert taken(codes=frozenset({"timeout"})) == {"1"}
    assert taken(stages=frozenset({"indexing"})) == {"2"}
    assert taken(since=NOW) == {"1"}, "since is inclusive"
    assert taken(until=NOW) == {"2"}, "until is not"
    assert taken(feeds=frozenset({"afp"}), codes=frozenset({"timeout"})) == set()
    assert taken(ids=frozenset({RECEIPT + "2"})) == {"2"}
    assert taken(ids=frozenset({RECEIPT + "1.1"})) == {"1"}


def test_names_of_letters():
    assert names(["03:17", RECEIPT + "1", RECEIPT.upper() + "1.12"]) == {"3:17", RECEIPT + "1", RECEIPT + "1.12"}
    assert place("3:17") == (3, 17)
    for wrong in ("", "3", "3:", "harbour", "3:17:1", "*"):
        with pytest.raises(Misconfigured, match="no dead letter is called"):
            names([wrong])


def test_moments():
    assert moment("2h", NOW) == NOW - timedelta(hours=2)
    assert moment("3d", NOW) == NOW - timedelta(days=3)
    assert moment("2026-02-28", NOW) == datetime(2026, 2, 28, tzinfo=UTC)
    assert moment("2026-02-28T10:00:00+02:00", NOW) == datetime(2026, 2, 28, 8, tzinfo=UTC)
    for wrong in ("", "yesterday", "2026-02-28T10:00:00", "999999w", "2026-02-30"):
        with pytest.raises(Misconfigured, match="no moment"):
            moment(wrong, NOW)


async def test_the_survey_counts_all_and_names_the_newest():
    broker = MemoryBroker()
    for n in range(9):
        bury(broker, raw(n, offset=n), at=NOW + timedelta(minutes=n))
    bury(broker, article_letter(), code="too-large", stage="indexing", at=NOW - timedelta(days=1))
    found = await survey(MemoryReader(broker, batch=2), Choice(), 3)
    assert found.total == 10
    assert [letter.receipt[-1] for letter in found.newest] == ["8", "7", "6"]
    assert found.groups["timeout", "normalization", "harbour"] == 9
    assert found.to_send == 10
    assert dict(found.origins) == {STORIES_RAW: 9, ARTICLES_NORMALIZED: 1}
    none = await survey(MemoryReader(broker), Choice(feeds=frozenset({"nobody"})), 0)
    assert (none.total, none.newest) == (0, [])


async def test_no_surface_but_the_value_itself_shows_the_story():
    broker = MemoryBroker()
    bury(broker, raw())
    found = await survey(MemoryReader(broker), Choice(), 5)
    [(letter, record)] = [pair async for pair in chosen(MemoryReader(broker), found.spans, Choice())]
    everything = (
        shown(survey_table(found, letters=True))
        + orjson.dumps(survey_json(found)).decode()
        + plan(found)
        + shown(details_table(details(letter, record)))
        + repr(details(letter, record))
    )
    assert "SECRET" not in everything
    assert letter.id in everything
    assert "took longer" in everything
    assert "SECRET" in calm_value(record.value)


async def test_a_place_is_looked_for_there_alone():
    broker = MemoryBroker()
    for n in range(9):
        bury(broker, raw(n, key=b"same"))
    letter = letters(broker)[4]
    choice = Choice(ids=frozenset({letter.id}))
    spans = await where(MemoryReader(broker), choice)
    assert [end - start for start, end in spans.values()] == [1]
    assert [one.id async for one, _ in chosen(MemoryReader(broker), spans, choice)] == [letter.id]
    assert not await where(MemoryReader(broker), Choice(ids=frozenset({"5:999"})))


async def test_a_replay_sends_each_record_once_and_nothing_that_came_later():
    broker = MemoryBroker()
    publisher, reader = broker.publisher(), MemoryReader(broker, batch=2)
    for n in range(5):
        bury(broker, raw(n, key=b"one story", offset=n))
    bury(broker, raw(3, key=b"one story", offset=99), at=NOW + timedelta(hours=1))  # sent back once, failed again
    broker.append(Message(DEAD_LETTERS, b"odd", b"nobody wrote this"))
    found = await survey(reader, Choice(), 0)
    assert (found.total, found.to_send, found.stuck) == (7, 5, 1)
    assert "1 are repeats" in plan(found)
    bury(broker, raw(8), at=NOW + timedelta(hours=2))  # after the look
    progress, advanced = Replayed(), []
    await replay(reader, publisher, found.spans, Choice(), progress, rate=10_000, advance=advanced.append)
    assert (progress.sent, progress.refused, sum(advanced)) == (5, [], 5)
    back = broker.records(STORIES_RAW)
    assert [(r.key, r.value, r.headers) for r in back] == [(b"one story", STORY, raw(n).headers) for n in range(5)], (
        "in the order in which they were buried, with the headers they came with"
    )


class Wayward:
    """A publisher that is away at first, and never takes `too_large`."""

    def __init__(self, failures=0, too_large=()):
        self.failures, self.too_large, self.taken = failures, too_large, []

    async def publish(self, messages, *, timeout_s=None):
        outcomes = []
        for message in messages:
            if self.failures:
                self.failures -= 1
                outcomes.append(Unavailable("Kafka is away"))
            elif message.key in self.too_large:
                outcomes.append(TooLarge("too many bytes"))
            else:
                self.taken.append(message.key)
                outcomes.append(None)
        return outcomes


async def test_a_replay_goes_on_after_an_outage_and_past_what_is_too_large():
    broker = MemoryBroker(partitions=1)
    for n in range(4):
        bury(broker, raw(n))
    reader, progress = MemoryReader(broker), Replayed()
    found = await survey(reader, Choice(), 0)
    publisher = Wayward(failures=3, too_large={b"harbour:2"})
    await replay(reader, publisher, found.spans, Choice(), progress, rate=10_000)
    assert progress.sent == 3
    assert [line.split(":")[0] for line in progress.refused] == ["0"]
    assert sorted(publisher.taken) == [b"harbour:0", b"harbour:1", b"harbour:3"]
    with pytest.raises(Transient):
        await replay(reader, Wayward(failures=99), found.spans, Choice(), Replayed(), rate=10_000, patience_s=0.0)


async def test_a_replay_keeps_its_rate(monkeypatch):
    clock, slept = [100.0], []

    async def sleep(seconds):
        slept.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr("cli.dead_letters.work.asyncio.sleep", sleep)
    monkeypatch.setattr("cli.dead_letters.work.time.monotonic", lambda: clock[0])
    broker = MemoryBroker(partitions=1)
    for n in range(30):
        bury(broker, raw(n, value=str(n).encode()))
    reader = MemoryReader(broker)
    found = await survey(reader, Choice(), 0)
    await replay(reader, Wayward(), found.spans, Choice(), Replayed(), rate=10)
    assert clock[0] == pytest.approx(102.0), "30 at 10 a second: the first ten at once, then ten each second"


def test_marks_differ_where_records_do():
    record = raw()
    one = Message(STORIES_RAW, record.key, record.value, record.headers)
    others = [
        Message(ARTICLES_NORMALIZED, one.key, one.value, one.headers),
        Message(one.topic, b"k", one.value, one.headers),
        Message(one.topic, one.key, None, one.headers),
        Message(one.topic, one.key, one.value, ()),
    ]
    assert len({mark_of(message) for message in [one, *others]}) == 5


def test_what_steers_a_terminal_is_written_out():
    assert calm("a\x1b[31m\u202eb\n") == "a\\x1b[31m\\u202eb\\n"
    assert calm("x" * 400).endswith("…")
    assert calm_value(b"\x01head\r\nline\ttab\xff\x1b]0;") == "\\x01head\\r\nline\ttab\\xff\\x1b]0;"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay"], "say which"),
        (["replay", "--all", "--feed", "x"], "contradict"),
    ],
)
def test_a_replay_of_everything_is_never_by_accident(arguments, said):
    result = CliRunner().invoke(main.app, ["dead-letters", *arguments])
    assert result.exit_code == 2
    assert said in result.output


# Counting, and marking as done with


async def dropped(broker, choice, why="pictures", by="ann@desk", *, erased=False) -> Replayed:
    reader, progress = MemoryReader(broker), Replayed()
    found = await survey(reader, choice, 5)
    await drop(reader, broker.publisher(), found, choice, progress, by=by, why=why, at=NOW, erased=erased)
    return progress


async def test_stats_count_by_class_stage_and_feed_and_name_the_oldest() -> None:
    broker = MemoryBroker()
    for n in range(3):
        bury(broker, raw(n), at=NOW - timedelta(hours=n))
    bury(broker, raw(7, feed="other"), code="not-news", stage="indexing")
    found = await survey(MemoryReader(broker), Choice(), 0)
    assert stats(found) == [
        {"class": "timeout", "stage": "normalization", "feed": "harbour", "letters": 3, "oldest": "2026-03-01T10:00:00.000000Z", "dropped": 0},
        {"class": "not-news", "stage": "indexing", "feed": "other", "letters": 1, "oldest": "2026-03-01T12:00:00.000000Z", "dropped": 0},
    ]  # fmt: skip
    assert "2026-03-01 10:00:00" in shown(stats_table(found))


async def test_a_dropped_letter_stays_whole_and_is_passed_over() -> None:
    broker = MemoryBroker()
    for n in range(2):
        bury(broker, raw(n))
    bury(broker, raw(2, feed="other"))
    before = [(record.key, record.value, record.headers) for record in broker.records(DEAD_LETTERS)]
    assert (await dropped(broker, Choice(feeds=frozenset({"harbour"})))).sent == 2
    after = [(record.key, record.value, record.headers) for record in broker.records(DEAD_LETTERS)]
    assert all(one in after for one in before), "no byte of a letter is gone"
    found = await survey(MemoryReader(broker), Choice(), 10)
    assert (found.total, found.to_send, found.dropped.total()) == (1, 1, 2)
    assert [letter.feed for letter in found.newest] == ["other"]
    assert {row["feed"]: (row["letters"], row["dropped"]) for row in stats(found)} == {
        "other": (1, 0),
        "harbour": (0, 2),
    }
    assert "2 dropped ones stay" in plan(found)
    reader, progress = MemoryReader(broker), Replayed()
    await replay(reader, broker.publisher(), found.spans, Choice(), progress, rate=10_000, drops=found.drops)
    assert progress.sent == 1
    assert [record.key for record in broker.records(STORIES_RAW)] == [b"other:2"]
    assert (await dropped(broker, Choice(feeds=frozenset({"harbour"})))).sent == 0, "once is enough"


async def test_who_and_why_are_told_of_a_dropped_letter() -> None:
    broker = MemoryBroker()
    bury(broker, raw())
    [letter] = letters(broker)
    await dropped(broker, Choice(ids=frozenset({letter.id})), why="a picture")
    reader = MemoryReader(broker)
    drops = await drops_in(reader, await where(reader, Choice()))
    [(one, record)] = [pair async for pair in chosen(reader, await where(reader, Choice()), Choice())]
    told = details(one, record, drops[one.id])
    assert (told["dropped"], told["dropped_by"], told["dropped_why"]) == (
        "2026-03-01T12:00:00.000000Z",
        "ann@desk",
        "a picture",
    )
    assert "ann@desk" in shown(details_table(told))


async def test_a_dropped_letter_that_is_named_outright_is_sent_back_all_the_same() -> None:
    broker = MemoryBroker()
    bury(broker, raw())
    [letter] = letters(broker)
    await dropped(broker, Choice(feeds=frozenset({"harbour"})))
    choice = Choice(ids=frozenset({letter.item}))
    reader, progress = MemoryReader(broker), Replayed()
    found = await survey(reader, choice, 5)
    await replay(reader, broker.publisher(), found.spans, choice, progress, rate=10_000, drops=found.drops)
    assert (found.total, progress.sent) == (1, 1)


async def test_a_letter_of_an_erased_article_is_never_sent_back_not_even_by_name_or_after_it_was_dropped() -> None:
    broker = MemoryBroker()
    bury(broker, raw(1))
    bury(broker, raw(2))
    one, _ = letters(broker)
    choice = Choice(ids=frozenset({one.item}))
    await dropped(broker, choice)
    assert (await dropped(broker, choice, erased=True)).sent == 1, "that it was dropped before is not enough"
    assert (await dropped(broker, choice, erased=True)).sent == 0
    await dropped(broker, Choice(feeds=frozenset({"harbour"})))  # a later word takes nothing back
    reader, progress = MemoryReader(broker), Replayed()
    found = await survey(reader, choice, 5)
    await replay(reader, broker.publisher(), found.spans, choice, progress, rate=10_000, drops=found.drops)
    assert (found.total, progress.sent) == (0, 0)
    assert found.drops[one.id].erased
    assert broker.records(STORIES_RAW) == []


@pytest.mark.parametrize("of", ["raw", "article", "folder"])
async def test_whoever_records_letters_by_their_place_records_the_same_again_and_no_story(of) -> None:
    broker = MemoryBroker()
    if of == "article":
        bury(broker, article_letter(), stage="indexing")
    else:
        record = raw()
        bury(
            broker,
            Record(record.topic, -1, -1, 0, record.key, record.value, record.headers) if of == "folder" else record,
        )
    [first] = broker.records(DEAD_LETTERS)
    await dropped(broker, Choice(codes=frozenset({"timeout"})))
    mark = next(record for record in broker.records(DEAD_LETTERS) if drop_of(record))
    assert mark.partition == first.partition
    assert b"SECRET" not in (mark.value or b"")
    assert mark.value
    one, two = letters_module.of_record(first, "2015-01"), letters_module.of_record(mark, "2015-01")
    assert (one.id, orjson.loads(one.source)) == (two.id, orjson.loads(two.source))


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "\x1b[31m", "x" * 201])
def test_a_reason_is_one_printable_line(text) -> None:
    with pytest.raises(Misconfigured):
        said(text)
    assert said(whoever())


def test_drop_wants_a_choice_and_a_reason() -> None:
    run = CliRunner().invoke
    assert run(main.app, ["dead-letters", "drop", "--feed", "a"]).exit_code == 2
    assert run(main.app, ["dead-letters", "drop", "--reason", "x"]).exit_code == 2
