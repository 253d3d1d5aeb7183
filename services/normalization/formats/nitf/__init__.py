"""NITF 3.x (IPTC News Industry Text Format), with or without its DTD, alone or inside another format's item.

Sources of the rules: the documentation in IPTC's NITF 3.6 schema, and what agencies make of it (vendor `meta` elements,
dates with and without zones, set tables).
"""

from services.normalization.formats.nitf.document import NAME, read, read_nitf, sniff

__all__ = ["NAME", "read", "read_nitf", "sniff"]
