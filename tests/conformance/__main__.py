"""`make conformance`: per format and provider, files read and facts matched; then every fact that is not matched."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.conformance.disagreements import known as read_known
from tests.conformance.feeds import feeds_report
from tests.conformance.report import known_report, wire_report, wire_results

UNSET = "newswire: NEWSWIRE_CORPORA is not set: it names the folder of sample material (wire/ and feeds/, each with its manifest)"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="the tables alone, not each fact")
    parser.add_argument("--format", help="only this format of the manifest, as in NITF")
    options = parser.parse_args()
    named = os.environ.get("NEWSWIRE_CORPORA")
    if not named:
        print(UNSET, file=sys.stderr)
        return 2
    folder = Path(named)
    if not (folder / "wire" / "manifest.json").is_file():
        print(f"newswire: NEWSWIRE_CORPORA={folder} has no wire/manifest.json", file=sys.stderr)
        return 2
    known, details = read_known(), not options.quiet
    sound = wire_report(wire_results(folder, known, options.format), details=details)
    if options.format is None:
        sound = feeds_report(folder, known, details=details) and sound
        known_report(known)
        for rule in known.stale:
            print(f"newswire: an entry of disagreements.toml that explains nothing: {rule.files}: {rule.reason}")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
