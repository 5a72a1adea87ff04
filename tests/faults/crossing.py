"""F22: one académie asks for what is another's, by every way there is: HTTP, events, SQL."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
import httpx
import msgspec
from tests.faults.fault import Fault, Verdict
from tests.faults.forgery import FORGED, OURS, THEIRS, by_events
from tests.faults.stage import Stage

from common.clock import Clock
from common.db import Database, connect
from common.identity import Agent, Mandate, Role
from common.local.journey import read_academies
from common.local.layout import GATEWAY, IDENTITY
from common.local.places import ROOT
from common.local.visitor import Visitors

ASKING = ("formation@amiens", "drh@amiens", "paye@amiens", "territoire@amiens", "chef@amiens", "animateur@amiens")
DOCUMENT = ROOT / "docs" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")
AGENT = Agent(
    id=FORGED, academie=THEIRS, mandates=(Mandate(role=Role.RESSOURCES_HUMAINES, academie=THEIRS),), name="F22"
)


class Route(NamedTuple):
    method: str
    path: str  # with names in braces
    own: bool  # whether it names something, or lists what one may see


async def cross(stage: Stage, seed: int) -> Verdict:
    rng, verdict = random.Random(seed), Verdict()
    await stage.clients.write(rng, 20)
    await stage.books.settle()
    await _by_http(stage, verdict)
    for service in stage.urls:
        await _by_sql(stage, service, verdict)
        await _behind_a_user(stage, service, verdict)
        await by_events(stage, service, verdict)
    verdict.broken += await stage.books.close()
    return verdict


# --- HTTP


async def _by_http(stage: Stage, verdict: Verdict) -> None:
    """Every route with identifiers of the other académie, as each office of ours; lists show none of its rows."""
    people = Visitors(gateway=stage.layout.url(GATEWAY), identity=stage.layout.url(IDENTITY))
    tokens = await asyncio.to_thread(lambda: [people(account).token for account in ASKING])
    people.close()
    known = await _identifiers(stage)
    asked = 0
    async with httpx.AsyncClient(base_url=stage.layout.url(GATEWAY), timeout=20) as client:
        for route in routes():
            for address in _addresses(route, known):
                for answer in await _asked(client, route, address, tokens):
                    asked += 1
                    if wrong := _shown(route, answer, known):
                        verdict.broken.append(f"{route.method} {address}: {answer.status_code} {wrong}")
    verdict.figures["requests"] = asked
    verdict.check(asked > 200, f"only {asked} requests")


def routes() -> Iterator[Route]:
    document = msgspec.json.decode(DOCUMENT.read_bytes(), type=dict[str, Any])
    for path, operations in document["paths"].items():
        for method in (m for m in METHODS if m in operations):
            if path.startswith("/v1/"):
                yield Route(method, path, "{" in path)


async def _identifiers(stage: Stage) -> Mapping[str, set[str]]:
    """What names a thing of theirs, by service: a few of each table."""
    found: dict[str, set[str]] = {}
    for service in stage.urls:
        found[service] = set()
        for row in await stage.query(service, KEYS):
            sql = f"SELECT {row['column']}::text AS id FROM {row['name']} WHERE academie = '{THEIRS}' LIMIT 1"
            found[service] |= {each["id"] for each in await stage.query(service, sql)}
    return found


def _addresses(route: Route, known: Mapping[str, set[str]]) -> Iterator[str]:
    """The route with each identifier of its service in place of what it names."""
    school = read_academies()[0].schools[0]
    fixed = {"uai": school.uai, "bassin": school.bassin, "academie": THEIRS, "commune": school.commune}
    path = re.sub(r"\{(\w+)\}", lambda part: fixed.get(part[1], part[0]), route.path)
    service = route.path.split("/")[2].replace("-", "_")
    yield from sorted({re.sub(r"\{\w+\}", each, path) for each in known.get(service, {str(FORGED)})}) or [path]


async def _asked(
    client: httpx.AsyncClient, route: Route, address: str, tokens: Sequence[str]
) -> Sequence[httpx.Response]:
    headers = [{"Authorization": f"Bearer {token}", "Idempotency-Key": str(FORGED)} for token in tokens]
    body: dict[str, str] | None = None if route.method == "get" else {}
    asking = [client.request(route.method, address, headers=each, json=body) for each in headers]
    answers = await asyncio.gather(*asking)
    if any(answer.status_code == 429 for answer in answers):
        await asyncio.sleep(1)
        return await _asked(client, route, address, tokens)
    return answers


def _shown(route: Route, answer: httpx.Response, known: Mapping[str, set[str]]) -> str:
    """What is wrong with an answer: it is no refusal, or names what is theirs."""
    if answer.status_code >= 500:
        return "no refusal"
    if answer.is_success and (theirs := [each for ids in known.values() for each in ids if each in answer.text]):
        return f"shows {theirs[0]}"
    if answer.is_success and f'"academie":"{THEIRS}"' in answer.text.replace(" ", ""):
        return "shows rows of theirs"
    return "is not refused" if answer.is_success and route.own and _names_theirs(answer) else ""


def _names_theirs(answer: httpx.Response) -> bool:
    """A list of things under an address of theirs is empty at most; whatever else is there was shown."""
    said = answer.json()
    return bool(said["items"] if isinstance(said, dict) and "items" in said else said)


# --- SQL


async def _by_sql(stage: Stage, service: str, verdict: Verdict) -> None:
    """As the application and as the owner, in our name and in nobody's: no row of theirs in any table."""
    tables = [row["name"] for row in await stage.query(service, TABLES)]
    rows = {t: await _count(stage.urls[service]["admin"], t, f" WHERE academie = '{THEIRS}'") for t in tables}
    verdict.figures["tables with rows"] = int(verdict.figures.get("tables with rows", 0)) + sum(
        map(bool, rows.values())
    )
    for role in ("app", "owner"):
        async with _session(stage.urls[service][role]) as raw:
            for academies in ("", OURS):
                await raw.execute("SELECT set_config('bassin.academies', $1, false)", academies)
                seen = [t for t in tables if await _theirs(raw, t)]
                verdict.check(not seen, f"{role} of {service} sees rows of {THEIRS} as {academies or 'nobody'}: {seen}")


async def _behind_a_user(stage: Stage, service: str, verdict: Verdict) -> None:
    """Whoever gets a connection of the pool after a command of theirs."""
    pool = await connect(stage.urls[service]["app"], size=1)
    try:
        tables = [row["name"] for row in await stage.query(service, TABLES)]
        async with Database(service, pool, Clock()).transaction(AGENT) as tx:
            visible = [t for t in tables if await tx.fetchval(f"SELECT EXISTS (SELECT FROM {t})")]
        async with pool.acquire() as connection:
            left = [t for t in visible if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {t})")]
        verdict.check(not left, f"the next user of a connection of {service} sees {left}")
    finally:
        await pool.close()


async def _theirs(raw: "asyncpg.Connection[asyncpg.Record]", table: str) -> bool:
    return bool(await raw.fetchval(f"SELECT EXISTS (SELECT FROM {table} WHERE academie = '{THEIRS}')"))


async def _count(url: str, table: str, where: str = "") -> int:
    async with _session(url) as raw:
        return int(await raw.fetchval(f"SELECT count(*) FROM {table}{where}"))


@asynccontextmanager
async def _session(url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1
"""
KEYS = """
SELECT c.oid::regclass::text AS name, quote_ident(a.attname) AS column FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.atttypid = 'uuid'::regtype AND a.attnum > 0
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND a.attname IN ('id', 'campaign', 'census', 'person', 'subject') ORDER BY 1, 2
"""
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F22",
        title="an académie asks for what is another's: routes, events, SQL",
        run=cross,
        in_check=1,
    ),
)
