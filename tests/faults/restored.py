"""F28: a service's database is an older copy of itself, and the others went on meanwhile."""

import asyncio
import os
import random
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
from tests.faults.fault import Fault, Verdict
from tests.faults.stage import LISTENER, PRODUCER, Stage, until

from common import envelope, outbox
from common.clock import Clock
from common.committed_log import CommittedLog, Place
from common.contracts.catalogue import CONTRACTS
from common.contracts.events import Event
from common.contracts.territory import BassinState
from common.contracts.training import ModuleFollowed
from common.db import Database, connect
from common.identifiers import CodeAcademie
from common.local.places import ROOT, STATE, postgres_home
from common.local.ports import free_ports
from common.local.postgres import Postgres, runs_as

BEFORE, LOST_HOUR = 30, 60  # commands
HEARD = 20  # events of other services that the lost hour holds
SAMPLES = ROOT / "docs" / "contracts" / "samples"
REPUBLISHED = 90.0  # seconds: the job that says lost states again runs once a minute
LILLE = CodeAcademie("09")


async def restore_an_older_copy(stage: Stage, seed: int) -> Verdict:
    """Even seeds: a cold copy of the files; odd ones: the same, brought up to a later moment from the archive."""
    rng, verdict = random.Random(seed), Verdict()
    await stage.clients.write(rng, BEFORE)
    await stage.books.settle()
    earlier = await _told_lost(stage)  # of a schedule before this one
    older = await _older_copy(stage, rng, seed)
    await stage.clients.write(rng, LOST_HOUR)
    heard = await _others_speak(stage)
    verdict.broken += await stage.books.close()
    if older.settings:
        await _archived(stage)
    await stage.kill(PRODUCER)
    await _move(stage, older)
    known, lost = await _published_and_forgotten(stage)
    await stage.start(PRODUCER)
    await _remembers(stage, lost, earlier, heard, verdict)
    await _goes_on(stage, rng, verdict)
    verdict.check(not (again := await _versions_used_twice(stage, known)), f"versions used twice: {again[:3]}")
    verdict.figures |= {"lost": len(lost), "heard again": len(heard)}
    return verdict


# --- the copy


async def _older_copy(stage: Stage, rng: random.Random, seed: int) -> Postgres:
    server = stage.servers.get(PRODUCER, stage.postgres)
    older = Postgres(
        postgres_home() / "postgres" / f"restored-{seed}", port=free_ports(1)[0], log=STATE / f"restored-{seed}.log"
    )
    archive, moment = older.home / "archive", f"before-{seed}"
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(_copy, server.home, older.home)
    by_archive = seed % 2
    if by_archive:
        server.settings |= {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f"}
    await asyncio.to_thread(server.start, stage.children)
    if by_archive:
        await stage.clients.write(rng, BEFORE)
        assert await stage.books.settle() < float("inf")
        await stage.query(PRODUCER, "SELECT pg_create_restore_point($1)", moment)
        older.settings = {"restore_command": f"cp {archive}/%f %p", "recovery_target_name": moment}
        older.settings |= {"recovery_target_action": "promote"}
        (signal := older.home / "data" / "recovery.signal").touch()
        _give(signal)
    return older


def _copy(source: Path, target: Path) -> None:
    """The server does not run."""
    target.mkdir(parents=True)
    for name in ("data", "password"):
        subprocess.run(["cp", "-a", str(source / name), str(target / name)], check=True)
    (target / "archive").mkdir()
    _give(target)
    _give(target / "archive")


async def _archived(stage: Stage) -> None:
    [row] = await stage.query(PRODUCER, "SELECT pg_walfile_name(pg_switch_wal()) AS name")

    async def there() -> bool:
        [at] = await stage.query(PRODUCER, "SELECT last_archived_wal AS name FROM pg_stat_archiver")
        return at["name"] is not None and at["name"] >= row["name"]

    assert await until(there, within=20) < 20, "the write-ahead log is not archived"


async def _move(stage: Stage, older: Postgres) -> None:
    """The service's database is another server's from now on."""
    was = stage.servers.get(PRODUCER, stage.postgres)
    await asyncio.to_thread(older.start, stage.children)
    stage.servers[PRODUCER] = older
    urls = {role: url.replace(f":{was.port}/", f":{older.port}/") for role, url in stage.urls[PRODUCER].items()}
    stage.urls = {**stage.urls, PRODUCER: urls}

    async def recovered() -> bool:
        [row] = await stage.query(PRODUCER, "SELECT pg_is_in_recovery() AS yes")
        return not row["yes"]

    assert await until(recovered, within=30) < 30, "the copy does not recover"


# --- what the lost hour held


async def _others_speak(stage: Stage) -> set[str]:
    """Territory and training tell what the producer listens to; returns what it made of it."""
    bassins = [
        BassinState(subject=uuid4(), code=f"09{n:03}", name=f"Bassin {n}", local_name="bassin", departement="059",
                    academie=LILLE, closed_on=None)
        for n in range(700, 700 + HEARD // 2)
    ]  # fmt: skip
    sample = msgspec.json.decode((SAMPLES / f"{ModuleFollowed.ce_type}.json").read_bytes())
    followed = msgspec.json.decode(sample["value"], type=ModuleFollowed)
    modules = [msgspec.structs.replace(followed, subject=uuid4()) for _ in range(HEARD // 2)]
    await _say(stage, "territory", bassins)
    await _say(stage, LISTENER, modules)
    expected = {bassin.code for bassin in bassins} | {str(module.subject) for module in modules}
    assert await until(lambda: _knows(stage, expected), within=60) < 60, "the producer does not hear the others"
    return expected


async def _say(stage: Stage, service: str, events: Iterable[Event]) -> None:
    pool = await connect(stage.urls[service]["app"], size=1)
    async with Database(service, pool, Clock()).batch([LILLE]) as tx:
        outbox.append(tx, LILLE, list(events))
    await pool.close()


async def _knows(stage: Stage, expected: set[str]) -> bool:
    return expected <= {row["told"] for row in await stage.query(PRODUCER, KNOWN)}


async def _published_and_forgotten(stage: Stage) -> tuple[Mapping[Place, int], set[UUID]]:
    """How far the copy knows its topics, and the events beyond it that are not its own to send."""
    rows = await stage.query(PRODUCER, "SELECT stream, partition, next FROM infra.published")
    known = {(row["stream"], row["partition"]): row["next"] for row in rows}
    unsent = {row["event_id"] for row in await stage.query(PRODUCER, "SELECT event_id FROM infra.outbox")}
    return known, {event for _, event in await _told_since(stage, known)} - unsent


async def _told_since(stage: Stage, known: Mapping[Place, int]) -> list[tuple[tuple[str, UUID, int], UUID]]:
    log = CommittedLog(stage.kafka, [stream.name for stream in CONTRACTS[PRODUCER].streams])
    told = []
    async for chunk, _ in log.read(known):
        for record in chunk:
            seen = envelope.read(record.headers)
            told.append(((record.stream, seen.subject, seen.version), seen.id))
    return told


# --- what must hold


async def _remembers(stage: Stage, lost: set[UUID], earlier: set[UUID], heard: set[str], verdict: Verdict) -> None:
    verdict.check(await until(lambda: _knows(stage, heard), within=30) < 30, "it does not read again what it forgot")
    await until(lambda: _kept(stage, lost), within=30)
    listed = {UUID(found) for found in UUIDS.findall(await stage.bassin(PRODUCER, "lost", "list", PRODUCER))}
    missing, invented = len(lost - listed), len(await _told_lost(stage) - lost - earlier)
    verdict.check(bool(lost), "the lost hour held nothing")
    verdict.check(not missing, f"bassin lost list tells {missing} of {len(lost)} lost facts not")
    verdict.check(not invented, f"{invented} facts are told lost that are not")
    said = await until(lambda: _said_again(stage), within=REPUBLISHED)
    verdict.check(said < REPUBLISHED, "the present states of what was lost are not published again")
    verdict.check(await until(lambda: _agree(stage), within=20) < 20, "a listener keeps a state that was lost")
    verdict.figures["states said again after s"] = said


async def _kept(stage: Stage, lost: set[UUID]) -> bool:
    return lost <= await _told_lost(stage)


async def _told_lost(stage: Stage) -> set[UUID]:
    return {row["event_id"] for row in await stage.query(PRODUCER, "SELECT event_id FROM infra.lost_fact")}


async def _said_again(stage: Stage) -> bool:
    return not await stage.query(PRODUCER, "SELECT FROM infra.lost_fact WHERE republish LIMIT 1")


async def _agree(stage: Stage) -> bool:
    """Of everybody whom the restored database knows, the listener has the same names."""
    ours = {row["id"]: row["given_names"] for row in await stage.query(PRODUCER, NAMES)}
    theirs = {row["id"]: row["given_names"] for row in await stage.query(LISTENER, NAMES)}
    return all(theirs.get(person) == names for person, names in ours.items())


async def _goes_on(stage: Stage, rng: random.Random, verdict: Verdict) -> None:
    """Each subject takes a further command, and everybody hears it."""
    await stage.books.begin()
    for desk in stage.clients.desks:
        desk.doubtful = True  # its head reads where the answer is now
    outcomes = [await stage.clients.command(desk, rng) for desk in stage.clients.desks]
    refused = sum(outcome != "acknowledged" for outcome in outcomes)
    verdict.check(not refused, f"{refused} of {len(outcomes)} subjects take no command")
    verdict.broken += await stage.books.close()


async def _versions_used_twice(stage: Stage, known: Mapping[Place, int]) -> list[str]:
    seen: dict[tuple[str, UUID, int], UUID] = {}
    twice = []
    for version, event in await _told_since(stage, known):
        if seen.setdefault(version, event) != event:
            twice.append(f"{version[0]} {version[1]} {version[2]}")
    return twice


def _give(path: Path) -> None:
    """To whom the server runs as."""
    if account := runs_as():
        os.chown(path, *account)


UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")  # events' ids, not subjects'
KNOWN = "SELECT code AS told FROM public.bassin UNION ALL SELECT id::text FROM public.module_attendance"
NAMES = "SELECT id, given_names FROM public.person"
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F28",
        title="a service's database is an older copy, the others went on",
        run=restore_an_older_copy,
        waits=True,
        busy=True,
        seeds=2,
        own_stage=True,
        moves=(f"{PRODUCER}:bassin_lost_facts_total",),
    ),
)
