"""Imports over HTTP: send a file, follow its dry run, read the report, and only then decide."""

from datetime import date, datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from common import audit
from common.clock import Clock
from common.db import Database
from common.exports import Profil, ProfilDemande
from common.identifiers import CodeAcademie
from common.identity import Agent, Role, decides, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.uuid7 import uuid7
from territory.csv_pages import csv_pages
from territory.imports import lifecycle, report, store, views
from territory.imports.domain import Kind
from territory.imports.lifecycle import Run, Status
from territory.imports.upload import LIMIT, FileOperation, FileRequest
from territory.imports.views import Import, ReportLine

ADMINISTRATEUR = Role.ADMINISTRATEUR_TERRITOIRE
Asked: TypeAlias = Request[Agent, None, State]


def covered(agent: Agent) -> tuple[CodeAcademie, ...]:
    """The académies whose directory this agent keeps."""
    return tuple(sorted({m.academie for m in agent.mandates if m.role is ADMINISTRATEUR}))


class ImportsController(Controller):
    path = "/v1/territory/imports"
    tags = ("Imports",)

    @post(
        "",
        guards=[decides(ADMINISTRATEUR)],
        status_code=202,
        request_class=FileRequest,
        request_max_body_size=LIMIT,
        operation_class=FileOperation,
        responses={202: ResponseSpec(Import)},
    )
    async def receive(
        self,
        request: FileRequest,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        *,
        name: Annotated[str, QueryParameter(name="name", max_length=200, description="Le nom du fichier.")] = "",
        close_absent: Annotated[
            bool,
            QueryParameter(name="close_absent", description="Fermer ceux dont le fichier ne parle pas."),
        ] = False,
        effective_on: Annotated[
            date | None, QueryParameter(name="effective_on", description="Date d’effet ; aujourd’hui par défaut.")
        ] = None,
    ) -> Response[bytes]:
        """Envoyer un annuaire : il est essayé à blanc, et rien ne change avant que son application soit décidée."""
        upload = await request.upload()
        run = Run(
            id=uuid7(),
            academie=agent.academie,
            covered=covered(agent),
            sha256=upload.sha256,
            close_absent=close_absent,
            effective_on=effective_on or clock.today(),
            status=Status.RECEIVED,
        )
        async with db.transaction(agent) as tx:
            kept = await store.receive(tx, run, upload, name, by=agent.id)
            shown = await views.one(tx, kept.id)
            return tx.answer(shown, status=202, location=f"/v1/territory/imports/{kept.id}")

    @get("", guards=[reads(ADMINISTRATEUR)])
    async def imports(
        self,
        request: Asked,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[Import]]:
        """Lister les imports de ses académies, les plus récents d’abord."""
        before = read_cursor(cursor, datetime, UUID)
        async with db.transaction(agent) as tx:
            rows = await views.imports(tx, None if before is None else (before[0], before[1]), limit + 1)
        return paged(rows, limit, lambda row: (row.received_at, row.id), request)

    @get("/{identifier:uuid}", guards=[reads(ADMINISTRATEUR)])
    async def one(
        self, identifier: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Import:
        """Suivre un import : son état, son avancement, ce qu’il changerait."""
        async with db.transaction(agent) as tx:
            return await views.one(tx, identifier)

    @get("/{identifier:uuid}/report", guards=[reads(ADMINISTRATEUR)])
    async def report(
        self,
        request: Asked,
        identifier: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        *,
        kind: FromQuery[Kind | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[ReportLine]]:
        """Lire le rapport, dans l’ordre du fichier."""
        (after,) = read_cursor(cursor, int) or (-1,)
        async with db.transaction(agent) as tx:
            await views.one(tx, identifier)
            rows = await views.report(tx, identifier, kind, after, limit + 1)
        return paged(rows, limit, lambda row: (row.place,), request)

    @get("/{identifier:uuid}/report.csv", guards=[reads(ADMINISTRATEUR)], media_type="text/csv")
    async def report_file(
        self,
        identifier: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        *,
        kind: FromQuery[Kind | None] = None,
        profil: ProfilDemande = Profil.FRANCAIS,
    ) -> Stream:
        """Télécharger le rapport entier, une ligne par différence ou par erreur."""
        async with db.transaction(agent) as tx:
            await views.one(tx, identifier)
        named = {"Content-Disposition": f"attachment; filename=import-{identifier}.csv"}
        pieces = csv_pages(report.HEADER, report.pages(db, agent, identifier, kind), profil)
        return Stream(pieces, media_type="text/csv", headers=named)

    @post(
        "/{identifier:uuid}/application",
        guards=[decides(ADMINISTRATEUR)],
        status_code=202,
        responses={202: ResponseSpec(Import)},
    )
    async def apply(
        self, identifier: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Décider d’appliquer ce que l’essai à blanc a annoncé."""
        async with db.transaction(agent) as tx:
            run, outdated = await store.lock_run(tx, identifier)
            if lifecycle.decide(run, covered(agent), outdated=outdated):
                await store.record_decision(tx, run)
                for academie in run.covered:
                    audit.record(tx, academie, "import-decided", run.id, detail={"sha256": run.sha256.hex()})
            shown = await views.one(tx, identifier)
            return tx.answer(shown, status=202, location=f"/v1/territory/imports/{identifier}")
