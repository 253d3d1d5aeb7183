"""Addresses that only we can have given out, and signatures that only their hub can have made."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.websub.names import METHODS, Names, is_signed

NAMES = Names(b"k" * 32)
HUB, TOPIC = "https://hub.example.org/", "https://example.org/feed"
FEEDS = st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,20}\Z")


@given(FEEDS, st.text(), st.text())
def test_a_token_is_ours_for_its_feed_and_always_the_same(feed: str, hub: str, topic: str):
    token = NAMES.token(feed, hub, topic)
    assert token == NAMES.token(feed, hub, topic)
    assert NAMES.is_ours(feed, token)
    assert not Names(b"another key").is_ours(feed, token)
    assert not NAMES.is_ours(f"{feed}x", token)


@given(st.text(max_size=80) | st.from_regex(r"\A[0-9a-f]{56}\Z"))
def test_a_guess_is_nobodys(guess: str):
    assert not NAMES.is_ours("afp", guess)


@given(st.integers(0, 55), st.sampled_from("0123456789abcdef"))
def test_a_token_changed_anywhere_is_nobodys(place: int, digit: str):
    token = NAMES.token("afp", HUB, TOPIC)
    changed = token[:place] + digit + token[place + 1 :]
    assert NAMES.is_ours("afp", changed) == (changed == token)


def test_each_subscription_has_a_token_and_a_secret_of_its_own():
    three = [
        ("a", HUB, TOPIC),
        ("b", HUB, TOPIC),
        ("a", HUB, TOPIC + "2"),
        ("a", HUB + TOPIC, ""),
        ("aH", HUB[1:], TOPIC),
    ]
    tokens = [NAMES.token(*one) for one in three]
    secrets = [NAMES.secret(one[0], token) for one, token in zip(three, tokens, strict=True)]
    assert len({*tokens, *secrets}) == 10
    assert all(len(secret) < 200 for secret in secrets)
    assert not any(token[:24] in secret for token in tokens for secret in secrets)


@given(st.binary(max_size=200), st.sampled_from(sorted(METHODS)), st.text("0123456789abcdef", min_size=1, max_size=64))
def test_the_signature_of_the_very_bytes_is_good_and_no_other(body: bytes, method: str, secret: str):
    digest = hmac.new(secret.encode(), body, method).hexdigest()
    assert is_signed(f"{method}={digest}", secret, body)
    assert is_signed(f" {method} = {digest.upper()} ", secret, body)
    assert not is_signed(f"{method}={digest}", secret, body + b"\n")
    assert not is_signed(f"{method}={digest}", secret + "x", body)
    assert not is_signed(f"{method}={digest[:-1]}", secret, body)
    assert not is_signed(f"{method}={hashlib.new(method, body).hexdigest()}", secret, body)


@given(st.text(max_size=300))
def test_no_header_raises(text: str):
    assert not is_signed(text, "secret", b"body")


@pytest.mark.parametrize("method", ["md5", "sha3_256", "blake2b", "sha224", "shake_128", "SHA256", ""])
def test_methods_that_websub_does_not_name_are_none(method: str):
    try:
        digest = hmac.new(b"secret", b"body", method.lower()).hexdigest()
    except (ValueError, TypeError):
        digest = "0" * 64
    assert not is_signed(f"{method}={digest}", "secret", b"body")
