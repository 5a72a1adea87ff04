"""`bassin provisioned`: without it a new release could start on the schema of the last one."""

import asyncio
import sys
import time
from typing import Annotated

import asyncpg
from cyclopts import Parameter

from common import migrate
from common.cli.reach import DATABASE_REFUSES, Reached, reach

EVERY = 1.0  # seconds between two looks
NOT_YET = (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError)  # the grant to look is a migration too


def provisioned(
    service: Annotated[str, Parameter(help="territory, hr_networks, training, payroll")],
    *,
    wait: Annotated[float, Parameter(help="seconds to wait until it is")] = 0,
) -> int:
    """Whether the database of SERVICE has this release's migrations and handlers, or a later one's; status 1 if not.

    It looks as role app (BASSIN_DATABASE_URL) and changes nothing.
    """
    reached, end, said = reach(service), time.monotonic() + wait, ""
    while lacking := asyncio.run(_lacking(reached)):
        if lacking != said:
            print(f"{service} is not provisioned: {lacking}", file=sys.stderr, flush=True)
        if time.monotonic() >= end:
            return 1
        said = lacking
        time.sleep(EVERY)
    return 0


async def _lacking(reached: Reached) -> str:
    """In a few words, what is missing; "" if nothing is."""
    try:
        connection = await asyncpg.connect(reached.urls.app, timeout=5)
    except (*DATABASE_REFUSES, OSError) as error:
        return f"its database cannot be reached ({type(error).__name__})"
    try:
        return await migrate.lacking(connection, reached.service.name, reached.service.table().names())
    except NOT_YET:
        return "its database is not laid out"
    except (*DATABASE_REFUSES, OSError) as error:
        return f"its database went away ({type(error).__name__})"
    finally:
        await connection.close(timeout=5)
