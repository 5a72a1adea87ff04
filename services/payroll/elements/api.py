"""Elements over HTTP: what is due, what is held and why, where it comes from, and letting it pass by hand."""

from collections.abc import Sequence
from datetime import date
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import Struct

from common import audit
from common.db import Database
from common.exports import Profil, ProfilDemande, csv_answer
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.protocol import IfMatch, require_match
from common.texts import Line
from payroll.elements import listing, store, views
from payroll.elements.domain import Element, Status
from payroll.elements.filters import wanted
from payroll.elements.views import ElementView, Origin, Wanted
from payroll.roles import COORDINATION, EVERYONE, coordinated

Asked: TypeAlias = Request[Agent, None, State]


class ReleaseWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pourquoi l’élément peut être payé malgré le contrôle."""

    reason: Line


class Released(Struct, frozen=True, kw_only=True):
    """L’élément libéré, et le mois de paye où il tombe."""

    id: UUID
    status: Status
    campaign: UUID | None
    month: str
    late: bool
    late_from: str
    revision: int

    @classmethod
    def of(cls, element: Element, revision: int) -> "Released":
        return cls(
            id=element.id,
            status=element.status,
            campaign=element.campaign,
            month=element.month,
            late=bool(element.late_from),
            late_from=element.late_from,
            revision=revision,
        )


class ElementsController(Controller):
    path = "/v1/payroll"
    tags = ("Éléments",)
    dependencies = MappingProxyType({"wanted": Provide(wanted)})

    @get("/elements", guards=[reads(COORDINATION)])
    async def list(
        self,
        request: Asked,
        wanted: NamedDependency[Wanted],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        *,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[ElementView]]:
        """Lister les éléments de ses académies, par jour de mission."""
        after = read_cursor(cursor, date, UUID)
        async with db.transaction(agent) as tx:
            found = await views.elements(tx, wanted, None if after is None else (after[0], after[1]), limit + 1)
        return paged(found, limit, lambda each: (each.day, each.id), request)

    @get("/elements.csv", guards=[reads(COORDINATION)], media_type="text/csv")
    async def file(
        self,
        wanted: NamedDependency[Wanted],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        profil: ProfilDemande = Profil.FRANCAIS,
    ) -> Stream:
        """Télécharger la liste des éléments ; le téléchargement est tracé."""
        async with db.transaction(agent) as tx:
            found = await views.elements(tx, wanted, None, listing.LARGEST)
            for academie in sorted({each.academie for each in found}):
                audit.record(tx, academie, "elements-listed", agent.id, detail={"elements": len(found)})
        return csv_answer("elements.csv", listing.HEADER, [listing.row_of(each) for each in found], profil)

    @get("/elements/{element:uuid}", guards=[reads(COORDINATION)])
    async def one(
        self, element: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[ElementView]:
        """Lire un élément : ce qui est dû, ce qui le retient ou pourquoi rien n’est dû."""
        async with db.transaction(agent) as tx:
            found = await views.element(tx, coordinated(agent), element)
        return Response(found, headers={"ETag": found.etag})

    @get("/elements/{element:uuid}/origin", guards=[reads(COORDINATION)])
    async def origin(
        self, element: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Origin:
        """Remonter d’un élément à l’ordre de mission, à la présence, à la candidature et à l’avis."""
        async with db.transaction(agent) as tx:
            return await views.origin(tx, coordinated(agent), element)

    @post(
        "/elements/{element:uuid}/release",
        guards=[decides(COORDINATION)],
        status_code=200,
        responses={200: ResponseSpec(Released)},
    )
    async def release(
        self,
        *,
        element: FromPath[UUID],
        data: JSONBody[ReleaseWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Libérer un élément retenu, avec un motif, pour son montant actuel (If-Match)."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_held(tx, element)
            agent.require(COORDINATION, academie=CodeAcademie(locked.academie))
            require_match(if_match, f'"{locked.revision}"')
            after = await store.record_release(tx, locked, reason=data.reason)
            revision = locked.revision + 1
            return tx.answer(Released.of(after, revision), etag=f'"{revision}"')


class OwnElementsController(Controller):
    path = "/v1/payroll/me/elements"
    tags = ("Éléments",)

    @get("/", guards=[reads(*EVERYONE)])
    async def list(self, agent: NamedDependency[Agent], db: NamedDependency[Database]) -> Sequence[ElementView]:
        """Lire ses propres éléments, si son compte est rattaché à une personne."""
        async with db.transaction(agent) as tx:
            return await views.own_elements(tx, agent)
