"""One file a format: bytes to story parts. `registry` tells which one reads what.

A format is a module with `NAME`, `sniff(head, content_type) -> confidence` (0 to 1) and `read(raw) -> list[StoryParts]`,
named in `registry.FORMATS`. It refuses what it cannot read and concludes nothing.
"""
