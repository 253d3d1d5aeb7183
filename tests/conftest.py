"""What every test may ask for: real servers (started once a run, on free ports) and sample material."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CORPORA = "NEWSWIRE_CORPORA"
ROOMS = ("unit", "contract", "integration", "e2e", "faults")
"""The quick ones first, and each room's own servers and services up only while its tests run."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Room after room; inside a room the order stays as random as it came."""

    def room(item: pytest.Item) -> int:
        name = item.path.relative_to(Path(__file__).parent).parts[0]
        return ROOMS.index(name) if name in ROOMS else len(ROOMS)

    items.sort(key=room)


@dataclass(frozen=True)
class Servers:
    """Addresses of one real Kafka and one real Elasticsearch, shared by the whole run."""

    bootstrap_servers: str
    elasticsearch_url: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Embedded Kafka and Elasticsearch on free ports, started when the first test asks for them."""
    from deploy.local.ports import free_port
    from deploy.local.servers import LocalServers
    from shared.settings import LocalSettings

    local = LocalSettings(kafka_port=free_port(), elasticsearch_port=free_port(), elasticsearch_heap_mb=512)
    stack = LocalServers(local, tmp_path_factory.mktemp("servers"))
    stack.start()
    try:
        yield Servers(stack.bootstrap_servers, stack.elasticsearch_url)
    finally:
        stack.stop()


@pytest.fixture(autouse=True)
def _kafka_connections_are_let_go(request: pytest.FixtureRequest) -> Iterator[None]:
    """aiokafka leaves a connection behind when it is stopped in the middle of making one, which a busy machine brings about.

    It is collected here, with the test that caused it: elsewhere its warnings would fail whichever test runs next.
    """
    yield
    if "servers" in request.fixturenames:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Folder of sample material that is not part of the project; tests that need it are skipped without it."""
    folder = os.environ.get(CORPORA)
    if not folder:
        pytest.skip(f"{CORPORA} is not set: this test reads sample material kept outside the project")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"{CORPORA}={folder} is not a folder")
    return path


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own NEWSWIRE_ variables must not decide what a test sees."""
    for name in list(os.environ):
        if name.startswith("NEWSWIRE_") and name != CORPORA:
            monkeypatch.delenv(name)
