"""Makes the environment `.venv` of this checkout from a hashed lock, with the standard library alone.

`bootstrap.py run` installs `requirements.lock`; `dev` adds the tools of `make test` and `make lint`, and `bench` the libraries
that `make fidelity` sets beside ours.
Nothing is done when the locks are the ones installed last. A killed run is recovered, two at once take turns.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock", "bench": "requirements-bench.lock"}
"""The lock of each kind; each holds all that those before it hold."""
STAMP = "newswire.json"
"""Inside `.venv`: what is installed in it."""
UNFINISHED = "newswire.unfinished"
"""Inside `.venv` while it is being filled: found there later, that run was killed."""
NEEDED_BYTES = 1_200_000_000
"""Room for the packages (545 MB with the tools), pip's cache of them and the downloads of the servers."""

Stamp = dict[str, str]


class BootstrapError(Exception):
    """A one-line message that says what to do."""


def wanted_stamp(kind: str, root: Path) -> Stamp:
    """What `.venv` must hold for `kind`: digests of the locks, of the project's own description, and its place."""
    locks = list(LOCKS)[: list(LOCKS).index(kind) + 1]
    stamp = {name: hashlib.sha256((root / LOCKS[name]).read_bytes()).hexdigest() for name in locks}
    stamp["project"] = hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest()
    stamp["root"] = str(root)
    return stamp


def satisfies(have: Stamp, want: Stamp) -> bool:
    """Whether an environment with the stamp `have` will do for `want`: one with more in it serves for less."""
    return all(have.get(key) == value for key, value in want.items())


def read_stamp(venv: Path) -> Stamp:
    """The stamp in `venv`, empty if there is none or it is torn."""
    try:
        stamp = json.loads((venv / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def must_rebuild(venv: Path, stamp: Stamp, root: Path, python: str | None) -> str | None:
    """Why an existing environment cannot be kept, or None. `python` is the X.Y asked for by name, if any."""
    if (venv / UNFINISHED).exists():
        return "the last run was stopped half-way"
    if not (venv / "bin" / "python").exists():  # follows the link: its Python may be gone
        return "its Python is gone"
    if stamp and stamp.get("root") != str(root):
        return "the folder has moved"
    if python and (found := venv_version(venv)) and found != python:
        return f"it has Python {found}, {python} was asked for"
    return None


def venv_version(venv: Path) -> str | None:
    """The X.Y of an environment's Python, from its pyvenv.cfg."""
    try:
        text = (venv / "pyvenv.cfg").read_text("utf-8")
    except OSError:
        return None
    match = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", text, re.MULTILINE)
    return match[1] if match else None


def explain(output: str) -> str:
    """One line for a failed pip: what happened and what to do."""
    lowered = output.lower()
    if "no space left" in lowered or "errno 28" in lowered:
        return "no space left on the disk while installing packages: free about 1.2 GB, then run it again"
    if re.search(r"retrying \(retry|newconnectionerror|name or service not known|temporary failure in name", lowered):
        return (
            "no network, and the packages are not in pip's cache: connect once, "
            "or name a mirror with PIP_INDEX_URL or a folder of wheels with PIP_FIND_LINKS"
        )
    if "do not match the hashes" in lowered:
        return "a downloaded package is not the one pinned in the lock (its hash differs): empty pip's cache (pip cache purge) and try again"
    if match := re.search(
        r"(?:no matching distribution found for|satisfies the requirement) (\S+)", output, re.IGNORECASE
    ):
        here = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        return (
            f"there is no ready-made package of {match[1].rstrip(',;')} for this machine ({here}): "
            "use Python 3.11 to 3.13 on Linux or macOS (make run PYTHON=…)"
        )
    last = [line.strip() for line in output.splitlines() if line.strip()][-1:]
    return "installing packages failed: " + (last[0] if last else "pip said nothing")


class Progress:
    """One moving line on a terminal, a line every now and then elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.moving = sys.stdout.isatty()
        self.began = self.told = time.monotonic()

    def step(self, name: str) -> None:
        """One more package was taken up."""
        self.done += 1
        self._tell(f"packages {min(self.done, self.total)}/{self.total} {name}")

    def _tell(self, text: str) -> None:
        now = time.monotonic()
        if self.moving:
            print(f"\r\033[K  {text[:76]}", end="", flush=True)
        elif now - self.told > 5:
            self.told = now
            print(f"  {text}", flush=True)

    def unpack(self, text: str) -> None:
        """The packages are there and are now unpacked."""
        self.told = 0
        self._tell(text)

    def finish(self) -> None:
        """Leave the sum in place of the moving line."""
        end = f"  {self.done} packages in {time.monotonic() - self.began:.0f} s"
        print(f"\r\033[K{end}" if self.moving else end, flush=True)


def pip(venv: Path, arguments: list[str], progress: Progress | None = None) -> None:
    """Run pip in `venv`, quietly; its whole output goes to `.venv/pip.log`."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PIP_REQUIRE_VIRTUALENV": "0"}
    output: list[str] = []
    with subprocess.Popen(  # noqa: S603 — the environment's own Python, arguments of this file
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as process:
        assert process.stdout is not None  # noqa: S101 — PIPE was asked for; narrows the type
        for line in process.stdout:
            output.append(line)
            if progress and line.startswith(("Collecting ", "Requirement already satisfied: ")):
                progress.step(re.sub(r"^(Collecting|Requirement already satisfied:) ([^ =]+).*", r"\2", line.strip()))
            elif progress and line.startswith("Installing collected packages"):
                progress.unpack("unpacking")
    (venv / "pip.log").write_text("".join(output), "utf-8")
    if process.returncode:
        raise BootstrapError(f"{explain(''.join(output))} (all of it: {venv / 'pip.log'})")


def pins(lock: Path) -> int:
    """How many packages a lock names for this kind of machine, roughly: those for other systems are left out."""
    lines = lock.read_text("utf-8").splitlines()
    return sum(
        1 for line in lines if re.match(r"^[a-z0-9].*==", line) and "win32" not in line and "emscripten" not in line
    )


@contextlib.contextmanager
def turn(root: Path) -> Iterator[None]:
    """Hold the checkout while its environment is made. The kernel lets go when the holder dies: no stale lock."""
    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("newswire: another make is preparing the environment; waiting for it", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def prepare(kind: str, root: Path, asked: str | None) -> None:
    """Make `.venv` right for `kind`; `asked` is the X.Y of an interpreter that was asked for by name."""
    venv, want = root / ".venv", wanted_stamp(kind, root)
    with turn(root):
        have = read_stamp(venv)
        why = must_rebuild(venv, have, root, asked) if venv.exists() else None
        if venv.exists() and not why and satisfies(have, want):
            return
        if (free := shutil.disk_usage(root).free) < NEEDED_BYTES:
            raise BootstrapError(
                f"{free // 1_000_000} MB free at {root}, {NEEDED_BYTES // 1_000_000} MB needed: free some space"
            )
        if why:
            print(f"newswire: making .venv afresh: {why}", flush=True)
            shutil.rmtree(venv)
        install(kind, root, venv)
        (venv / STAMP).write_text(json.dumps({**({} if why else keep(have, want)), **want}), "utf-8")
        (venv / UNFINISHED).unlink()


def keep(have: Stamp, want: Stamp) -> Stamp:
    """What of an old stamp stays true once `want` is installed: more than that, if the locks it stands on are the same."""
    same = all(have.get(name) == want[name] for name in LOCKS if name in want)
    return {name: have[name] for name in LOCKS if same and name in have and name not in want}


def install(kind: str, root: Path, venv: Path) -> None:
    """Fill `venv` from the lock of `kind`, then put this checkout itself in (editable)."""
    lock = root / LOCKS[kind]
    progress = Progress(pins(lock))
    print(
        f"newswire: installing {progress.total} packages into .venv (about 150 MB to download, the first time)",
        flush=True,
    )
    venv.mkdir(exist_ok=True)
    (venv / UNFINISHED).touch()
    if not (venv / "bin" / "python").exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True, check=False)  # noqa: S603 — this very Python
        if made.returncode:
            raise BootstrapError("cannot make .venv: " + (made.stderr or made.stdout).strip().replace("\n", " ")[-300:])
    pip(venv, ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)], progress)
    progress.finish()
    pip(venv, ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-e", str(root)])


def main(arguments: list[str]) -> int:
    """Exit code: 0 ready, 2 with one line on what to do, 130 stopped."""
    if len(arguments) != 1 or arguments[0] not in LOCKS:
        print(f"usage: bootstrap.py {'|'.join(LOCKS)}", file=sys.stderr)
        return 2
    root = Path(__file__).resolve().parent.parent
    asked = f"{sys.version_info[0]}.{sys.version_info[1]}" if os.environ.get("PYTHON") else None
    try:
        prepare(arguments[0], root, asked)
    except BootstrapError as error:
        print(f"\nnewswire: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        advice = "free about 1.2 GB" if error.errno == errno.ENOSPC else f"check the rights of {root}"
        print(f"\nnewswire: {error.strerror}: {error.filename or root}: {advice}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nnewswire: stopped; the next run goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
