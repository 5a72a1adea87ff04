"""Commands through the gateway while the release changes: what was acknowledged against what both services hold."""

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path

from tests.faults.books import EFFECTS
from tests.faults.checker import Effect, Outcome, Sets, judge
from tests.faults.clients import Clients
from tools.kube_kit import kubectl

SETTLED = 60  # seconds that everything may take to arrive
LISTENER = "bassin_training"
SEEN = """
SELECT coalesce(json_agg(json_build_array(academie, seen, census || '/' || uai, revision) ORDER BY seq), '[]')
FROM faults.effect
"""


def under_load(work: Callable[[], None], *, gateway: str, identity: str, told: Path) -> str:
    """Do `work` while four clients write one command after the other; nothing acknowledged may be missing after it."""
    _asked(EFFECTS)
    return asyncio.run(_under_load(work, Clients(gateway, identity, told)))


async def _under_load(work: Callable[[], None], clients: Clients) -> str:
    await clients.open()
    async with clients.writing(random.Random(6), pause=0.05):  # noqa: S311 - which school answers next
        await asyncio.sleep(2)
        await asyncio.to_thread(work)
        await asyncio.sleep(2)
    sets = await _settle(clients)
    await clients.close()
    count = {outcome: sum(each.outcome is outcome for each in clients.commands) for outcome in Outcome}
    assert count[Outcome.ACKNOWLEDGED], "no command was acknowledged: nothing was tried"
    assert not sets.broken(), f"{sets.broken()} of {count}"
    told = ", ".join(f"{number} {outcome}" for outcome, number in count.items())
    return f"{told}; 0 lost, 0 invented, 0 applied twice, 0 out of order"


async def _settle(clients: Clients) -> Sets:
    sets = judge(clients.commands, _effects())
    for _ in range(SETTLED):
        if not sets.lost:
            break
        await asyncio.sleep(1)
        sets = judge(clients.commands, _effects())
    return sets


def _effects() -> list[Effect]:
    """What the listener committed of what the producer published, in that order."""
    return [Effect(*line) for line in json.loads(_asked(SEEN))]


def _asked(sql: str) -> str:
    psql = ("psql", "-U", "postgres", "-d", LISTENER, "-v", "ON_ERROR_STOP=1", "-qAt")
    return kubectl("-n", "bassin", "exec", "-i", "postgres-0", "--", *psql, given=sql)
