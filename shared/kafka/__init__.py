"""The consumer runtime and the ports to Kafka; `client.py` alone knows aiokafka."""
