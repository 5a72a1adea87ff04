"""A third académie joins a platform that serves two, under load, as docs/adding-an-academie.md says.

In a process of its own, whose state is `BASSIN_STATE`.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import uvicorn
from tests.faults.checker import Command, Outcome
from tests.faults.gateways import balanced, second, start_gateway
from tests.faults.stage import Stage, raised
from tests.journeys.apart import Played, play
from tests.journeys.two_releases import WITHIN, commands, figures

from common.identifiers import Uai
from common.local.accounts import DemoIssuer, plain_claims
from common.local.identity_provider import IdentityProvider, app
from common.local.journey import CAMPAIGNS, DIRECTORY, IMPORTS, School, named
from common.local.layout import GATEWAY, IDENTITY
from common.local.places import STATE
from common.local.ports import free_ports
from common.local.visitor import Visitors, until

CODE, NAME = "70", "normandie"
SERVED = {"BASSIN_ACADEMIES": f"09,20,{CODE}"}
ISSUER = r"""
[[issuers]]
url = "{url}"
academie = "70"
audience = "bassin"
mandates = [
    { claim = "rne", pattern = '(?P<uai>\w{8})', where = { fonction = "CHEF" }, role = "chef-etablissement" },
    { claim = "fonction", pattern = "TERRITOIRE", role = "administrateur-territoire" },
    { claim = "fonction", pattern = "FORMATION", role = "responsable-formation" },
]
"""


def provider(port: int) -> None:
    """The third académie's own, on a port of its own."""
    issuers = (DemoIssuer(name=NAME, claims=plain_claims, algorithm="ES256"),)
    served = app(IdentityProvider(f"http://127.0.0.1:{port}", issuers))
    uvicorn.run(served, host="127.0.0.1", port=port, log_level="warning", access_log=False, ws="none")


async def journey() -> Played:
    async with raised() as stage, doubled(stage) as addresses:
        await stage.books.begin()
        async with stage.clients.writing(random.Random(70), clients=3, pause=0.15):
            await serve_it(stage)
            identity = await believe_it(stage, addresses)
            wrong = await asyncio.to_thread(its_first_census, stage, identity)
            await commands(stage)
        wrong += await stage.books.close()
    return Played(wrong, figures(stage))


@asynccontextmanager
async def doubled(stage: Stage) -> AsyncIterator[dict[str, str]]:
    """Two gateways, and a balancer before each service, so that processes can be replaced one by one; its addresses."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        before = {name: await enter(balanced(stage.url(name), stage.url(second(name)))) for name in stage.urls}
        gateways = await enter(balanced(stage.url(GATEWAY), stage.url(second(GATEWAY))))
        addresses = {name: balancer.url for name, balancer in before.items()}
        await stage.terminate(GATEWAY)
        for who in (GATEWAY, second(GATEWAY)):
            await start_gateway(stage, who, addresses)
        stage.clients.through(gateways.url)
        yield addresses


async def serve_it(stage: Stage) -> None:
    """First the services: one that does not serve an académie puts its records aside."""
    for service in stage.urls:
        await stage.start(second(service), environment=SERVED)
        await stage.terminate(service, within=WITHIN)
        await stage.start(service, environment=SERVED)


async def believe_it(stage: Stage, addresses: dict[str, str]) -> str:
    """Then the gateways; returns where the provider is."""
    [port] = free_ports(1)
    start = stage.platform.forked.start
    log = stage.layout.log("third-provider")
    await asyncio.to_thread(
        lambda: start("third-provider", "tests.journeys.third_academie:provider", port, log=log, environment={})
    )
    url = f"http://127.0.0.1:{port}"
    await asyncio.to_thread(stage.platform.forked.wait_ready, "third-provider", f"{url}/")
    issuers = STATE / "issuers-of-three.toml"
    issuers.write_text((STATE / "issuers.toml").read_text() + ISSUER.replace("{url}", f"{url}/{NAME}"))
    for who in (GATEWAY, second(GATEWAY)):
        await stage.terminate(who, within=WITHIN)
        await start_gateway(stage, who, addresses, {"BASSIN_ISSUERS": str(issuers)})
    return url


def its_first_census(stage: Stage, identity: str) -> list[str]:
    """Directory, census, an answer, its echo in training; and neither sees the other."""
    third = Visitors(gateway=stage.layout.url(GATEWAY), identity=identity)
    others = Visitors(gateway=stage.layout.url(GATEWAY), identity=stage.layout.url(IDENTITY))
    office, lille = third(f"formation@{NAME}"), others("formation@lille")
    school = import_one_school(third)
    wish = {"academie": CODE, "object": "Premier recensement", "function": "Secrétariat de direction"}
    wish |= {"letter": "Merci de répondre.", "signatory": "La directrice", "contact": f"x@ac-{NAME}.example"}
    wish |= {"deadline": (datetime.now(UTC).date() + timedelta(days=30)).isoformat()}
    census = office.post_once_known(CAMPAIGNS, wish, unknown="no-school-to-address", expect=201)["id"]
    path = f"{CAMPAIGNS}/{census}/answers/{school.uai}"
    third(f"chef-{school.uai.lower()}@{NAME}").put(path, {"persons": [named(school, 1)]})
    stage.clients.commands.append(Command(CODE, f"{census}/{school.uai}", 1, Outcome.ACKNOWLEDGED))
    until(
        lambda: office.get("/v1/training/sizing", campaign=census)["items"],
        lambda found: [line["identified"] for item in found for line in item["bassins"]] == [1],
        what="training to count the third académie's answer",
    )
    wrong = [] if lille.status(path) == 404 else ["Lille sees an answer of the third académie"]
    seen = {line["academie"] for line in office.all("/v1/territory/etablissements")}
    return wrong + ([] if seen == {CODE} else [f"the third académie sees schools of {seen}"])


def import_one_school(third: Visitors) -> School:
    digits = "0149001"
    uai = f"{digits}{Uai.LETTERS[int(digits) % 23]}"
    header, line = DIRECTORY.read_text("utf-8").splitlines()[:2]
    cells = dict(zip(header.split(";"), line.split(";"), strict=True))
    cells |= {"uai": uai, "commune_insee": "14118", "commune": "Caen", "departement": "14", "code_academie": CODE}
    cells |= {"mail": f"ce.{uai.lower()}@ac-{NAME}.example", "bassin_code": "70101", "bassin": "CAEN"}
    admin = third(f"territoire@{NAME}")
    received = admin.send_file(IMPORTS, f"{header}\n{';'.join(cells.values())}\n".encode(), name="normandie.csv")
    path = f"{IMPORTS}/{received['id']}"
    until(lambda: admin.get(path), lambda seen: seen["status"] == "analysed", what="its dry run")
    admin.post(f"{path}/application", expect=202)
    until(lambda: admin.get(path), lambda seen: seen["status"] == "applied", what="its directory")
    return School(uai, CODE, "70101", cells["nom"], cells["commune_insee"])


if __name__ == "__main__":
    play(journey)
