"""F19: everything is restarted, one process after the other, while commands come in."""

import asyncio
import random
import time
from contextlib import AsyncExitStack

from tests.faults.checker import Outcome
from tests.faults.fault import Fault, Verdict
from tests.faults.gateways import Balancer, balanced, second, start_gateway
from tests.faults.stage import LISTENER, PRODUCER, Environment, Stage

from common.local.layout import GATEWAY
from common.local.platform import DRAIN_SECONDS

GRACE = 2 * float(DRAIN_SECONDS) + 4  # seconds: what is answered, then what is published, then the connections
# A service that ends closes its idle connections. Of a command that is sent on one just then the gateway, which sends
# none twice, cannot know what became: 502, and the client looks before it sends it again.
NOTICED = 0.01  # share of the commands


async def restart_everything(stage: Stage, seed: int) -> Verdict:
    """Two replicas of each, each asked to end (SIGTERM) and started again."""
    rng, verdict = random.Random(seed), Verdict()
    ends: list[float] = []
    async with AsyncExitStack() as stack:
        before = {name: await stack.enter_async_context(balanced(*_replicas(stage, name))) for name in stage.urls}
        gateways = await stack.enter_async_context(balanced(*_replicas(stage, GATEWAY)))
        environment = {"BASSIN_GATEWAY_JWKS_URL": f"{gateways.url}/internal/jwks"}
        await _double(stage, before, environment)
        stage.clients.through(gateways.url)
        async with stage.clients.writing(rng, pause=0.02):
            for who in (*stage.urls, GATEWAY):
                for replica in (who, second(who)):
                    ends.append(await _restart(stage, replica, verdict))
                    await _begin(stage, replica, before, environment)
        stage.clients.through(stage.layout.url(GATEWAY))
    commands = len(stage.books.commands)
    unknown = stage.books.counted(Outcome.INDETERMINATE) + stage.books.counted(Outcome.REFUSED)
    verdict.figures |= {"commands": commands, "not acknowledged": unknown, "slowest end s": max(ends)}
    verdict.check(unknown <= NOTICED * commands, f"{unknown} of {commands} not acknowledged: {stage.clients.answers}")
    verdict.broken += await stage.books.close()
    return verdict


def _replicas(stage: Stage, who: str) -> tuple[str, str]:
    return stage.url(who), stage.url(second(who))


async def _double(stage: Stage, before: dict[str, Balancer], environment: Environment) -> None:
    for service in before:
        await stage.start(second(service), environment=environment)
    await stage.terminate(GATEWAY)
    for who in (GATEWAY, second(GATEWAY)):
        await start_gateway(stage, who, _addresses(before))


def _addresses(before: dict[str, Balancer]) -> dict[str, str]:
    return {name: balancer.url for name, balancer in before.items()}


async def _restart(stage: Stage, who: str, verdict: Verdict) -> float:
    begun = time.monotonic()
    status = await stage.terminate(who, within=GRACE)
    took = time.monotonic() - begun
    verdict.check(status == 0, f"{who} ended with {status} after {took:.1f} s")
    return took


async def _begin(stage: Stage, who: str, before: dict[str, Balancer], environment: Environment) -> None:
    if who.startswith(GATEWAY):
        await start_gateway(stage, who, _addresses(before))
    else:
        await stage.start(who, environment=environment)
    await asyncio.sleep(0.5)


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="F19",
        title="every process asked to end and started again, under load",
        run=restart_everything,
        own_stage=True,
        moves=(f"{PRODUCER}:bassin_relay_takeovers_total", f"{LISTENER}:bassin_inbox_applied_total"),
    ),
)
