"""What listens in the rows of the inbox: a projection of one statement a batch, a reaction of one a record."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid5

import asyncpg
from tests.service.common import probe
from tests.service.common.listening import Listening

from common import outbox
from common.contracts.events import Fact
from common.contracts.hr_networks import CensusAnswered
from common.contracts.training import CandidatureSubmitted
from common.handlers import Projection, Reactions, Table
from common.local.clones import clones
from common.local.run_servers import RunServers
from common.migrate import ServiceUrls, register
from common.tx import ProjectionTx, Tx

TABLES = """
CREATE TABLE answer (
    academie text NOT NULL, subject uuid NOT NULL, version bigint NOT NULL, uai text NOT NULL, identified int NOT NULL,
    PRIMARY KEY (academie, subject)
);
SELECT infra.protect('answer');
"""
KEEP_ALL = """
INSERT INTO answer
SELECT DISTINCT ON (academie, subject) academie, subject, version, uai, identified
FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::int[])
    WITH ORDINALITY AS said (academie, subject, version, uai, identified, place)
ORDER BY academie, subject, place DESC
ON CONFLICT (academie, subject)
DO UPDATE SET version = excluded.version, uai = excluded.uai, identified = excluded.identified
"""
KEEP = """
INSERT INTO answer VALUES ($1, $2, $3, $4, $5) ON CONFLICT (academie, subject)
DO UPDATE SET version = excluded.version, uai = excluded.uai, identified = excluded.identified
"""


def row(heard: Fact[CensusAnswered]) -> tuple[str, UUID, int, str, int]:
    event = heard.event
    return str(heard.academie), event.subject, heard.version, event.uai, event.identified


def projecting() -> Table:
    answers = Projection("answers", tables=("answer",))

    @answers.on(CensusAnswered)
    async def keep(tx: ProjectionTx, heard: Fact[CensusAnswered]) -> None:
        tx.at_once(KEEP_ALL, [row(heard)])

    return Table(probe.LISTENER, [answers], None)


def reacting() -> Table:
    reactions = Reactions(probe.LISTENER)

    @reactions.to(CensusAnswered)
    async def answer(tx: Tx, heard: Fact[CensusAnswered]) -> None:
        await tx.execute(KEEP, *row(heard))
        outbox.append(tx, heard.academie, [own(heard)])

    return Table(probe.LISTENER, [], reactions)


def own(heard: Fact[CensusAnswered]) -> CandidatureSubmitted:
    subject = uuid5(heard.id, "answer")
    return CandidatureSubmitted(
        subject=subject, offer=heard.event.census, person=heard.event.persons[0], uai=heard.event.uai, bassin="09901"
    )


async def lay_out(urls: ServiceUrls, table: Table) -> None:
    owner = await asyncpg.connect(urls.owner)
    try:
        await owner.execute(TABLES)
    finally:
        await owner.close()
    await register(urls.owner, probe.LISTENER, table.names(), {})


@asynccontextmanager
async def listening(servers: RunServers, table: Table) -> AsyncIterator[Listening]:
    with clones(servers) as clone:
        urls = clone(probe.LISTENER)
        await lay_out(urls, table)
        async with probe.opened(probe.LISTENER, urls, size=4) as db:
            found = Listening(urls, db, table)
            await found.assign()
            yield found
