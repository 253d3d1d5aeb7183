"""Every setting of newswire, from the environment: prefix `NEWSWIRE_`, nested by `__`.

`NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS=…` sets `settings.kafka.bootstrap_servers`. Every secret has a `_FILE` twin that names
a file holding it (`NEWSWIRE_KAFKA__PASSWORD_FILE`); the file wins. Contradictions are refused at start-up.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import Misconfigured

MIB = 1024 * 1024


class Section(BaseModel, extra="forbid"):
    """A group of settings; a name that is none of its fields is refused, so a typing error is seen."""

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        for name, field in cls.model_fields.items():
            path = values.pop(f"{name}_file", None) if "SecretStr" in str(field.annotation) else None
            if path:
                try:
                    values[name] = Path(path).read_text("utf-8").strip()
                except OSError as error:
                    raise ValueError(f"{name}_file: cannot read {path}: {error.strerror}") from error
        return values


class TopicSettings(Section):
    """How `newswire topics` makes the topics."""

    partitions: int = Field(6, ge=1, le=1000)
    replication: int = Field(1, ge=1, le=7)
    min_insync: int = Field(1, ge=1, le=7)
    raw_days: float = Field(7, gt=0)
    normalized_days: float = Field(30, gt=0)
    changes_days: float = Field(7, gt=0)
    dead_letters_days: float = Field(30, gt=0)

    @model_validator(mode="after")
    def _in_sync_within_replication(self) -> Self:
        if self.min_insync > self.replication:
            raise ValueError("min_insync must not be larger than replication: no write would ever be acknowledged")
        return self


class SizeSettings(Section):
    """The size ladder, in bytes: each step holds the one before it with its envelope."""

    request: int = 32 * MIB
    item: int = 8 * MIB
    raw_message: int = 9 * MIB
    normalized_message: int = 12 * MIB
    dead_letter_message: int = 13 * MIB

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if not self.item < self.raw_message < self.normalized_message < self.dead_letter_message:
            raise ValueError("sizes must ascend: item < raw_message < normalized_message < dead_letter_message")
        if self.request < self.item:
            raise ValueError("request must not be smaller than item")
        return self


class KafkaSettings(Section):
    """How to reach Kafka. Setting `bootstrap_servers` means 'use that one, start none'."""

    bootstrap_servers: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    session_timeout_s: float = Field(15, ge=6)
    rebalance_timeout_s: float = Field(60, ge=10)
    request_timeout_s: float = Field(15, ge=1)
    linger_ms: int = Field(3, ge=0)
    topics: TopicSettings = TopicSettings()


class ElasticsearchSettings(Section):
    """How to reach Elasticsearch. Setting `url` means 'use that one, start none'."""

    url: str = "http://127.0.0.1:9200"
    username: str | None = None
    password: SecretStr | None = None
    api_key: SecretStr | None = None
    ca_file: Path | None = None
    request_timeout_s: float = Field(30, gt=0)
    shards: int = Field(1, ge=1)
    replicas: int = Field(0, ge=0)
    refresh_interval: str = "1s"


class RuntimeSettings(Section):
    """The consumer runtime, alike in every worker."""

    batch_records: int = Field(1000, ge=1)
    batch_bytes: int = Field(16 * MIB, ge=1)
    batch_wait_ms: int = Field(10, ge=0)
    """How long a batch waits to fill once its first record is there."""
    buffer_bytes: int = Field(64 * MIB, ge=1)
    """Bytes fetched and not yet acknowledged, over all partitions; more pauses the fetching."""
    commit_interval_ms: int = Field(500, ge=0)
    drain_s: float = Field(30, gt=0)
    """Budget for finishing what is in flight when partitions are taken away or the service stops."""
    max_poll_interval_s: float = Field(300, ge=10)
    max_failures_in_row: int = Field(100, ge=1)
    """Unexpected failures in a row, each a dead letter, after which the worker stops and asks for a person."""
    stuck_after_s: float = Field(120, gt=0)


class IngestionSettings(Section):
    """The front door."""

    host: str = "127.0.0.1"
    port: int = Field(8001, ge=0, le=65535)
    reuse_port: bool = False
    kafka_wait_s: float = Field(10, gt=0)
    """How long a push waits for Kafka's acknowledgement before it is answered 503."""
    in_flight_bytes: int = Field(256 * MIB, ge=MIB)
    """Bodies held at once; more is answered 503 with Retry-After."""
    idempotency_keys: int = Field(100_000, ge=0)
    """Idempotency-Keys remembered by a replica, to tell a reused key from a retry."""
    body_timeout_s: float = Field(60, gt=0)
    """How long a sender may take for one body."""


class NormalizationSettings(Section):
    """Bytes in any format to articles."""

    host: str = "127.0.0.1"
    port: int = Field(8102, ge=0, le=65535)
    processes: int = Field(1, ge=1, le=64)
    item_seconds: float = Field(10, gt=0)
    """Hard limit for one item; after it the process is killed and the item is a dead letter `timeout`."""
    chunk_records: int = Field(100, ge=1)


class IndexingSettings(Section):
    """Articles to Elasticsearch."""

    host: str = "127.0.0.1"
    port: int = Field(8103, ge=0, le=65535)
    bulk_records: int = Field(500, ge=1)
    bulk_bytes: int = Field(8 * MIB, ge=1)
    remembered_articles: int = Field(200_000, ge=0)
    """Articles whose place and version the worker keeps in memory (about 300 bytes each)."""


class SearchSettings(Section):
    """The search API and page."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    reuse_port: bool = False
    timeout_ms: int = Field(5000, ge=1)
    cursor_key: SecretStr | None = None
    """Signs cursors; replicas must share it. Without one it is derived from `data_dir` (single machine)."""


class SlicesSettings(Section):
    """Monthly index slices."""

    since: str = Field("2015-01", pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    """First month with a slice of its own; all older stories share `articles-before`."""


class LocalSettings(Section):
    """The embedded Kafka and Elasticsearch that `newswire up` and the tests start."""

    kafka_brokers: int = Field(1, ge=1, le=5)
    elasticsearch_nodes: int = Field(1, ge=1, le=5)
    kafka_port: int = Field(9092, ge=1, le=65535)
    """Port of the first broker; each further broker, and each controller, takes a free one."""
    elasticsearch_port: int = Field(9200, ge=1, le=65535)
    """HTTP port of the first node; the others take free ones."""
    kafka_heap_mb: int = Field(384, ge=128)
    elasticsearch_heap_mb: int = Field(768, ge=256)
    start_timeout_s: float = Field(180, gt=0)
    cache_dir: Path | None = None
    """Where downloads are kept; default `$XDG_CACHE_HOME/newswire`, else `~/.cache/newswire`."""


class LogSettings(Section):
    """Log lines: JSON on standard output."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Settings(BaseSettings):
    """All settings; read once, at the start of a command, and handed down."""

    model_config = SettingsConfigDict(
        env_prefix="NEWSWIRE_", env_nested_delimiter="__", extra="ignore", nested_model_default_partial_update=True
    )

    data_dir: Path = Path(".newswire")
    feeds_file: Path | None = None
    """The feeds that may push; default `feeds.toml` in `data_dir`."""
    kafka: KafkaSettings = KafkaSettings()
    elasticsearch: ElasticsearchSettings = ElasticsearchSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    sizes: SizeSettings = SizeSettings()
    ingestion: IngestionSettings = IngestionSettings()
    normalization: NormalizationSettings = NormalizationSettings()
    indexing: IndexingSettings = IndexingSettings()
    search: SearchSettings = SearchSettings()
    slices: SlicesSettings = SlicesSettings()
    local: LocalSettings = LocalSettings()
    log: LogSettings = LogSettings()
    failpoint: str | None = None
    """For the fault tests only: `name` or `name:n`, see `shared/failpoints.py`."""

    @model_validator(mode="after")
    def _budgets_fit(self) -> Self:
        if self.runtime.drain_s > self.kafka.rebalance_timeout_s - 5:
            raise ValueError(
                "runtime.drain_s must stay 5 s below kafka.rebalance_timeout_s, or a drained worker is thrown out of its group"
            )
        if self.runtime.max_poll_interval_s <= self.kafka.session_timeout_s:
            raise ValueError("runtime.max_poll_interval_s must be longer than kafka.session_timeout_s")
        if self.runtime.buffer_bytes < self.sizes.dead_letter_message:
            raise ValueError("runtime.buffer_bytes must hold at least one message of sizes.dead_letter_message")
        return self

    @property
    def feeds_path(self) -> Path:
        """Where the feeds file is looked for."""
        return self.feeds_file or self.data_dir / "feeds.toml"

    @property
    def local_key_path(self) -> Path:
        """Where the key of the feed `local` stands."""
        return self.data_dir / "local.key"


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment.

    Raises:
        Misconfigured: a value cannot be used; the message names the variable and what is wrong with it.
    """
    unknown = unknown_variables(os.environ)
    if unknown:
        raise Misconfigured(f"{unknown[0]} is not a setting of newswire; see docs/operations.md for the list")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = "NEWSWIRE_" + "__".join(str(part).upper() for part in first["loc"])
        raise Misconfigured(f"{name}: {first['msg']}") from None


def known_variables() -> set[str]:
    """Every environment variable that is a setting, `_FILE` twins included."""

    def walk(model: type[BaseModel], prefix: str) -> set[str]:
        names: set[str] = set()
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                names |= walk(field.annotation, f"{prefix}{name.upper()}__")
            else:
                names.add(f"{prefix}{name.upper()}")
                if "SecretStr" in str(field.annotation):
                    names.add(f"{prefix}{name.upper()}_FILE")
        return names

    return walk(Settings, "NEWSWIRE_")


OUTSIDE = {"NEWSWIRE_CORPORA"}
"""Variables with our prefix that are no settings: where the tests find sample material."""


def unknown_variables(environ: Any) -> list[str]:
    """Variables with our prefix that mean nothing: most likely typing errors."""
    known = known_variables() | OUTSIDE
    return sorted(name for name in environ if name.startswith("NEWSWIRE_") and name.upper() not in known)
