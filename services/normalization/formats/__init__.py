"""One file a format: bytes to story parts."""
