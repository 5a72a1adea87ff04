"""What operators ask of every service over HTTP besides what is parked: a stopped consumer, facts that were lost."""

from datetime import UTC, date, datetime, time
from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Controller, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, QueryParameter
from msgspec import Struct

from common import roster
from common.db import Database
from common.handlers import Table
from common.held import Scope
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.inbox import Inbox
from common.lost import LostFact, Sought, lost
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.parking_api import OPERATORS, ParkingController, Type, ready, sight, wanted
from common.roster import Standing

TAG = {"Exploitation": "Ce qui n’a pas pu être appliqué, ce qui s’est arrêté, ce qu’une restauration a oublié"}
Asked: TypeAlias = Request[Agent, None, State]
FoundSince = Annotated[date | None, QueryParameter(name="since", description="Trouvés depuis ce jour (UTC).")]


class Resumed(Struct, frozen=True, kw_only=True):
    """La réception reprend : `resumed` est faux si elle n’était pas arrêtée ; `was` dit depuis quand et pourquoi."""

    resumed: bool
    was: Standing


class ConsumerController(Controller):
    path = "/consumer"
    tags = ("Exploitation",)

    @get("/", guards=[reads(*OPERATORS)])
    async def standing(
        self,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        inbox: NamedDependency[Inbox],
        sight: NamedDependency[Scope],
    ) -> Standing:
        """Dire si la réception des événements est arrêtée, et pourquoi elle l’a été."""
        async with db.transaction(agent) as tx:
            return await roster.standing(inbox, tx)

    @post("/resume", guards=[decides(*OPERATORS)], status_code=200, responses={200: ResponseSpec(Resumed)})
    async def resume(
        self,
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        inbox: NamedDependency[Inbox],
        sight: NamedDependency[Scope],
    ) -> Response[bytes]:
        """Reprendre la réception qui s’est arrêtée ; cherchez d’abord la cause commune."""
        async with db.transaction(agent) as tx:
            was = await roster.resume(inbox, tx, academie=min(sight.academies))
            return tx.answer(Resumed(resumed=was.stopped_at is not None, was=was))


class LostFactsController(Controller):
    path = "/lost-facts"
    tags = ("Exploitation",)

    @get("/", guards=[reads(*OPERATORS)])
    async def list(
        self,
        request: Asked,
        db: NamedDependency[Database],
        sight: NamedDependency[Scope],
        *,
        since: FoundSince = None,
        academie: FromQuery[CodeAcademie | None] = None,
        kind: Type = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[LostFact]]:
        """Lister les faits publiés que la base, restaurée d’une copie plus ancienne, ne connaît pas."""
        (after,) = read_cursor(cursor, UUID) or (None,)
        begin = None if since is None else datetime.combine(since, time.min, UTC)
        sought = Sought(since=begin, academie=academie, type=kind)
        found = await lost(db.pool, sought, scope=sight, after=after, limit=limit + 1)
        return paged(found, limit, lambda each: (each.event_id,), request)


PROVIDED = (sight, ready, wanted)


def routes(table: Table, academies: tuple[CodeAcademie, ...]) -> Router:
    """Of one service; one that hears nobody has no consumer, and nothing waits in it."""

    def inbox(state: State) -> Inbox:
        """The live consumer's, worked by this request; the database keeps the two apart."""
        return Inbox(state.db, table, academies)

    hearing = (ParkingController, ConsumerController) if table.streams else ()
    return Router(
        path=f"/v1/{table.service.replace('_', '-')}",
        route_handlers=[LostFactsController, *hearing],
        dependencies={"inbox": Provide(inbox, sync_to_thread=False)} | {f.__name__: Provide(f) for f in PROVIDED},
    )
