"""Row-level security of every service's database, read from the catalogue and tried with raw SQL on a row per table."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
import pytest

from common.local.clones import clones
from common.local.run_servers import RunServers
from common.migrate import ServiceUrls, roles
from common.service import services

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture(scope="module", params=sorted(services()))
def service(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def urls(service: str, servers: RunServers) -> Iterator[ServiceUrls]:
    """One clone for all tests: they read, or write what is refused."""
    with clones(servers) as clone:
        yield clone(service)


@pytest.fixture
async def admin(urls: ServiceUrls) -> AsyncIterator[Connection]:
    async with session(urls.admin) as connection:
        yield connection


@asynccontextmanager
async def session(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def column(connection: Connection, sql: str, *args: object) -> list[str]:
    return [row[0] for row in await connection.fetch(sql, *args)]


# --- the catalogue -----------------------------------------------------------------------------------------------


async def test_every_table_forces_row_security_by_the_one_policy(admin: Connection) -> None:
    assert len(await column(admin, TABLES)) > 3
    assert await column(admin, UNFORCED) == []
    assert await column(admin, WITHOUT_THE_POLICY) == []


async def test_nothing_else_holds_or_shows_rows(admin: Connection) -> None:
    """Materialized views know no row security, views and definer's functions may run with their owner's eyes."""
    assert await column(admin, OTHER_RELATIONS) == []
    assert await column(admin, DEFINERS) == []


async def test_the_academie_leads_every_key(admin: Connection) -> None:
    """A unique value or a reference without it would tell one académie what another holds."""
    assert await column(admin, WITHOUT_ACADEMIE) == []
    assert await column(admin, KEYS_NOT_LED) == []
    assert await column(admin, REFERENCES_NOT_LED) == []


async def test_the_application_owns_nothing_and_bypasses_nothing(admin: Connection, service: str) -> None:
    named = roles(service)
    for role in (named["app"], named["relay"]):
        assert await column(admin, POWERS, role) == []
        assert await column(admin, OWNED, role) == []
        assert await column(admin, MEMBERSHIPS, role) == []
        assert not await admin.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", role)
        assert not await admin.fetchval("SELECT has_schema_privilege($1, 'infra', 'CREATE')", role)


async def test_only_maintenance_bypasses_row_security(admin: Connection, service: str) -> None:
    named = roles(service)

    bypassing = await column(admin, BYPASSING, list(named.values()))

    assert bypassing == [named["maint"]]


# --- the grants --------------------------------------------------------------------------------------------------

INFRA = """
infra.aggregate        app    INSERT SELECT UPDATE
infra.aggregate        relay  INSERT SELECT UPDATE
infra.alembic_version  app    SELECT
infra.consumer         app    INSERT SELECT UPDATE
infra.consumer         maint  INSERT SELECT UPDATE
infra.decided          app    INSERT SELECT UPDATE
infra.fork             app    INSERT SELECT
infra.fork             maint  INSERT SELECT
infra.handler          app    SELECT
infra.handler          maint  SELECT UPDATE
infra.held             app    DELETE INSERT SELECT UPDATE
infra.held             maint  DELETE INSERT SELECT UPDATE
infra.inbox            app    DELETE INSERT SELECT UPDATE
infra.inbox            maint  DELETE INSERT SELECT UPDATE
infra.lost_fact        app    SELECT UPDATE(republish)
infra.lost_fact        relay  INSERT SELECT
infra.offset           app    DELETE INSERT SELECT UPDATE
infra.offset           maint  DELETE INSERT SELECT UPDATE
infra.outbox           app    INSERT SELECT
infra.outbox           relay  DELETE SELECT UPDATE
infra.published        relay  INSERT SELECT UPDATE
"""
APPEND_ONLY = {"audit": {"SELECT", "INSERT"}, "audit_seal": {"SELECT", "INSERT"}}


async def test_the_grants_on_schema_infra_are_these(admin: Connection, service: str) -> None:
    granted = [(r["relation"], r["role"], r["rights"]) for r in await admin.fetch(GRANTS, "infra", prefix(service))]

    assert granted == [tuple(line.split(maxsplit=2)) for line in INFRA.strip().splitlines()]


async def test_on_schema_public_only_the_application_and_maintenance_have_rights(
    admin: Connection, service: str
) -> None:
    granted = await admin.fetch(GRANTS, "public", prefix(service))

    assert {row["role"] for row in granted} == {"app", "maint"}
    rights = [right.partition("(")[0] for row in granted if row["role"] == "app" for right in row["rights"].split()]
    assert set(rights) <= CRUD


async def test_the_audit_can_only_grow(admin: Connection, service: str) -> None:
    granted = {
        r["relation"]: set(r["rights"].split())
        for r in await admin.fetch(GRANTS, "public", prefix(service))
        if r["role"] == "app"
    }

    assert {table: granted[f"public.{table}"] for table in APPEND_ONLY} == APPEND_ONLY


CRUD = {"SELECT", "INSERT", "UPDATE", "DELETE"}


def prefix(service: str) -> str:
    return roles(service)["app"].removesuffix("app")


# --- raw SQL -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def filled(admin: Connection) -> list[str]:
    """One row of académie 09 in every table; what a rule of the table would refuse is taken away first."""
    tables = await column(admin, TABLES)
    for table in tables:
        if await admin.fetchval(f"SELECT count(*) FROM {table}"):
            continue
        for constraint in await column(admin, CHECKS, table):
            await admin.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"')
        await admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        row = await admin.fetchval(A_ROW, table)
        await admin.execute(f"INSERT INTO {table} {row}")
    return tables


async def counts(connection: Connection, tables: list[str]) -> dict[str, int]:
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


@pytest.mark.parametrize("role", ["app", "owner"])
async def test_with_no_academie_set_every_table_is_empty(urls: ServiceUrls, filled: list[str], role: str) -> None:
    """The owner too: without FORCE he would see everything."""
    async with session(getattr(urls, role)) as raw:
        assert await counts(raw, filled) == dict.fromkeys(filled, 0)
        await raw.execute("SELECT set_config('bassin.academies', '', false)")
        assert await counts(raw, filled) == dict.fromkeys(filled, 0)


async def test_each_academie_sees_its_rows_and_nobody_elses(urls: ServiceUrls, filled: list[str]) -> None:
    async with session(urls.app) as raw:
        for academies, expected in (("09", 1), ("20", 0), ("20,09", 1), ("0", 0), ("%", 0), ("09x", 0)):
            async with raw.transaction():
                await raw.execute("SELECT set_config('bassin.academies', $1, true)", academies)
                assert await counts(raw, filled) == dict.fromkeys(filled, expected), academies
        assert await counts(raw, filled) == dict.fromkeys(filled, 0)


async def test_nobody_writes_or_moves_a_row_into_another_academie(urls: ServiceUrls, filled: list[str]) -> None:
    async with session(urls.app) as raw:
        await raw.execute("SELECT set_config('bassin.academies', '20', false)")
        for table in filled:
            if await raw.fetchval("SELECT has_table_privilege($1, 'DELETE')", table):
                assert await raw.execute(f"DELETE FROM {table}") == "DELETE 0"
            if await raw.fetchval("SELECT has_table_privilege($1, 'UPDATE')", table):
                assert await raw.execute(f"UPDATE {table} SET academie = '20'") == "UPDATE 0"
        await raw.execute("SELECT set_config('bassin.academies', '09', false)")
        for table in filled:
            if await raw.fetchval("SELECT has_table_privilege($1, 'UPDATE')", table):
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                    await raw.execute(f"UPDATE {table} SET academie = '20'")


TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1
"""
UNFORCED = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
"""
WITHOUT_THE_POLICY = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND (SELECT array_agg(row (p.polcmd, p.polroles, pg_get_expr(p.polqual, p.polrelid),
                             pg_get_expr(p.polwithcheck, p.polrelid))::text)
       FROM pg_policy p WHERE p.polrelid = c.oid)
      IS DISTINCT FROM ARRAY[row ('*'::"char", '{0}'::oid[], '(academie = ANY (infra.academies()))',
                                  '(academie = ANY (infra.academies()))')::text]
"""
OTHER_RELATIONS = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace IN ('public'::regnamespace, 'infra'::regnamespace) AND c.relkind IN ('v', 'm', 'f')
"""
DEFINERS = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace IN ('public'::regnamespace, 'infra'::regnamespace) AND p.prosecdef
"""
WITHOUT_ACADEMIE = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'academie' AND a.attnotnull)
"""
KEYS_NOT_LED = """
SELECT i.indexrelid::regclass::text
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND a.attname IS DISTINCT FROM 'academie'
UNION ALL
SELECT c.oid::regclass::text || ' has no primary key' FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
"""
REFERENCES_NOT_LED = """
SELECT f.conname FROM pg_constraint f
JOIN pg_attribute mine ON mine.attrelid = f.conrelid AND mine.attnum = f.conkey[1]
JOIN pg_attribute theirs ON theirs.attrelid = f.confrelid AND theirs.attnum = f.confkey[1]
WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace
  AND (mine.attname, theirs.attname) <> ('academie', 'academie')
"""
POWERS = """
SELECT power FROM pg_roles r CROSS JOIN LATERAL (VALUES
    ('superuser', r.rolsuper), ('bypassrls', r.rolbypassrls), ('createdb', r.rolcreatedb),
    ('createrole', r.rolcreaterole), ('replication', r.rolreplication)) AS p (power, held)
WHERE r.rolname = $1 AND held
"""
OWNED = """
SELECT c.oid::regclass::text FROM pg_class c WHERE c.relowner = $1::regrole
UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.proowner = $1::regrole
UNION ALL SELECT n.nspname FROM pg_namespace n WHERE n.nspowner = $1::regrole
UNION ALL SELECT d.datname FROM pg_database d WHERE d.datdba = $1::regrole
"""
MEMBERSHIPS = "SELECT m.roleid::regrole::text FROM pg_auth_members m WHERE m.member = $1::regrole"
BYPASSING = "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND (rolbypassrls OR rolsuper)"
GRANTS = """
WITH given AS (
    SELECT c.relowner, n.nspname || '.' || c.relname AS relation, (aclexplode(c.relacl)).*, NULL AS field
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1
    UNION ALL
    SELECT c.relowner, n.nspname || '.' || c.relname, (aclexplode(a.attacl)).*, a.attname
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1
)
SELECT relation, coalesce(replace(r.rolname, $2, ''), 'PUBLIC') AS role,
       string_agg(privilege_type || coalesce('(' || field || ')', ''), ' ' ORDER BY privilege_type) AS rights
FROM given LEFT JOIN pg_roles r ON r.oid = grantee
WHERE grantee <> relowner
GROUP BY 1, 2 ORDER BY 1, 2
"""
CHECKS = "SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('c', 'x')"
A_ROW = """
SELECT format('(%s) VALUES (%s)',
    string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
    string_agg(CASE
        WHEN a.attname = 'academie' THEN '''09'''
        WHEN t.typcategory = 'A' THEN '''{}'''
        WHEN t.typtype = 'e' THEN quote_literal((SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid LIMIT 1))
        WHEN t.typname = 'uuid' THEN 'gen_random_uuid()'
        WHEN t.typname IN ('json', 'jsonb') THEN '''{}'''
        WHEN t.typname = 'bool' THEN 'false'
        WHEN t.typcategory = 'N' THEN '1'
        WHEN t.typcategory = 'D' THEN 'now()'
        ELSE '''x''' END, ', ' ORDER BY a.attnum))
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
"""
