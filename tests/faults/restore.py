"""F28: a producer's database is put back to an older copy while everybody else went on."""

import random
from typing import TYPE_CHECKING

import asyncpg
from tests.faults.checker import Outcome
from tests.faults.fault import Fault, Verdict
from tests.faults.stage import LISTENER, PRODUCER, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

DATABASE = f"bassin_{PRODUCER}"
COPY = f"{DATABASE}_copy"
COMMANDS = 60  # before the copy, in the hour that is lost, and after it


async def restore_an_older_copy(stage: Stage, seed: int) -> Verdict:
    """A copy of its files; its users answer again, from what the restored database knows."""
    rng, verdict = random.Random(seed), Verdict()
    await stage.clients.write(rng, COMMANDS)
    await stage.books.settle()
    await _without_producer(stage, f"CREATE DATABASE {COPY} TEMPLATE {DATABASE} STRATEGY file_copy")
    known = len(stage.clients.commands)
    await stage.clients.write(rng, COMMANDS)
    lost = sum(command.outcome is Outcome.ACKNOWLEDGED for command in stage.clients.commands[known:])
    verdict.check(await stage.books.settle() < 30, "the hour that is to be lost did not arrive")
    await _without_producer(stage, f"DROP DATABASE {DATABASE}", f"ALTER DATABASE {COPY} RENAME TO {DATABASE}")
    for desk in stage.clients.desks:
        desk.doubtful = True
    await stage.clients.write(rng, COMMANDS)
    verdict.figures |= {"lost facts": await _judged(stage, lost, verdict)}
    return verdict


async def _without_producer(stage: Stage, *statements: str) -> None:
    """While the service is down."""
    await stage.terminate(PRODUCER)
    connection = await asyncpg.connect(stage.postgres.admin_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
    await stage.start(PRODUCER)


async def _judged(stage: Stage, lost: int, verdict: Verdict) -> int:
    """Revisions begin again where the copy was, so the answers are judged by versions: none is used twice."""
    verdict.check(await stage.books.settle() < 30, f"{await stage.books.under_way()} events are blocked")
    verdict.broken += (await stage.books.told()).broken()
    for table in ("held", "fork"):
        [row] = await stage.query(LISTENER, f"SELECT count(*) AS n FROM infra.{table}")
        verdict.check(row["n"] == 0, f"{row['n']} rows in infra.{table}")
    wrong = await _unequal(stage)
    verdict.check(not wrong, f"{len(wrong)} answers differ from what the listener knows")
    [row] = await stage.query(PRODUCER, "SELECT count(*) AS n FROM infra.lost_fact")
    verdict.check(row["n"] >= lost, f"{row['n']} lost facts are listed of {lost} at least")
    listed = await stage.bassin(PRODUCER, "lost", "list", PRODUCER)
    verdict.check(bool(listed.strip()), "bassin lost list shows nothing")
    return int(row["n"])


async def _unequal(stage: Stage) -> "Sequence[str]":
    """Answers given since the copy came back, of which the listener knows another revision."""
    heard = await stage.query(LISTENER, "SELECT census, uai, revision FROM census_school")
    at = {f"{row['census']}/{row['uai']}": row["revision"] for row in heard}
    told = {c.subject: c.version for c in stage.clients.commands[-COMMANDS:] if c.outcome is Outcome.ACKNOWLEDGED}
    return [subject for subject, version in told.items() if at[subject] != version]


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F28",
        title="a service's database restored from an older copy",
        run=restore_an_older_copy,
        seeds=2,
        own_stage=True,
        moves=(f"{PRODUCER}:bassin_lost_facts_total",),
    ),
)
