"""Making the servers start fast: each is started once for practice, and Java keeps what it learnt in a file.

Java 25 writes the classes it loaded, linked and profiled into an AOT cache when it ends, and begins with them the next time:
on two cores, Kafka and Elasticsearch together then need 3 s of processor time instead of 8 before they answer. A cache fits
one build of Java and the very same jars; where it does not fit, Java ignores it and starts as ever. So nothing here may fail:
without a cache, all that is lost is seconds.

    cache/aot/HASH/kafka.aot, elasticsearch.aot     an empty folder says: it was tried and did not work out
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil

from deploy.local import elasticsearch, kafka
from deploy.local.build import Built
from deploy.local.elasticsearch import NodeAddress
from deploy.local.errors import LocalError
from deploy.local.kafka import BrokerAddress
from deploy.local.locks import FileLock, Held
from deploy.local.ports import HOST, free_port
from deploy.local.process import ServerProcess
from deploy.local.progress import Progress
from deploy.local.state import new_cluster_id
from shared.settings import LocalSettings

_SERVERS = ("kafka", "elasticsearch")
_START_S, _WRITE_S = 120.0, 180.0
_ROOM = 1_000_000_000
"""Room for both caches and the data of the practice, generously."""
_MEMORY = 2_000_000_000
"""Two servers, and a second Java for each while its cache is written."""
_QUIET = ("-Xlog:aot*=off", "-Xlog:cds*=off")
"""Whether a cache fits is no news for the server's log."""


def with_quick_starts(built: Built, cache: Path, progress: Progress) -> Built:
    """The same servers, to be started with the caches of an earlier practice; practises now if there was none."""
    folder = cache / "aot" / _fingerprint(built)
    if not folder.is_dir():
        with _alone(cache / "aot.lock") as alone:
            if not alone or shutil.disk_usage(cache).free < _ROOM or psutil.virtual_memory().available < _MEMORY:
                return built
            progress.say(
                "Practising the start of Kafka and Elasticsearch (once, about 20 s), so that later starts are quick"
            )
            _practise(built, folder)
    with suppress(OSError):
        os.utime(folder)  # in use: `prune` may not take it away
    found = {name: folder / f"{name}.aot" for name in _SERVERS}
    return replace(
        built, options={name: (f"-XX:AOTCache={path}", *_QUIET) for name, path in found.items() if path.is_file()}
    )


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether no other run practises; the other's caches will be there next time."""
    lock = FileLock(path)
    try:
        lock.acquire()
    except (Held, OSError):
        yield False
        return
    with lock:
        yield True


def _fingerprint(built: Built) -> str:
    """What a cache depends on: the build of Java, and every jar with its size and time, as Java itself will check."""
    digest = hashlib.sha256(repr([built.jvm_flags(name, 0) for name in _SERVERS]).encode())
    digest.update((built.java.parents[1] / "release").read_bytes())
    for name in (*built.kafka_classpath.split(os.pathsep), *built.elasticsearch_classpath.split(os.pathsep)):
        status = Path(name).stat()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _practise(built: Built, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob("practice-*"):  # of a run that was killed; we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="practice-", dir=folder.parent, ignore_cleanup_errors=True) as temporary:
        made = Path(temporary) / "made"
        made.mkdir()
        learning = replace(
            built, options={name: (f"-XX:AOTCacheOutput={made / name}.aot", *_QUIET) for name in _SERVERS}
        )
        servers = _servers(learning, Path(temporary))
        try:
            _start_and_end_all(servers)
        except (LocalError, OSError):
            shutil.rmtree(made)
            made.mkdir()
        with suppress(OSError):
            made.rename(folder)


def _servers(built: Built, data_dir: Path) -> list[ServerProcess]:
    heaps = LocalSettings()
    broker = BrokerAddress(1, free_port(), free_port())
    node = NodeAddress(1, free_port(), free_port())
    return [
        ServerProcess(
            kafka.launch(
                broker,
                [broker],
                cluster_id=new_cluster_id(),
                built=built,
                data_dir=data_dir,
                heap_mb=heaps.kafka_heap_mb,
            )
        ),
        ServerProcess(
            replace(
                launch := elasticsearch.launch(
                    node, [node], built=built, data_dir=data_dir, heap_mb=heaps.elasticsearch_heap_mb
                ),
                answers=lambda: launch.answers() and _use(node.http_port),
            )
        ),
    ]


def _start_and_end_all(servers: list[ServerProcess]) -> None:
    with ThreadPoolExecutor(len(servers)) as pool:
        try:
            list(pool.map(_start_and_end, servers))
        except BaseException:  # Ctrl-C included: end now, not when the threads are done waiting
            for server in servers:
                server.kill()
            raise


def _start_and_end(server: ServerProcess) -> None:
    server.start(_START_S)
    server.stop(_WRITE_S)  # Java writes its cache as it ends


def _use(port: int) -> bool:
    """Index and search a little, so that what this takes is learnt too."""
    analyzers = ("english", "greek", "french", "cjk")
    mapping = {name: {"type": "text", "analyzer": name} for name in analyzers} | {"day": {"type": "date"}}
    document = dict.fromkeys(analyzers, "The ministers of both countries will meet in Athens on Monday.") | {
        "day": "2022-02-24"
    }
    bulk = "".join(f'{{"index":{{"_id":"{number}"}}}}\n{json.dumps(document)}\n' for number in range(200))
    search = {
        "query": {"bool": {"must": {"match": {"english": "ministers"}}, "filter": {"range": {"day": {"gte": "2022"}}}}},
        "highlight": {"fields": {"english": {}}},
        "aggs": {"days": {"date_histogram": {"field": "day", "calendar_interval": "month"}}},
    }
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    steps = [("PUT", "/practice", json.dumps({"mappings": {"properties": mapping}}))]
    steps += [("POST", "/practice/_bulk?refresh=true", bulk)] * 5 + [
        ("POST", "/practice/_search", json.dumps(search))
    ] * 20
    try:
        for method, path, body in steps:
            connection.request(method, path, body, {"content-type": "application/json"})
            connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


_UNUSED_S = 30 * 86_400


def prune(folder: Path) -> None:
    """Take away what no start has used for a month: caches and builds of releases gone by."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and time.time() - path.stat().st_mtime > _UNUSED_S:
                shutil.rmtree(path, ignore_errors=True)
