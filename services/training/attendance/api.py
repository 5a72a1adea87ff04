"""Attendance over HTTP: the office says who came to a session, and corrects it with a reason."""

from uuid import UUID

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from common.clock import today_in
from common.db import Database
from common.identity import Agent, decides, reads
from common.protocol import IfMatch, require_match
from training.attendance import store, views
from training.attendance.domain import RollWish, note, passing
from training.attendance.views import AttendanceView
from training.roles import OFFICE


class Noted(Struct, frozen=True, kw_only=True):
    """L’émargement tel qu’il vient d’être enregistré."""

    session: UUID
    version: int
    changed: int  # candidatures whose module is followed or missed from now on


class SessionAttendanceController(Controller):
    path = "/v1/training/sessions/{session:uuid}/attendance"
    tags = ("Émargement",)

    @get("/", guards=[reads(*OFFICE)])
    async def read(
        self, session: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[AttendanceView]:
        """Lire qui est convoqué à une session, et qui y est venu."""
        async with db.transaction(agent) as tx:
            found = await views.attendance(tx, session)
        agent.require(*OFFICE, academie=found.academie)
        return Response(found, headers={"ETag": found.etag})

    @put("/", guards=[decides(*OFFICE)], responses={200: ResponseSpec(Noted)})
    async def note(
        self,
        *,
        session: FromPath[UUID],
        data: JSONBody[RollWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Enregistrer l’émargement d’une session par demi-journée, ou le corriger avec un motif."""
        async with db.transaction(agent) as tx:
            roll = await store.lock(tx, session)
            agent.require(*OFFICE, academie=roll.academie)
            require_match(if_match, f'"{roll.version}"')
            facts = note(roll, data, today=today_in(roll.academie, tx.at))
            version = await store.record(tx, roll, data, facts, passing(roll, facts), by=agent.id)
            return tx.answer(Noted(session=session, version=version, changed=len(facts)), etag=f'"{version}"')
