"""Answers queries over the alias `articles`: API and page."""
