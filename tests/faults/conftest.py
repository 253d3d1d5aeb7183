"""A pipeline to break, over servers of its own that may be killed too."""

from __future__ import annotations

import pytest

from deploy.local.ports import free_port
from deploy.local.servers import LocalServers
from shared.settings import LocalSettings
from tests.harness import Pipeline


@pytest.fixture(scope="package")
def own_servers(tmp_path_factory):
    """Kafka and Elasticsearch that belong to the fault tests alone."""
    local = LocalSettings(kafka_port=free_port(), elasticsearch_port=free_port(), elasticsearch_heap_mb=512)
    stack = LocalServers(local, tmp_path_factory.mktemp("own-servers"))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="package")
def pipeline(own_servers, tmp_path_factory):
    """All four services over servers that may be killed."""
    folder = tmp_path_factory.mktemp("faults")
    running = Pipeline(own_servers.bootstrap_servers, own_servers.elasticsearch_url, folder)
    running.start()
    yield running
    running.stop()
