"""A service started by `newswire up`: `python -m cli.child NAME`. It ends by itself when its supervisor is gone.

Standard input is a pipe whose other end only the supervisor holds. The kernel closes that end however the supervisor
dies, kill -9 included, and the read here returns; that works on every Unix and leaves no moment uncovered.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time

GRACE_S = 5.0
"""Time for a clean stop once the supervisor is gone; Kafka and Elasticsearch are going as well, so it is short."""


def end_with_supervisor(lifeline: int) -> None:
    """Wait for the end of the pipe `lifeline`; then stop this service, by force if it takes too long."""
    with contextlib.suppress(OSError):
        while os.read(lifeline, 64):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    with contextlib.suppress(ProcessLookupError):  # started by hand, it leads no group
        os.killpg(os.getpid(), signal.SIGKILL)  # the service and its helper processes, nothing else
    os._exit(1)


def main() -> None:
    """Take the lifeline off standard input, watch it, and become the service."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=end_with_supervisor, args=(lifeline,), daemon=True, name="lifeline").start()
    from cli.services import serve  # after the watch has begun: these imports take a while  # noqa: PLC0415

    serve(sys.argv[1])


if __name__ == "__main__":
    main()
