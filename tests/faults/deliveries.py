"""F10, F11: a log that repeats what it said, says it in the wrong order, or keeps some of it for later."""

import random

from tests.faults.carrier import Carrier, Letter, Repeating, Shuffling, carrying
from tests.faults.fault import Fault, Verdict
from tests.faults.stage import LISTENER, PRODUCER, Stage, until

COMMANDS = 60  # in each schedule
SUBJECTS = 12  # few, so that something comes after whatever is missing


async def repeat_everything(stage: Stage, seed: int) -> Verdict:
    """By the log, and in half of the schedules also by a listener that is put back to where it was before."""
    rng, verdict = random.Random(seed), Verdict()
    courier = Repeating(rng)
    async with carrying(stage) as carrier:
        carrier.courier = courier
        await stage.clients.write(rng, COMMANDS)
        await carried(stage, carrier)
        await carrier.send(courier.rest())
        if rng.random() < 0.5:
            await stage.query(LISTENER, GO_BACK, rng.randint(1, 2 * COMMANDS))
        verdict.broken += await stage.books.close()
        verdict.broken += await _heard_all(stage)
    verdict.figures |= {"repetitions": courier.repeated}
    return verdict


async def disorder(stage: Stage, seed: int) -> Verdict:
    """The subject of a missing record waits, the others flow; once it arrives all goes on by itself."""
    rng, verdict = random.Random(seed), Verdict()
    courier = Shuffling(rng, kept_back=0.1)
    async with carrying(stage) as carrier:
        carrier.courier = courier
        await stage.clients.write(rng, COMMANDS, desks=rng.sample(stage.clients.desks, SUBJECTS))
        await carried(stage, carrier)
        await carrier.send(courier.flush())
        kept = len(courier.missing)
        verdict.check(
            await until(lambda: _only_these_wait(stage, courier.missing), within=10) < 10,
            "other subjects than those of the missing records wait",
        )
        await carrier.send(courier.rest())
        healed = await stage.books.settle()
        verdict.broken += await stage.books.close()
    verdict.figures |= {"missing": kept, "healed after s": healed}
    return verdict


async def carried(stage: Stage, carrier: Carrier) -> None:
    """All that was committed is published and has come to the courier."""
    published = await until(lambda: _empty(stage), within=10)
    assert published < 10, "the outbox is not empty"
    assert await until(carrier.idle, within=10) < 10, "the carrier does not come to the end"


async def _empty(stage: Stage) -> bool:
    return not await stage.query(PRODUCER, "SELECT FROM infra.outbox LIMIT 1")


async def _only_these_wait(stage: Stage, missing: list[Letter]) -> bool:
    """Whoever is behind has a record missing; whoever has none missing is where the producer is."""
    keys = {(letter.key or b"").decode() for letter in missing}
    return all(str(subject) in keys for subject in await stage.books.behind())


async def _heard_all(stage: Stage) -> list[str]:
    """Repetitions are still on their way when the last effect is there: they must have passed too."""
    passed = await until(lambda: _at_the_end(stage), within=10)
    return [] if passed < 10 else ["the listener has not read what was repeated"]


async def _at_the_end(stage: Stage) -> bool:
    return (await stage.metrics(LISTENER)).get("bassin_consumer_lag_records", 1) == 0


GO_BACK = 'UPDATE infra."offset" SET next = greatest(next - $1, 0)'
FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F10",
        title="every record delivered 1 to 5 times",
        run=repeat_everything,
        seeds=46,
        in_check=3,
        carried=True,
        moves=(f"{LISTENER}:bassin_inbox_duplicates_total",),
    ),
    Fault(
        name="F11",
        title="records out of order, versions missing for a while",
        run=disorder,
        seeds=30,
        in_check=3,
        carried=True,
        moves=(f"{LISTENER}:bassin_inbox_waiting_total",),
    ),
)
