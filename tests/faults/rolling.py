"""F19: everything is restarted, one process after the other, while commands come in."""

import asyncio
import random
import time
from contextlib import AsyncExitStack

from tests.faults.checker import Outcome
from tests.faults.fault import Fault, Verdict
from tests.faults.gateways import Balancer, balanced, second, start_gateway
from tests.faults.stage import LISTENER, PRODUCER, Stage

from common.local.layout import GATEWAY
from common.local.platform import DRAIN_SECONDS

GRACE = 2 * float(DRAIN_SECONDS) + 4  # seconds: what is answered, then what is published, then the connections


async def restart_everything(stage: Stage, seed: int) -> Verdict:
    """Two replicas of each, each asked to end (SIGTERM) and started again."""
    rng, verdict = random.Random(seed), Verdict()
    ends: list[float] = []
    async with AsyncExitStack() as stack:
        before = {name: await stack.enter_async_context(balanced(*_replicas(stage, name))) for name in stage.urls}
        gateways = await stack.enter_async_context(balanced(*_replicas(stage, GATEWAY)))
        await _double(stage, before)
        stage.clients.through(gateways.url)
        async with stage.clients.writing(rng, pause=0.02):
            for who in (*stage.urls, GATEWAY):
                for replica in (who, second(who)):
                    ends.append(await _restart(stage, replica, before, verdict))
        stage.clients.through(stage.layout.url(GATEWAY))
        for who in (*stage.urls, GATEWAY):
            await stage.terminate(second(who))
    await stage.terminate(GATEWAY)
    await start_gateway(stage, GATEWAY)
    failed = stage.books.counted(Outcome.INDETERMINATE) + stage.books.counted(Outcome.REFUSED)
    verdict.figures |= {"commands": len(stage.books.commands), "failed": failed, "slowest end s": max(ends)}
    verdict.check(failed == 0, f"{failed} commands failed: {dict(stage.clients.answers)}")
    verdict.broken += await stage.books.close()
    return verdict


def _replicas(stage: Stage, who: str) -> tuple[str, str]:
    return stage.url(who), stage.url(second(who))


async def _double(stage: Stage, before: dict[str, Balancer]) -> None:
    for service in before:
        await stage.start(second(service))
    await stage.terminate(GATEWAY)
    for who in (GATEWAY, second(GATEWAY)):
        await start_gateway(stage, who, _addresses(before))


def _addresses(before: dict[str, Balancer]) -> dict[str, str]:
    return {name: balancer.url for name, balancer in before.items()}


async def _restart(stage: Stage, who: str, before: dict[str, Balancer], verdict: Verdict) -> float:
    begun = time.monotonic()
    status = await stage.terminate(who, within=GRACE)
    took = time.monotonic() - begun
    verdict.check(status == 0, f"{who} ended with {status} after {took:.1f} s")
    if who.startswith(GATEWAY):
        await start_gateway(stage, who, _addresses(before))
    else:
        await stage.start(who)
    await asyncio.sleep(0.5)
    return took


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F19",
        title="every process asked to end and started again, under load",
        run=restart_everything,
        moves=(f"{PRODUCER}:bassin_relay_takeovers_total", f"{LISTENER}:bassin_inbox_applied_total"),
    ),
)
