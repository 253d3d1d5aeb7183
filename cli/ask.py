"""Asking the services of this machine over HTTP, whatever proxy the environment names."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url: str, timeout_s: float) -> tuple[int, bytes]:
    """Status and body of an address; status 0 and the reason if nobody answers."""
    try:
        with _direct.open(url, timeout=timeout_s) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return 0, str(getattr(reason, "strerror", None) or reason).lower().encode()
