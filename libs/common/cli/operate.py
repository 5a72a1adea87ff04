"""Commands for the people who run the platform: provisioning, serving, rebuilding, verifying."""

import os
from typing import Annotated

import asyncpg
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from common import audit_check, migrate, roster, topics
from common.cli.reach import answered, fail, reach
from common.contracts.catalogue import CONTRACTS
from common.kafka_log import KafkaLog
from common.rebuild import Rebuild
from common.service import load, run
from common.settings import Settings, SettingsError, read

audit = App(name="audit", help="The audit chain of a service.")
consumer = App(name="consumer", help="The consumer of a service.")
lost = App(name="lost", help="Published facts that a restored database had forgotten.")
Service = Annotated[str, Parameter(help="territory, hr_networks, training, payroll")]


def serve(service: Service) -> None:
    """Run SERVICE in the foreground with the settings of the environment (bassin config check SERVICE)."""
    try:
        settings = read(Settings, os.environ, service=service)
    except SettingsError as wrong:
        fail("\n".join(wrong.lines))
    run(service, settings)


def provision(service: Service) -> None:
    """Migrate SERVICE's database, create its topics and register its handlers; safe to run twice, run before new pods.

    With BASSIN_ADMIN_DATABASE_URL roles and database are created too; else BASSIN_OWNER_DATABASE_URL is used.
    """

    async def work() -> None:
        table, contract = load(service).table(), CONTRACTS[service]
        owner = await _migrated(service)
        kafka = os.environ.get("BASSIN_KAFKA") or fail("BASSIN_KAFKA is missing")
        partitions, replication = (int(os.environ.get(f"BASSIN_{k}", d)) for k, d in COUNTS)
        await topics.ensure(kafka, [contract], partitions=partitions, replication=replication)
        ends: dict[str, dict[int, int]] = {}
        for (stream, partition), end in (await KafkaLog(kafka, service, table.streams).ends()).items():
            ends.setdefault(stream, {})[partition] = end
        await migrate.register(owner, service, table.names(), ends)

    answered(service, work())


async def _migrated(service: str) -> str:
    admin = os.environ.get("BASSIN_ADMIN_DATABASE_URL")
    if admin:
        return (await migrate.migrate(service, admin, f"bassin_{service}")).owner
    owner = os.environ.get("BASSIN_OWNER_DATABASE_URL") or fail("BASSIN_OWNER_DATABASE_URL is missing")
    await migrate.upgrade(service, owner)
    return owner


def rebuild(service: Service, projection: str) -> None:
    """Build PROJECTION of SERVICE again from the topics, compare, and put it in the live one's place."""
    reached = reach(service)
    found = [p for p in reached.service.projections if p.name == projection]
    if not found:
        known = ", ".join(p.name for p in reached.service.projections)
        fail(f"{service} has no projection {projection!r}: {known or 'none'}", 2)
    work = Rebuild(reached.urls, reached.kafka, service, found[0])
    rebuilt = answered(service, work.run(reached.academies))
    table = Table("table", "rows before", "rows after", title=f"{service} {projection}")
    for name, (before, after) in rebuilt.rows.items():
        table.add_row(name, str(before), str(after))
    Console().print(table)
    if rebuilt.parked:
        print(f"{rebuilt.parked} records could not be applied, see bassin parking list {service}")


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
    """Let SERVICE's consumer go on after it stopped itself."""

    async def work() -> bool:
        async with reach(service).inbox() as inbox:
            return await roster.resume(inbox)

    print("resumed" if answered(service, work()) else "it was not stopped")


@lost.command(name="list")
def list_(service: Service) -> None:
    """What SERVICE published and its restored database does not know."""
    reached = reach(service)

    async def work() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(reached.urls.app)
        try:
            return await connection.fetch(LOST)
        finally:
            await connection.close()

    table = Table("event", "type", "académie", "subject", "version", "found")
    for row in answered(service, work()):
        table.add_row(*(str(value) for value in row))
    Console().print(table)


COUNTS = (("PARTITIONS", "12"), ("REPLICATION", "1"))
LOST = """
SELECT event_id, headers ->> 'ce_type', headers ->> 'ce_academie', subject, version, found_at
FROM infra.lost_fact ORDER BY found_at, stream, partition, log_offset
"""
