"""Places where the fault tests may kill a service: `NEWSWIRE_FAILPOINT=name` or `name:n` (the n-th time).

Without the variable a fail point costs one comparison. The names stand where they are used; `tests/faults` lists them.
"""

from __future__ import annotations

import itertools
import os
import signal

_name, _, _count = os.environ.get("NEWSWIRE_FAILPOINT", "").partition(":")
_hits = itertools.count(1)
_fatal_hit = int(_count) if _count.isdigit() else 1


def failpoint(name: str) -> None:
    """Die here by SIGKILL, if the environment says so: no clean-up, as in a power cut."""
    if name == _name and next(_hits) == _fatal_hit:
        os.kill(os.getpid(), signal.SIGKILL)
