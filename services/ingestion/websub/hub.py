"""Asking a hub: one POST, under the same policy as every fetch, and what became of it."""

from __future__ import annotations

from urllib.parse import urlencode

from services.ingestion.polling.fetch import Fetcher, FetchFailed
from services.ingestion.polling.schedule import retry_after_s
from services.ingestion.websub.subscription import Mode, Subscription
from shared.events import now
from shared.log import get_logger

_log = get_logger()


async def ask_hub(
    fetcher: Fetcher, mode: Mode, subscription: Subscription, *, callback: str, secret: str | None, lease_s: float
) -> str | None:
    """Ask the subscription's hub; None if it took the request (it calls back later), else why not, a bounded code."""
    form = {"hub.mode": mode.value, "hub.topic": subscription.topic, "hub.callback": callback}
    if mode is Mode.SUBSCRIBE:
        form["hub.lease_seconds"] = str(round(lease_s))
        if secret is not None:
            form["hub.secret"] = secret
    # PubSubHubbub 0.3 hubs want to be told how to verify; later ones pass over what they do not know.
    form["hub.verify"] = "async"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}
    try:
        answer = await fetcher.post(subscription.hub, urlencode(form).encode(), headers)
    except FetchFailed as failed:
        return failed.code
    if 200 <= answer.status < 300:
        return None
    wish = retry_after_s(answer.headers.get("retry-after"), now())
    _log.info("hub did not take a request", status=answer.status, retry_after_s=wish)
    return f"http-{answer.status}"
