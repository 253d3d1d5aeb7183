from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from deploy import bootstrap
from tests.harness import ROOT


@pytest.fixture
def checkout(tmp_path):
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock", "pyproject.toml"):
        (tmp_path / name).write_text(name)
    return tmp_path


def make_venv(root, stamp=None, *, python=True):
    venv = root / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    if python:
        (venv / "bin" / "python").symlink_to(sys.executable)
    if stamp is not None:
        (venv / bootstrap.STAMP).write_text(json.dumps(stamp))
    return venv


@pytest.fixture
def installs(monkeypatch):
    """Installing, told and not done."""
    done: list[str] = []

    def install(kind, root, venv):
        done.append(kind)
        (venv / "bin").mkdir(parents=True, exist_ok=True)
        (venv / bootstrap.UNFINISHED).touch()
        if not (venv / "bin" / "python").exists():
            (venv / "bin" / "python").symlink_to(sys.executable)

    monkeypatch.setattr(bootstrap, "install", install)
    return done


def test_nothing_is_done_twice(checkout, installs):
    for _ in range(3):
        bootstrap.prepare("run", checkout, None)
    assert installs == ["run"]


def test_an_environment_with_the_tools_serves_run_too_but_not_the_other_way_round(checkout, installs):
    bootstrap.prepare("run", checkout, None)
    bootstrap.prepare("dev", checkout, None)
    bootstrap.prepare("run", checkout, None)
    assert installs == ["run", "dev"]


def test_an_environment_for_comparing_serves_tests_and_runs_as_long_as_their_locks_stay(checkout, installs):
    for kind in ("dev", "bench", "dev", "run", "bench"):
        bootstrap.prepare(kind, checkout, None)
    assert installs == ["dev", "bench"]
    (checkout / "requirements-dev.lock").write_text("changed")
    for kind in ("run", "dev", "bench"):
        bootstrap.prepare(kind, checkout, None)
    assert installs == ["dev", "bench", "dev", "bench"]


@pytest.mark.parametrize(("changed", "expected"), [
    ("requirements.lock", ["dev", "run", "dev"]),
    ("requirements-dev.lock", ["dev", "dev"]),
    ("pyproject.toml", ["dev", "run"]),
])  # fmt: skip
def test_a_changed_lock_is_installed(checkout, installs, changed, expected):
    bootstrap.prepare("dev", checkout, None)
    (checkout / changed).write_text("changed")
    bootstrap.prepare("run", checkout, None)
    bootstrap.prepare("dev", checkout, None)
    assert installs == expected


def test_a_half_made_environment_is_made_afresh(checkout, installs):
    venv = make_venv(checkout, bootstrap.wanted_stamp("run", checkout))
    (venv / bootstrap.UNFINISHED).touch()
    (venv / "half").touch()
    bootstrap.prepare("run", checkout, None)
    assert installs == ["run"]
    assert not (venv / "half").exists()


def test_somebodys_own_environment_is_filled_and_not_thrown_away(checkout, installs):
    venv = make_venv(checkout)
    (venv / "theirs").touch()
    bootstrap.prepare("run", checkout, None)
    assert installs == ["run"]
    assert (venv / "theirs").exists()


@pytest.mark.parametrize(
    ("make", "asked", "why"),
    [
        (lambda root: make_venv(root, {"root": "/elsewhere"}), None, "moved"),
        (lambda root: make_venv(root, python=False), None, "its Python is gone"),
        (make_venv, "3.13", "it has Python 3.11, 3.13 was asked for"),
        (make_venv, "3.11", None),
    ],
)
def test_when_an_environment_cannot_be_kept(checkout, make, asked, why):
    venv = make(checkout)
    found = bootstrap.must_rebuild(venv, bootstrap.read_stamp(venv), checkout, asked)
    assert found == why or (why and why in found)


def test_too_little_room_is_told_before_anything_is_done(checkout, installs, monkeypatch):
    monkeypatch.setattr(bootstrap, "NEEDED_BYTES", 10**18)
    with pytest.raises(bootstrap.BootstrapError, match=r"MB free at .* free some space"):
        bootstrap.prepare("run", checkout, None)
    assert installs == []


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "no space left"),
        (
            "WARNING: Retrying (Retry(total=1)) after … NewConnectionError\nERROR: No matching distribution found for x",
            "no network",
        ),
        (
            "ERROR: No matching distribution found for pycld2==0.42",
            "no ready-made package of pycld2==0.42 for this machine",
        ),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one pinned"),
        ("ERROR: something else\n\n", "installing packages failed: ERROR: something else"),
        ("", "pip said nothing"),
    ],
)
def test_what_pip_says_becomes_one_line(output, told):
    line = bootstrap.explain(output)
    assert told in line
    assert "\n" not in line


def test_two_at_once_take_turns(checkout):
    code = (
        "import pathlib, sys, time\nfrom deploy import bootstrap\n"
        "with bootstrap.turn(pathlib.Path(sys.argv[1])):\n"
        "    print('in', flush=True); time.sleep(0.5); print('out', flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(checkout)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "in\n"
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert first.poll() is not None or first.stdout.readline() == "out\n"
    assert second.stdout.splitlines() == [
        "newswire: another make is preparing the environment; waiting for it",
        "in",
        "out",
    ]


def test_the_locks_agree_with_each_other():
    """`run` is served by an environment made from a later lock, so that one must hold all the earlier ones' pins."""

    def pins(name: str) -> set[str]:
        return {line.split()[0] for line in (ROOT / name).read_text().splitlines() if line[:1].isalnum()}

    assert pins("requirements.lock") <= pins("requirements-dev.lock") <= pins("requirements-bench.lock")


def finder(folder, **environment):
    return subprocess.run(
        ["sh", str(ROOT / "deploy" / "bootstrap.sh"), "run"],
        env={"PATH": str(folder), "HOME": os.environ.get("HOME", "/"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_python(folder, name, version, *, venv=True):
    """A `python` that answers what the finder asks."""
    path = folder / name
    old = tuple(int(part) for part in version.split(".")) < (3, 11)
    path.write_text(
        "#!/bin/sh\n"
        f'case "$2" in *"%d.%d.%d"*) echo {version};; *"%d.%d"*) echo {version.rpartition(".")[0]};; '
        f"*ensurepip*) exit {0 if venv else 1};; *version_info*) exit {int(old)};; esac\n"
        f'case "$1" in *bootstrap.py) echo "ran by {name}: $2";; esac\n'
    )
    path.chmod(0o755)


@pytest.fixture
def bare(tmp_path):
    """A PATH with a shell's few words and no Python."""
    for tool in ("sh", "dirname"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    return tmp_path


def test_no_python_is_told(bare):
    answer = finder(bare)
    assert answer.returncode == 2
    assert answer.stderr.startswith("newswire: no Python found")


def test_pythons_that_are_too_old_are_named(bare):
    fake_python(bare, "python3", "3.9.2")
    answer = finder(bare)
    assert answer.returncode == 2
    assert "needs Python 3.11 or newer, found only: python3=3.9.2" in answer.stderr


def test_a_python_without_venv_says_which_package(bare):
    fake_python(bare, "python3", "3.11.2", venv=False)
    answer = finder(bare)
    assert answer.returncode == 2
    assert "apt install python3.11-venv" in answer.stderr


def test_the_first_that_will_do_is_taken(bare):
    fake_python(bare, "python3", "3.9.2")
    fake_python(bare, "python3.13", "3.13.0", venv=False)
    fake_python(bare, "python3.12", "3.12.1")
    assert finder(bare).stdout == "ran by python3.12: run\n"


def test_the_one_named_is_the_only_one_asked(bare):
    fake_python(bare, "python3", "3.12.1")
    answer = finder(bare, PYTHON="python9")
    assert answer.returncode == 2
    assert "tried: python9" in answer.stderr
