"""Reaching the brokers by aiokafka: addresses and credentials, its errors in our terms, its log kept calm."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Coroutine
from typing import Any

from aiokafka import errors as kafka

from shared.backoff import Backoff, Tries
from shared.errors import Misconfigured, NewswireError, TooLarge, Unavailable
from shared.log import get_logger
from shared.settings import Settings

CLOSE_S = 5.0
"""What closing a client may take; a broker may be away."""

_UNAUTHORISED = (
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
    kafka.AuthenticationFailedError,
    kafka.SaslAuthenticationFailed,
    kafka.UnsupportedSaslMechanismError,
)

_log = get_logger()


def connection(settings: Settings) -> dict[str, Any]:
    """What every aiokafka client needs to reach the brokers."""
    _calm_aiokafka()
    given = settings.kafka
    connection: dict[str, Any] = {
        "bootstrap_servers": given.bootstrap_servers,
        "security_protocol": given.security_protocol,
        "request_timeout_ms": round(given.request_timeout_s * 1000),
    }
    if "SSL" in given.security_protocol:
        connection["ssl_context"] = ssl.create_default_context(cafile=given.ca_file)
    if given.security_protocol.startswith("SASL"):
        connection |= {
            "sasl_mechanism": given.sasl_mechanism,
            "sasl_plain_username": given.username,
            "sasl_plain_password": given.password.get_secret_value() if given.password else None,
        }
    return connection


class _Calm(logging.Handler):
    """Passes on each kind of aiokafka's warnings at most once a minute: in an outage it writes hundreds a second."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        kind = (record.name, str(record.msg))
        now = time.monotonic()
        if now - self._last.get(kind, -60.0) >= 60.0:
            self._last[kind] = now
            _log.warning("kafka client", said=record.getMessage(), by=record.name)


def _calm_aiokafka() -> None:
    logger = logging.getLogger("aiokafka")
    if not any(isinstance(handler, _Calm) for handler in logger.handlers):
        logger.addHandler(_Calm())
        logger.propagate = False


def explained(error: BaseException) -> NewswireError:
    """Aiokafka's error in our terms."""
    if isinstance(error, _UNAUTHORISED):
        return Misconfigured(f"Kafka refuses the credentials: {type(error).__name__}; see NEWSWIRE_KAFKA__USERNAME")
    if isinstance(error, kafka.MessageSizeTooLargeError | kafka.RecordListTooLargeError):
        return TooLarge("Kafka's own limit for the topic is below the settings' (sizes.*)")
    return Unavailable(f"Kafka: {type(error).__name__}")


async def ends_well(closing: Coroutine[Any, Any, None], timeout_s: float = CLOSE_S) -> bool:
    """Whether a client's stop ended in time and without an error.

    A task of its own: aiokafka's stop can wait for ever, and can end by a cancellation that nobody asked for.
    """
    task = asyncio.create_task(closing)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=1.0)
    return task.done() and not task.cancelled() and task.exception() is None


class Waiting:
    """Waits between tries to reach a broker, and says so once."""

    def __init__(self, what: str, where: str) -> None:
        self._what = what
        self._where = where
        self._backoff = Tries(Backoff(cap_s=5.0))
        self._said: str | None = None

    async def pause(self, error: BaseException) -> None:
        """Log a new reason, then sleep."""
        why = str(error) if isinstance(error, NewswireError) else type(error).__name__
        if why != self._said:
            self._said = why
            _log.warning("waiting for Kafka", what=self._what, why=why, at=self._where)
        await asyncio.sleep(self._backoff.next())

    def over(self) -> None:
        """It worked."""
        if self._said is not None:
            _log.info("Kafka is back", what=self._what)
