"""F1, F2, F3: a service that dies, or stops, between its commit and the publication."""

import asyncio
import random

from tests.faults.fault import Fault, Verdict
from tests.faults.stage import PRODUCER, Stage, until

from common.local.places import STATE

TRAPPED = "tests.faults.launch:trapped"
PLACES = ("publish", "transaction", "published", "forget")


async def die_between_commit_and_publication(stage: Stage, seed: int) -> Verdict:
    """The trap closes under load; then the service is started anew, as any supervisor would."""
    rng, verdict = random.Random(seed), Verdict()
    armed = STATE / f"armed-{seed}"
    await stage.kill(PRODUCER)
    await stage.start(PRODUCER, TRAPPED, rng.choice(PLACES), "kill", str(rng.randint(1, 8)), str(armed))
    async with stage.clients.writing(rng, clients=4):
        armed.touch()
        verdict.check(await stage.until_dead(PRODUCER), "the trap did not close")
        await asyncio.sleep(rng.random() * 0.1)
    left = await stage.query(PRODUCER, "SELECT count(*) AS n FROM infra.outbox")
    begun = time.monotonic()
    await stage.start(PRODUCER)
    await until(lambda: _drained(stage), within=20)
    verdict.figures |= {"publish_seconds": time.monotonic() - begun, "left": left[0]["n"]}
    verdict.check(float(verdict.figures["publish_seconds"]) <= 5, f"not published within 5 s: {verdict.figures}")
    verdict.broken += await stage.books.close()
    return verdict


async def _drained(stage: Stage) -> bool:
    return not await stage.query(PRODUCER, "SELECT FROM infra.outbox LIMIT 1")


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F1",
        title="kill -9 of a service between its commit and the publication",
        run=die_between_commit_and_publication,
        seeds=50,
        in_check=3,
        moves=("hr_networks:bassin_relay_takeovers_total",),
    ),
)
