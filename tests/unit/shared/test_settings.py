"""Settings: names, secrets from files, contradictions, and the page that lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import Misconfigured
from shared.settings import known_variables, load_settings
from shared.settings_page import settings_table

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_the_page_lists_every_setting_with_its_default():
    assert PAGE.read_text("utf-8").endswith("\n\n" + settings_table()), "write it anew: python -m shared.settings_page"


def test_every_setting_says_what_it_means():
    empty = [line for line in settings_table().splitlines()[2:] if line.endswith("|  |")]
    assert empty == []


def test_nested_names_reach_their_setting(monkeypatch):
    monkeypatch.setenv("NEWSWIRE_KAFKA__TOPICS__PARTITIONS", "3")
    monkeypatch.setenv("NEWSWIRE_SEARCH__PORT", "18000")
    settings = load_settings()
    assert settings.kafka.topics.partitions == 3
    assert settings.search.port == 18000
    assert settings.kafka.topics.replication == 1, "what is not named keeps its default"


def test_a_typing_error_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("NEWSWIRE_KAFKA__BOOTSTRAPSERVERS", "kafka:9092")
    with pytest.raises(Misconfigured, match="NEWSWIRE_KAFKA__BOOTSTRAPSERVERS is not a setting") as refused:
        load_settings()
    assert "did you mean NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS?" in str(refused.value)
    assert "docs/settings.md" in str(refused.value)


def test_a_bad_value_names_its_variable(monkeypatch):
    monkeypatch.setenv("NEWSWIRE_SEARCH__PORT", "a door")
    with pytest.raises(Misconfigured, match="NEWSWIRE_SEARCH__PORT: "):
        load_settings()


def test_a_secret_comes_from_its_file_and_the_file_wins(monkeypatch, tmp_path):
    file = tmp_path / "password"
    file.write_text("from the file\n")
    monkeypatch.setenv("NEWSWIRE_KAFKA__PASSWORD", "from the environment")
    monkeypatch.setenv("NEWSWIRE_KAFKA__PASSWORD_FILE", str(file))
    password = load_settings().kafka.password
    assert password is not None
    assert password.get_secret_value() == "from the file"
    assert "from the file" not in repr(load_settings())


def test_a_secret_file_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("NEWSWIRE_ELASTICSEARCH__API_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(Misconfigured, match=r"^NEWSWIRE_ELASTICSEARCH__API_KEY_FILE: cannot read"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "NEWSWIRE_RUNTIME__DRAIN_S",
            "58",
            "NEWSWIRE_RUNTIME__DRAIN_S must stay 5 s below NEWSWIRE_KAFKA__REBALANCE_TIMEOUT_S",
        ),
        (
            "NEWSWIRE_RUNTIME__MAX_POLL_INTERVAL_S",
            "12",
            "NEWSWIRE_RUNTIME__MAX_POLL_INTERVAL_S must be longer than NEWSWIRE_KAFKA__SESSION_TIMEOUT_S",
        ),
        (
            "NEWSWIRE_SIZES__RAW_MESSAGE",
            "1000",
            "sizes must ascend: NEWSWIRE_SIZES__ITEM < NEWSWIRE_SIZES__RAW_MESSAGE",
        ),
        ("NEWSWIRE_SIZES__REQUEST", "1000", "NEWSWIRE_SIZES__REQUEST must not be smaller than NEWSWIRE_SIZES__ITEM"),
        (
            "NEWSWIRE_KAFKA__TOPICS__MIN_INSYNC",
            "2",
            "NEWSWIRE_KAFKA__TOPICS__MIN_INSYNC must not be larger than NEWSWIRE_KAFKA__TOPICS__REPLICATION",
        ),
        ("NEWSWIRE_RUNTIME__BUFFER_BYTES", "1000", "NEWSWIRE_RUNTIME__BUFFER_BYTES must hold at least one message"),
    ],
)
def test_contradictions_are_refused_at_the_start_by_the_variables_names(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    assert str(refused.value).startswith(message)
    assert "alue error" not in str(refused.value)


@pytest.mark.parametrize("field", ["REQUEST", "ITEM", "RAW_MESSAGE", "NORMALIZED_MESSAGE", "DEAD_LETTER_MESSAGE"])
@pytest.mark.parametrize("size", ["0", "-1"])
def test_a_size_is_more_than_nothing(monkeypatch, field, size):
    monkeypatch.setenv(f"NEWSWIRE_SIZES__{field}", size)
    with pytest.raises(Misconfigured, match=f"NEWSWIRE_SIZES__{field}: .*greater than 0"):
        load_settings()


@pytest.mark.parametrize("ports", ["80,443", '["door"]'])
def test_a_list_that_is_none_names_its_variable(monkeypatch, ports):
    monkeypatch.setenv("NEWSWIRE_INGESTION__POLL_PORTS", ports)
    with pytest.raises(Misconfigured, match="NEWSWIRE_INGESTION__POLL_PORTS: "):
        load_settings()


def test_every_secret_has_a_file_twin():
    names = known_variables()
    for secret in ("KAFKA__PASSWORD", "ELASTICSEARCH__API_KEY", "ELASTICSEARCH__PASSWORD", "SEARCH__CURSOR_KEY"):
        assert f"NEWSWIRE_{secret}_FILE" in names


@pytest.mark.parametrize("given", [{}, {"USERNAME": "me"}, {"PASSWORD": "secret"}, {"USERNAME": "", "PASSWORD": "x"}])
def test_a_protocol_with_credentials_needs_both(monkeypatch, given):
    monkeypatch.setenv("NEWSWIRE_KAFKA__SECURITY_PROTOCOL", "SASL_SSL")
    for name, value in given.items():
        monkeypatch.setenv(f"NEWSWIRE_KAFKA__{name}", value)
    with pytest.raises(Misconfigured, match="needs NEWSWIRE_KAFKA__USERNAME and NEWSWIRE_KAFKA__PASSWORD"):
        load_settings()
