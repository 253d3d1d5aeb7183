"""Articles to Elasticsearch: in order, once in effect, announced when readable."""
