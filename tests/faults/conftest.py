"""Pipelines to break: one over the run's shared servers, one over servers of its own that may be killed too."""

from __future__ import annotations

import pytest

from deploy.local.ports import free_port
from deploy.local.servers import LocalServers
from shared.settings import LocalSettings
from tests.harness import Pipeline


@pytest.fixture(scope="module")
def pipeline(servers, tmp_path_factory):
    """All four services over the shared servers."""
    running = Pipeline(servers.bootstrap_servers, servers.elasticsearch_url, tmp_path_factory.mktemp("faults"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def own_servers(tmp_path_factory):
    """Kafka and Elasticsearch that belong to this test alone."""
    local = LocalSettings(kafka_port=free_port(), elasticsearch_port=free_port(), elasticsearch_heap_mb=512)
    stack = LocalServers(local, tmp_path_factory.mktemp("own-servers"))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def own_pipeline(own_servers, tmp_path_factory):
    """All four services over servers that may be killed."""
    folder = tmp_path_factory.mktemp("own-pipeline")
    running = Pipeline(own_servers.bootstrap_servers, own_servers.elasticsearch_url, folder)
    running.start()
    yield running
    running.stop()
