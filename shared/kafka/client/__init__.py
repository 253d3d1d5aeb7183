"""Kafka by aiokafka, behind the ports; nothing outside this package knows aiokafka.

Its defaults that lose or repeat records are all overridden here: automatic commits, reading from the latest offset,
acks=1, no idempotence, the 10 s rebalance time-out, reading of aborted transactions.
"""

from shared.kafka.client.admin import TopicsAdmin
from shared.kafka.client.publisher import AiokafkaPublisher
from shared.kafka.client.reader import AiokafkaReader
from shared.kafka.client.source import AiokafkaSource

__all__ = ["AiokafkaPublisher", "AiokafkaReader", "AiokafkaSource", "TopicsAdmin"]
