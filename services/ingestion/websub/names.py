"""What only we can make: the addresses that hubs call, and the secrets that they sign with. Pure.

Both come from one key that all replicas share, so each can check what comes in for a subscription that another asked for,
without looking anything up. A token names one subscription (feed, hub, topic) and proves that we gave it out.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

PATH: Final = "/v1/websub/"
"""Under it, feed and token: the address that a hub calls."""
MAX_SIGNATURE: Final = 512
METHODS: Final = frozenset({"sha1", "sha256", "sha384", "sha512"})
"""Of `X-Hub-Signature` (WebSub, section 7.1)."""

_NONCE: Final = 24
_TOKEN = re.compile(r"[0-9a-f]{56}", re.ASCII)
_SIGNATURE = re.compile(r"\s*([a-z0-9]{1,16})\s*=\s*([0-9a-fA-F]{1,256})\s*", re.ASCII)


class Names:
    """Tokens and secrets of one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, feed: str, hub: str, topic: str) -> str:
        """The unguessable end of the callback's address: always the same for the same three, so asking again renews."""
        nonce = self._mac("subscription", feed, hub, topic)[:_NONCE]
        return nonce + self._proof(feed, nonce)

    def is_ours(self, feed: str, token: str) -> bool:
        """Whether that token was given out for that feed; whoever guesses learns nothing from the time it takes."""
        if not _TOKEN.fullmatch(token):
            return False
        return hmac.compare_digest(token[_NONCE:], self._proof(feed, token[:_NONCE]))

    def secret(self, feed: str, token: str) -> str:
        """`hub.secret` of that subscription: 64 characters, below the 200 that WebSub allows."""
        return self._mac("secret", feed, token)

    def _proof(self, feed: str, nonce: str) -> str:
        return self._mac("token", feed, nonce)[: 56 - _NONCE]

    def _mac(self, *parts: str) -> str:
        # Lengths before the parts: no two lists of parts are written alike.
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def is_signed(header: str, secret: str, body: bytes) -> bool:
    """Whether `X-Hub-Signature` is that of these very bytes under the secret; constant time."""
    match = _SIGNATURE.fullmatch(header[:MAX_SIGNATURE])
    if match is None or match[1] not in METHODS:
        return False
    return hmac.compare_digest(hmac.new(secret.encode(), body, match[1]).hexdigest(), match[2].lower())
