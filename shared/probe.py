"""`python -m shared.probe URL`: exit 0 if the address answers 200. The health check of containers without curl."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request


def main(arguments: list[str]) -> int:
    """0 if the one address in `arguments` answers 200 within 4 seconds, else 1."""
    if len(arguments) != 1 or not arguments[0].startswith("http://"):
        sys.stderr.write("usage: python -m shared.probe http://HOST:PORT/readyz\n")
        return 2
    try:
        with urllib.request.urlopen(arguments[0], timeout=4) as answer:  # noqa: S310  # the scheme is checked above
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
