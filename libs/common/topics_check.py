"""Whether the broker's topics are what the contracts declare: a topic made by hand loses records a week later."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from msgspec import Struct

from common.contracts.catalogue import STREAMS
from common.contracts.events import Contract, Stream
from common.topics import DEADLINE, configs

PREFIX = "bassin."


class Declared(Struct, frozen=True):
    """What a deployment decides of every topic."""

    partitions: int
    replication: int


async def differences(kafka: str, contracts: Iterable[Contract], declared: Declared) -> list[str]:
    """One line each: of the contracts' topics first, then topics under our prefix that no contract names."""
    streams = [stream for contract in contracts for stream in contract.streams]
    async with _admin(kafka) as admin, asyncio.timeout(DEADLINE):
        known = {topic["topic"]: topic for topic in await admin.describe_topics()}
        there = [stream for stream in streams if stream.behind in known]
        set_so = await _settings(admin, [stream.behind for stream in there])
    found = [f"{stream.behind}: is not there" for stream in streams if stream.behind not in known]
    for stream in there:
        found += _of_partitions(stream, known[stream.behind]["partitions"], declared)
        found += _of_settings(stream, set_so[stream.behind], declared)
    ours = {stream.behind for stream in STREAMS.values()}
    return [*found, *(f"{t}: no contract names it" for t in sorted(known) if t.startswith(PREFIX) and t not in ours)]


def _of_partitions(stream: Stream, partitions: list[Mapping[str, Any]], declared: Declared) -> list[str]:
    copies = sorted({len(partition["replicas"]) for partition in partitions})
    found = []
    if len(partitions) != declared.partitions:
        found.append(f"{stream.behind}: {len(partitions)} partitions, {declared.partitions} declared")
    if copies != [declared.replication]:
        found.append(f"{stream.behind}: replicated {' or '.join(map(str, copies))}, {declared.replication} declared")
    return found


def _of_settings(stream: Stream, present: Mapping[str, str], declared: Declared) -> list[str]:
    wanted = configs(stream, declared.replication)
    return [
        f"{stream.behind}: {name} is {present.get(name, 'not told')}, {value} declared"
        for name, value in sorted(wanted.items())
        if present.get(name) != value
    ]


async def _settings(admin: Any, topics: list[str]) -> dict[str, dict[str, str]]:
    """In force, whether set on the topic or by the broker's default."""
    if not topics:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics])
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }


@asynccontextmanager
async def _admin(kafka: str) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka, request_timeout_ms=10_000)
    try:
        async with asyncio.timeout(DEADLINE):
            await admin.start()
        yield admin
    finally:
        await admin.close()
