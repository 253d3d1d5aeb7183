"""ninjs, IPTC's News in JSON, 1.x to 3.x, and its dialects (Superdesk, TT, AP's Media API, wrapped lists). One story an item.

Pictures, graphics, video, audio, composites, events and plans are no news unless they have a text of their own. Source of the
rules: IPTC's ninjs schemas 1.0 to 3.1, AP's Media API documentation.
"""

from services.normalization.formats.ninjs.document import NAME, read, read_all, sniff

__all__ = ["NAME", "read", "read_all", "sniff"]
