"""Commands for the people who run the platform: provisioning, rebuilding, verifying."""

import os
import time
from datetime import datetime
from typing import Annotated

import asyncpg
import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from common import audit_check, migrate, roster, topics
from common.cli.reach import ENVIRONMENT, answered, fail, on_this_machine, reach, zoned
from common.committed_log import CommittedLog
from common.contracts.catalogue import CONTRACTS
from common.lost import LostFact, Sought
from common.lost import lost as lost_facts
from common.rebuild import Rebuild, RebuildInProgress, Rebuilt
from common.roster import Standing
from common.service import load
from common.settings import lookup

AGAIN = 3.0  # seconds between two attempts at a server that is away
audit = App(name="audit", help="The audit chain of a service.")
consumer = App(name="consumer", help="The consumer of a service.")
lost = App(name="lost", help="Published facts that a restored database had forgotten.")
Service = Annotated[str, Parameter(help="territory, hr_networks, training, payroll")]


def provision(
    service: Service,
    *more: Service,
    wait: Annotated[float, Parameter(help="seconds for which a server that is away is asked again")] = 0,
) -> None:
    """Migrate each SERVICE's database, create its topics, register its handlers; safe to run twice, before new pods.

    With BASSIN_ADMIN_DATABASE_URL roles and database are created too; else BASSIN_OWNER_DATABASE_URL is used.
    """
    end = time.monotonic() + wait
    for name in (service, *more):
        while not _provisioned(name, last=time.monotonic() >= end):
            time.sleep(AGAIN)


def _provisioned(service: str, *, last: bool) -> bool:
    """False if the environment refused and may be asked again; what it refused with is told."""
    try:
        _provision(service)
    except SystemExit as refused:
        if refused.code != ENVIRONMENT or last:
            raise
        return False
    return True


def _provision(service: str) -> None:
    async def work() -> None:
        table, contract = load(service).table(), CONTRACTS[service]
        owner = await _migrated(service)
        kafka = os.environ.get("BASSIN_KAFKA") or fail("BASSIN_KAFKA is missing")
        partitions, replication = (int(os.environ.get(f"BASSIN_{k}", d)) for k, d in COUNTS)
        heard = [
            c for c in CONTRACTS.values() if c is not contract and {s.name for s in c.streams} & set(table.streams)
        ]
        await topics.ensure(kafka, [contract, *heard], partitions=partitions, replication=replication)
        ends: dict[str, dict[int, int]] = {}
        for (stream, partition), end in (await CommittedLog(kafka, table.streams).ends()).items():
            ends.setdefault(stream, {})[partition] = end
        await migrate.register(owner, service, table.names(), ends)

    answered(service, work())


async def _migrated(service: str) -> str:
    admin = lookup(os.environ, "admin_database_url")
    if admin:
        return (await migrate.migrate(service, admin, f"bassin_{service}")).owner
    owner = lookup(os.environ, "owner_database_url") or fail("BASSIN_OWNER_DATABASE_URL is missing")
    await migrate.upgrade(service, owner)
    return owner


def rebuild(
    service: Service,
    projection: str,
    *,
    check: Annotated[bool, Parameter(help="compare only, switch nothing; status 1 if something differs")] = False,
) -> int:
    """Build PROJECTION of SERVICE again from the topics, tell where it differs, and put it in the live one's place."""
    reached = reach(service)
    found = [p for p in reached.service.projections if p.name == projection]
    if not found:
        known = ", ".join(p.name for p in reached.service.projections)
        fail(f"{service} has no projection {projection!r}: {known or 'none'}", 2)
    work = Rebuild(reached.urls, reached.broker(), service, found[0])
    try:
        rebuilt = answered(service, work.run(reached.academies, switch=not check))
    except RebuildInProgress:
        fail(f"a rebuild of {service} is at work: wait for its end", 1)
    _tell(service, projection, rebuilt)
    return 1 if check and any(not difference.none for difference in rebuilt.tables) else 0


def _tell(service: str, projection: str, rebuilt: Rebuilt) -> None:
    table = Table("table", *COUNTED, title=f"{service} {projection}")
    for d in rebuilt.tables:
        table.add_row(d.table, *map(str, (d.before, d.after, d.only_live, d.only_built, d.differing)))
    Console().print(table)
    for d in rebuilt.tables:
        for row in d.rows:
            key = " ".join(f"{name}={value}" for name, value in row.key.items())
            print(f"{d.table} {key}: {ROW_IS[row.kind].format(', '.join(row.columns))}")
        if (more := d.only_live + d.only_built + d.differing - len(d.rows)) > 0:
            print(f"{d.table}: and {more} more")
    if rebuilt.parked:
        print(f"{rebuilt.parked} records could not be applied, see bassin parking list {service}")
    if not rebuilt.switched:
        print("compared only: the live tables are as they were")


@audit.command
def verify(service: Service) -> int:
    """Walk the chain; exit status 1 if a line was changed, deleted, moved or cut off."""
    reached = reach(service)

    async def work() -> audit_check.Verified:
        connection = await asyncpg.connect(reached.urls.maint)
        try:
            told = await audit_check.told(reached.kafka, reached.service.contract)
            async with connection.transaction(readonly=True):
                return await audit_check.verify(connection, told)
        finally:
            await connection.close()

    verified = answered(service, work())
    for finding in verified.findings:
        print(f"académie {finding.academie}, seal {finding.seq}: {finding.what}")
    print(f"{verified.lines} sealed lines, {verified.heads} heads told, {len(verified.findings)} findings")
    return 1 if verified.findings else 0


@consumer.command
def resume(service: Service) -> None:
    """Let SERVICE's consumer go on after it stopped itself, and say why it had."""

    async def work() -> Standing:
        async with reach(service).inbox() as inbox, inbox.db.batch(()) as tx:
            return await roster.resume(inbox, tx, person=on_this_machine())

    was = answered(service, work())
    if was.stopped_at is not None:
        print(f"resumed; it had stopped at {was.stopped_at.isoformat(timespec='seconds')}: {was.reason}")
    else:
        print(f"it was not stopped{f'; the last time it had: {was.reason}' if was.reason else ''}")


@lost.command(name="list")
def list_(
    service: Service,
    *,
    since: datetime | None = None,
    academie: str | None = None,
    type: Annotated[str | None, Parameter(help="fr.bassin.training.ordre_de_mission_issued.v1, ...")] = None,  # noqa: A002
    json: bool = False,
) -> None:
    """What SERVICE published and its restored database does not know; times without zone are UTC."""
    reached, sought = reach(service), Sought(since=zoned(since), academie=academie, type=type)

    async def work() -> list[LostFact]:
        connection = await asyncpg.connect(reached.urls.app)
        try:
            return await lost_facts(connection, sought)
        finally:
            await connection.close()

    found = answered(service, work())
    if json:
        print(msgspec.json.encode(found).decode())
        return
    table = Table("event", "type", "académie", "subject", "version", "found")
    for fact in found:
        table.add_row(*map(str, (fact.event_id, fact.type, fact.academie, fact.subject, fact.version, fact.found_at)))
    Console().print(table)


COUNTED = ("rows live", "built again", "only live", "only built", "differing")
ROW_IS = {"live": "only live", "built": "only built again", "differs": "differs in {}"}
COUNTS = (("PARTITIONS", "12"), ("REPLICATION", "1"))
