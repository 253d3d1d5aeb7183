"""The real cases of wires that get a life wrong elsewhere, as samples of our own: what a provider sends, in its order."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import orjson

WIRE = Path(__file__).parents[1] / "fixtures" / "wire"


class Sent(NamedTuple):
    """A push: its bytes and the type that they come under."""

    value: bytes
    type: str | None = None


def g2(mark: str, version: int, status: str, times: tuple[str, str], body: str, *, more: str = "") -> Sent:
    """A Reuters-like NewsML-G2 message; `times` are its version's and its first, `body` is the inside of its XHTML body."""
    created, first = times
    words = len(body.split()) if status == "usable" else 0
    return Sent(
        f"""<?xml version="1.0" encoding="utf-8"?>
<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/" xmlns:x="http://www.w3.org/1999/xhtml">
<header><sent>{created}</sent></header><itemSet>
<newsItem guid="tag:norwire.example,2026:{mark}" version="{version}" xml:lang="en"><itemMeta>
<itemClass qcode="icls:text"/><provider literal="norwire.example"/>
<versionCreated>{created}</versionCreated><firstCreated>{first}</firstCreated>{more}
<pubStatus qcode="stat:{status}"/></itemMeta>
<contentMeta><urgency>2</urgency><slugline separator="-">NORWAY-FERRY/</slugline><headline>Fire on ferry {mark}</headline></contentMeta>
<contentSet><inlineXML contenttype="application/xhtml+html" wordcount="{words}"><x:html><x:head><x:title/></x:head>
<x:body>{body}</x:body></x:html></inlineXML></contentSet></newsItem></itemSet></newsMessage>""".encode(),
        "application/xml",
    )


def reuters(mark: str) -> tuple[Sent, Sent]:
    """A story and its kill: canceled, no words, an empty paragraph, the headline as it was, the first time its own."""
    story = g2(
        mark,
        1542761000,
        "usable",
        ("2026-02-07T16:00:00Z", "2026-02-07T15:58:00Z"),
        f"<x:p>Smoke rose over {mark}.</x:p>",
    )
    kill = g2(mark, 1542761538, "canceled", ("2026-02-07T17:59:58Z", "2026-02-07T17:59:58Z"), "<x:p/>")
    return story, kill


def stt(mark: str, version: int, created: str, words: str) -> Sent:
    """A G2 item whose version was made before the item was, by its own word."""
    return g2(mark, version, "usable", (created, "2026-02-07T11:12:24Z"), f"<x:p>{words} {mark}.</x:p>")


def nitf(mark: str, docdata: str, name: str, inside: str = "") -> Sent:
    """An NITF document; `docdata` are attributes of that element, `inside` more of its children."""
    return Sent(
        f"""<?xml version="1.0"?><nitf><head><title>Tides {mark}</title><docdata {docdata}><doc-id id-string="{name}"/>
<date.issue norm="20260207T180000+0100"/>{inside}</docdata></head><body><body.head><hedline><hl1>Tides {mark}</hl1></hedline></body.head>
<body.content><p>High water at {mark} is at noon.</p></body.content></body></nitf>""".encode(),
        "application/xml",
    )


def ninjs(mark: str, version: int | str = 1, **more: Any) -> Sent:
    """A ninjs item; `version` as it stands in the JSON, which wires write as a number or as text."""
    item = {
        "uri": f"urn:x:{mark}", "type": "text", "version": version, "pubstatus": "usable", "language": "en",
        "headline": f"Quay {mark}", "body_text": f"The quay of {mark} opened, version {version}.",
    }  # fmt: skip
    return Sent(orjson.dumps(item | more), "application/json")


def dpa(mark: str) -> tuple[Sent, Sent]:
    """Item 157 of a service in IPTC 7901, and the message of that day that asks to kill it."""
    kill = (WIRE / "iptc_7901" / "dpa_kill.txt").read_bytes()
    start, end = kill.index(b"\x02"), kill.index(b"\x03")
    text = (
        b"\x02Whale swims up canal =\r\n\r\nSolvik (dpa) - A whale swam up the canal to %s.\r\n\r\ndpa iso\r\n"
        % mark.encode()
    )
    story = (kill[:start] + text + kill[end:]).replace(b"eca0059 2 i 33  dpa 0163", b"eca0051 3 i 12  dpa 0157")
    return Sent(story.replace(b"081502 GMT", b"081130 GMT")), Sent(kill)


def anpa(mark: str) -> tuple[Sent, Sent]:
    """Story a0577 in ANPA 1312, and the bulletin that kills it."""
    kill = (WIRE / "anpa_1312" / "ap_kill.txt").read_bytes()
    start, end = kill.index(b"^EDITORS"), kill.index(b"\x03AP-WF") if b"\x03AP-WF" in kill else kill.index(b"AP-WF") - 2
    text = b"^Whale swims up canal<\r\n\t   SOLVIK (AP) _ A whale swam up the canal to %s.\r\n\r\n\t   " % mark.encode()
    story = (kill[:start] + text + kill[end:]).replace(b"a0601", b"a0577")
    return Sent(
        story.replace(b"BC-Whale, KILL ", b"BC-Whale       ").replace(b"BC-Whale, BULLETIN KILL", b"BC-Whale")
    ), Sent(kill)
