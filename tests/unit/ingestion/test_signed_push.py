"""Signed pushes by Standard Webhooks: what counts as signed, that all else gets one answer, and that each counts once."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.signature import HEADERS, Verifier, read_signature
from services.ingestion.spent import KEEP_S, SpentIds
from shared import ids
from shared.errors import Unavailable
from shared.feeds import Feed, parse_secret
from shared.local_feed import key_hash
from shared.problems import Problem
from tests.unit.ingestion.support import KEY, TAKEN, Answer, Book, FrontDoor

OLD, NEW, FOREIGN = (bytes([n]) * 32 for n in (1, 2, 3))
NOW = int(TAKEN.timestamp())
STORY = orjson.dumps({"id": "h1", "title": "Harbour reopens", "body": "After two days."})
Header = tuple[str, str]


@pytest.fixture
def door() -> FrontDoor:
    return FrontDoor(
        feeds=Book(
            Feed(id="local", signing_secrets=(OLD, NEW)),
            Feed(id="other", signing_secrets=(FOREIGN,)),
            Feed(id="keyed", key_hashes=(key_hash(KEY),)),
            Feed(id="both", key_hashes=(key_hash(KEY),), signing_secrets=(OLD,)),
        )
    )


def mac(secret: bytes, body: bytes, message_id: str = "msg_1", at: int | str = NOW) -> str:
    signed = f"{message_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def signed(message_id: str = "msg_1", at: int | str = NOW, signatures: str | None = None) -> list[Header]:
    given = mac(OLD, STORY, message_id, at) if signatures is None else signatures
    return [("webhook-id", message_id), ("webhook-timestamp", str(at)), ("webhook-signature", given)]


async def push(door: FrontDoor, headers: Sequence[Header], body: bytes = STORY, **given: Any) -> Answer:
    return await door.push(body, key=given.pop("key", None), headers=headers, **given)


def test_the_specifications_own_example_is_good() -> None:
    secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = 1614265330
    signature = read_signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", str(at), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    verifier = Verifier(signature, (secret,), TAKEN - timedelta(seconds=NOW - at))
    for mac_ in verifier._macs:
        mac_.update(b'{"test": 2432232314}')
    verifier.check()


async def test_a_good_signature_lets_in(door: FrontDoor) -> None:
    answer = await push(door, signed())
    assert answer.status == 202
    (message,) = door.publisher.sent
    assert message.value == STORY
    assert dict(message.headers)["ce_feed"] == b"local"


async def test_both_secrets_are_good_while_a_sender_changes_over(door: FrontDoor) -> None:
    assert (await push(door, signed("a", signatures=mac(OLD, STORY, "a")))).status == 202
    assert (await push(door, signed("b", signatures=mac(NEW, STORY, "b")))).status == 202


@pytest.mark.parametrize(
    "signatures",
    [
        mac(FOREIGN, STORY) + " " + mac(NEW, STORY),
        "v1a,AAAA " + mac(OLD, STORY),
        "v2,AAAA v1,%%% nonsense " + mac(OLD, STORY),
        "v1, " + mac(OLD, STORY),
    ],
)
async def test_one_good_signature_among_several_is_enough(door: FrontDoor, signatures: str) -> None:
    assert (await push(door, signed(signatures=signatures))).status == 202


@pytest.mark.parametrize("offset", [-300, 300])
async def test_the_time_may_be_five_minutes_off(door: FrontDoor, offset: int) -> None:
    assert (await push(door, signed(at=NOW + offset))).status == 202


BAD: dict[str, list[Header]] = {
    "only an id": signed()[:1],
    "no signature": signed()[:2],
    "no time": [signed()[0], signed()[2]],
    "no id": signed()[1:],
    "empty signature": signed(signatures=""),
    "no comma": signed(signatures=mac(OLD, STORY).replace(",", "")),
    "bad base64": signed(signatures="v1,***"),
    "cut base64": signed(signatures=mac(OLD, STORY)[:-1]),
    "short digest": signed(signatures="v1,AAAA"),
    "empty digest": signed(signatures="v1,"),
    "not ASCII": signed(signatures="v1,\xe9\xe9\xe9\xe9"),
    "version 2 only": signed(signatures=mac(OLD, STORY).replace("v1", "v2")),
    "asymmetric only": signed(signatures=mac(OLD, STORY).replace("v1", "v1a")),
    "another feed's secret": signed(signatures=mac(FOREIGN, STORY)),
    "another body": signed(signatures=mac(OLD, STORY + b" ")),
    "body serialised anew": signed(signatures=mac(OLD, orjson.dumps(orjson.loads(STORY), option=orjson.OPT_INDENT_2))),
    "another id": signed(signatures=mac(OLD, STORY, "msg_2")),
    "another time": signed(signatures=mac(OLD, STORY, at=NOW - 1)),
    "too old": signed(at=NOW - 301),
    "too early": signed(at=NOW + 301),
    "time in words": signed(at="now"),
    "time not a number": signed(at="NaN"),
    "negative time": signed(at=-5),
    "signed number": signed(at=f"+{NOW}"),
    "fraction": signed(at=f"{NOW}.0"),
    "huge time": signed(at="9" * 400),
    "digits of another script": signed(at="١٧٧٠٥٦١٠٠٠".encode().decode("latin-1"), signatures=mac(OLD, STORY)),
    "full stop in the id": signed("msg.1"),
    "id with a blank": signed("msg 1"),
    "id too long": signed("m" * 256),
    "id twice": [*signed(), ("webhook-id", "msg_1")],
    "signature twice": [*signed(), signed()[2]],
    "eleventh of many": signed(signatures=" ".join(["v1,AAAA"] * 10 + [mac(OLD, STORY)])),
}


@pytest.mark.parametrize("case", BAD)
async def test_whatever_is_wrong_with_a_signature_gets_one_answer(door: FrontDoor, case: str) -> None:
    answer = await push(door, BAD[case])
    assert (answer.status, answer.code) == (401, "bad-signature")
    plain = await push(door, signed(signatures=mac(FOREIGN, STORY)))
    assert answer.body == plain.body, "the answer does not tell what was wrong"
    assert answer.headers["www-authenticate"]
    assert door.publisher.sent == []


@pytest.mark.parametrize("feed", ["other", "keyed", "nosuch"])
async def test_a_secret_is_good_on_its_own_feed_only(door: FrontDoor, feed: str) -> None:
    answer = await push(door, signed(), path=f"/v1/feeds/{feed}/items")
    assert (answer.status, answer.code) == (401, "bad-signature")
    unsigned = await push(door, (), path=f"/v1/feeds/{feed}/items")
    assert (unsigned.status, unsigned.code) == (401, "unauthorized")


async def test_a_feed_may_take_keys_and_signatures_and_a_wrong_signature_is_not_mended_by_a_key(
    door: FrontDoor,
) -> None:
    path = "/v1/feeds/both/items"
    assert (await push(door, (), path=path, key=KEY)).status == 202
    assert (await push(door, signed(), path=path)).status == 202
    answer = await push(door, signed(signatures=mac(FOREIGN, STORY)), path=path, key=KEY)
    assert answer.code == "bad-signature"


async def test_the_signature_is_on_the_bytes_as_they_came(door: FrontDoor) -> None:
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><nitf><body>d\xe9j\xe0</body></nitf>'.encode("latin-1")
    answer = await push(door, signed(signatures=mac(OLD, latin)), latin, content_type="text/xml")
    assert answer.status == 202
    packed = gzip.compress(STORY)
    zipped = ("content-encoding", "gzip")
    of_packed = signed("b", signatures=mac(OLD, packed, "b"))
    assert (await push(door, [*of_packed, zipped], packed)).status == 202
    assert door.publisher.sent[-1].value == STORY
    of_plain = signed("c", signatures=mac(OLD, STORY, "c"))
    assert (await push(door, [*of_plain, zipped], packed)).code == "bad-signature"


async def test_a_body_in_pieces_is_signed_as_one(door: FrontDoor) -> None:
    pieces = [STORY[:3], b"", STORY[3:]]
    answer = await door.push(pieces, key=None, headers=signed(), length=None)
    assert answer.status == 202


async def test_nothing_of_an_unsigned_body_is_unpacked(door: FrontDoor) -> None:
    answer = await push(door, [*signed(), ("content-encoding", "gzip")], b"no gzip at all")
    assert answer.code == "bad-signature", "not bad-encoding: nobody looked inside"


@pytest.mark.parametrize("header", [("idempotency-key", "k"), ("content-location", "https://example.org/1")])
async def test_headers_that_change_what_a_push_means_must_not_come_unsigned(door: FrontDoor, header: Header) -> None:
    answer = await push(door, [*signed(), header])
    assert (answer.status, answer.code) == (400, "bad-header")


async def test_a_repeat_gets_the_first_answer_and_is_sent_once(door: FrontDoor) -> None:
    first = await push(door, signed())
    again = await push(door, signed())
    assert (again.status, again.body) == (202, first.body)
    anew = await push(door, signed(at=NOW + 7))
    assert anew.body == first.body, "a retry is signed with a time of its own"
    assert len(door.publisher.sent) == 1


async def test_an_id_with_another_body_is_refused(door: FrontDoor) -> None:
    await push(door, signed())
    other = orjson.dumps({"title": "Another", "body": "story"})
    answer = await push(door, signed(signatures=mac(OLD, other)), other)
    assert (answer.status, answer.code) == (422, "idempotency-key-reused")


async def test_a_repeat_whose_answer_is_forgotten_is_replayed() -> None:
    door = FrontDoor(feeds=Book(Feed(id="local", signing_secrets=(OLD,))))
    door.settings.ingestion.idempotency_keys = 0
    door.__post_init__()
    assert (await push(door, signed())).status == 202
    answer = await push(door, signed())
    assert (answer.status, answer.code) == (409, "replayed")
    assert len(door.publisher.sent) == 1


async def test_what_took_no_effect_may_be_sent_again(door: FrontDoor) -> None:
    door.publisher.outcomes[0] = Unavailable("away")
    assert (await push(door, signed())).status == 503
    door.publisher.outcomes.clear()
    assert (await push(door, signed())).status == 202


async def test_an_idempotency_key_never_meets_a_webhook_id(door: FrontDoor) -> None:
    path = "/v1/feeds/both/items"
    by_id = await push(door, signed(), path=path)
    for name in ("msg_1", "webhook-id:msg_1"):
        by_key = await push(door, [("idempotency-key", name)], path=path, key=KEY)
        assert by_key.json["receipt"] != by_id.json["receipt"]


def test_spent_ids_are_kept_as_long_as_a_signature_can_be_good_and_no_longer() -> None:
    spent = SpentIds(capacity=2)
    first, second, third = (ids.receipt_for_key("f", name) for name in "abc")
    spent.spend(first, 0.0)
    spent.spend(second, 1.0)
    with pytest.raises(Problem, match="409"):
        spent.check(first, KEEP_S - 0.1)
    with pytest.raises(Problem, match="503"):
        spent.check(third, KEEP_S - 0.1)
    assert KEEP_S > 600
    spent.check(first, KEEP_S)
    spent.check(third, KEEP_S)
    with pytest.raises(Problem, match="409"):
        spent.check(second, KEEP_S)


@given(st.text(), st.text(), st.text())
def test_headers_of_any_kind_are_read_or_refused(message_id: str, timestamp: str, signatures: str) -> None:
    with pytest.raises(Problem, match="401"):
        Verifier(read_signature(message_id, timestamp, "v1,AAAA " + signatures), (OLD,), TAKEN).check()


async def test_the_openapi_document_names_both_ways_to_say_who_sends(door: FrontDoor) -> None:
    document = (await push(door, (), b"", path="/v1/openapi.json", method="GET")).json
    operation = document["paths"]["/v1/feeds/{feed}/items"]["post"]
    named = {name for way in operation["security"] for name in way}
    assert named == set(document["components"]["securitySchemes"]) == {"feed", "signature"}
    assert set(HEADERS) <= {one["name"] for one in operation["parameters"]}
    assert "bad-signature" in operation["responses"]["401"]["description"]
