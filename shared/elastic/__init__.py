"""All that newswire knows of Elasticsearch: client, indices, the outcome table, and the bulk writer."""
