"""Renew requirements/parts.lock (`make lock`): the one place that says which Kafka and which PostgreSQL we run."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from common.local.parts import PLATFORMS, Part
from common.local.places import PARTS_LOCK

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
LOGGER = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"  # Kafka's own log4j; else its errors go nowhere
POSTGRESQL = "18.4.0"  # the newest that exists for every platform: one version on every machine
HEADER = "# Written by `make lock`. group coordinates bytes sha256\n"


def _resolved(context: MavenContext, coordinates: str) -> list[Artifact]:
    dependency = context.create_dependency(coordinates)
    _, transitive = context.resolver.resolve([dependency])
    return [dependency.artifact, *(d.artifact for d in transitive if d.scope in {"compile", "runtime"})]


def _kafka(context: MavenContext) -> Iterator[Artifact]:
    """Resolved apart: together, the logger's parent would manage Kafka's own client down to 3.9."""
    yield from _resolved(context, KAFKA)
    yield context.create_dependency(LOGGER).artifact


def _part(group: str, artifact: Artifact) -> Part:
    jar = artifact.resolve().read_bytes()
    coordinates = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
    return Part(group, coordinates, len(jar), hashlib.sha256(jar).hexdigest())


def lock() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch), local_repos=[], timeout=60)
        parts = [_part("kafka", artifact) for artifact in _kafka(context)]
        for platform in PLATFORMS:
            name = f"io.zonky.test.postgres:embedded-postgres-binaries-{platform}:{POSTGRESQL}"
            parts.append(_part(f"postgresql-{platform}", context.create_dependency(name).artifact))
    PARTS_LOCK.write_text(HEADER + "".join(f"{' '.join(map(str, part))}\n" for part in sorted(parts)), encoding="ascii")


if __name__ == "__main__":
    lock()
