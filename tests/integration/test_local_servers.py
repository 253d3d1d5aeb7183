"""The embedded servers, real: they take and keep data, survive kill -9, say what is in the way, and never outlive their run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError
from elasticsearch import Elasticsearch, NotFoundError

from deploy.local.errors import LocalError
from deploy.local.ports import free_port
from deploy.local.servers import LocalServers
from shared.settings import LocalSettings

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]

STEMS = {
    "arabic": ("الكتاب", "كتاب"),
    "armenian": ("քաղաքներ", "քաղաքի"),
    "basque": ("etxeak", "etxe"),
    "bengali": ("দেশের", "দেশ"),
    "brazilian": ("ministros", "ministro"),
    "bulgarian": ("градът", "градове"),
    "catalan": ("l'eleccions", "elecció"),
    "cjk": ("新聞社", "新聞社"),
    "czech": ("hrady", "hrad"),
    "danish": ("valgene", "valg"),
    "dutch": ("verkiezingen", "verkiezing"),
    "english": ("elections", "election"),
    "estonian": ("valimised", "valimine"),
    "finnish": ("vaalit", "vaali"),
    "french": ("l'élections", "élection"),
    "galician": ("eleccións", "elección"),
    "german": ("Häuser", "Haus"),
    "greek": ("εκλογές", "εκλογή"),
    "hindi": ("किताबें", "किताब"),
    "hungarian": ("házak", "ház"),
    "indonesian": ("bukunya", "buku"),
    "irish": ("siopadóireacht", "siopadóir"),
    "italian": ("elezioni", "elezione"),
    "latvian": ("vēlēšanas", "vēlēšanām"),
    "lithuanian": ("rinkimai", "rinkimų"),
    "norwegian": ("valgene", "valg"),
    "persian": ("کتابها", "کتاب"),
    "portuguese": ("eleições", "eleição"),
    "romanian": ("alegerile", "alegeri"),
    "russian": ("выборов", "выборы"),
    "serbian": ("избори", "izbori"),
    "sorani": ("پیاوەکە", "پیاو"),
    "spanish": ("elecciones", "elección"),
    "swedish": ("valen", "valens"),
    "turkish": ("kitapları", "kitaplar"),
}
"""Two forms of one word by analyzer, which a reader expects to find each other."""


def client(url: str) -> Elasticsearch:
    return Elasticsearch(url, request_timeout=60)


@pytest.fixture
def elastic(servers) -> Iterator[Elasticsearch]:
    with client(servers.elasticsearch_url) as found:
        yield found


@contextlib.contextmanager
def index(elastic: Elasticsearch, name: str, **body: object) -> Iterator[str]:
    elastic.indices.create(index=name, **body)
    try:
        yield name
    finally:
        elastic.indices.delete(index=name)


def tokens(elastic: Elasticsearch, text: str, index: str | None = None, **how: object) -> list[str]:
    return [token["token"] for token in elastic.indices.analyze(index=index, text=text, **how)["tokens"]]


@pytest.mark.parametrize("analyzer", STEMS)
def test_every_language_finds_a_word_in_another_form(elastic: Elasticsearch, analyzer: str) -> None:
    first, second = STEMS[analyzer]
    found = tokens(elastic, first, analyzer=analyzer)
    assert found
    assert found == tokens(elastic, second, analyzer=analyzer)
    if first != second:
        assert tokens(elastic, first, analyzer="standard") != tokens(elastic, second, analyzer="standard")


def test_thai_is_cut_into_words(elastic: Elasticsearch) -> None:
    assert tokens(elastic, "นายกรัฐมนตรีเดินทาง", analyzer="thai") == ["นายก", "รัฐมนตรี", "เดิน"]


def test_every_analyzer_that_newswire_maps_is_there(elastic: Elasticsearch) -> None:
    from shared.elastic.languages import TEXT_FIELDS

    stock = {analyzer for analyzer in TEXT_FIELDS.values() if not analyzer.startswith("newswire_")}
    assert stock <= {*STEMS, "thai"}, "the ones tested above"


def test_a_language_takes_stop_words_and_exclusions_of_ones_own(elastic: Elasticsearch) -> None:
    own = {"own": {"type": "english", "stopwords": ["minister"], "stem_exclusion": ["elections"]}}
    named = {"named": {"type": "english", "stopwords": "_none_"}}
    with index(elastic, "own-words", settings={"analysis": {"analyzer": own | named}}) as name:
        assert tokens(elastic, "the minister elections parties", name, analyzer="own") == ["the", "elections", "parti"]
        assert tokens(elastic, "the parties", name, analyzer="named") == ["the", "parti"]


FILTERS = [
    ({"type": "asciifolding"}, "Élysée", ["Elysee"]),
    ({"type": "asciifolding", "preserve_original": True}, "Élysée", ["Elysee", "Élysée"]),
    ({"type": "lowercase"}, "ΟΔΟΣ", ["οδοσ"]),
    ({"type": "lowercase", "language": "greek"}, "Ὁδός ΟΔΟΣ", ["ὁδοσ", "οδοσ"]),
    ({"type": "lowercase", "language": "turkish"}, "IŞIK", ["ışık"]),
    ({"type": "lowercase", "language": "irish"}, "nAthair", ["n-athair"]),
    ({"type": "uppercase"}, "abc", ["ABC"]),
    ({"type": "elision", "articles": ["l", "d"]}, "l'Aquila d'or c'est", ["Aquila", "or", "c'est"]),
    ({"type": "elision", "articles": ["l"], "articles_case": True}, "L'Aquila", ["Aquila"]),
    ({"type": "stop", "stopwords": "_greek_"}, "και οδος", ["οδος"]),
    ({"type": "stemmer", "language": "light_english"}, "elections", ["election"]),
    ({"type": "stemmer", "name": "possessive_english"}, "Reuters's", ["Reuters"]),
    ({"type": "stemmer", "language": "lightNynorsk"}, "husa", ["hus"]),
    ({"type": "snowball", "language": "German"}, "häuser", ["haus"]),
    ({"type": "porter_stem"}, "elections", ["elect"]),
    ({"type": "kstem"}, "elections", ["election"]),
    ({"type": "trim"}, "a b", ["a", "b"]),
    ({"type": "unique"}, "a b a", ["a", "b"]),
    ({"type": "unique", "only_on_same_position": True}, "a a", ["a", "a"]),
    ({"type": "truncate", "length": 3}, "abcdef", ["abc"]),
    ({"type": "length", "min": 2, "max": 3}, "a ab abcd", ["ab"]),
    ({"type": "edge_ngram", "min_gram": 2, "max_gram": 3}, "abcd", ["ab", "abc"]),
    ({"type": "edge_ngram", "max_gram": 2, "side": "back"}, "abcd", ["d", "cd"]),
    ({"type": "shingle", "output_unigrams": False}, "a b c", ["a b", "b c"]),
    ({"type": "cjk_bigram"}, "新聞社", ["新聞", "聞社"]),
    ({"type": "cjk_bigram", "output_unigrams": True}, "新聞", ["新", "新聞", "聞"]),
    ({"type": "cjk_bigram", "ignored_scripts": ["han"]}, "新聞", ["新", "聞"]),
    ({"type": "cjk_width"}, "ＡＢ", ["AB"]),
    ({"type": "decimal_digit"}, "٢٠٢٢", ["2022"]),
    ({"type": "apostrophe"}, "İstanbul'da", ["İstanbul"]),
    ({"type": "german_normalization"}, "weißbier", ["weissbier"]),
    ({"type": "serbian_normalization"}, "избори", ["izbori"]),
    ({"type": "reverse"}, "abc", ["cba"]),
]


def test_every_filter_works_with_its_settings(elastic: Elasticsearch) -> None:
    filters = {f"filter-{number}": settings for number, (settings, _, _) in enumerate(FILTERS)}
    chains = {name: {"tokenizer": "standard", "filter": [name]} for name in filters}
    with index(elastic, "filters", settings={"analysis": {"filter": filters, "analyzer": chains}}) as name:
        for number, (settings, text, expected) in enumerate(FILTERS):
            assert tokens(elastic, text, name, analyzer=f"filter-{number}") == expected, settings


def test_marked_keywords_are_not_stemmed(elastic: Elasticsearch) -> None:
    filters = {
        "words": {"type": "keyword_marker", "keywords": ["ELECTIONS"], "ignore_case": True},
        "pattern": {"type": "keyword_marker", "keywords_pattern": "part.*"},
    }
    chain = {"custom": {"tokenizer": "standard", "filter": ["words", "pattern", "porter_stem"]}}
    with index(elastic, "marked", settings={"analysis": {"filter": filters, "analyzer": chain}}) as name:
        assert tokens(elastic, "elections parties ministers", name, analyzer="custom") == [
            "elections",
            "parties",
            "minist",
        ]


STEMMERS = [
    "arabic",
    "armenian",
    "basque",
    "bengali",
    "brazilian",
    "bulgarian",
    "catalan",
    "czech",
    "danish",
    "dutch",
    "english",
    "light_english",
    "minimal_english",
    "possessive_english",
    "porter",
    "porter2",
    "estonian",
    "finnish",
    "light_finnish",
    "french",
    "light_french",
    "minimal_french",
    "galician",
    "minimal_galician",
    "german",
    "light_german",
    "minimal_german",
    "greek",
    "hindi",
    "hungarian",
    "light_hungarian",
    "indonesian",
    "irish",
    "italian",
    "light_italian",
    "latvian",
    "lithuanian",
    "norwegian",
    "light_norwegian",
    "minimal_norwegian",
    "light_nynorsk",
    "minimal_nynorsk",
    "persian",
    "portuguese",
    "light_portuguese",
    "minimal_portuguese",
    "portuguese_rslp",
    "romanian",
    "russian",
    "light_russian",
    "serbian",
    "sorani",
    "spanish",
    "light_spanish",
    "spanish_plural",
    "swedish",
    "light_swedish",
    "turkish",
]
"""The languages of the filter `stemmer` in Elasticsearch's own documentation, less what its Lucene 10 dropped."""


def test_every_stemmer_is_known_and_an_unknown_one_is_refused(elastic: Elasticsearch) -> None:
    filters = {name: {"type": "stemmer", "language": name} for name in STEMMERS}
    chains = {name: {"tokenizer": "standard", "filter": [name]} for name in STEMMERS}
    with index(elastic, "stemmers", settings={"analysis": {"filter": filters, "analyzer": chains}}) as name:
        assert all(tokens(elastic, "word", name, analyzer=stemmer) for stemmer in STEMMERS)
    wrong = {"filter": {"x": {"type": "stemmer", "language": "klingon"}}}
    with pytest.raises(Exception, match="klingon"):
        elastic.indices.create(index="wrong", settings={"analysis": wrong})


def test_ready_made_names_tokenizers_normalizers_and_markup(elastic: Elasticsearch) -> None:
    assert tokens(elastic, "Élysée élysée", tokenizer="whitespace", filter=["lowercase", "asciifolding", "unique"]) == [
        "elysee"
    ]
    assert tokens(elastic, "<b>a</b> b", tokenizer="keyword", char_filter=["html_strip"]) == ["a b"]
    assert tokens(elastic, "the l'Aquila elections", tokenizer="standard", filter=["stop", "elision", "stemmer"]) == [
        "Aquila",
        "elect",
    ]
    analysis = {"normalizer": {"plain": {"type": "custom", "filter": ["lowercase", "asciifolding", "trim"]}}}
    mapping = {"properties": {"name": {"type": "keyword", "normalizer": "plain"}}}
    with index(elastic, "normal", settings={"analysis": analysis}, mappings=mapping) as name:
        elastic.index(index=name, id="1", document={"name": "ÉLYSÉE"}, refresh=True)
        assert elastic.count(index=name, query={"term": {"name": "Elysee"}})["count"] == 1


def test_an_index_is_never_made_by_a_stray_write(elastic: Elasticsearch) -> None:
    with pytest.raises(NotFoundError, match="no such index"):
        elastic.index(index="stray", document={"a": 1})


async def test_a_topic_is_never_made_by_a_stray_read(servers) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers.bootstrap_servers)
    await consumer.start()
    try:
        assert "stray" not in await consumer.topics()
        assert consumer.partitions_for_topic("stray") is None
        await consumer._client.force_metadata_update()
        assert "stray" not in await consumer.topics()
    finally:
        await consumer.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    try:
        found = await admin.describe_topics(["stray"])
        assert found[0]["error_code"] == UnknownTopicOrPartitionError.errno
        assert "stray" not in await admin.list_topics()
    finally:
        await admin.close()


STORIES = {
    "en": ("english", "Ministers met before the elections in Athens.", "election"),
    "el": ("greek", "Οι υπουργοί συναντήθηκαν πριν από τις εκλογές.", "ΥΠΟΥΡΓΟΣ εκλογή"),
}


def write_stories(url: str) -> None:
    fields = {language: {"type": "text", "analyzer": analyzer} for language, (analyzer, _, _) in STORIES.items()}
    with client(url) as elastic:
        elastic.indices.create(index="kept", mappings={"properties": fields}, settings={"number_of_replicas": 0})
        for language, (_, text, _) in STORIES.items():
            elastic.index(index="kept", id=language, document={language: text}, refresh=True)


def check_stories(url: str) -> None:
    with client(url) as elastic:
        for language, (_, _, query) in STORIES.items():
            hits = elastic.search(index="kept", query={"match": {language: {"query": query, "operator": "and"}}})[
                "hits"
            ]
            assert [hit["_id"] for hit in hits["hits"]] == [language]


async def write_messages(bootstrap: str, values: list[bytes], replication: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    with contextlib.suppress(Exception):  # there already: the second writing
        await admin.create_topics([NewTopic("kept", 1, replication)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait("kept", value)
    finally:
        await producer.stop()


async def read_messages(bootstrap: str, count: int, group: str) -> list[bytes]:
    consumer = AIOKafkaConsumer("kept", bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


def settings(**changes: object) -> LocalSettings:
    return LocalSettings(
        kafka_port=free_port(), elasticsearch_port=free_port(), kafka_heap_mb=256, elasticsearch_heap_mb=384, **changes
    )


async def test_data_is_kept_over_a_clean_stop_and_over_kill_9(tmp_path: Path) -> None:
    local = settings()
    with LocalServers(local, tmp_path) as stack:
        assert stack.bootstrap_servers == f"127.0.0.1:{local.kafka_port}"
        assert stack.elasticsearch_url == f"http://127.0.0.1:{local.elasticsearch_port}"
        write_stories(stack.elasticsearch_url)
        await write_messages(stack.bootstrap_servers, [b"one", b"two"])
        pids = [server.pid for server in stack.servers]
    assert not any(map(psutil.pid_exists, pids)), "stop leaves nothing running"

    # Other ports on purpose: nothing of the first start's may be baked into the data.
    with LocalServers(settings(), tmp_path) as stack:
        check_stories(stack.elasticsearch_url)
        assert await read_messages(stack.bootstrap_servers, 2, "first") == [b"one", b"two"]
        for server in stack.servers:
            server.kill()
        for server in stack.servers:
            server.start()
        check_stories(stack.elasticsearch_url)
        await write_messages(stack.bootstrap_servers, [b"three"])
        assert await read_messages(stack.bootstrap_servers, 1, "first") == [b"three"], (
            "the group's offsets are kept too"
        )


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    with LocalServers(settings(), tmp_path / "one", kafka=False) as first:
        port = first._local.elasticsearch_port
        with pytest.raises(LocalError, match=rf"in use by another run of newswire \(pid {os.getpid()}\)"):
            LocalServers(settings(), tmp_path / "one").start()
        clash = settings().model_copy(update={"elasticsearch_port": port})
        with pytest.raises(LocalError) as caught:
            LocalServers(clash, tmp_path / "two").start()
        holder = f"pid {first.nodes[0].pid} (Elasticsearch of another newswire, data in {tmp_path / 'one'})"
        assert f"port {port} for Elasticsearch is in use by {holder}" in str(caught.value)
        assert "NEWSWIRE_LOCAL__ELASTICSEARCH_PORT" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert first.nodes[0].running, "the refused start has not touched the first"


def test_a_foreign_program_on_the_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as other:  # noqa: S104 - a program that listens everywhere is in our way too
        local = settings().model_copy(update={"kafka_port": other.getsockname()[1]})
        with pytest.raises(LocalError, match=rf"for Kafka is in use by pid {os.getpid()} \(python.*KAFKA_PORT"):
            LocalServers(local, tmp_path).start()


def test_a_server_that_cannot_start_takes_the_others_with_it(tmp_path: Path) -> None:
    stack = LocalServers(settings(), tmp_path)
    (tmp_path / "elasticsearch-1" / "data").mkdir(parents=True)
    (tmp_path / "elasticsearch-1" / "data" / "node.lock").mkdir()
    with pytest.raises(
        LocalError, match=r"elasticsearch-1 ended while it started: .*node\.lock.*logs/elasticsearch-1\.log"
    ):
        stack.start()
    assert not any(server.running for server in stack.servers)
    again = LocalServers(settings(), tmp_path, elasticsearch=False)
    again.start()  # and the folder is free again
    again.stop()


PARENT = """
import json, sys, time
from pathlib import Path
from deploy.local.servers import LocalServers
from shared.settings import LocalSettings
stack = LocalServers(LocalSettings(**json.loads(sys.argv[2])), Path(sys.argv[1]))
stack.start()
print(json.dumps([server.pid for server in stack.servers]), flush=True)
time.sleep(600)
"""


def test_kill_9_of_the_parent_leaves_no_child_and_the_next_start_takes_over(tmp_path: Path) -> None:
    local = settings()
    arguments = [str(tmp_path), local.model_dump_json(exclude_none=True)]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    servers = [psutil.Process(pid) for pid in json.loads(parent.stdout.readline())]
    parent.stdout.close()
    assert all(os.getsid(server.pid) == server.pid for server in servers), "out of reach of the terminal's Ctrl-C"
    write_stories(f"http://127.0.0.1:{local.elasticsearch_port}")

    parent.send_signal(signal.SIGKILL)
    parent.wait()
    with LocalServers(local, tmp_path) as stack:  # at once, on the same ports
        assert not any(server.is_running() for server in servers)
        check_stories(stack.elasticsearch_url)


def test_children_end_by_themselves_when_the_parent_is_killed(tmp_path: Path) -> None:
    local = settings()
    arguments = [str(tmp_path), local.model_dump_json(exclude_none=True)]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *arguments], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    servers = [psutil.Process(pid) for pid in json.loads(parent.stdout.readline())]
    parent.stdout.close()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    gone, alive = psutil.wait_procs(servers, timeout=30)
    assert len(gone) == 2
    assert not alive


@pytest.mark.faults
async def test_three_of_each_survive_the_loss_of_one(tmp_path: Path) -> None:
    local = settings(kafka_brokers=3, elasticsearch_nodes=3, start_timeout_s=240)
    begin = time.monotonic()
    with LocalServers(local, tmp_path) as stack:
        print(f"3 brokers and 3 nodes after {time.monotonic() - begin:.1f} s")
        with client(stack.elasticsearch_urls[1]) as elastic:
            elastic.indices.create(index="copied", settings={"number_of_replicas": 2}, wait_for_active_shards="all")
            elastic.index(index="copied", id="1", document={"a": 1})
            await write_messages(stack.bootstrap_servers, [b"one"], replication=3)
            stack.brokers[0].kill()
            stack.nodes[0].kill()
            await write_messages(stack.bootstrap_servers, [b"two"])
            elastic.cluster.health(wait_for_nodes="2", wait_for_no_initializing_shards=True, timeout="60s")
            elastic.index(index="copied", id="2", document={"a": 2}, refresh=True)
            assert elastic.count(index="copied")["count"] == 2
            stack.brokers[0].start()
            stack.nodes[0].start()
            assert (
                elastic.cluster.health(wait_for_nodes="3", wait_for_status="green", timeout="90s")["status"] == "green"
            )
        assert await read_messages(stack.bootstrap_servers, 2, "survivors") == [b"one", b"two"]
