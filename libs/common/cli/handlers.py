"""`bassin handlers`: which handlers may run on a service's records, and those that a release took back with it."""

import asyncpg
from cyclopts import App
from rich.console import Console
from rich.table import Table

from common.cli.operate import Service
from common.cli.reach import answered, fail, reach

app = App(name="handlers", help="What listens in a service: registered by bassin provision, forgotten when going back.")


@app.command(name="list")
def list_(service: Service) -> int:
    """Each handler, and whether this release knows it; status 1 if the two differ: nobody consumes then."""
    reached = reach(service)
    known = reached.service.table().names().keys()
    rows = {row["name"]: row for row in answered(service, _fetch(reached.urls.app, HANDLERS))}
    table = Table("handler", "kind", "registered", "of this release", "built")
    for name in sorted(rows.keys() | known):
        kind, built = (rows[name]["kind"], rows[name]["built"]) if name in rows else ("", False)
        table.add_row(name, kind, *("yes" if true else "no" for true in (name in rows, name in known, built)))
    Console().print(table)
    return 0 if rows.keys() == known else 1


@app.command
def forget(service: Service, name: str) -> None:
    """After going back: let SERVICE consume again without NAME, which only the later release has.

    Should that release come again, a projection is built again and a reaction hears what is told from then on.
    """
    reached = reach(service)
    if name in reached.service.table().names():
        fail(f"{name} is of this release: nothing is forgotten", 1)
    if not answered(service, _fetch(reached.urls.owner, FORGET, name)):
        fail(f"{service} has no handler {name!r} registered: bassin handlers list {service}", 2)
    print(f"{name} is forgotten; consumers go on within seconds")


async def _fetch(url: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(sql, *arguments)
    finally:
        await connection.close()


HANDLERS = "SELECT name, kind, built_at IS NOT NULL AS built FROM infra.handler"
FORGET = "DELETE FROM infra.handler WHERE name = $1 RETURNING name"
