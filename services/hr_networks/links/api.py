"""Links over HTTP: whoever logs in claims his record by his verified address; else the head of his school gives it."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from common.db import Database
from common.identifiers import CodeAcademie, Uai
from common.identity import Agent, Role, decides, proposes, reads
from common.openapi import refuses
from hr_networks.links import store, views
from hr_networks.links.domain import link_by_head, link_by_mail
from hr_networks.links.views import OwnRecord


class Link(Struct, frozen=True, kw_only=True):
    """Le rattachement d’un compte à une personne."""

    person: UUID
    agent: UUID


class LinkWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    agent: UUID  # as the agent was told when his address did not match


def schools_headed_by(agent: Agent, academie: CodeAcademie) -> frozenset[Uai]:
    headed = (m for m in agent.mandates if m.role is Role.CHEF_ETABLISSEMENT and m.academie == academie)
    return frozenset(mandate.uai for mandate in headed if mandate.uai is not None)


class OwnLinkController(Controller):
    path = "/v1/hr-networks/me"
    tags = ("Rattachements",)

    @get("/", guards=[reads(*Role)], responses=refuses(404))
    async def own_record(self, agent: NamedDependency[Agent], db: NamedDependency[Database]) -> OwnRecord:
        """Lire la fiche à laquelle son compte est rattaché."""
        async with db.transaction(agent) as tx:
            return await views.own_record(tx, agent)

    @post("/link", guards=[proposes(*Role)], status_code=200, responses={200: ResponseSpec(Link)})
    async def link(self, agent: NamedDependency[Agent], db: NamedDependency[Database]) -> Response[bytes]:
        """Rattacher son compte à la personne déclarée avec son adresse vérifiée."""
        async with db.transaction(agent) as tx:
            tie = await store.lock_by_mail(tx, agent.academie, agent.mail, agent.id)
            linked = link_by_mail(agent.id, agent.mail, tie.person, already=tie.already)
            await store.record(tx, tie.academie, linked)
            return tx.answer(Link(person=linked.subject, agent=linked.agent))


class PersonLinkController(Controller):
    path = "/v1/hr-networks/people/{person:uuid}"
    tags = ("Rattachements",)

    @post("/link", guards=[decides(Role.CHEF_ETABLISSEMENT)], status_code=200, responses={200: ResponseSpec(Link)})
    async def link(
        self,
        person: FromPath[UUID],
        data: JSONBody[LinkWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Rattacher une personne déclarée par son établissement au compte qu’elle indique."""
        async with db.transaction(agent) as tx:
            tie = await store.lock_by_id(tx, person, data.agent)
            heads = schools_headed_by(agent, tie.academie)
            linked = link_by_head(data.agent, tie.person, heads=heads, already=tie.already)
            await store.record(tx, tie.academie, linked)
            return tx.answer(Link(person=linked.subject, agent=linked.agent))
