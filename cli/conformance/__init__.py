"""`newswire conformance`: what newswire understood of a file, item by item and field by field, without any server."""
