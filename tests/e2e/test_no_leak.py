"""Words of stories that may not be seen stand in no log line, no reason of a dead letter, no change and no answer."""

from __future__ import annotations

import re
import uuid

import orjson
import pytest

from shared.events import ARTICLE_NORMALIZED, ARTICLES_CHANGES, ARTICLES_NORMALIZED, DEAD_LETTERS, STORIES_RAW
from shared.kafka.client import AiokafkaPublisher, AiokafkaSource
from shared.kafka.ports import Message
from shared.settings import load_settings
from tests.harness import SERVICES, wait_until

pytestmark = [pytest.mark.servers]


def refused_at_the_door(word):
    """Bodies that the door answers with 4xx, and their types."""
    quoted = word.encode()
    return [
        (b'{"title":"%s","no%s":1}' % (quoted, quoted), "application/json"),
        (b'{"title":"%s","published":"%s"}' % (quoted, quoted), "application/json"),
        (b'{"title":"%s' % quoted, "application/json"),
        (b'{"title":"%s\\ud800"}' % quoted, "application/json"),
        (b'{"title":"%s\xff"}' % quoted, "application/json"),
        (b"<%s>" % quoted, "application/xml"),
        (b"%s" % quoted, f"application/x-{word}"),
    ]


def unreadable(word):
    """Bodies that the door lets through and normalization cannot read: their parsers like to quote what they choke on."""
    quoted = word.encode()
    return [
        (b"<nitf><body><%s>x</other></body></nitf>" % quoted, "application/xml"),
        (b"<nitf><body>%s" % quoted, "application/xml"),
        (b'<!DOCTYPE nitf [<!ENTITY %s "%s">]><nitf>&%s;</nitf>' % (quoted, quoted, quoted), "application/xml"),
        (b'<newsItem guid="%s" version="%s" standard="%s">' % (quoted, quoted, quoted), "application/xml"),
        (b"<rss><channel><item><title>%s&%s;</title>" % (quoted, quoted), "application/xml"),
        (b"\x01%s\x02\x03" % quoted, "text/plain"),
        (b"\x16\x16\x01%s\x1f\r\n" % quoted, "text/plain"),
        (b'{"version":"https://jsonfeed.org/version/1.1","items":"%s"}' % quoted, "application/json"),
        (b'{"uri":{"%s":1},"headline":["%s"],"versioncreated":"%s"}' % (quoted, quoted, quoted), "application/json"),
        (b"<html><head><title></title></head><body><script>%s</script></body></html>" % quoted, "text/html"),
    ]


def poison(word):
    """Records that no service of ours wrote."""
    article = {"article_id": word, "title": word, "dates": {"published": word}, "status": word}
    event = {"specversion": "1.0", "id": word, "source": word, "type": ARTICLE_NORMALIZED, "data": article}
    values = [
        orjson.dumps(event),
        orjson.dumps(event | {"type": word}),
        orjson.dumps(event | {"data": article | {"article_id": str(uuid.uuid4())}}),
        b'{"data":"%s' % word.encode(),
    ]
    headers = (("ce_feed", b"local"), ("ce_time", word.encode()), ("content-type", word.encode()))
    raw = [
        Message(STORIES_RAW, None, word.encode(), headers),
        Message(STORIES_RAW, None, b'{"%s":1}' % word.encode(), ()),
    ]
    return raw + [Message(ARTICLES_NORMALIZED, b"key", value, ()) for value in values]


async def test_no_word_of_them_gets_out(pipeline, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS", pipeline.bootstrap_servers)
    settings = load_settings()
    token = uuid.uuid4().hex[:12]
    word = f"zq{token}"
    receipts = await push_all(pipeline, token, word)
    messages = poison(word)
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    try:
        assert set(await publisher.publish(messages)) == {None}
    finally:
        await publisher.stop()
    for receipt in receipts:
        pipeline.wait_trace(receipt)

    letters = []
    for _ in range(5):  # what no service of ours wrote has no trace to wait for
        letters = [one for one in await read_all(settings, DEAD_LETTERS) if word.encode() in (one.value or b"")]
        if len(letters) >= len(messages):
            break
    assert len(letters) >= len(messages), "what is kept is kept whole"
    for record in letters:
        told = {name: value for name, value in record.headers if name.startswith("dlq-")}
        assert told["dlq-reason"]
        assert word.encode() not in b" ".join(told.values())
    changes = await read_all(settings, ARTICLES_CHANGES)
    assert changes
    assert [record.value for record in changes if word.encode() in record.value + bytes(record.key)] == []

    assert pipeline.search(word, source=f"leak{token}")["total"] == 0
    page = pipeline.client.get(f"{pipeline['search'].url}/", params={"q": f"source:leak{token}"})
    assert word not in page.text
    for receipt in receipts:
        assert word not in orjson.dumps(pipeline.trace(receipt)).decode()
    for name in SERVICES:
        text = pipeline[name].log.read_text(errors="replace")
        assert text
        assert [line[:300] for line in text.splitlines() if re.search(word, line, re.IGNORECASE)] == [], name


async def push_all(pipeline, token, word):
    """Push everything; returns the receipts of what was accepted."""
    text = {"title": word, "body": f"{word} {word}.", "language": "en", "source": f"leak{token}", "byline": word}
    killed = {**text, "title": "To be killed", "id": f"k-{token}", "version": 1}
    receipts = []
    stories = [
        {**text, "id": f"e-{token}", "embargoed_until": "2090-01-01T00:00:00Z"},
        {**text, "id": f"w-{token}", "status": "withheld"},
        killed,
    ]
    for story in stories:
        answer = pipeline.push(story)
        assert answer.status_code == 202
        receipts.append(answer.json()["receipt"])
    hit = pipeline.wait_total(1, word)["items"][0]
    receipts.append(pipeline.push({"id": killed["id"], "version": 2, "status": "killed"}).json()["receipt"])
    wait_until(lambda: pipeline.article(hit["id"]).status_code == 410, 30, "the kill")
    receipts.append(pipeline.push({**killed, "version": 3}).json()["receipt"])
    for body, content_type in refused_at_the_door(word):
        assert 400 <= pipeline.push(body, content_type).status_code < 500, body
    for body, content_type in unreadable(word):
        answer = pipeline.push(body, content_type)
        if answer.status_code == 202:
            receipts.append(answer.json()["receipt"])
        else:
            assert 400 <= answer.status_code < 500, body
    assert len(receipts) > len(stories) + 5
    return receipts


async def read_all(settings, topic):
    """Everything in a topic now, read from the beginning by a group of its own."""

    async def nothing(_):
        return None

    source, found, silent = AiokafkaSource(settings, f"test-{uuid.uuid4().hex}"), [], 0
    await source.start([topic], nothing, nothing)
    try:
        while silent < (15 if found else 150):
            records = await source.poll(5000, 0.2)
            silent = 0 if records else silent + 1
            found += records
    finally:
        await source.stop()
    return found
