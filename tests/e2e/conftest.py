"""One running pipeline for the end-to-end tests, over the run's real servers."""

from __future__ import annotations

import pytest

from tests.harness import Pipeline


@pytest.fixture(scope="package")
def pipeline(servers, tmp_path_factory):
    """All four services as processes of their own."""
    running = Pipeline(servers.bootstrap_servers, servers.elasticsearch_url, tmp_path_factory.mktemp("e2e"))
    running.start()
    yield running
    running.stop()
