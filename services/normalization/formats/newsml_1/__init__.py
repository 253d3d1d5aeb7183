"""NewsML 1.0 to 1.2 (IPTC, 2000 to 2003): every NewsItem, and in it every NewsComponent with a text of its own.

Sources of the rules: IPTC's functional specification of NewsML 1.2 and its schema, and what agencies make of them (roles of
their own, dates day first, ids that are missing or the same for all items).
"""

from services.normalization.formats.newsml_1.document import NAME, read, sniff

__all__ = ["NAME", "read", "sniff"]
