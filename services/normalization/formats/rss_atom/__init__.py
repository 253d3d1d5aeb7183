"""RSS 0.9x, 1.0 (RDF) and 2.0, Atom 0.3 and 1.0, CDF: one story an entry.

Well-formed feeds are read from the XML tree, in a tenth of the time; what is not well-formed goes to feedparser, which reads
anything, as bytes: newswire fetches, feedparser never does. Both make the same model of an entry (`model`).
"""

from services.normalization.formats.rss_atom.document import confidence, read, read_all
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory

__all__ = ["ATOM", "RSS", "FeedFormat", "read", "read_all"]


class FeedFormat:
    """One of the two under the name that feeds' settings have for it; each reads the other's documents too."""

    def __init__(self, name: str) -> None:
        self.NAME = name

    def sniff(self, head: bytes, content_type: str | None) -> float:
        """How sure it is, by the first bytes and the bare content type."""
        return confidence(self.NAME, head, content_type)

    def read(self, raw: RawStory) -> list[StoryParts]:
        """See `document.read`."""
        return read(raw)

    def read_all(self, raw: RawStory) -> list[StoryParts]:
        """See `document.read_all`."""
        return read_all(raw)


RSS = FeedFormat("rss")
"""RSS of every version, RDF and CDF."""
ATOM = FeedFormat("atom")
