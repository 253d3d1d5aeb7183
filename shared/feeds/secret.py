"""Signing secrets as Standard Webhooks writes them: `whsec_` and 24 to 64 random bytes in base64. Pure.

Unlike a key's hash, a secret must be kept as it is to check a signature: so it stands in a file of its own, not among the
rules.
"""

from __future__ import annotations

import base64
import secrets
from typing import Final

PREFIX: Final = "whsec_"
MIN_BYTES: Final = 24
MAX_BYTES: Final = 64


def new_secret() -> str:
    """A fresh secret of 32 bytes, to be given to its sender."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def parse_secret(text: str) -> bytes:
    """The bytes of a written secret.

    Raises:
        ValueError: it is none; the message does not repeat it.
    """
    try:
        secret = base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except ValueError:  # no base64, or not even ASCII
        raise ValueError(f"a signing secret is {PREFIX} and base64") from None
    if not MIN_BYTES <= len(secret) <= MAX_BYTES:
        raise ValueError(f"a signing secret has {MIN_BYTES} to {MAX_BYTES} bytes")
    return secret
