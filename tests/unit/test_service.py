"""How a service answers its probes and ends: by requests to the app itself and by processes of its own, no port needed."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from shared.health import Health
from shared.service import EXIT_MISCONFIGURED, admin_app, probe_routes


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock) -> Health:
    return Health(stuck_after_s=120, clock=clock)


def test_ready_once_the_other_side_has_answered_and_until_it_stops(health):
    client = TestClient(admin_app(health))
    assert client.get("/readyz").status_code == 503
    health.ready()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    health.halt("the key was rotated")
    assert client.get("/readyz").json() == {"status": "halted: the key was rotated"}
    health.halt(None)
    health.stopping = True
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "stopping"})


def test_a_worker_is_live_while_its_own_loop_moves(health, clock):
    client = TestClient(admin_app(health))
    assert client.get("/livez").status_code == 200
    clock.now += 121
    assert client.get("/livez").status_code == 503
    health.beat()
    assert client.get("/livez").status_code == 200


def test_an_http_service_is_live_when_it_answers(health, clock):
    client = TestClient(Starlette(routes=probe_routes(health)))
    clock.now += 10_000
    assert client.get("/livez").json() == {"status": "ok"}


def test_metrics_are_prometheus_text(health):
    answer = TestClient(admin_app(health)).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "newswire_consumer_lag_records" in answer.text


SERVICE = """
import asyncio, sys
from shared.errors import Misconfigured
from shared.service import run_service
from shared.settings import load_settings

async def serve(settings, health, stop):
    {body}

run_service("example", load_settings(), serve)
print("end of main", flush=True)
"""


def start(body: str) -> subprocess.Popen[str]:
    code = SERVICE.format(body=textwrap.indent(textwrap.dedent(body), "    ").strip())
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def until_it_says(process: subprocess.Popen[str], word: str) -> str:
    said = ""
    while word not in said:
        line = process.stdout.readline()
        assert line, f"ended without saying {word!r}: {said}{process.stderr.read()}"
        said += line
    return said


WAIT = """
print("up", flush=True)
await stop.wait()
assert health.stopping
print("drained", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number):
    process = start(WAIT)
    until_it_says(process, "up")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert err == ""
    assert out.index(number.name) < out.index("drained") < out.index("end of main")


def test_a_second_interrupt_ends_it_at_once():
    process = start("print('up', flush=True)\nawait asyncio.sleep(60)")
    until_it_says(process, "up")
    process.send_signal(signal.SIGINT)
    until_it_says(process, "stopping")
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - started < 5


def test_a_second_sigterm_does_not_cut_the_drain_short():
    process = start(WAIT.replace('print("drained"', 'await asyncio.sleep(0.5)\nprint("drained"'))
    until_it_says(process, "up")
    process.terminate()
    until_it_says(process, "stopping")
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert "drained" in out


def test_what_a_person_must_mend_is_one_line():
    process = start("raise Misconfigured('port 8001 is in use')")
    out, err = process.communicate(timeout=20)
    assert process.returncode == EXIT_MISCONFIGURED
    assert err == "newswire example: port 8001 is in use\n"
    assert "end of main" not in out


def test_a_bug_is_logged_whole_and_is_an_error():
    process = start("raise KeyError('a bug')")
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "KeyError" in out
    assert err == ""


def test_it_runs_on_uvloop():
    process = start("print(type(asyncio.get_running_loop()).__module__, flush=True)")
    out, _ = process.communicate(timeout=20)
    assert "uvloop" in out
