"""robots.txt by RFC 9309."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.robots import ALLOW_ALL, DISALLOW_ALL, parse_robots

FILE = b"""\xef\xbb\xbf# a comment
User-agent: *
Disallow: /private/
Disallow: /*.pdf$
Disallow: /*?print=
Allow: /private/open
Crawl-delay: 3

User-agent: BadBot
User-agent: OtherBot/2.0
Disallow: /
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/", True), ("/private/x", False), ("/private/open/x", True), ("/a/b.pdf", False), ("/a/b.pdf?x", True),
     ("/story?print=1", False), ("/private", True), ("/%70rivate/x", False), ("/robots.txt", True)],
)  # fmt: skip
def test_the_longest_rule_decides(path, allowed):
    assert parse_robots(FILE).allows(path) is allowed


def test_our_own_group_beats_the_general_one():
    rules = parse_robots(b"user-agent: *\ndisallow: /\n\nUSER-AGENT: NewsWire/1.0 (x)\ndisallow: /only\n")
    assert rules.allows("/")
    assert not rules.allows("/only/x")


def test_groups_of_one_name_are_one():
    rules = parse_robots(
        b"user-agent: newswire\ndisallow: /a\nuser-agent: x\ndisallow: /\nuser-agent: newswire\ndisallow: /b"
    )
    assert [rules.allows(path) for path in ("/a", "/b", "/c")] == [False, False, True]


def test_allow_wins_a_tie_and_an_empty_rule_says_nothing():
    assert parse_robots(b"user-agent: *\ndisallow: /a\nallow: /a\n").allows("/a")
    assert parse_robots(b"user-agent: *\ndisallow:\n").allows("/a")
    assert parse_robots(b"disallow: /\n").allows("/a"), "a rule without a group is nobody's"


def test_delay():
    assert parse_robots(FILE).delay_s == 3
    assert parse_robots(b"user-agent: *\ncrawl-delay: 1e9\n").delay_s == 60
    assert parse_robots(b"user-agent: *\ncrawl-delay: often\n").delay_s == 0


def test_all_and_nothing():
    assert ALLOW_ALL.allows("/x")
    assert not DISALLOW_ALL.allows("/x")


@pytest.mark.parametrize("pattern", ["/a*b*c*d*e*f*g*h*i*j*k*l$", "/" + "*a" * 200 + "$"])
def test_patterns_cost_no_more_than_their_length(pattern):
    rules = parse_robots(f"user-agent: *\ndisallow: {pattern}\n".encode())
    assert rules.allows("/" + "a" * 5000 + "z")


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_file_gets_an_answer(raw, path):
    parse_robots(b"user-agent: *\n" + raw).allows("/" + path)
