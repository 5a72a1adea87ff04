"""Papers over HTTP: who they concern, his chef d'établissement and the office read them; the office cancels."""

from datetime import datetime
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from msgspec import Struct

from common import audit, ical
from common.db import Database
from common.exports import Profil, ProfilDemande, csv_answer
from common.identity import Agent, Role, decides, reads
from common.openapi import refuses
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.texts import Line
from common.uuid7 import uuid7
from training.papers import store, views
from training.papers.agenda import ics_of
from training.papers.documents import cancellation
from training.papers.domain import Kind, State, cancel
from training.papers.views import HEADER, Filter, PaperSummary, PaperView, row_of
from training.roles import ANYBODY, OFFICE, offices_of

LARGEST_EXPORT = 50_000


class CancellationWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Line


class CancellationReceipt(Struct, frozen=True, kw_only=True):
    """Le document annulé, et celui qui l’annule."""

    cancelled: UUID
    paper: UUID
    number: str


class PapersController(Controller):
    path = "/v1/training/papers"
    tags = ("Documents",)

    @get("/", guards=[reads(*ANYBODY)])
    async def list(
        self,
        *,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        request: Request[Agent, None, AppState],
        kind: FromQuery[Kind | None] = None,
        status: FromQuery[State | None] = None,
        person: FromQuery[UUID | None] = None,
        subject: FromQuery[UUID | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[PaperSummary]]:
        """Lister les documents : les siens, ceux de son établissement, ou ceux de l’académie pour son service."""
        asked = of(agent, kind=kind, state=status, person=person, subject=subject)
        after = read_cursor(cursor, datetime, UUID)
        async with db.transaction(agent) as tx:
            found = await views.papers(tx, asked, None if after is None else (after[0], after[1]), limit)
        return paged(found, limit, lambda each: (each.issued_at, each.id), request)

    @get("/export.csv", guards=[reads(*OFFICE)], media_type="text/csv")
    async def export(
        self,
        *,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        kind: FromQuery[Kind | None] = None,
        status: FromQuery[State | None] = None,
        subject: FromQuery[UUID | None] = None,
        profil: ProfilDemande = Profil.FRANCAIS,
    ) -> Stream:
        """Télécharger la liste des documents de l’académie ; le téléchargement est tracé."""
        asked = Filter(academies=offices_of(agent), kind=kind, state=status, subject=subject)
        async with db.transaction(agent) as tx:
            found = await views.papers(tx, asked, None, LARGEST_EXPORT)
            for academie in sorted(asked.academies):
                count = sum(each.academie == academie for each in found)
                audit.record(tx, academie, "papers-exported", agent.id, detail={"papers": count})
        return csv_answer("documents.csv", HEADER, [row_of(each) for each in found], profil)

    @get("/{paper:uuid}", guards=[reads(*ANYBODY)])
    async def one(
        self, paper: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> PaperView:
        """Lire un document."""
        async with db.transaction(agent) as tx:
            return await views.paper(tx, paper, agent)

    @get("/{paper:uuid}/pdf", guards=[reads(*ANYBODY)], media_type="application/pdf", responses=refuses(410))
    async def pdf(
        self, paper: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Télécharger un document tel qu’il a été imprimé à son établissement."""
        async with db.transaction(agent) as tx:
            number, content = await views.pdf(tx, paper, agent)
        headers = {"Content-Disposition": f'inline; filename="{number}.pdf"', "Cache-Control": "private, no-cache"}
        return Response(content, media_type="application/pdf", headers=headers)

    @get(
        "/{paper:uuid}/convocation.ics",
        guards=[reads(*ANYBODY)],
        media_type="text/calendar",
        responses=refuses(410),
    )
    async def for_agenda(
        self,
        paper: FromPath[UUID],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        state: AppState,
    ) -> Response[bytes]:
        """Télécharger une convocation pour son agenda, telle qu’elle vaut à présent : demande ou annulation."""
        async with db.transaction(agent) as tx:
            engagement = await views.engagement(tx, paper, agent)
        file = ics_of(engagement, sender=state.settings.mail_from)
        headers = {"Content-Disposition": 'inline; filename="convocation.ics"', "Cache-Control": "private, no-cache"}
        return Response(file, media_type=ical.MEDIA_TYPE, headers=headers)

    @post(
        "/{paper:uuid}/cancellation",
        guards=[decides(*OFFICE)],
        status_code=200,
        responses={200: ResponseSpec(CancellationReceipt)},
    )
    async def cancel(
        self,
        paper: FromPath[UUID],
        data: JSONBody[CancellationWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Annuler un ordre de mission ou une convocation par un nouveau document, avec un motif."""
        async with db.transaction(agent) as tx:
            sheet = await store.hold(tx, paper)
            agent.require(*OFFICE, academie=sheet.counter.academie)
            kind, about, by = sheet.counter.kind, sheet.subject, uuid7()
            events = cancel(sheet.paper, about, kind, cancels=sheet.cancels, cancelling=by)
            draft = cancellation(sheet.paper, kind, subject=about, paper=by, reason=data.reason)
            (number,) = await store.record(tx, sheet.counter, [draft], events, reason=data.reason)
            return tx.answer(CancellationReceipt(cancelled=paper, paper=by, number=str(number)))


def of(agent: Agent, *, kind: Kind | None, state: State | None, person: UUID | None, subject: UUID | None) -> Filter:
    """All that this agent may read, as he asks for it."""
    uais = frozenset(m.uai for m in agent.mandates if m.role is Role.CHEF_ETABLISSEMENT and m.uai is not None)
    return Filter(
        academies=offices_of(agent),
        uais=uais,
        reader=agent.id,
        kind=kind,
        state=state,
        person=person,
        subject=subject,
    )
