"""Bytes in any format to articles: decode, extract, clean, date, fingerprint."""
