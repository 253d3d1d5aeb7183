"""Polling: fetching, splitting a feed into entries, telling what is new, and when to ask again."""
