"""docker-compose.yml and the Dockerfile against the Compose schema and against the settings they use."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shared.settings import known_variables

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "docker-compose.yml"
OURS = {"ingestion", "normalization", "indexing", "search"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(COMPOSE.read_text())


def test_it_follows_the_compose_schema():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("file", ["docker-compose.yml", "deploy/docker/Dockerfile"])
def test_every_newswire_variable_is_a_setting(file):
    named = set(re.findall(r"NEWSWIRE_[A-Z0-9_]+", (ROOT / file).read_text()))
    assert named
    assert named <= known_variables()


def test_the_settings_mean_what_the_services_read(compose, monkeypatch):
    from shared.settings import load_settings

    for service in OURS:
        for name, value in compose["services"][service]["environment"].items():
            monkeypatch.setenv(name, value)
        assert load_settings().kafka.bootstrap_servers == "kafka:9092"


def test_all_four_services_run_by_name(compose):
    assert set(compose["services"]) >= OURS
    for service in OURS:
        assert compose["services"][service]["command"] == [service]


@pytest.mark.parametrize("service", sorted(OURS))
def test_a_service_can_be_scaled(compose, service):
    definition = compose["services"][service]
    assert "container_name" not in definition
    for port in definition.get("ports", []):
        host = port.split(":")[-2]
        assert "-" in host, f"{service} has the fixed host port {host}: a second replica could not start"


@pytest.mark.parametrize("service", sorted(OURS))
def test_a_service_is_locked_down_and_watched(compose, service):
    definition = compose["services"][service]
    assert definition["read_only"] is True
    assert definition["cap_drop"] == ["ALL"]
    assert "healthcheck" in definition
    assert definition["depends_on"]["setup"]["condition"] == "service_completed_successfully"


def test_the_image_runs_without_root():
    lines = (ROOT / "deploy/docker/Dockerfile").read_text().splitlines()
    users = [line for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1].split()[1].split(":")[0] not in {"0", "root"}
    assert sum(line.startswith("FROM ") for line in lines) == 2


def test_only_loopback_is_published(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
