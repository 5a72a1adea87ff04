"""`bassin person`: what the services hold of one person, given out or erased, with a reason that the audit keeps."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated
from uuid import UUID

import asyncpg
import msgspec
from cyclopts import App, Parameter

from common import people
from common.cli.reach import Reached, every_service, reach
from common.clock import Clock
from common.db import Database, connect
from common.identifiers import CodeAcademie, enc_hook

Reason = Annotated[str, Parameter(help="why; kept in the audit")]
Services = Annotated[list[str] | None, Parameter(name="--service", help="one of them; repeat it; all when absent")]
Found = Mapping[CodeAcademie, Mapping[str, object]]
Work = Callable[[Database, Reached], Awaitable[Found]]

app = App(name="person", help="What the services hold of a person.")


@app.command
def export(person: UUID, *, service: Services = None, reason: Reason) -> int:
    """Print all that is held of PERSON as JSON: service, académie, what."""

    async def work(db: Database, reached: Reached) -> Found:
        assert reached.service.people is not None
        return await people.export(db, reached.academies, reached.service.people, person, reason=reason)

    return told(*asyncio.run(everywhere(service, work)))


@app.command
def erase(person: UUID, *, service: Services = None, reason: Reason) -> int:
    """Blank PERSON in every version that is kept and print how many rows that was; safe to run again."""

    async def work(db: Database, reached: Reached) -> Found:
        assert reached.service.people is not None
        return await people.erase(db, reached.academies, reached.service.people, person, reason=reason)

    return told(*asyncio.run(everywhere(service, work)))


async def everywhere(names: list[str] | None, work: Work) -> tuple[dict[str, Found], list[str]]:
    """What was found in each service, and those that could not be reached: the others are done all the same."""
    found: dict[str, Found] = {}
    failed: list[str] = []
    for name in names or every_service("add --service NAME"):
        reached = reach(name)
        if reached.service.people is None:
            continue
        try:
            pool = await connect(reached.urls.app, size=1)
            try:
                found[name] = await work(Database(name, pool, Clock()), reached)
            finally:
                await pool.close()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            failed.append(f"{name} was not reached ({type(error).__name__}): run this again")
    return found, failed


def told(found: Mapping[str, Found], failed: list[str]) -> int:
    held = {service: by_academie for service, by_academie in found.items() if by_academie}
    print(msgspec.json.format(msgspec.json.encode(held, enc_hook=enc_hook), indent=2).decode())
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0
