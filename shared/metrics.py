"""Every metric of newswire, once, with the sentence an operator needs. Labels are bounded codes, never ids or text."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_AGES = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400)

# The front door and the search API.
HTTP_REQUESTS = Counter(
    "newswire_http_requests",
    "Requests by route, method and status; many 5xx: look at Kafka or Elasticsearch",
    ["route", "method", "status"],
    registry=REGISTRY,
)
HTTP_SECONDS = Histogram(
    "newswire_http_request_seconds",
    "Time to answer a request, by route",
    ["route"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
HTTP_IN_FLIGHT_BYTES = Gauge(
    "newswire_http_in_flight_bytes", "Bytes of bodies held right now; near the limit senders get 503", registry=REGISTRY
)
STORIES = Counter(
    "newswire_stories",
    "Items at the front door by outcome (accepted, refused, duplicate, unavailable)",
    ["outcome"],
    registry=REGISTRY,
)
PROBLEMS = Counter(
    "newswire_problems", "Refusals by problem code: tells which mistake senders make", ["code"], registry=REGISTRY
)

# Polled feeds.
POLLS = Counter(
    "newswire_polls",
    "Polls by outcome (new, nothing-new, not-modified, failed, gone); failures by feed are in the log",
    ["outcome"],
    registry=REGISTRY,
)
POLLED_FEEDS = Gauge("newswire_polled_feeds", "Feeds that this replica polls", registry=REGISTRY)
FAILING_FEEDS = Gauge(
    "newswire_polled_feeds_failing",
    "Feeds of this replica whose last three polls failed: the log names them and says why",
    registry=REGISTRY,
)
POLL_DELAY = Gauge(
    "newswire_poll_delay_seconds",
    "How late the most overdue feed of this replica is; growing: raise poll_concurrency or add replicas",
    registry=REGISTRY,
)

WEBSUB = Counter(
    "newswire_websub",
    "What hubs do (verified, denied, ping, unsigned, bad-signature, refused, ignored, not-taken): many bad-signature: someone forges",
    ["outcome"],
    registry=REGISTRY,
)
WEBSUB_LEASES = Gauge(
    "newswire_websub_leases", "Feeds of this replica whose hub sends their news at once", registry=REGISTRY
)

DROP_FILES = Counter(
    "newswire_drop_files",
    "Files of drop folders by feed and end (done, refused); refused ones have their reason beside them",
    ["feed", "outcome"],
    registry=REGISTRY,
)

# The consumer runtime, by topic.
RECORDS = Counter(
    "newswire_records",
    "Records taken from Kafka by topic and outcome (done, dead-letter, dropped-on-revoke)",
    ["topic", "outcome"],
    registry=REGISTRY,
)
BATCH_RECORDS = Histogram(
    "newswire_batch_records",
    "Records in a batch; always few under load: raise runtime.batch_busy_wait_ms",
    buckets=(1, 5, 10, 50, 100, 250, 500, 1000, 2500),
    registry=REGISTRY,
)
HANDLE_SECONDS = Histogram(
    "newswire_handle_seconds",
    "Time to handle a batch up to the sink's acknowledgement",
    buckets=_SECONDS,
    registry=REGISTRY,
)
IN_FLIGHT_BYTES = Gauge(
    "newswire_in_flight_bytes",
    "Bytes fetched and not yet acknowledged; at the limit fetching pauses",
    registry=REGISTRY,
)
PAUSED = Gauge(
    "newswire_paused_partitions", "Partitions paused for lack of room or because the sink is away", registry=REGISTRY
)
ASSIGNED = Gauge(
    "newswire_assigned_partitions",
    "Partitions this worker owns; 0 is fine when there are more workers than partitions",
    registry=REGISTRY,
)
LAG = Gauge(
    "newswire_consumer_lag_records",
    "Records waiting, by topic and partition; growing: add workers",
    ["topic", "partition"],
    registry=REGISTRY,
)
COMMITS = Counter("newswire_commits", "Offset commits by result (ok, failed, lost)", ["result"], registry=REGISTRY)
REBALANCES = Counter(
    "newswire_rebalances",
    "Times partitions were taken away or given; more than 6 in 10 minutes: a worker flaps",
    registry=REGISTRY,
)
DRAIN_SECONDS = Histogram(
    "newswire_rebalance_drain_seconds",
    "Time to finish what was in flight when partitions were taken away",
    buckets=_SECONDS,
    registry=REGISTRY,
)
LAST_POLL = Gauge(
    "newswire_last_poll_timestamp_seconds",
    "When the worker last asked Kafka for records; old: it is stuck",
    registry=REGISTRY,
)
HALTED = Gauge(
    "newswire_halted",
    "1 while the worker waits for a person (credentials, missing index, too many failures)",
    registry=REGISTRY,
)
RETRIES = Counter("newswire_retries", "Retries by operation and reason", ["operation", "reason"], registry=REGISTRY)
DEAD_LETTERS = Counter(
    "newswire_dead_letters",
    "Records kept as dead letters by stage and class: newswire dead-letters list",
    ["stage", "reason"],
    registry=REGISTRY,
)

KILLS_UNMATCHED = Counter(
    "newswire_kills_unmatched",
    "Kills and holds whose story was not found (unseen: held back before it comes; ambiguous: nothing was taken back): alert on any, "
    "and have a person look with newswire dead-letters list --class kill-unmatched",
    ["why"],
    registry=REGISTRY,
)

ORDERS = Counter(
    "newswire_orders",
    "Orders to articles by order and what came of it (an operator's withhold, release, kill, erase; replaced; due)",
    ["order", "outcome"],
    registry=REGISTRY,
)

# What became of the stories.
STAGE_AGE = Histogram(
    "newswire_stage_age_seconds",
    "Age of a story (since the front door took it) when a stage is done with it",
    ["stage"],
    buckets=_AGES,
    registry=REGISTRY,
)
ARTICLES = Counter(
    "newswire_articles",
    "Article versions by what they did (created, updated, killed, duplicate, stale, …)",
    ["change"],
    registry=REGISTRY,
)
CLUSTERED = Counter(
    "newswire_clustered",
    "Articles by what looking for near copies did with them (joined, told, moved, outdated)",
    ["outcome"],
    registry=REGISTRY,
)
BULK_ITEMS = Counter(
    "newswire_elastic_bulk_items",
    "Bulk items by outcome (ok, stale, retry, poison, halt)",
    ["outcome"],
    registry=REGISTRY,
)
BULK_SECONDS = Histogram(
    "newswire_elastic_bulk_seconds", "Time of one bulk request", buckets=_SECONDS, registry=REGISTRY
)
ITEM_SECONDS = Histogram(
    "newswire_normalize_item_seconds",
    "Time to normalize one item, by format",
    ["format"],
    buckets=(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5, 10),
    registry=REGISTRY,
)
SEARCHES = Counter(
    "newswire_searches",
    "Searches by outcome (ok, partial, refused, unavailable, error)",
    ["outcome"],
    registry=REGISTRY,
)


def exposition() -> tuple[bytes, str]:
    """All metrics in Prometheus' text format, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
