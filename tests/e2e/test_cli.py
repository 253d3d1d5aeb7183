"""The command line against running services: push, search, trace, topics, status."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid

import pytest

from tests.harness import ROOT

pytestmark = pytest.mark.servers


@pytest.fixture
def newswire(pipeline):
    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            env={**pipeline.environment, "NO_COLOR": "1"},
            input=stdin,
            capture_output=True,
            timeout=90,
            check=False,
        )
        return subprocess.CompletedProcess(arguments, answer.returncode, answer.stdout.decode(), answer.stderr.decode())

    return run


def story(word: str, **more) -> dict:
    return {
        "id": f"cli-{word}",
        "title": f"About {word}",
        "body": f"A story that says {word}.",
        "source": "cli",
        **more,
    }


def token() -> str:
    return f"word{uuid.uuid4().hex[:12]}"


def test_a_folder_goes_in_and_is_found(newswire, pipeline, tmp_path):
    word = token()
    (tmp_path / "one.json").write_text(
        json.dumps(story(f"{word} one", id=f"{word}-1", published="2025-02-01T00:00:00Z"))
    )
    lines = [
        json.dumps(story(word, id=f"{word}-{number}", published="2025-02-02T00:00:00Z")) for number in range(2, 253)
    ]
    (tmp_path / "many.ndjson").write_text("\n".join(lines))
    (tmp_path / "list.json").write_text(json.dumps([story(word, id=f"{word}-a"), story(word, id=f"{word}-b")]))
    (tmp_path / "left-out.md").write_text("not a story")
    pushed = newswire("push", str(tmp_path))
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.startswith("254 accepted, 0 duplicate, 0 refused\n")
    pipeline.wait_total(254, word)
    found = newswire("search", word, "--from", "2025-02", "--to", "2025-02", "--size", "2", "--sort", "oldest")
    assert found.returncode == 0, found.stderr
    assert "252 articles" in found.stdout
    assert f"About {word} one" in found.stdout
    assert "\x1b[" not in found.stdout
    following = re.search(r"--cursor (\S+)", found.stdout)[1]
    assert newswire("search", word, "--from", "2025-02", "--to", "2025-02", "--size", "2", "--sort", "oldest",
                    "--cursor", following).returncode == 0  # fmt: skip


def test_the_same_again_adds_nothing(newswire, pipeline, tmp_path):
    word = token()
    (tmp_path / "a.ndjson").write_text(json.dumps(story(word)))
    receipts = {re.search(r"trace (\S+)", newswire("push", str(tmp_path)).stdout)[1] for _ in range(2)}
    assert len(receipts) == 1
    assert pipeline.wait_total(1, word)["total"] == 1


def test_refusals_name_file_and_line_and_the_exit_code_says_so(newswire, tmp_path):
    word = token()
    file = tmp_path / "mixed.ndjson"
    file.write_text(f'{json.dumps(story(word))}\n\n{{"nosuch": 1, "title": "x"}}\nnot json\n')
    pushed = newswire("push", str(file))
    assert pushed.returncode == 1
    assert "1 accepted, 0 duplicate, 2 refused" in pushed.stdout
    assert f"refused {file}:3: " in pushed.stderr
    assert f"refused {file}:4: " in pushed.stderr


def test_all_refused_is_code_1_too(newswire, tmp_path):
    file = tmp_path / "bad.json"
    file.write_text("{")
    pushed = newswire("push", str(file))
    assert pushed.returncode == 1
    assert "0 accepted, 0 duplicate, 1 refused" in pushed.stdout


def test_standard_input_is_told_by_content(newswire, pipeline):
    word = token()
    pushed = newswire("push", "-", stdin="\n".join(json.dumps(story(word, id=f"{word}{n}")) for n in (1, 2)).encode())
    assert "2 accepted" in pushed.stdout
    pipeline.wait_total(2, word)


def test_a_wrong_key_or_address_is_code_2_in_one_line(newswire, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(story(token())))
    for arguments in (["--key", "nw_wrong"], ["--feed", "nosuch"], ["--url", "http://127.0.0.1:1"]):
        pushed = newswire("push", *arguments, str(file))
        assert pushed.returncode == 2
        assert re.fullmatch(r"newswire: .*\n", pushed.stderr), pushed.stderr
    assert newswire("push", str(tmp_path / "nowhere")).returncode == 2


def test_trace_tells_where_a_story_is(newswire, pipeline, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(story(token())))
    receipt = re.search(r"trace (\S+)", newswire("push", str(file)).stdout)[1]
    pipeline.wait_trace(receipt)
    told = newswire("trace", receipt)
    assert told.returncode == 0, told.stderr
    assert receipt in told.stdout
    assert "searchable since" in told.stdout
    assert json.loads(newswire("trace", receipt, "--json").stdout)["receipt"] == receipt
    unknown = newswire("trace", str(uuid.uuid4()))
    assert (unknown.returncode, unknown.stdout) == (1, "Nothing is known of it (yet).\n")


def test_search_as_json_is_the_answer_of_the_api(newswire):
    answer = json.loads(newswire("search", "nosuchwordanywhere", "--json").stdout)
    assert answer["total"] == 0
    assert answer["items"] == []


def test_a_bad_query_is_one_line(newswire):
    answer = newswire("search", "x", "--from", "yesterday-ish")
    assert answer.returncode == 2
    assert re.fullmatch(r"newswire: .*\n", answer.stderr), answer.stderr


def test_status_sees_services_that_something_else_runs(newswire):
    report = json.loads(newswire("status", "--json", "--seconds", "0.1").stdout)
    assert report["ready"] is True
    assert report["run"] is None
    assert [one["ready"] for one in report["services"]] == [True] * 4


def test_topics_are_there_and_asking_twice_is_harmless(newswire):
    answer = newswire("topics")
    assert answer.returncode == 0
    assert "stories.raw" in answer.stdout
    assert answer.stdout.endswith("All topics are there.\n")
