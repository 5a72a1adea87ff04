"""Exports over HTTP: the columns of the file, the file of a campaign, and the answers that come back."""

from base64 import b64encode
from typing import TypeAlias
from uuid import UUID

from litestar import Controller, Request, Response, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from common import audit
from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.protocol import IfMatch, require_match
from common.uuid7 import uuid7
from payroll.exports import store, views
from payroll.exports.documents import pay_file
from payroll.exports.domain import AcknowledgementWish, ColumnsWish, Outcome, answer, checked_columns, to_send
from payroll.exports.views import ColumnsView, ExportView
from payroll.roles import COORDINATION, coordinated

Asked: TypeAlias = Request[Agent, None, State]


class Acknowledgement(Struct, frozen=True, kw_only=True):
    """Le retour enregistré ; ce qui est rejeté revient, à corriger, pour la campagne suivante."""

    export: UUID
    acknowledged: int
    rejected: int
    revision: int


class ColumnsController(Controller):
    path = "/v1/payroll/academies/{academie:str}/columns"
    tags = ("Transmissions",)

    @get("/", guards=[reads(COORDINATION)])
    async def read(
        self, academie: FromPath[CodeAcademie], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[ColumnsView]:
        """Lire les colonnes et les codes de paye du fichier de l’académie."""
        agent.require(COORDINATION, academie=academie)
        async with db.transaction(agent) as tx:
            found = await store.columns(tx, academie)
        return Response(found, headers={"ETag": found.etag})

    @put("/", guards=[decides(COORDINATION)], responses={200: ResponseSpec(ColumnsView)})
    async def set(
        self,
        *,
        academie: FromPath[CodeAcademie],
        data: JSONBody[ColumnsWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Fixer les colonnes et les codes de paye du fichier (If-Match)."""
        agent.require(COORDINATION, academie=academie)
        columns = checked_columns(data.columns)
        async with db.transaction(agent) as tx:
            known = await store.columns(tx, academie)
            require_match(if_match, known.etag)
            shown = await store.record_columns(tx, known, columns)
            return tx.answer(shown, etag=shown.etag)


class ExportsController(Controller):
    path = "/v1/payroll"
    tags = ("Transmissions",)

    @post(
        "/campaigns/{campaign:uuid}/exports",
        guards=[decides(COORDINATION)],
        status_code=201,
        responses={200: ResponseSpec(ExportView, description="Déjà transmise"), 201: ResponseSpec(ExportView)},
    )
    async def export(
        self, campaign: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Transmettre une campagne verrouillée ; une seconde fois, c’est la même transmission."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_campaign(tx, campaign)
            agent.require(COORDINATION, academie=CodeAcademie(locked.academie))
            if locked.export is not None:
                sent = await views.export(tx, coordinated(agent), locked.export)
                return tx.answer(sent, location=f"{self.path}/exports/{sent.id}", etag=sent.etag)
            lines = to_send(locked.columns, locked.payables, locked=locked.locked)
            made = await store.record(tx, locked, uuid7(), lines, pay_file(locked.columns, lines))
            return tx.answer(made, status=201, location=f"{self.path}/exports/{made.id}", etag=made.etag)

    @get("/exports", guards=[reads(COORDINATION)])
    async def list(
        self,
        *,
        request: Asked,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        campaign: FromQuery[UUID | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[ExportView]]:
        """Lister les transmissions de ses académies, de la plus récente à la plus ancienne."""
        (after,) = read_cursor(cursor, UUID) or (None,)
        async with db.transaction(agent) as tx:
            found = await views.exports(tx, coordinated(agent), campaign, after, limit + 1)
        return paged(found, limit, lambda each: (each.id,), request)

    @get("/exports/{export:uuid}", guards=[reads(COORDINATION)])
    async def one(
        self, export: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[ExportView]:
        """Lire une transmission : total de contrôle, empreinte, retours."""
        async with db.transaction(agent) as tx:
            found = await views.export(tx, coordinated(agent), export)
        return Response(found, headers={"ETag": found.etag})

    @get("/exports/{export:uuid}/file", guards=[reads(COORDINATION)], media_type="text/csv")
    async def file(
        self, export: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Télécharger le fichier tel qu’il a été transmis ; le téléchargement est tracé."""
        async with db.transaction(agent) as tx:
            sent = await views.file(tx, coordinated(agent), export)
            audit.record(tx, sent.academie, "export-downloaded", export)
        headers = {
            "Content-Disposition": f'attachment; filename="paye-{export}.csv"',
            "Repr-Digest": f"sha-256=:{b64encode(sent.sha256).decode()}:",
        }
        return Response(sent.content, media_type="text/csv", headers=headers)

    @post(
        "/exports/{export:uuid}/acknowledgement",
        guards=[decides(COORDINATION)],
        status_code=200,
        responses={200: ResponseSpec(Acknowledgement)},
    )
    async def acknowledge(
        self,
        export: FromPath[UUID],
        data: JSONBody[AcknowledgementWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Enregistrer le retour du comptable, ligne à ligne : prise en charge ou rejet motivé."""
        async with db.transaction(agent) as tx:
            locked = await store.lock_export(tx, export)
            agent.require(COORDINATION, academie=CodeAcademie(locked.academie))
            answered = answer(locked.lines, data)
            revision = await store.record_answers(tx, locked, answered)
            rejected = sum(each.outcome is Outcome.REJECTED for each in answered)
            counts = {"acknowledged": len(answered) - rejected, "rejected": rejected}
            return tx.answer(Acknowledgement(export=export, revision=revision, **counts), etag=f'"{revision}"')
