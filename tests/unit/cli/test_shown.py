"""What is shown: tables, summaries, last words, and the rule of `newswire search`."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli import main, processes
from cli.addresses import given
from cli.metrics import Reading, lag, rate, read_metrics
from cli.results import heading, marked, results_table
from cli.stack import child_environment
from cli.trace import after, show

METRICS = """\
# TYPE newswire_records_total counter
newswire_records_total{outcome="done",topic="stories.raw"} 10.0
newswire_records_total{outcome="dead-letter",topic="stories.raw"} 2.0
newswire_consumer_lag_records{partition="0",topic="stories.raw"} 3.0
newswire_consumer_lag_records{partition="1",topic="stories.raw"} 4.0
newswire_dead_letters_total{reason="too-large",stage="normalization"} 2.0
"""


def shown(renderable) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(renderable)
    return console.file.getvalue()


ITEM = {
    "title": "Storm & <ports>",
    "published": "2025-03-20T17:05:00Z",
    "source": "Ellan Wire",
    "section": "Weather",
    "language": "en",
    "change": "corrected",
    "highlights": {"body": ["ships outside the <em>harbour</em> of A &amp; B"]},
}


def test_results_show_what_a_reader_needs():
    warnings = [{"code": "partial", "message": "a shard was away"}]
    text = shown(results_table({"total": 1, "took_ms": 4, "items": [ITEM], "warnings": warnings}))
    assert "warning: a shard was away\n" in text
    for part in (
        "2025-03-20 17:05",
        "Ellan Wire",
        "Weather",
        "Storm & <ports>",
        "[corrected]",
        "warning: a shard was away",
    ):
        assert part in text
    assert "ships outside the harbour of A & B" in text
    assert "1 article, 4 ms" in text


def test_an_item_with_nothing_in_it_is_shown_all_the_same():
    assert "undated" in shown(results_table({"total": 1, "items": [{"id": "x", "title": None, "highlights": None}]}))


def test_nothing_found_says_so():
    assert "0 articles" in shown(results_table({"total": 0, "items": []}))


def test_a_total_that_is_a_floor_says_so():
    assert heading({"total": 10_000, "total_relation": "gte", "took_ms": 3}) == "more than 10,000 articles, 3 ms"


def test_hits_are_marked_and_markup_of_a_story_is_text():
    text = marked("&lt;b&gt; a <em>hit</em> [red]")
    assert text.plain == "<b> a hit [red]"
    assert [text.plain[span.start : span.end] for span in text.spans] == ["hit"]


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "it left no word"),
        ('{"event": "starting"}\nnewswire search: port 8000 is in use\n', "newswire search: port 8000 is in use"),
        ('{"event": "ended", "error": "no broker", "level": "error"}\n\n', "ended: no broker"),
        ("[1]", "[1]"),
    ],
)
def test_last_words(log, words):
    assert processes.last_words(log) == words


def test_a_grown_log_is_set_aside(tmp_path):
    log = tmp_path / "search.log"
    log.write_text("x" * 11)
    processes.set_aside(log, limit=20)
    assert log.exists()
    processes.set_aside(log, limit=10)
    assert not log.exists()
    assert (tmp_path / "search.log.1").read_text() == "x" * 11


def test_metrics_are_added_up():
    reading = read_metrics(METRICS)
    assert reading.total("newswire_records_total") == 12
    assert reading.total("newswire_records_total", outcome="done") == 10
    assert lag([reading, reading]) == {"stories.raw": 14}
    assert reading.by("newswire_dead_letters_total", "stage", "reason") == {("normalization", "too-large"): 2}


def test_what_is_no_metrics_reads_as_nothing():
    assert read_metrics("<html>{") == Reading()


def test_a_rate_over_a_restart_is_not_negative():
    before, later = read_metrics(METRICS), read_metrics(METRICS.replace("} 10.0", "} 30.0"))
    assert rate("normalization", before, later, 2) == 10
    assert rate("normalization", later, before, 2) == 6  # 12 since the restart


def test_times_between_hops():
    assert after("2025-01-01T00:00:00Z", "2025-01-01T00:00:00.084Z") == "+84 ms"
    assert after("2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z") == "+60.0 s"
    assert after(None, "2025-01-01T00:01:00Z") == ""


def test_a_given_server_is_seen_in_any_case_and_an_empty_variable_is_none():
    assert given({"newswire_kafka__bootstrap_servers": "k:1"}, "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS")
    assert not given({"NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS": ""}, "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS")


def test_children_get_our_environment_with_the_addresses_in_use(tmp_path):
    made = child_environment({"PATH": "/bin", "newswire_data_dir": "relative"}, tmp_path, "k:1", "http://e:2")
    assert made["PATH"] == "/bin"
    assert made["NEWSWIRE_DATA_DIR"] == str(tmp_path)
    assert "newswire_data_dir" not in made
    assert made["NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS"] == "k:1"


@pytest.fixture
def called(monkeypatch):
    """Which of the two meanings of `newswire search` was taken, and with what."""
    calls: list[tuple] = []
    monkeypatch.setattr(main, "_serve", lambda name: calls.append(("serve", name)))
    monkeypatch.setattr("cli.search.search", lambda given, **_: calls.append(("search", given)))
    return calls


def test_search_alone_runs_the_service(called):
    assert CliRunner().invoke(main.app, ["search"]).exit_code == 0
    assert called == [("serve", "search")]


@pytest.mark.parametrize(
    ("arguments", "parameters"),
    [
        ([""], {"q": ""}),
        (["night ferry"], {"q": "night ferry"}),
        (["--from", "2025-03"], {"from": "2025-03"}),
        (["--json"], {}),
        (
            ["x", "--to", "2025", "--sort", "oldest", "--size", "3"],
            {"q": "x", "to": "2025", "sort": "oldest", "size": "3"},
        ),
    ],
)
def test_search_with_anything_searches(called, arguments, parameters):
    assert CliRunner().invoke(main.app, ["search", *arguments]).exit_code == 0
    assert called == [("search", parameters)]


@pytest.mark.parametrize("name", ["ingestion", "normalization", "indexing"])
def test_the_other_services_run_by_their_names(called, name):
    assert CliRunner().invoke(main.app, [name]).exit_code == 0
    assert called == [("serve", name)]


def test_every_command_has_help():
    for command in main.app.registered_commands:
        name = command.name or command.callback.__name__
        result = CliRunner().invoke(main.app, [name, "--help"])
        assert result.exit_code == 0
        assert len(result.output) > 100
    assert {command.callback.__name__ for command in main.app.registered_commands} >= {"up", "down", "status", "push"}


def test_wrong_usage_is_code_2_without_a_traceback():
    result = CliRunner().invoke(main.app, ["push"])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("status", "told"),
    [("usable", "usable, searchable since 2026"), ("killed", "killed since 2026"), ("withheld", "withheld since")],
)
def test_a_trace_calls_searchable_only_what_readers_may_have(capsys, status, told):
    show(
        {
            "known": True,
            "articles": [{"id": "a", "change": "x", "status": status, "searchable": "2026-01-01T00:00:00Z"}],
        }
    )
    assert told in capsys.readouterr().out.replace("\n", " ")
