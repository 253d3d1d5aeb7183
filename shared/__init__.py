"""What every newswire service stands on: events, ids, settings, Kafka, Elasticsearch, logs, metrics.

Nothing here knows a service; import-linter holds that.
"""

__version__ = "0.1.0"
