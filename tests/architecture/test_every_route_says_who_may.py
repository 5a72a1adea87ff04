"""Every route of every service: exactly one act, no way in without a token, and nothing that a bassin could decide."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, cast
from uuid import UUID

import httpx
import pytest
from joserfc.jwk import ECKey
from litestar.routes import HTTPRoute
from tests.architecture.applications import LILLE, application

from common.identifiers import CodeBassin, Uai
from common.identity import Act, Agent, Mandate, Role, acts_of
from common.internal_tokens import InternalTokens
from common.local import provision
from common.service import services
from common.tokens import FixedKeys

PAGES = {"/calendrier", "/calendrier.ics", "/verification", "/verification/cles"}
PUBLIC = {"/livez", "/readyz", "/metrics", "/problems", "/problems/{code:str}", *PAGES}
DOCUMENTS = {"/schema", "/schema/openapi.json", "/schema/{path:str}"}  # with a token, whoever asks

# Writes that are no decision: whoever logs in may say that he is the person declared under his verified address,
# and apply for himself to an offer, as an animateur too. The animateurs of a bassin convene its meetings.
MEETINGS = "/v1/hr-networks/meetings"
CANDIDATURE = "/v1/training/candidatures/{candidature:uuid}"
PROPOSALS = {
    ("POST", "/v1/hr-networks/me/link"),
    ("POST", MEETINGS),
    ("PATCH", f"{MEETINGS}/{{meeting:uuid}}"),
    ("POST", f"{MEETINGS}/{{meeting:uuid}}/cancellation"),
    ("PUT", f"{MEETINGS}/{{meeting:uuid}}/attendance"),
    ("POST", "/v1/training/offers/{offer:uuid}/candidatures"),
    ("PUT", f"{CANDIDATURE}/groups"),
    *(("POST", f"{CANDIDATURE}/{act}") for act in ("submission", "withdrawal", "acceptance", "refusal")),
}

KEY = ECKey.generate_key("P-256", {"kid": "test", "alg": "ES256", "use": "sig"}, private=True)
KEYS = FixedKeys({"test": KEY})
TOKENS = InternalTokens(KEYS, signing=lambda: KEY)
ANIMATEUR = Mandate(role=Role.ANIMATEUR_BASSIN, academie=LILLE, bassin=CodeBassin("09101"))
OF_A_SCHOOL = Mandate(role=Role.AGENT, academie=LILLE, uai=Uai("0599001N"))
NOBODY = UUID(int=0)


class Route(NamedTuple):
    service: str
    method: str
    path: str
    acts: list[Act]

    @property
    def address(self) -> str:
        return re.sub(r"\{\w+:(\w+)\}", lambda part: str(NOBODY) if part[1] == "uuid" else "09101", self.path)


APPS = {name: application(name, KEYS) for name in sorted(services())}


def routes() -> Iterator[Route]:
    for name, app in APPS.items():
        for route in sorted(app.routes, key=lambda each: each.path):  # xdist compares what each worker collects
            assert isinstance(route, HTTPRoute), f"{name} {route.path}: no other kind of route has guards that we walk"
            methods = {m: handler for handler in route.route_handlers for m in handler.http_methods - {"OPTIONS"}}
            for method, handler in sorted(methods.items()):
                yield Route(name, method, route.path, acts_of(handler))


ROUTES = list(routes())
OURS = [route for route in ROUTES if route.path not in PUBLIC | DOCUMENTS]
WRITES = [route for route in OURS if route.method != "GET"]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


async def ask(route: Route, agent: Agent | None, *, audience: str = "") -> httpx.Response:
    """With a body that nothing could parse: who may not, is told so before anybody reads it."""
    headers = {"Idempotency-Key": "k", "If-Match": '"1"', "Content-Type": "application/json"}
    if agent is not None:
        headers["Authorization"] = f"Bearer {TOKENS.sign(agent, audience or route.service)}"
    transport = httpx.ASGITransport(cast("Any", APPS[route.service]), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.request(route.method, route.address, headers=headers, content=b"{")


def test_every_service_has_routes() -> None:
    assert {route.service for route in OURS} == set(services())
    assert all(route.method == "GET" for route in ROUTES if route not in OURS)


def test_the_gateway_shows_the_pages_that_anybody_may_read_and_nothing_else() -> None:
    shown = {
        route.path
        for route in ROUTES
        for service, prefix in provision.PUBLIC
        if route.service == service and f"{route.path}/".startswith(f"{prefix}/")
    }

    assert shown == PAGES


@pytest.mark.parametrize("route", OURS, ids=named)
def test_a_route_has_exactly_one_act_and_it_fits_its_method(route: Route) -> None:
    assert [act.act for act in route.acts] in (
        [["read"]] if route.method == "GET" else [["decide"], ["propose"], ["convene"]]
    )


@pytest.mark.parametrize("route", [r for r in ROUTES if r.path not in PUBLIC], ids=named)
async def test_nobody_comes_in_without_the_gateways_token_for_this_service(route: Route) -> None:
    agent = Agent(id=NOBODY, academie=LILLE, mandates=(ANIMATEUR,))

    assert (await ask(route, None)).status_code == 401
    assert (await ask(route, agent, audience="gateway")).status_code == 401


@pytest.mark.item(16)
@pytest.mark.parametrize("mandates", [(ANIMATEUR,), (ANIMATEUR, OF_A_SCHOOL)], ids=["bassin", "bassin and school"])
@pytest.mark.parametrize("route", [r for r in WRITES if (r.method, r.path) not in PROPOSALS], ids=named)
async def test_a_bassin_decides_nowhere(route: Route, mandates: tuple[Mandate, ...]) -> None:
    answer = await ask(route, Agent(id=NOBODY, academie=LILLE, mandates=mandates))

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/bassin-never-decides")
    assert "20 juin 2001" in answer.json()["detail"]


@pytest.mark.item(16)
def test_what_a_bassin_may_write_is_a_proposal_listed_here() -> None:
    open_to_bassins = [r for r in WRITES if any(Role.ANIMATEUR_BASSIN in act.roles for act in r.acts)]

    assert {(r.method, r.path) for r in open_to_bassins} == PROPOSALS
    assert {act.act for r in open_to_bassins for act in r.acts} <= {"propose", "convene"}


@pytest.mark.parametrize("route", OURS, ids=named)
async def test_somebody_without_mandate_is_refused_everywhere(route: Route) -> None:
    answer = await ask(route, Agent(id=NOBODY, academie=LILLE))

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-yours")
