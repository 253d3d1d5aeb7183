"""`newswire audit`: proof over the whole index that nothing is lost, doubled or shown that must not be."""
