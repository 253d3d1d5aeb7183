"""Reaching the brokers by aiokafka: addresses and credentials, its errors in our terms, its log kept calm."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from aiokafka import errors as kafka
from aiokafka.conn import collect_hosts, create_conn

from shared.backoff import Backoff, Tries
from shared.errors import Misconfigured, NewswireError, TooLarge, Unavailable
from shared.log import get_logger
from shared.settings import Settings

CLOSE_S = 3.0
"""What closing a client may take; a broker may be away."""
ABANDON_S = 1.0
"""What closing a part of it may take, once that was in vain."""
_PROBE_S = 10.0

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
        connection["ssl_context"] = _tls(given.ca_file)
    if given.security_protocol.startswith("SASL"):
        connection |= {
            "sasl_mechanism": given.sasl_mechanism,
            "sasl_plain_username": given.username,
            "sasl_plain_password": given.password.get_secret_value() if given.password else None,
        }
    return connection


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # no such file, or no certificate in it
        why = error.strerror or type(error).__name__
        raise Misconfigured(f"NEWSWIRE_KAFKA__CA_FILE, {ca_file}: {why}") from None


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


async def unreached(error: BaseException, settings: Settings) -> NewswireError:
    """Why a client could not start, in our terms.

    aiokafka says 'unable to bootstrap' of brokers that refuse us, just as of brokers that are away. So we knock once
    more ourselves to tell the two apart: the one needs a person, the other only time.
    """
    explanation = explained(error)
    if isinstance(explanation, Misconfigured) or settings.kafka.security_protocol == "PLAINTEXT":
        return explanation
    options = connection(settings)
    for host, port, _ in collect_hosts(options.pop("bootstrap_servers")):
        try:
            async with asyncio.timeout(_PROBE_S):
                made = await create_conn(host, port, client_id="newswire-probe", **options)
        except ssl.SSLCertVerificationError as refused:
            why = f"{refused.verify_message}; see NEWSWIRE_KAFKA__CA_FILE"
            return Misconfigured(f"the certificate of Kafka at {host}:{port} is not trusted: {why}")
        except _UNAUTHORISED as refused:
            return explained(refused)
        except (kafka.KafkaError, OSError):  # a time-out is an OSError
            continue
        else:
            made.close()
            break
    return explanation


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
