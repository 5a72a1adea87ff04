"""The read of a school's answer beside a hundred times as many answers: what years of censuses leave of its speed."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg

from benchmarks.census import SCHOOLS, uai
from benchmarks.decision import LILLE, OFFICE
from benchmarks.row import Goal, Round, Row
from common.clock import Clock
from common.db import Database, connect
from common.identifiers import Uai
from common.local.clones import clones
from common.local.run_servers import RunServers
from common.migrate import ServiceUrls
from hr_networks.answers import views

FEW, HUNDRED = 1, 100  # censuses, each of as many schools, all of which have answered
READERS = 8  # transactions under way
SECONDS = 1.5  # of each side in one round
ASKED = tuple(uai("059", number) for number in range(SCHOOLS))
CHANCE = random.Random(5)  # noqa: S311 - an order, no secret


@asynccontextmanager
async def measure(servers: RunServers) -> AsyncIterator[Callable[[], Awaitable[Round]]]:
    with clones(servers) as clone:
        large, small = clone("hr_networks"), clone("hr_networks")
        many, few = await hold(servers, large, HUNDRED), await hold(servers, small, FEW)
        async with await connect(large.app, size=READERS) as grown, await connect(small.app, size=READERS) as before:

            async def one_round() -> Round:
                return Round(await throughput(grown, many), await throughput(before, few))

            await one_round()  # prepares statements, on either side
            yield one_round


async def hold(servers: RunServers, urls: ServiceUrls, number: int) -> list[UUID]:
    """The censuses, as the server's administrator wrote them, whom RLS does not stop."""
    censuses = [uuid4() for _ in range(number)]
    name = urlsplit(urls.app).path.removeprefix("/")
    connection = await asyncpg.connect(servers.admin_url(), database=name)
    try:
        await connection.execute(PEOPLE, LILLE, ASKED)
        for sql in (CENSUSES, ADDRESSED, ANSWERED, DECLARED):
            await connection.execute(sql, LILLE, ASKED, censuses)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return censuses


async def throughput(pool: "asyncpg.Pool[asyncpg.Record]", censuses: Sequence[UUID]) -> float:
    """Reads a second, each in its transaction under RLS."""
    db, done, began = Database("hr_networks", pool, Clock()), 0, time.perf_counter()

    async def read() -> None:
        nonlocal done
        while time.perf_counter() < began + SECONDS:
            async with db.transaction(OFFICE) as tx:
                found = await views.answer(tx, CHANCE.choice(censuses), Uai(CHANCE.choice(ASKED)), None)
            assert len(found.persons) == 2
            done += 1

    await asyncio.gather(*(read() for _ in range(READERS)))
    return done / (time.perf_counter() - began)


PEOPLE = """
INSERT INTO person (academie, id, civility, family_name, given_names, work_mail, uai)
SELECT $1, md5(uai || rank)::uuid, 'madame', 'NOM', 'Prénom', uai || rank || '@ac-demo.example', uai
FROM unnest($2::text[]) AS uai, generate_series(1, 2) AS rank
"""
CENSUSES = """
INSERT INTO campaign
    (academie, id, object, function, letter, service, signatory, contact, deadline, opened_by, opened_at)
SELECT $1, id, 'objet', 'Secrétariat', 'lettre', 'service', 'la directrice', 'contact', current_date, id, now()
FROM unnest($3::uuid[]) AS id WHERE cardinality($2::text[]) > 0
"""
ADDRESSED = """
INSERT INTO addressed_school (academie, campaign, uai, addressed_at, announced_at, revision, answered_at)
SELECT $1, id, uai, now(), now(), 1, now() FROM unnest($3::uuid[]) AS id, unnest($2::text[]) AS uai
"""
ANSWERED = """
INSERT INTO answer_version (academie, campaign, uai, revision, answered_by, answered_at, identified)
SELECT $1, id, uai, 1, id, now(), 2 FROM unnest($3::uuid[]) AS id, unnest($2::text[]) AS uai
"""
DECLARED = """
INSERT INTO declared_person
    (academie, campaign, uai, revision, person, rank, civility, family_name, given_names, function, corps, work_mail)
SELECT $1, id, uai, 1, md5(uai || rank)::uuid, rank, 'madame', 'NOM', 'Prénom', 'Secrétariat', 'saenes',
    uai || rank || '@ac-demo.example'
FROM unnest($3::uuid[]) AS id, unnest($2::text[]) AS uai, generate_series(1, 2) AS rank
"""
ROWS = (
    Row(
        name="growth: one read, rows x100",
        unit="/s",
        reference="the same beside a hundredth of the answers",
        goal=Goal(ratio_from=0.8),
        measure=measure,
    ),
)
