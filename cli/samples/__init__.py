"""Made-up stories, ours: several languages, a correction, a page in wire style and one in HTML."""
