"""Real Kafka and Elasticsearch on this machine, from package registries alone."""
