"""XML may name addresses: none is ever connected to (a real listener would see it, whatever libxml2 uses)."""

from __future__ import annotations

import socket

import pytest

from services.normalization.xml import parse_xml
from shared.errors import Refused


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE nitf SYSTEM '{address}'><nitf>a&nbsp;b&unheard;</nitf>",
        "<!DOCTYPE nitf PUBLIC '-//X//DTD X//EN' '{address}' [<!ELEMENT nitf ANY>]><nitf/>",
        "<!DOCTYPE n [<!ENTITY % nitf SYSTEM '{address}'> %nitf; ]><n>&nbsp;</n>",
        "<!DOCTYPE n [<!ENTITY x SYSTEM '{address}'>]><n>&x;</n>",
        "<n xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='{address}'/></n>",
        "<?xml-stylesheet type='text/xsl' href='{address}'?><n xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='x {address}'/>",
    ],
)
def test_no_connection_is_made(document: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.1)
        value = document.format(address=f"http://127.0.0.1:{listener.getsockname()[1]}/x").encode()
        try:
            parse_xml(value)
        except Refused as refused:
            print(refused.code)
        with pytest.raises(TimeoutError):
            listener.accept()
