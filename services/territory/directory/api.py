"""The directory over HTTP: établissements, their bassins on any day, and the two decisions about them."""

from datetime import date
from types import MappingProxyType
from typing import Annotated, TypeAlias

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import Struct

from common import audit
from common.clock import Clock
from common.contracts.territory import Membership
from common.db import Database
from common.exports import Profil, ProfilDemande
from common.identifiers import CodeBassin, Uai, bassin_id, school_id
from common.identity import Agent, Role, decides, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from territory.csv_pages import csv_pages
from territory.directory import domain, listing, store, views
from territory.directory.filters import On, wanted
from territory.directory.views import BassinAnswer, BassinDetail, EtablissementDetail, EtablissementSummary, Wanted
from territory.etags import etag

EVERYONE = tuple(Role)
Asked: TypeAlias = Request[Agent, None, State]


class Rattachement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Le bassin auquel rattacher l’établissement, et depuis quel jour."""

    bassin: CodeBassin
    since: date
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class Fermeture(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Le premier jour où le bassin n’existe plus."""

    on: date
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class Attached(Struct, frozen=True, kw_only=True):
    """L’établissement, et l’histoire datée de ses rattachements."""

    uai: str
    memberships: tuple[Membership, ...]

    @classmethod
    def of(cls, school: domain.Etablissement) -> "Attached":
        return cls(uai=school.uai, memberships=school.memberships)


class EtablissementsController(Controller):
    path = "/v1/territory"
    tags = ("Établissements",)
    dependencies = MappingProxyType({"wanted": Provide(wanted)})

    @get("/etablissements", guards=[reads(*EVERYONE)])
    async def etablissements(
        self,
        request: Asked,
        wanted: NamedDependency[Wanted],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        *,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[EtablissementSummary]]:
        """Lister les établissements de ses académies."""
        after = read_cursor(cursor, str, str) or ()
        async with db.transaction(agent) as tx:
            rows = await views.etablissements(tx, wanted, after, limit + 1)
        return paged(rows, limit, lambda row: (row.academie, row.uai), request)

    @get("/etablissements.csv", guards=[reads(*EVERYONE)], media_type="text/csv")
    async def file(
        self,
        wanted: NamedDependency[Wanted],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        profil: ProfilDemande = Profil.FRANCAIS,
    ) -> Stream:
        """Télécharger la liste des établissements."""
        named = {"Content-Disposition": "attachment; filename=etablissements.csv"}
        pieces = csv_pages(listing.HEADER, listing.pages(db, agent, wanted), profil)
        return Stream(pieces, media_type="text/csv", headers=named)

    @get("/etablissements/{uai:str}", guards=[reads(*EVERYONE)])
    async def etablissement(
        self,
        uai: FromPath[Uai],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        on: On = None,
    ) -> Response[EtablissementDetail]:
        """Lire un établissement et l’histoire de ses rattachements."""
        async with db.transaction(agent) as tx:
            found = await views.etablissement(tx, uai, on or clock.today())
        return Response(found, headers={"ETag": etag(found)})

    @get("/etablissements/{uai:str}/bassin", guards=[reads(*EVERYONE)])
    async def bassin(
        self,
        uai: FromPath[Uai],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        on: On = None,
    ) -> BassinAnswer:
        """Dire à quel bassin un établissement était rattaché à une date."""
        async with db.transaction(agent) as tx:
            return await views.bassin_of(tx, uai, on or clock.today())

    @post(
        "/etablissements/{uai:str}/memberships",
        guards=[decides(Role.ADMINISTRATEUR_TERRITOIRE)],
        responses={201: ResponseSpec(Attached)},
    )
    async def attach(
        self,
        uai: FromPath[Uai],
        data: JSONBody[Rattachement],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Rattacher un établissement à un bassin à partir d’un jour."""
        async with db.transaction(agent) as tx:
            school, bassin = await store.lock_attachment(tx, uai, data.bassin)
            agent.require(Role.ADMINISTRATEUR_TERRITOIRE, academie=school.academie)
            attached = domain.attach(school, bassin, since=data.since)
            await store.record_schools(tx, [attached] if attached != school else [])
            audit.record(
                tx, school.academie, "etablissement-attached", school_id(uai),
                reason=data.reason or None, detail={"bassin": str(data.bassin), "since": data.since.isoformat()},
            )  # fmt: skip
            return tx.answer(Attached.of(attached), status=201, location=f"/v1/territory/etablissements/{uai}")


class BassinsController(Controller):
    path = "/v1/territory/bassins"
    tags = ("Bassins",)

    @get("", guards=[reads(*EVERYONE)])
    async def bassins(
        self,
        request: Asked,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        *,
        on: On = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[BassinDetail]]:
        """Lister les bassins de ses académies."""
        (after,) = read_cursor(cursor, str) or (None,)
        async with db.transaction(agent) as tx:
            rows = await views.bassins(tx, on or clock.today(), after, limit + 1)
        return paged(rows, limit, lambda row: (row.code,), request)

    @get("/{code:str}", guards=[reads(*EVERYONE)])
    async def bassin(
        self,
        code: FromPath[CodeBassin],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        on: On = None,
    ) -> BassinDetail:
        """Lire un bassin et sa composition par degré d’enseignement."""
        async with db.transaction(agent) as tx:
            return await views.bassin(tx, code, on or clock.today())

    @post(
        "/{code:str}/closing",
        guards=[decides(Role.ADMINISTRATEUR_TERRITOIRE)],
        status_code=200,
        responses={200: ResponseSpec(domain.Bassin)},
    )
    async def close(
        self,
        code: FromPath[CodeBassin],
        data: JSONBody[Fermeture],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Fermer un bassin dont tous les établissements ont rejoint un autre."""
        async with db.transaction(agent) as tx:
            bassin, members, local_name = await store.lock_bassin(tx, code, data.on)
            agent.require(Role.ADMINISTRATEUR_TERRITOIRE, academie=bassin.academie)
            closed = domain.close_bassin(bassin, on=data.on, members=members)
            await store.record_bassins(tx, [closed], local_name)
            audit.record(
                tx, bassin.academie, "bassin-closed", bassin_id(code),
                reason=data.reason or None, detail={"on": data.on.isoformat()},
            )  # fmt: skip
            return tx.answer(closed)
