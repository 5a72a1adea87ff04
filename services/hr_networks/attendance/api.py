"""Attendance over HTTP: the animateurs see who may come, then say who came; the office reads both."""

from uuid import UUID

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from common.db import Database
from common.identity import Agent, Role, convenes, reads
from common.protocol import IfMatch, require_match
from common.tx import Tx
from hr_networks.attendance import store, views
from hr_networks.attendance.domain import AttendanceWish, hold
from hr_networks.attendance.views import AttendanceView, Place, Room
from hr_networks.meetings.domain import Convener, refuse_stranger
from hr_networks.roles import CONVENERS, OFFICE


class Held(Struct, frozen=True, kw_only=True):
    """L’émargement tel qu’il vient d’être enregistré ; il ne répète aucun nom."""

    meeting: UUID
    revision: int
    version: int  # of the attendance
    presences: int


class AttendanceController(Controller):
    path = "/v1/hr-networks/meetings/{meeting:uuid}"
    tags = ("Réunions",)

    @get("/convened", guards=[reads(*OFFICE, *CONVENERS)])
    async def convened(
        self, meeting: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Room:
        """Lire qui est convié et qui est autorisé à venir, par établissement ; sans réponse n’est ni oui ni non."""
        async with db.transaction(agent) as tx:
            await placed(tx, meeting, agent)
            return await views.room(tx, meeting)

    @get("/attendance", guards=[reads(*OFFICE, *CONVENERS)])
    async def attendance(
        self, meeting: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[AttendanceView]:
        """Lire l’émargement d’une réunion."""
        async with db.transaction(agent) as tx:
            found = await placed(tx, meeting, agent)
            read = await views.attendance(tx, meeting)
        return Response(read, headers={"ETag": f'"{found.revision}"'})

    @put(
        "/attendance",
        guards=[convenes(*CONVENERS)],
        responses={200: ResponseSpec(Held, description="Correction"), 201: ResponseSpec(Held)},
    )
    async def hold(
        self,
        *,
        meeting: FromPath[UUID],
        data: JSONBody[AttendanceWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Enregistrer l’émargement d’une réunion tenue, ou le corriger avec un motif."""
        async with db.transaction(agent) as tx:
            called = await store.lock(tx, meeting, agent)
            refuse_stranger(called.convener, called.roll.trained)
            require_match(if_match, f'"{called.meeting.revision}"')
            held = hold(called.meeting, data, called.roll, at=tx.at)
            revision = await store.record(tx, called, held, reason=data.reason, by=agent.id)
            version, presences = called.version + 1, len(held.presences)
            answer = Held(meeting=meeting, revision=revision, version=version, presences=presences)
            return tx.answer(answer, status=200 if called.version else 201, etag=f'"{revision}"')


async def placed(tx: Tx, meeting: UUID, agent: Agent) -> Place:
    """The office of the académie, or whoever may convene there."""
    found = await views.place(tx, meeting, agent.id)
    if not any(agent.holds(role, academie=found.academie) for role in OFFICE):
        mandated = agent.holds(Role.ANIMATEUR_BASSIN, academie=found.academie, bassin=found.bassin)
        refuse_stranger(Convener(mandated=mandated, person=found.convener), found.trained)
    return found
