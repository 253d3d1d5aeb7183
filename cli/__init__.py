"""The `newswire` command."""
