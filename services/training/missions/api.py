"""Ordres de mission over HTTP: the training office sends all animateurs of a meeting in one go."""

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from common.db import Database
from common.identity import Agent, decides
from training.meetings import store
from training.missions.documents import drafts
from training.missions.domain import issue
from training.papers.domain import Kind
from training.papers.receipts import IssuedPapers
from training.papers.store import new_ids, record
from training.roles import OFFICE


class MissionsController(Controller):
    path = "/v1/training/meetings/{meeting:uuid}/ordres-de-mission"
    tags: Sequence[str] = ("Ordres de mission",)

    @post("/", guards=[decides(*OFFICE)], status_code=200, responses={200: ResponseSpec(IssuedPapers)})
    async def issue(
        self, meeting: FromPath[UUID], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[bytes]:
        """Établir les ordres de mission de tous les animateurs d’une réunion ; ceux qui existent sont rappelés."""
        async with db.transaction(agent) as tx:
            sheet = await store.hold(tx, meeting, Kind.ORDRE_DE_MISSION)
            agent.require(*OFFICE, academie=sheet.meeting.academie)
            issued = issue(sheet, new_ids(), at=tx.at)
            numbers = await record(tx, sheet.counter, drafts(sheet, issued), issued)
            return tx.answer(IssuedPapers.of(issued, numbers, sheet.in_force))
