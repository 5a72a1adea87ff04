"""A rolling update from this tree to the next release, which is a copy of it with patches, under load.

In a process of its own, whose state is `BASSIN_STATE`; prints what broke and the figures as one line of JSON.
"""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.faults.checker import Outcome
from tests.faults.gateways import balanced, second, start_gateway
from tests.faults.stage import LISTENER, PRODUCER, Stage, raised, until
from tests.journeys.apart import Played, play

from common.local.layout import GATEWAY
from common.local.places import ROOT, STATE

PATCHES = Path(__file__).with_name("next_release")
LAUNCHER = "tests.journeys.two_releases:next_release"
TREE = STATE / "next-release"
ENOUGH = 30  # acknowledged commands of each stretch of the update
WITHIN = 90.0  # seconds for them, or for a process, on a machine that does much else


# --- the next release


def make_tree() -> None:
    for sources in ("libs", "services"):
        shutil.copytree(ROOT / sources, TREE / sources, ignore=shutil.ignore_patterns("__pycache__"))
    patch("next")


def patch(name: str) -> None:
    """
    Raises:
        CalledProcessError: the tree has moved on, and the patch must follow it.
    """
    subprocess.run(["git", "apply", str(PATCHES / f"{name}.patch")], cwd=TREE, check=True)


def sources() -> dict[str, str]:
    """What puts the next release's modules before this one's."""
    return {"PYTHONPATH": os.pathsep.join(str(TREE / place) for place in ("libs", "services"))}


def next_release(name: str) -> None:
    """Becomes another program: what this process inherited has the present release's modules."""
    os.environ |= sources()
    program = "import sys; from common.local.serving import serve; serve(sys.argv[1])"
    os.execv(sys.executable, [sys.executable, "-c", program, name])


async def provision(stage: Stage, *services: str) -> None:
    """As an operator does before the new processes start, with the next release's image."""
    bassin = Path(sys.executable).parent / "bassin"
    servers = {"BASSIN_ADMIN_DATABASE_URL": stage.postgres.admin_url, "BASSIN_KAFKA": stage.kafka}
    environment = {**os.environ, **sources(), **servers}
    command = [str(bassin), "provision", *services]
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- the update


async def journey() -> Played:
    async with raised() as stage, AsyncExitStack() as stack:
        await asyncio.to_thread(make_tree)
        before = [await stack.enter_async_context(balanced(stage.url(PRODUCER), stage.url(second(PRODUCER))))]
        for service in (PRODUCER, LISTENER):
            await stage.start(second(service))
        await stage.terminate(GATEWAY)
        addresses = {name: stage.url(name) for name in stage.urls} | {PRODUCER: before[0].url}
        await start_gateway(stage, GATEWAY, addresses)
        return await update(stage)


async def update(stage: Stage) -> Played:
    await stage.books.begin()
    begun, stretches = time.monotonic(), {}
    async with stage.clients.writing(random.Random(7), clients=3, pause=0.15):
        await provision(stage, PRODUCER, LISTENER)
        stretches["old processes, expanded schema"] = await commands(stage)
        for service in (PRODUCER, LISTENER):
            await replace(stage, service)
        stretches["one of each release"] = await commands(stage)
        for service in (PRODUCER, LISTENER):
            await replace(stage, second(service))
        patch("contract")
        await provision(stage, PRODUCER)
        stretches["new processes, contracted schema"] = await commands(stage)
    broken = await stage.books.close()
    seconds = round(time.monotonic() - begun, 1)
    return Played(broken + await found(stage), {"seconds": seconds, **stretches, **figures(stage)})


def figures(stage: Stage) -> dict[str, float]:
    """Of the commands: how many, how many were not acknowledged, and how those that were answered were answered."""
    told = stage.books.commands
    failed = sum(command.outcome is not Outcome.ACKNOWLEDGED for command in told)
    answered = {f"answered {status}": n for (status, _), n in stage.clients.answers.items()}
    return {"commands": len(told), "not acknowledged": failed, **answered}


async def commands(stage: Stage) -> int:
    """So many more are acknowledged, and their facts heard."""
    before = stage.books.counted(Outcome.ACKNOWLEDGED)

    async def enough() -> bool:
        return stage.books.counted(Outcome.ACKNOWLEDGED) >= before + ENOUGH

    assert await until(enough, within=WITHIN) < WITHIN, f"commands do not succeed: {stage.clients.answers}"
    return stage.books.counted(Outcome.ACKNOWLEDGED) - before


async def replace(stage: Stage, who: str) -> None:
    status = await stage.terminate(who, within=WITHIN)
    assert status == 0, f"{who} ended with {status}"
    service, forked = who.partition("#")[0], stage.platform.forked
    log, settings = stage.layout.log(who), stage.settings(who)
    await asyncio.to_thread(lambda: forked.start(who, LAUNCHER, service, log=log, environment=settings))
    await asyncio.to_thread(lambda: forked.wait_ready(who, f"{stage.url(who)}/readyz", within=WITHIN))


async def found(stage: Stage) -> list[str]:
    """What both releases wrote is whole, in the columns that are left."""
    [answers] = await stage.query(PRODUCER, ANSWERS)
    [heard] = await stage.query(LISTENER, HEARD)
    wrong = []
    if answers["columns"] != ["given_at"]:
        wrong.append(f"the schema is not contracted: {answers['columns']}")
    if answers["without"]:
        wrong.append(f"{answers['without']} answers have lost their instant")
    if not heard["told"]:
        wrong.append("the next release's field reached nobody")
    return wrong


ANSWERS = """
SELECT count(*) FILTER (WHERE given_at IS NULL) AS without,
    (SELECT array_agg(column_name::text) FROM information_schema.columns
     WHERE table_name = 'answer_version' AND column_name IN ('answered_at', 'given_at')) AS columns
FROM answer_version
"""
HEARD = "SELECT count(*) FILTER (WHERE lines > 0) AS told FROM census_school"

if __name__ == "__main__":
    play(journey)
