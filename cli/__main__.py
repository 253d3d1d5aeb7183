"""`python -m cli` is the `newswire` command."""

from cli.main import main

main()
