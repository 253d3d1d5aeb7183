"""From jars to what the servers start from: our Java classes compiled, and Elasticsearch's home folder laid out.

Both are named by the hash of all that goes into them and appear by rename, so they are made once and never half.

    cache/built/HASH/launch.jar                      the mains of both servers
    cache/built/HASH/home/modules/transport-netty4/  Elasticsearch's HTTP and transport
    cache/built/HASH/home/plugins/analysis-common/   our analyzers under Elasticsearch's names
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from deploy.local.errors import LocalError
from deploy.local.pins import Part, version_of
from deploy.local.progress import Progress, Silent

HERE = Path(__file__).parent
SOURCES = HERE / "java"
TEMPLATES = HERE / "templates"
_DESCRIPTOR = TEMPLATES / "plugin-descriptor.properties"
_LAYOUT = 1
"""To be raised by whoever changes below what is laid out where."""
_RELEASE = "21"
"""What Elasticsearch itself is compiled for, and the newest that the packaged compiler writes."""
_MODULE = "transport-netty4"
_PLUGIN = "analysis-common"
_SERVICES = {"java.text.spi.BreakIteratorProvider": "newswire.local.ThaiWords"}
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Built:
    """What the servers start from."""

    java: Path
    kafka_classpath: str
    elasticsearch_classpath: str
    home: Path
    """Elasticsearch's `path.home`; read only."""
    folder: Path
    """Where all of it lies; named by the hash of its inputs."""

    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further flags of Java by server (`kafka`, `elasticsearch`)."""

    def jvm_flags(self, server: str, heap_mb: int) -> list[str]:
        """How to run Java for one of the servers."""
        return [
            f"-Xms{heap_mb}m",
            f"-Xmx{heap_mb}m",
            # Measured on two cores: as many documents a second as G1 and the parallel collector, in the least memory.
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "--sun-misc-unsafe-memory-access=allow",  # both use it, and Java would warn of it at every start
            *self.options.get(server, ()),
        ]


def build(
    parts: Mapping[str, Part], jars: Mapping[str, Path], cache: Path, java: Path, progress: Progress | None = None
) -> Built:
    """Compile and lay out, unless an earlier run did.

    Raises:
        LocalError: the compiler failed; the message has its first error.
    """
    folder = cache / "built" / _fingerprint(parts)
    if not folder.is_dir():
        (progress or Silent()).say("Compiling what newswire adds to Kafka and Elasticsearch (once)")
        _make(folder, parts, jars, java)
    with suppress(OSError):
        os.utime(folder)  # in use: what lies unused for long is cleared away
    kafka = [jars[pin.coordinate] for pin in parts["kafka"].jars]
    return Built(
        java=java,
        kafka_classpath=_classpath([folder / "launch.jar", *kafka]),
        elasticsearch_classpath=_classpath([folder / "launch.jar", *_node_jars(parts, jars)]),
        home=folder / "home",
        folder=folder,
    )


def _fingerprint(parts: Mapping[str, Part]) -> str:
    digest = hashlib.sha256(f"{_LAYOUT} {_RELEASE}".encode())
    for path in (*sorted(SOURCES.rglob("*.java")), _DESCRIPTOR):
        digest.update(str(path.relative_to(HERE)).encode() + b"\0" + path.read_bytes())
    for name, part in sorted(parts.items()):
        digest.update(name.encode() + b"".join(pin.sha256.encode() for pin in part.jars))
    return digest.hexdigest()[:16]


def _is_netty(coordinate: str) -> bool:
    return coordinate.startswith("io.netty:") or f":{_MODULE}:" in coordinate


def _node_jars(parts: Mapping[str, Part], jars: Mapping[str, Path]) -> list[Path]:
    """Elasticsearch's class path: all but what its transport module loads by itself."""
    return [jars[pin.coordinate] for pin in parts["elasticsearch"].jars if not _is_netty(pin.coordinate)]


def _classpath(paths: Sequence[Path]) -> str:
    broken = [path for path in paths if os.pathsep in str(path)]
    if broken:
        raise LocalError(
            f"Java cannot load from {broken[0].parent}: its path has a '{os.pathsep}'; set NEWSWIRE_LOCAL__CACHE_DIR"
        )
    return os.pathsep.join(map(str, paths))


def _make(folder: Path, parts: Mapping[str, Part], jars: Mapping[str, Path], java: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=folder.parent) as temporary:
        making = Path(temporary) / "whole"
        classes = Path(temporary) / "classes"
        making.mkdir()
        _compile(classes, parts, jars, java)
        _write_jar(making / "launch.jar", classes, "newswire/local", services=_SERVICES)
        version = version_of(parts["elasticsearch"])
        _lay_out_plugin(making / "home" / "plugins" / _PLUGIN, classes, version)
        _lay_out_module(making / "home" / "modules" / _MODULE, parts, jars)
        with suppress(OSError):  # another run was quicker: the same hash is the same content
            making.rename(folder)
    if not folder.is_dir():
        raise LocalError(f"cannot write to {folder.parent}; set NEWSWIRE_LOCAL__CACHE_DIR to a folder of yours")


def _compile(classes: Path, parts: Mapping[str, Part], jars: Mapping[str, Path], java: Path) -> None:
    compiler = jars[parts["compiler"].jars[0].coordinate]
    classpath = _classpath([jars[pin.coordinate] for name in ("elasticsearch", "kafka") for pin in parts[name].jars])
    sources = sorted(map(str, SOURCES.rglob("*.java")))
    command = [str(java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", str(compiler)]
    command += [f"-{_RELEASE}", "-nowarn", "-proc:none", "-cp", classpath, "-d", str(classes), *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own java on our own sources
    if done.returncode:
        output = done.stderr + done.stdout
        raise LocalError(f"cannot compile deploy/local/java: {' '.join(output.partition('ERROR')[2].split())[:300]}")


def _write_jar(path: Path, classes: Path, package: str, *, services: Mapping[str, str] | None = None) -> None:
    files = {str(file.relative_to(classes)): file.read_bytes() for file in sorted((classes / package).rglob("*.class"))}
    for interface, implementation in (services or {}).items():
        files[f"META-INF/services/{interface}"] = f"{implementation}\n".encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as jar:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            jar.writestr(entry, content)


def _lay_out_plugin(folder: Path, classes: Path, version: str) -> None:
    folder.mkdir(parents=True)
    _write_jar(folder / "analysis.jar", classes, "newswire/analysis")
    descriptor = Template(_DESCRIPTOR.read_text("utf-8"))
    (folder / "plugin-descriptor.properties").write_text(descriptor.substitute(version=version), "utf-8")


def _lay_out_module(folder: Path, parts: Mapping[str, Part], jars: Mapping[str, Path]) -> None:
    """The transport as Elasticsearch's own distribution has it: its jars, and two files that its jar carries inside."""
    folder.mkdir(parents=True)
    for pin in parts["elasticsearch"].jars:
        if not _is_netty(pin.coordinate):
            continue
        source = jars[pin.coordinate]
        _link(source, folder / source.name)
        if f":{_MODULE}:" in pin.coordinate:
            with zipfile.ZipFile(source) as jar:
                for name in ("plugin-descriptor.properties", "entitlement-policy.yaml"):
                    text = jar.read(f"META-INF/es-plugins/{_MODULE}/{name}").decode()
                    (folder / name).write_text(_without_module_name(text), "utf-8")


def _without_module_name(text: str) -> str:
    """The node runs on the class path, not on the module path, so its modules must not be looked up by name."""
    return "".join(
        "modulename=\n" if line.startswith("modulename=") else line for line in text.splitlines(keepends=True)
    )


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
