"""NewsML-G2 (IPTC): news items alone, in messages, and with packages. A document is read to one story per text item.

Packages, pictures without text, concepts, catalogs, knowledge and planning items are no news: a document of nothing else is
refused as `not-news`; beside news they give what they have for it (pictures, references). Source of the rules: the NewsML-G2
2.35 schema and its implementation guide.
"""

from services.normalization.formats.newsml_g2.document import NAME, read, read_all, sniff

__all__ = ["NAME", "read", "read_all", "sniff"]
