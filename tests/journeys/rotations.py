"""Every secret that a running platform holds is changed under load, as docs/secrets.md says.

In a process of its own, whose state is `BASSIN_STATE`; prints what broke and the figures as one line of JSON.
"""

import asyncio
import json
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import asyncpg
import httpx
from tests.faults.clients import Desk
from tests.faults.gateways import balanced, second, start_gateway
from tests.faults.stage import PRODUCER, Stage, raised, until
from tests.journeys.apart import Played, play
from tests.journeys.two_releases import WITHIN, commands, figures

from common.local.layout import GATEWAY, IDENTITY
from common.local.places import CERTIFICATES, STATE
from common.tokens import COOL_DOWN

UNANNOUNCED = COOL_DOWN + 20  # seconds until a key that was never announced is believed
FOLLOWED = 20.0  # seconds within which every process has the new key: 5 on a quiet machine
ISSUERS = ("lille", "amiens")


async def journey() -> Played:
    async with raised() as stage, AsyncExitStack() as stack:
        balancer = await stack.enter_async_context(balanced(stage.url(PRODUCER), stage.url(second(PRODUCER))))
        await stage.start(second(PRODUCER))
        await stage.terminate(GATEWAY)
        await start_gateway(stage, GATEWAY, {name: stage.url(name) for name in stage.urls} | {PRODUCER: balancer.url})
        await stage.books.begin()
        wrong: list[str] = []
        async with stage.clients.writing(random.Random(11), clients=3, pause=0.15):
            wrong += await keys_of_the_gateway(stage)
            wrong += await keys_of_issuers(stage)
            wrong += await keys_of_attestations(stage)
            for role, setting in (("app", "DATABASE_URL"), ("relay", "RELAY_DATABASE_URL")):
                wrong += await passwords(stage, role, setting)
            await commands(stage)
        return Played(wrong + await stage.books.close() + refused(stage), figures(stage))


# --- keys


async def keys_of_the_gateway(stage: Stage) -> list[str]:
    """Each service believes the next key before it signs; the one that signed is believed for ten minutes more."""
    file = STATE / "signing-keys.json"
    _, signs_next = kids(file)[:2]
    await operate(stage, "keys", "rotate", str(file))
    published = stage.layout.url(GATEWAY) + "/internal/jwks"
    followed = await until(lambda: first_kid(published, signs_next), within=FOLLOWED)
    await commands(stage)
    return [] if followed < FOLLOWED else ["the gateway signs with its former key"]


async def first_kid(url: str, kid: str) -> bool:
    async with httpx.AsyncClient() as http:
        return bool((await http.get(url)).json()["keys"][0]["kid"] == kid)


def kids(file: Path) -> list[str]:
    return [key["kid"] for key in json.loads(file.read_bytes())["keys"]]


async def keys_of_issuers(stage: Stage) -> list[str]:
    """A provider signs with a key that it did not announce: who logged in before goes on, who logs in now soon does."""
    desks = {desk.school.academie: desk for desk in stage.clients.desks}.values()
    wrong = []
    async with httpx.AsyncClient(timeout=30) as http:
        for desk, issuer in zip(desks, ISSUERS, strict=True):
            await http.post(f"{stage.layout.url(IDENTITY)}/{issuer}/rotate")
            form = {"grant_type": "client_credentials", "client_id": f"chef-{desk.school.uai.lower()}@{issuer}"}
            said = await http.post(f"{stage.layout.url(IDENTITY)}/{issuer}/token", data=form)
            if not await admits(stage, http, desk, desk.token):
                wrong.append(f"{issuer}: a token of the former key is refused")
            new = said.json()["access_token"]
            if await until(partial(admits, stage, http, desk, new), within=UNANNOUNCED, every=1) >= UNANNOUNCED:
                wrong.append(f"{issuer}: a token of the new key is refused")
    return wrong


async def admits(stage: Stage, http: httpx.AsyncClient, desk: Desk, token: str) -> bool:
    answer = await http.get(stage.layout.url(GATEWAY) + desk.path, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code in {200, 404}


async def keys_of_attestations(stage: Stage) -> list[str]:
    file = STATE / CERTIFICATES
    ever = kids(file)
    await operate(stage, "keys", "rotate", str(file), "--keep-all")

    async def shown() -> bool:
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{stage.layout.url(GATEWAY)}/verification/cles")
            return {*ever, *kids(file)} <= {key["kid"] for key in answer.json()["keys"]}

    followed = await until(shown, within=FOLLOWED)
    return [] if followed < FOLLOWED else ["a key of attestations is not published"]


# --- passwords


async def passwords(stage: Stage, role: str, setting: str) -> list[str]:
    """A second login, processes one after the other, and the first login closed."""
    former, file = stage.urls[PRODUCER][role], STATE / f"{role}_database_url"
    await operate(stage, "secrets", "login", PRODUCER, role, str(file))
    early = await operate(stage, "secrets", "retire", PRODUCER, role)
    stage.urls = {**stage.urls, PRODUCER: {**stage.urls[PRODUCER], role: file.read_text()}}
    for who in (PRODUCER, second(PRODUCER)):
        assert await stage.terminate(who, within=WITHIN) == 0
        await stage.start(who, environment={f"BASSIN_{setting}": "", f"BASSIN_{setting}_FILE": str(file)})
    closed = await operate(stage, "secrets", "retire", PRODUCER, role)
    await operate(stage, "provision", PRODUCER)
    await commands(stage)
    wrong = [] if "still connected" in early else [f"{role}: a login in use was closed: {early}"]
    wrong += [] if f"closed: bassin_{PRODUCER}_{role}" in closed else [f"{role}: the former login is open: {closed}"]
    return wrong + ([f"{role}: the former password is good"] if await admitted(former) else [])


async def admitted(url: str) -> bool:
    try:
        await (await asyncpg.connect(url, timeout=10)).close()
    except asyncpg.InvalidAuthorizationSpecificationError:
        return False
    return True


async def operate(stage: Stage, *command: str) -> str:
    """`bassin`, with the address of the server's administrator as an operator has it."""
    settings: Mapping[str, str] = {
        "BASSIN_ADMIN_DATABASE_URL": stage.postgres.admin_url,
        "BASSIN_KAFKA": stage.kafka,
        "BASSIN_STATE": str(STATE),
    }
    log = STATE / "logs" / f"operator-{'-'.join(command[:2])}-{random.getrandbits(32):x}.txt"
    forked, launcher = stage.platform.forked, "tests.faults.launch:operate"
    await asyncio.to_thread(lambda: forked.start(log.stem, launcher, *command, log=log, environment=settings))
    process = forked.running.pop(log.stem)
    await asyncio.to_thread(process.join, WITHIN)
    assert process.exitcode in {0, 1}, f"bassin {' '.join(command)}: {process.exitcode}: {log.read_text()}"
    await asyncio.to_thread(forked.end, process)
    return log.read_text()


# --- what users noticed


def refused(stage: Stage) -> list[str]:
    """A token that is not believed, or a service that cannot log in: never."""
    answers = stage.clients.answers.items()
    return [f"{number} commands were answered {status}" for (status, _), number in answers if status in {401, 403, 500}]


if __name__ == "__main__":
    play(journey)
