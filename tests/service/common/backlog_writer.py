"""Commands in a process of its own, each the product's whole transaction: key, row, audit, event, answer.

`python -m tests.service.common.backlog_writer DATABASE FIRST_SUBJECT ROUNDS` prints `subject number` for each that
was acknowledged.
"""

import asyncio
import hashlib
import sys
from uuid import UUID, uuid5

from msgspec import Struct
from tests.service.common.probe import KEEP, LILLE, PRODUCER, fact

from common import audit, idempotency, outbox
from common.clock import Clock
from common.db import Database, connect
from common.idempotency import Command
from common.identifiers import BASSIN
from common.identity import Agent, Mandate, Role

SUBJECTS = 50  # of one writer
AT_ONCE = 10  # commands of one writer; each subject's come one after the other
OFFICE = Agent(
    id=uuid5(BASSIN, "agent:backlog"),
    academie=LILLE,
    mandates=(Mandate(role=Role.RESPONSABLE_FORMATION, academie=LILLE),),
)


class Said(Struct, frozen=True):
    number: int


async def main(database: str, first: int, rounds: int) -> None:
    pool = await connect(database, size=AT_ONCE)
    db, said = Database(PRODUCER, pool, Clock()), list[str]()
    ours = range(first, first + SUBJECTS)
    await asyncio.gather(*(some(db, ours[task::AT_ONCE], rounds, said) for task in range(AT_ONCE)))
    await pool.close()
    print("\n".join(said))


async def some(db: Database, subjects: range, rounds: int, said: list[str]) -> None:
    for number in range(1, rounds + 1):
        for subject in subjects:
            await command(db, subject, number)
            said.append(f"{subject} {number}")


async def command(db: Database, subject: int, number: int) -> None:
    """Returns when the commit was acknowledged; the event tells which command of its subject it comes from."""
    key = f"{subject}-{number}"
    idempotency.current.set(Command("POST", "/backlog", key, hashlib.sha256(key.encode()).digest()))
    async with db.transaction(OFFICE) as tx:
        tx.many(KEEP, [(LILLE, UUID(int=subject), number, key)])
        outbox.append(tx, LILLE, [fact(UUID(int=subject), UUID(int=number))])
        audit.record(tx, LILLE, "backlog", UUID(int=subject), detail={"number": number})
        tx.answer(Said(number), status=201)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
