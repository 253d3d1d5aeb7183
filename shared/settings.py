"""Every setting of newswire, from the environment: prefix `NEWSWIRE_`, nested by `__`.

`NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS=…` sets `settings.kafka.bootstrap_servers`. Every secret has a `_FILE` twin that names
a file holding it (`NEWSWIRE_KAFKA__PASSWORD_FILE`); the file wins. Contradictions are refused at start-up.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.errors import Misconfigured

MIB = 1024 * 1024
_NAMES = re.compile(r"[a-z_]+(?:\.[a-z_]+)*")


class Section(BaseModel, extra="forbid", use_attribute_docstrings=True):
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
    """Of each topic: the most workers of a kind that can share the work. Never lowered; raising it breaks the order of a story across the change."""
    replication: int = Field(1, ge=1, le=7)
    """Copies of each partition; 3 in production."""
    min_insync: int = Field(1, ge=1, le=7)
    """Copies that must have a message before it is acknowledged; 2 in production."""
    raw_days: float = Field(7, gt=0)
    """How long `stories.raw` is kept."""
    normalized_days: float = Field(30, gt=0)
    """How long `articles.normalized` is kept: how far back an index can be rebuilt."""
    changes_days: float = Field(7, gt=0)
    """How long `articles.changes` is kept."""
    dead_letters_days: float = Field(30, gt=0)
    """How long `dead-letters` is kept."""

    @model_validator(mode="after")
    def _in_sync_within_replication(self) -> Self:
        if self.min_insync > self.replication:
            raise ValueError("min_insync must not be larger than replication: no write would ever be acknowledged")
        return self


class SizeSettings(Section):
    """The size ladder, in bytes: each step holds the one before it with its envelope."""

    request: int = Field(32 * MIB, gt=0)
    """One request's body."""
    item: int = Field(8 * MIB, gt=0)
    """One story."""
    raw_message: int = Field(9 * MIB, gt=0)
    """One message on `stories.raw`."""
    normalized_message: int = Field(12 * MIB, gt=0)
    """One message on `articles.normalized` and `articles.changes`."""
    dead_letter_message: int = Field(13 * MIB, gt=0)
    """One message on `dead-letters`."""

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
    """Brokers, by comma."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How brokers are spoken to."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """For the SASL protocols."""
    username: str | None = None
    """Who we are there."""
    password: SecretStr | None = None
    """The password of `username`."""
    ca_file: Path | None = None
    """Certificate authority to trust, PEM."""
    session_timeout_s: float = Field(15, ge=6)
    """After which the group gives a silent worker's partitions to others; a kill -9 costs this long."""
    rebalance_timeout_s: float = Field(60, ge=10)
    """How long the group waits for a member to let go of its partitions."""
    request_timeout_s: float = Field(15, ge=1)
    """How long one request may take."""
    linger_ms: int = Field(3, ge=0)
    """How long a busy partition gathers messages for its next batch."""
    topics: TopicSettings = TopicSettings()

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (self.username and self.password):
            raise ValueError(f"security_protocol {self.security_protocol} needs username and password")
        return self


class ElasticsearchSettings(Section):
    """How to reach Elasticsearch. Setting `url` means 'use that one, start none'."""

    url: str = "http://127.0.0.1:9200"
    """One or more nodes, by comma."""
    username: str | None = None
    """Who we are there."""
    password: SecretStr | None = None
    """The password of `username`."""
    api_key: SecretStr | None = None
    """Instead of a user name: an API key."""
    ca_file: Path | None = None
    """Certificate authority to trust, PEM."""
    request_timeout_s: float = Field(30, gt=0)
    """How long one request may take."""
    shards: int = Field(1, ge=1)
    """Primary shards of a monthly slice."""
    replicas: int = Field(0, ge=0)
    """Copies of each shard; 1 or more in production."""
    refresh_interval: str = "1s"
    """How soon writes under load are searchable; small batches are made searchable at once."""


class RuntimeSettings(Section):
    """The consumer runtime, alike in every worker."""

    batch_records: int = Field(1000, ge=1)
    """Most records in a batch."""
    batch_bytes: int = Field(16 * MIB, ge=1)
    """Most bytes in a batch."""
    batch_wait_ms: int = Field(10, ge=0)
    """How long a batch waits to fill once its first record is there."""
    batch_busy_wait_ms: int = Field(250, ge=0)
    """The same while more than 100 records a second come: larger batches cost less, and readers wait a little longer."""
    buffer_bytes: int = Field(64 * MIB, ge=1)
    """Bytes fetched and not yet acknowledged, over all partitions; more pauses the fetching."""
    commit_interval_ms: int = Field(500, ge=0)
    """How often offsets are committed; they are committed at a rebalance and a stop in any case."""
    drain_s: float = Field(30, gt=0)
    """Budget for finishing what is in flight when partitions are taken away or the service stops."""
    max_poll_interval_s: float = Field(300, ge=10)
    """After which a worker that asks for no records is thrown out of its group."""
    max_failures_in_row: int = Field(100, ge=1)
    """Unexpected failures in a row, each a dead letter, after which the worker stops and asks for a person."""
    stuck_after_s: float = Field(120, gt=0)
    """Without progress for so long `/livez` fails and the tasks' places are logged."""


class IngestionSettings(Section):
    """The front door."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(8001, ge=0, le=65535)
    """Port to listen on."""
    reuse_port: bool = False
    """Let several replicas on one machine share the port (SO_REUSEPORT)."""
    kafka_wait_s: float = Field(10, gt=0)
    """How long a push waits for Kafka's acknowledgement before it is answered 503."""
    in_flight_bytes: int = Field(256 * MIB, ge=MIB)
    """Bodies held at once; more is answered 503 with Retry-After."""
    idempotency_keys: int = Field(100_000, ge=0)
    """Idempotency-Keys remembered by a replica, to tell a reused key from a retry."""
    requests_per_minute_per_address: int = Field(0, ge=0)
    """Pushes that one network address may send a minute to one replica; more are answered 429. 0: no limit, as behind a proxy, where all senders have one address."""
    body_timeout_s: float = Field(60, gt=0)
    """How long a sender may take for one body."""
    drop_every_s: float = Field(1, gt=0, le=3600)
    """How often a drop folder is looked at."""
    drop_settle_s: float = Field(2, ge=0, le=3600)
    """How long a file in a drop folder must lie unchanged before it is taken: for senders that do not rename files in."""
    drop_archive_bytes: int = Field(1024 * MIB, ge=MIB)
    """Most bytes that an archive in a drop folder may unpack to."""
    polling: bool = True
    """Whether this replica takes a share of the polled feeds."""
    poll_concurrency: int = Field(8, ge=1, le=1000)
    """Feeds that a replica polls at once."""
    poll_timeout_s: float = Field(30, gt=0)
    """How long one fetch may take, redirects included."""
    poll_max_bytes: int = Field(16 * MIB, ge=1024)
    """Most bytes of one fetched feed or page, packed and unpacked."""
    poll_host_gap_s: float = Field(1, ge=0)
    """Pause between two requests of a replica to one host; a host's own wish (Retry-After, Crawl-delay) may be longer."""
    poll_ports: tuple[int, ...] = (80, 443)
    """Ports that may be called, as a JSON list."""
    allow_private_addresses: bool = False
    """For closed networks: feeds may be fetched from this machine and private networks. Everywhere else it opens the network's inside to whoever writes a feed (SSRF)."""
    user_agent: str = Field("newswire/0.1", pattern=r"^[\x20-\x7e]{1,200}$")
    """How fetches name themselves; say here how to reach you."""
    public_url: str | None = Field(None, pattern=r"^https?://[\x21-\x7e]{1,1000}$")
    """Where hubs (WebSub) reach this front door from outside, as in `https://news.example.org`; without it all feeds are only polled."""
    websub_key: SecretStr | None = None
    """Makes the addresses and secrets given to hubs; replicas must share it. Without one it is kept in `data_dir` (single machine)."""


class NormalizationSettings(Section):
    """Bytes in any format to articles."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(8102, ge=0, le=65535)
    """Port to listen on."""
    processes: int = Field(1, ge=1, le=64)
    """Processes that do the CPU work of one worker."""
    item_seconds: float = Field(2, gt=0)
    """Hard limit for one item, in seconds of the processor (four times as long by the clock); after it the process is killed and the item is a dead letter `extract-timeout`."""
    chunk_records: int = Field(100, ge=1)
    """Items handed to a process at once."""
    learn_lines: bool = True
    """Learn which lines a feed repeats from story to story, and leave them out; a feed can be left alone in the feeds file."""


class IndexingSettings(Section):
    """Articles to Elasticsearch."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(8103, ge=0, le=65535)
    """Port to listen on."""
    bulk_records: int = Field(500, ge=1)
    """Most documents in one bulk request."""
    bulk_bytes: int = Field(8 * MIB, ge=1)
    """Most bytes in one bulk request; below Elasticsearch's http.max_content_length."""
    remembered_articles: int = Field(200_000, ge=0)
    """Articles whose place and version the worker keeps in memory (about 300 bytes each)."""
    clock_interval_s: float = Field(1.0, gt=0, le=60)
    """How often the worker that runs the clock looks whether an embargo has ended or a story expired."""
    clusters: bool = True
    """Find near copies and give them a common `cluster_id`; without it every article stands alone."""
    cluster_window_h: float = Field(96.0, gt=0, le=744)
    """Hours between two stories beyond which they are never near copies."""
    cluster_threshold: float = Field(0.5, ge=-20, le=20)
    """How sure it must be (log-odds) that two stories say the same; higher finds fewer copies and errs less."""


class SearchSettings(Section):
    """The search API and page."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(8000, ge=0, le=65535)
    """Port to listen on."""
    reuse_port: bool = False
    """Let several replicas on one machine share the port (SO_REUSEPORT)."""
    timeout_ms: int = Field(5000, ge=1)
    """How long Elasticsearch may take for a search."""
    cursor_key: SecretStr | None = None
    """Signs cursors; replicas must share it. Without one it is derived from `data_dir` (single machine)."""


class SlicesSettings(Section):
    """Monthly index slices."""

    since: str = Field("2015-01", pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    """First month with a slice of its own; all older stories share `articles-before`."""


class LocalSettings(Section):
    """The embedded Kafka and Elasticsearch that `newswire up` and the tests start."""

    kafka_brokers: int = Field(1, ge=1, le=5)
    """Brokers; 3 for failure tests."""
    elasticsearch_nodes: int = Field(1, ge=1, le=5)
    """Nodes; 3 for failure tests."""
    kafka_port: int = Field(9092, ge=1, le=65535)
    """Port of the first broker; each further broker, and each controller, takes a free one."""
    elasticsearch_port: int = Field(9200, ge=1, le=65535)
    """HTTP port of the first node; the others take free ones."""
    kafka_heap_mb: int = Field(384, ge=128)
    """Java heap of each broker."""
    elasticsearch_heap_mb: int = Field(768, ge=256)
    """Java heap of each node."""
    start_timeout_s: float = Field(180, gt=0)
    """How long the servers may take to answer."""
    cache_dir: Path | None = None
    """Where downloads are kept; default `$XDG_CACHE_HOME/newswire`, else `~/.cache/newswire`."""


class LogSettings(Section):
    """Log lines: JSON on standard output."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level that is written."""
    format: Literal["json", "console"] = "json"
    """`console` is for people at a terminal."""


class Settings(BaseSettings):
    """All settings; read once, at the start of a command, and handed down."""

    model_config = SettingsConfigDict(
        use_attribute_docstrings=True,
        env_prefix="NEWSWIRE_",
        env_nested_delimiter="__",
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    data_dir: Path = Path(".newswire")
    """Where keys, local servers and logs live; one stack a folder."""
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
        near = get_close_matches(unknown[0].upper(), known_variables(), 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise Misconfigured(f"{unknown[0]} is not a setting of newswire; {hint}docs/settings.md lists them all")
    try:
        return Settings(**overrides)
    except SettingsError:  # it names the section at best
        lists = [name for name, field in _variables(Settings, "NEWSWIRE_") if isinstance(field.default, tuple)]
        given = [name for name in lists if name in os.environ]
        raise Misconfigured(f"{' or '.join(given)}: must be a JSON list, as in [80, 443]") from None
    except ValidationError as error:
        raise Misconfigured(_explained(error.errors(include_input=False)[0])) from None


def _explained(error: Any) -> str:
    """What is wrong, naming the variables: pydantic names fields, and it is variables that a person sets."""
    known = known_variables()
    place = [str(part) for part in error["loc"]]

    def variable(path: list[str]) -> str:
        return "NEWSWIRE_" + "__".join(path).upper()

    def named(match: re.Match[str]) -> str:
        name = variable([*place, *match[0].split(".")])
        return name if name in known else match[0]

    if "error" not in error.get("ctx", {}):
        while len(place) > 1 and variable(place) not in known:  # an entry of a list
            place.pop()
        return f"{variable(place)}: {error['msg']}"
    return _NAMES.sub(named, str(error["ctx"]["error"]))


def _variables(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _variables(field.annotation, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", field


def known_variables() -> set[str]:
    """Every environment variable that is a setting, `_FILE` twins included."""
    names: set[str] = set()
    for name, field in _variables(Settings, "NEWSWIRE_"):
        names.add(name)
        if "SecretStr" in str(field.annotation):
            names.add(f"{name}_FILE")
    return names


OUTSIDE = {"NEWSWIRE_CORPORA"}
"""Variables with our prefix that are no settings: where the tests find sample material."""


def unknown_variables(environ: Any) -> list[str]:
    """Variables with our prefix that mean nothing: most likely typing errors."""
    known = known_variables() | OUTSIDE
    return sorted(name for name in environ if name.startswith("NEWSWIRE_") and name.upper() not in known)
