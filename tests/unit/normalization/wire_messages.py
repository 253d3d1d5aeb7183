"""Messages of text wires around what a test is about, made up: ANPA 1312 and IPTC 7901, with their day and time of sending."""

from __future__ import annotations


def anpa(number: str, keyword: str, text: str, *, sent: str = "10-08-24 1250GMT", tag: str = "") -> bytes:
    """A message of service letter and `number` ('a0577'); `tag` is the version that its keyword line tells ('1st Ld')."""
    version = f" {tag.replace(' ', '')}" if tag else ""
    line = f"{keyword}, {tag},50" if tag else f"{keyword},50"
    frame = (
        f"\x16\x16\x01{number}\x1f-----\nr a\x13\x11 {keyword}{version}   {sent[:5]} 0050\n"
        f"\x02^{line}<\n^Ferry runs aground<\n\t HARBOUR (AP) _ {text}\n\t   \x03AP-WF-{sent}<\n\n\x0c\n\x04"
    )
    return frame.replace("\n", "\r\n").encode("latin-1")


def iptc(number: int, slug: str, text: str, *, sent: str = "081412 GMT Oct 24", mark: str = "") -> bytes:
    """dpa's item `number`; `mark` is a line of its own before the headline ('Zusammenfassung')."""
    head = f"{mark}\r\n" if mark else ""
    return (
        f"\x01eca{number:04d} 3 i 145  dpa {number:04d}\r\n\r\n{slug}\r\n\x02{head}Fähre auf Grund =\r\n"
        f"Hamburg (dpa) - {text}\r\n\x03{sent}\r\n\x7f\x04"
    ).encode("cp1252")
