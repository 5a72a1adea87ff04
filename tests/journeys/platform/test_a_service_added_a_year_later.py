"""A listener that did not exist when the directory was loaded learns it from the compacted topic: `bassin rebuild`."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from tests.journeys.platform.platform_of_tests import Platform

from common.local.journey import DIRECTORY, IMPORTS
from common.local.visitor import Visitors, until
from common.migrate import ServiceUrls, migrate, register, urls
from common.service import load

pytestmark = pytest.mark.xdist_group("platform")

TOPIC = "bassin.territory.state"
RENAMINGS = 4
SCHOOLS, SCHOOLS_OF_LILLE = 46, 28  # of the demo's directory
TABLES = (
    "SELECT academie, uai, closed_on, memberships::text FROM school ORDER BY uai",
    "SELECT * FROM bassin ORDER BY code",
)


async def test_it_knows_after_the_rebuild_what_the_others_know(
    platform: Platform, visitors: Visitors, postgres: str
) -> None:
    await compact_eagerly(platform.kafka)
    for edition in range(RENAMINGS):
        rename_every_school(visitors, f"édition {edition}")
    await until_compacted(platform.kafka)
    later = await migrate("training", postgres, "bassin_training_later")
    await register(later.owner, "training", load("training").table().names(), {})

    said = bassin("rebuild", "training", "territory", platform=platform, database=later)

    assert str(SCHOOLS) in said
    live = urls("training", postgres, "bassin_training")
    for table in TABLES:
        assert await rows(later, table) == await rows(live, table)


def rename_every_school(visitors: Visitors, suffix: str) -> None:
    """One more state of each of Lille's schools, through the gateway."""
    admin = visitors("territoire@lille")
    lines = DIRECTORY.read_text("utf-8").splitlines()
    header = lines[0].split(";")
    renamed = [lines[0]]
    for line in lines[1:]:
        cells = line.split(";")
        cells[header.index("nom")] += f" {suffix}"
        renamed.append(";".join(cells))
    received = admin.send_file(IMPORTS, "\n".join(renamed).encode(), name="renamed.csv")
    path = f"{IMPORTS}/{received['id']}"
    until(lambda: admin.get(path), lambda seen: seen["status"] == "analysed", what="dry run")
    admin.post(f"{path}/application", expect=202)
    until(lambda: admin.get(path), lambda seen: seen["status"] == "applied", what="application")


async def compact_eagerly(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    eager = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, eager)])
    await admin.close()


async def until_compacted(kafka: str, *, within: float = 60.0) -> None:
    """Fewer states are left than the renamings alone published; the last segment always is."""
    deadline = time.monotonic() + within
    while await records(kafka) >= RENAMINGS * SCHOOLS_OF_LILLE + SCHOOLS:
        assert time.monotonic() < deadline, "the topic was not compacted"
        await asyncio.sleep(0.5)


async def records(kafka: str) -> int:
    reader = AIOKafkaConsumer(TOPIC, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False)
    await reader.start()
    try:
        found = 0
        while polled := await reader.getmany(timeout_ms=500):
            found += sum(map(len, polled.values()))
        return found
    finally:
        await reader.stop()


def bassin(*arguments: str, platform: Platform, database: ServiceUrls) -> str:
    environment = {
        **os.environ,
        "BASSIN_DATABASE_URL": database.app,
        "BASSIN_OWNER_DATABASE_URL": database.owner,
        "BASSIN_MAINT_DATABASE_URL": database.maint,
        "BASSIN_KAFKA": platform.kafka,
        "BASSIN_ACADEMIES": "09,20",
    }
    command = [str(Path(sys.executable).parent / "bassin"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def rows(database: ServiceUrls, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(database.maint)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
