"""jgo behind two calls: which jars a coordinate needs, and fetching one of them.

jgo knows the registry and how to resolve; nothing else in newswire does. A machine that reaches it only through a proxy
sets HTTPS_PROXY, which jgo's HTTP client reads.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from jgo.maven import MavenContext
from jgo.maven import PythonResolver as Resolver

from deploy.local.errors import LocalError

TIMEOUT_S = 30
# It warns of checksums that a registry did not serve; ours are the pins, and what goes wrong is told in our own words.
logging.getLogger("jgo").setLevel(logging.CRITICAL)


class FetchFailed(LocalError):
    """A jar could not be had from the registry; `away` tells whether no answer came at all."""

    def __init__(self, message: str, *, away: bool) -> None:
        super().__init__(message)
        self.away = away


class Maven:
    """Resolves and fetches jars into `folder`, which belongs to one process while it is in use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, specs: Sequence[str]) -> list[str]:
        """Coordinates `group:artifact:version` of what is asked for and all that it needs at run time."""
        context = self._context(self._folder / "resolve", lambda _count: None)
        inputs, needed = context.resolver.resolve([context.create_dependency(spec) for spec in specs])
        found = [f"{item.groupId}:{item.artifactId}:{item.version}" for item in [*inputs, *needed]]
        return sorted(set(found))

    def fetch(self, coordinate: str, on_bytes: Callable[[int], None]) -> Path:
        """Fetch one jar, telling `on_bytes` of each chunk; returns where it lies now.

        Raises:
            FetchFailed: no answer, or an answer that is not the jar.
            OSError: the disk refused.
        """
        folder = Path(tempfile.mkdtemp(prefix="fetch-", dir=self._folder))
        group, artifact, version = coordinate.split(":")
        context = self._context(folder, on_bytes)
        try:
            # Asked of the resolver itself: `artifact.resolve()` would look into the user's own repository first.
            path = context.resolver.download(context.project(group, artifact).at_version(version).artifact())
        except requests.RequestException as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise FetchFailed(f"{coordinate}: {type(error).__name__}", away=True) from error
        except RuntimeError as error:  # what jgo raises for any answer but 200
            shutil.rmtree(folder, ignore_errors=True)
            raise FetchFailed(f"{coordinate} is not in the registry", away=False) from error
        if path is None:  # never for the resolver used here; its port allows it
            raise FetchFailed(f"{coordinate} is not in the registry", away=False)
        return path

    @staticmethod
    def _context(folder: Path, on_bytes: Callable[[int], None]) -> MavenContext:
        @contextmanager
        def progress(_filename: str, _size: int) -> Iterator[Callable[[int], None]]:
            yield on_bytes

        folder.mkdir(parents=True, exist_ok=True)
        return MavenContext(resolver=Resolver(progress_callback=progress), repo_cache=folder, timeout=TIMEOUT_S)
