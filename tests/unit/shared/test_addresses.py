"""SSRF: what must never be called, in every spelling, and what must stay reachable."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.addresses import literal, refusal_of_address, refusal_of_url

NEVER = [
    "169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::", "255.255.255.255", "240.0.0.1", "0.1.2.3",  # noqa: S104 - nothing listens there
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "fec0::1", "64:ff9b:1::1", "192.88.99.1", "::169.254.169.254",
]  # fmt: skip
INSIDE = [
    "127.0.0.1", "127.8.8.8", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:c0a8:101::1", "::127.0.0.1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("text", NEVER)
def test_addresses_that_nothing_opens(text):
    assert refusal_of_address(ip_address(text))
    assert refusal_of_address(ip_address(text), allow_private=True)


@pytest.mark.parametrize("text", INSIDE)
def test_the_inside_of_a_network_opens_only_by_the_setting(text):
    assert refusal_of_address(ip_address(text))
    assert refusal_of_address(ip_address(text), allow_private=True) is None


@pytest.mark.parametrize("text", OUTSIDE)
def test_public_addresses_are_called(text):
    assert refusal_of_address(ip_address(text)) is None


@given(st.ip_addresses(v=4))
def test_ipv4_in_ipv6_is_judged_as_ipv4(inner):
    number = int(inner)
    wrapped = [
        f"::ffff:{inner}",
        f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}",
        f"2002:{number >> 16:x}:{number & 0xFFFF:x}::5",
    ]
    for one in wrapped:
        assert bool(refusal_of_address(ip_address(one))) == bool(refusal_of_address(inner))


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://0x7f.1/", "http://[::1]/",
        "http://[::ffff:7f00:1]/", "http://127.0.0.1./", "http://localhost/", "http://LOCALHOST./", "http://a.localhost/",
        "http://metadata.google.internal/", "http://printer.local/", "http://intranet/", "http://10.1/",
        "http://127\uff0e0.0.1/", "http://\u2460\u2461\u2466.0.0.1/",
    ],
)  # fmt: skip
def test_every_spelling_of_the_inside_is_refused_as_text(url):
    assert refusal_of_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/", "example.org", "", "http://",
        "http://user:pass@example.org/", "http://user@example.org/", "http://example.org:22/", "http://example.org:99999/", "http://example.org:0/",
        "http://exa mple.org/", "http://example.org/\r\nX: y", "http://[::1", "javascript:alert(1)", "http://example.org/" + "a" * 3000,
        "http://127.0.0.1:80@example.org/",
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused(url):
    assert refusal_of_url(url)
    assert refusal_of_url(url, allow_private=True)


@pytest.mark.parametrize(
    "url",
    ["https://example.org/feed?x=1", "http://example.org:80/", "https://ειδήσεις.gr/rss", "http://93.184.216.34/"],
)
def test_web_addresses_pass(url):
    assert refusal_of_url(url) is None


def test_further_ports_are_named():
    assert refusal_of_url("http://example.org:8080/", ports={80, 443, 8080}) is None


@example("0\x00")
@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text):
    refusal_of_url("http://" + text)
    literal(text)
