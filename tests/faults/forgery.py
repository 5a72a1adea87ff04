"""F22 by events: whatever a service hears, said in the name of an académie that cannot have said it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec
from aiokafka import AIOKafkaProducer
from tests.faults.carrier import PARTITIONS, Letter, listen_back, listen_elsewhere, post
from tests.faults.fault import Verdict
from tests.faults.stage import Stage, until

from common import envelope
from common.committed_log import CommittedLog, Place
from common.contracts.catalogue import CONTRACTS
from common.contracts.training import OrdreDeMissionIssued
from common.handlers import Table
from common.identifiers import BASSIN, CodeAcademie
from common.local.places import ROOT
from common.service import load

THEIRS, OURS = CodeAcademie("09"), CodeAcademie("20")  # whose things are asked for, and who asks
NOWHERE = CodeAcademie("01")  # served by another deployment
FORGED, TRUE = uuid5(BASSIN, "fault:forged"), uuid5(BASSIN, "fault:true")
SAMPLES = ROOT / "docs" / "contracts" / "samples"
SUFFIX = "forged"  # what the names of the topics end with on which it is said
REACTED_TO = ("payroll", OrdreDeMissionIssued)  # said truly too: it is its académie alone that stops the other


async def by_events(stage: Stage, service: str, verdict: Verdict) -> None:
    """Every type on every stream that the service hears: parked, nothing written, nothing said because of it."""
    table = load(service).table()
    if not table.streams:
        return
    forged, true = list(letters(table.streams)), list(_said_truly(service))
    log = CommittedLog(stage.kafka, [stream.name for stream in CONTRACTS[service].streams])
    since = await log.ends()
    await listen_elsewhere(stage, service, table.streams, SUFFIX)
    await _send(stage, [*forged, *true])
    parked = await until(lambda: _all_held(stage, service, len(forged)), within=20)
    verdict.check(parked < 20, f"{service}: of {len(forged)} forged events not all were parked")
    verdict.figures["forged events"] = int(verdict.figures.get("forged events", 0)) + len(forged)
    metric = (await stage.metrics(service)).get("bassin_inbox_parked_total", 0)
    verdict.check(metric >= len(forged), f"{service}: bassin_inbox_parked_total is {metric}")
    _judge_types(service, table, forged, verdict)
    if true:
        await _judge_reaction(stage, service, verdict)
    written = [name for name, said in await _mentions(stage, service, FORGED) if said]
    verdict.check(not written, f"{service} has forged events in {written}")
    verdict.check(not await _said_because(log, since, forged), f"{service} said something because of a forged event")
    await stage.query(service, "DELETE FROM infra.held WHERE subject = $1", FORGED)
    await listen_back(stage, service, table.streams)


def _judge_types(service: str, table: Table, forged: Iterable[Letter], verdict: Verdict) -> None:
    said = {(dict(letter.headers)["ce_type"] or b"").decode() for letter in forged}
    missing = {handler.event.ce_type for handler in table.handlers} - said
    verdict.check(not missing, f"{service} hears {missing}, of which nothing was forged")


async def _judge_reaction(stage: Stage, service: str, verdict: Verdict) -> None:
    """What the true académie says is done, in rows of its own only."""
    done = await until(lambda: _applied(stage, service), within=20)
    rows = {name: said for name, said in await _mentions(stage, service, TRUE) if said}
    verdict.check(done < 20 and bool(rows), f"{service} does nothing about what {THEIRS} says of itself")
    crossed = {name: said for name, said in rows.items() if set(said) != {str(THEIRS)}}
    verdict.check(not crossed, f"{service} wrote rows of others about what {THEIRS} said: {crossed}")
    verdict.figures["rows of a reaction"] = sum(map(len, rows.values()))


# --- what is said


def letters(streams: Sequence[str]) -> Iterator[Letter]:
    """Each type with an académie that is not its source's, and with one that is not served; versions follow."""
    versions = dict.fromkeys(streams, 0)
    for sample in _samples():
        if sample["topic"] in versions:
            for academie in (OURS, NOWHERE):
                versions[sample["topic"]] += 1
                yield _letter(sample, FORGED, academie, versions[sample["topic"]])


def _said_truly(service: str) -> Iterator[Letter]:
    for sample in _samples():
        if (service, sample["headers"]["ce_type"]) == (REACTED_TO[0], REACTED_TO[1].ce_type):
            yield _letter(sample, TRUE, THEIRS, 1)


def _samples() -> Iterator[dict[str, Any]]:
    for file in sorted(SAMPLES.glob("*.json")):
        yield msgspec.json.decode(file.read_bytes(), type=dict[str, Any])


def _letter(sample: Mapping[str, Any], subject: UUID, academie: str, version: int) -> Letter:
    said = {
        **sample["headers"], "ce_academie": academie, "ce_academies": academie, "ce_subject": str(subject),
        "ce_aggregateversion": str(version), "ce_id": str(_event(subject, sample["topic"], version)),
    }  # fmt: skip
    if academie == NOWHERE:  # a true source of an académie that this deployment does not serve
        said["ce_source"] = said["ce_source"].replace(f"/{THEIRS}/", f"/{NOWHERE}/")
    value = sample["value"].replace(sample["key"], str(subject)).encode()
    headers = tuple((name, text.encode()) for name, text in said.items())
    return Letter(sample["topic"], subject.int % PARTITIONS, str(subject).encode(), value, headers)


def _event(subject: UUID, stream: str, version: int) -> UUID:
    return uuid5(subject, f"{stream}:{version}")


async def _send(stage: Stage, said: Iterable[Letter]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stage.kafka)
    await producer.start()
    await asyncio.gather(*[await post(producer, letter, SUFFIX) for letter in said])
    await producer.stop()


# --- what became of it


async def _all_held(stage: Stage, service: str, number: int) -> bool:
    [row] = await stage.query(service, HELD, FORGED)
    return int(row["n"]) == number


async def _applied(stage: Stage, service: str) -> bool:
    return bool(await stage.query(service, "SELECT FROM infra.inbox WHERE subject = $1 AND version = 1", TRUE))


async def _mentions(stage: Stage, service: str, subject: UUID) -> list[tuple[str, list[str]]]:
    """Of each table the académies of the rows that name the subject anywhere."""
    tables = await stage.query(service, TABLES)
    found = []
    for name in (row["name"] for row in tables):
        rows = await stage.query(service, f"SELECT academie FROM {name} t WHERE t::text LIKE '%{subject}%'")
        found.append((name, [row["academie"] for row in rows]))
    return found


async def _said_because(log: CommittedLog, since: Mapping[Place, int], forged: Iterable[Letter]) -> list[UUID]:
    causes = {(dict(letter.headers)["ce_id"] or b"").decode() for letter in forged}
    seen = [envelope.read(record.headers) async for chunk, _ in log.read(since) for record in chunk]
    return [each.id for each in seen if each.causation in causes]


HELD = "SELECT count(*) AS n FROM infra.held WHERE subject = $1 AND state = 'parked' AND error LIKE '%académie%'"
TABLES = """
SELECT c.oid::regclass::text AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""
