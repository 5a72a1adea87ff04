"""Where a table built again differs from the live one, row by row: what a switch would change, told before it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
SHOWN = 20  # rows of each table that are told one by one


class Row(Struct, frozen=True):
    """One row that differs: its key and the names of the columns, never their values, which may be personal."""

    kind: str  # live: only in the live table; built: only in the one built again; differs: in both
    key: Mapping[str, Any]
    columns: Sequence[str] = ()  # that differ


class Difference(Struct, frozen=True, kw_only=True):
    """Of one table; counts are rows."""

    table: str
    before: int  # live
    after: int  # built again
    only_live: int
    only_built: int
    differing: int
    rows: Sequence[Row]  # the first of them, by key

    @property
    def none(self) -> bool:
        return not (self.only_live or self.only_built or self.differing)


async def difference(connection: Connection, table: str, beside: str) -> Difference:
    """Of `public.table` and the one of the same name in schema `beside`, matched by primary key."""
    keys = [row["name"] for row in await connection.fetch(KEYS, table)]
    compared = COMPARED.format(table=table, beside=beside, on=" AND ".join(f'o."{key}" = n."{key}"' for key in keys))
    counts = await connection.fetchrow(compared + COUNTS)
    assert counts is not None
    rows = [_row(found, keys) for found in await connection.fetch(compared + EXAMPLES, keys, SHOWN)]
    return Difference(table=table, rows=rows, **dict(counts))


def _row(found: asyncpg.Record, keys: Sequence[str]) -> Row:
    live, built = (msgspec.json.decode(found[side] or "{}", type=dict[str, Any]) for side in ("live", "built"))
    there = live or built
    key = {name: there[name] for name in keys}
    if not live or not built:
        return Row("live" if live else "built", key)
    return Row("differs", key, [name for name in live if live[name] != built[name]])


KEYS = """
SELECT a.attname AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = ('public.' || quote_ident($1))::regclass AND i.indisprimary
ORDER BY array_position(i.indkey::int2[], a.attnum)
"""
COMPARED = """
WITH compared AS (
    SELECT to_jsonb(o) AS live, to_jsonb(n) AS built
    FROM public."{table}" o FULL JOIN {beside}."{table}" n ON {on}
)
"""
COUNTS = """
SELECT count(live) AS before, count(built) AS after, count(*) FILTER (WHERE built IS NULL) AS only_live,
    count(*) FILTER (WHERE live IS NULL) AS only_built, count(*) FILTER (WHERE live <> built) AS differing
FROM compared
"""
EXAMPLES = """
SELECT live::text, built::text FROM compared WHERE live IS DISTINCT FROM built
ORDER BY (SELECT array_agg(coalesce(live, built) ->> key) FROM unnest($1::text[]) AS key) LIMIT $2
"""
