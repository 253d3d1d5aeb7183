"""fetch_pages: the address of a page is written by whoever writes the feed, and never leads inside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.ingestion.polling.fetch import Fetcher
from services.ingestion.polling.hosts import Hosts
from services.ingestion.polling.pages import NoPage, Pages
from services.ingestion.polling.seen import pair_of
from tests.integration.site import Answer, Site, site
from tests.integration.test_fetch import POLICY, inside, to_loopback

PAIR = pair_of("entry", b"")
HTML = {"Content-Type": "text/html"}


async def page(fetcher: Fetcher, link: str) -> object:
    pages = Pages(fetcher, Hosts(0, lambda: 0.0), lambda: 0.0)
    try:
        return await pages.page(link, PAIR)
    finally:
        await fetcher.stop()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
     "[2002:7f00:1::]", "localhost"],
)  # fmt: skip
async def test_loopback_however_it_is_written(host: str):
    async with site() as server:
        server.pages["/a"] = lambda _: Answer(b"<p>secret</p>", headers=HTML)
        found = await page(Fetcher(replace(POLICY, ports={server.port})), f"http://{host}:{server.port}/a")
        assert isinstance(found, NoPage)
        assert server.requests == [], "not even its robots.txt"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "fe80::1%eth0", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:7f00:1"],
)
async def test_a_name_that_leads_inside(address: str):
    async with site() as server:
        fetcher = Fetcher(replace(POLICY, ports={server.port}), resolve=to_loopback([address]))
        found = await page(fetcher, f"http://paper.example.org:{server.port}/a")
        assert isinstance(found, NoPage)
        assert server.requests == []


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://169.254.169.254/latest/", "file:///etc/passwd", "http://[::1]/"]
)
async def test_a_page_that_sends_us_inside(target: str):
    async with site() as server:
        server.pages["/a"] = lambda _: Answer(status=302, headers={"Location": target})
        fetcher = outside(server, ["127.0.0.1"])
        found = await page(fetcher, f"http://paper.example.org:{server.port}/a")
        assert found == NoPage("blocked-address", for_good=True)
        assert [request.path for request in server.requests] == ["/robots.txt", "/a"]


async def test_a_name_that_turns_inside_between_robots_and_page():
    """Rebinding: public for robots.txt, which closes its connection, and inside for the page."""
    async with site() as server:
        server.pages["/robots.txt"] = lambda _: Answer(b"", headers={"Connection": "close"})
        server.pages["/a"] = lambda _: Answer(b"<p>secret</p>", headers=HTML)
        fetcher = outside(server, ["127.0.0.1"], ["10.0.0.1"])
        found = await page(fetcher, f"http://paper.example.org:{server.port}/a")
        assert isinstance(found, NoPage)
        assert found.code == "blocked-address"
        assert [request.path for request in server.requests] == ["/robots.txt"]


def outside(server: Site, *answers: list[str]) -> Fetcher:
    """A fetcher to which this one loopback address, of the site, is a public server's; all other rules hold."""
    policy = replace(inside(server), allow_private=False)
    fetcher = Fetcher(policy, resolve=to_loopback(*answers))
    fetcher._pool._network_backend._policy = _Loopback(policy)
    return fetcher


class _Loopback:
    def __init__(self, policy) -> None:
        self._policy = policy

    def refusal_of_address(self, address):
        return None if str(address) == "127.0.0.1" else self._policy.refusal_of_address(address)
