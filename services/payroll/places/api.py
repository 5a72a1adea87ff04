"""Distances and adjoining communes over HTTP, entered one by one, by list or by file."""

import io
from dataclasses import dataclass
from typing import TypeAlias

from litestar import Controller, Request, Response, get, patch, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from common.db import Database
from common.identifiers import CodeAcademie, CommuneInsee
from common.identity import Agent, decides, reads
from common.imports import Column, Layout, UnreadableFile, open_table
from common.pagination import Cursor, Limit, Page, paged, read_cursor
from common.protocol import IfMatch, UnsupportedMediaType, require_match
from common.refusal import FieldError
from payroll.places import store
from payroll.places.domain import (
    AdjoiningWish,
    Distance,
    DistancesWish,
    UnreadableAdjacencies,
    adjoining,
    ordered,
    read_pairs,
)
from payroll.places.store import Adjoining
from payroll.roles import COORDINATION

Asked: TypeAlias = Request[Agent, None, State]
PAIRS = Layout(
    "Communes limitrophes",
    (Column("commune", ("commune", "code_commune")), Column("limitrophe", ("limitrophe", "commune_limitrophe"))),
    (("commune",), ("limitrophe",)),
)


class Recorded(Struct, frozen=True, kw_only=True):
    """Combien de lignes ont été enregistrées ; les éléments sont recalculés dans les secondes qui suivent."""

    recorded: int


@dataclass
class PairsOperation(Operation):
    """Litestar describes no body that is not a Struct: the document says it here."""

    def __post_init__(self) -> None:
        content = {"text/csv": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))}
        text = "Le fichier CSV : une colonne commune, une colonne limitrophe, un couple par ligne."
        self.request_body = RequestBody(content=content, description=text, required=True)


class PlacesController(Controller):
    path = "/v1/payroll/academies/{academie:str}"
    tags = ("Distances et communes limitrophes",)

    @get("/distances", guards=[reads(COORDINATION)])
    async def distances(
        self,
        *,
        request: Asked,
        academie: FromPath[CodeAcademie],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        commune: FromQuery[CommuneInsee | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[Distance]]:
        """Lister les distances renseignées, toutes ou celles d’une commune."""
        agent.require(COORDINATION, academie=academie)
        after = read_cursor(cursor, str, str)
        async with db.transaction(agent) as tx:
            page = None if after is None else (after[0], after[1])
            found = await store.distances(tx, academie, commune, page, limit + 1)
        return paged(found, limit, lambda each: (each.commune, each.other), request)

    @patch("/distances", guards=[decides(COORDINATION)], responses={200: ResponseSpec(Recorded)})
    async def enter_distances(
        self,
        academie: FromPath[CodeAcademie],
        data: JSONBody[DistancesWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Ajouter ou corriger des distances."""
        agent.require(COORDINATION, academie=academie)
        distances = ordered(data.distances)
        async with db.transaction(agent) as tx:
            await store.record_distances(tx, academie, distances)
            return tx.answer(Recorded(recorded=len(distances)))

    @get("/adjacencies", guards=[reads(COORDINATION)])
    async def adjacencies(
        self,
        request: Asked,
        academie: FromPath[CodeAcademie],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        *,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response[Page[Adjoining]]:
        """Lister les communes dont les limitrophes sont renseignées."""
        agent.require(COORDINATION, academie=academie)
        (after,) = read_cursor(cursor, str) or (None,)
        async with db.transaction(agent) as tx:
            found = await store.all_adjoining(tx, academie, after, limit + 1)
        return paged(found, limit, lambda each: (each.commune,), request)

    @post(
        "/adjacencies",
        guards=[decides(COORDINATION)],
        status_code=200,
        operation_class=PairsOperation,
        responses={200: ResponseSpec(Recorded)},
    )
    async def import_adjacencies(
        self,
        request: Asked,
        academie: FromPath[CodeAcademie],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[bytes]:
        """Charger un fichier de communes limitrophes ; les listes des communes qu’il nomme sont remplacées."""
        agent.require(COORDINATION, academie=academie)
        lists = await pairs_of(request)
        async with db.transaction(agent) as tx:
            await store.record_adjoining(tx, academie, lists)
            return tx.answer(Recorded(recorded=len(lists)))

    @get("/communes/{commune:str}/adjoining", guards=[reads(COORDINATION)])
    async def adjoining(
        self,
        academie: FromPath[CodeAcademie],
        commune: FromPath[CommuneInsee],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
    ) -> Response[Adjoining]:
        """Lire les communes limitrophes d’une commune."""
        agent.require(COORDINATION, academie=academie)
        async with db.transaction(agent) as tx:
            found = await store.adjoining(tx, academie, commune)
        return Response(found, headers={"ETag": found.etag})

    @put("/communes/{commune:str}/adjoining", guards=[decides(COORDINATION)], responses={200: ResponseSpec(Adjoining)})
    async def enter_adjoining(
        self,
        *,
        academie: FromPath[CodeAcademie],
        commune: FromPath[CommuneInsee],
        data: JSONBody[AdjoiningWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Renseigner les communes limitrophes d’une commune, ou les corriger (If-Match)."""
        agent.require(COORDINATION, academie=academie)
        async with db.transaction(agent) as tx:
            known = await store.lock_adjoining(tx, academie, commune)
            if known.revision or if_match:
                require_match(if_match, known.etag)
            communes = adjoining(commune, data.communes, known.communes if known.revision else None)
            await store.record_adjoining(tx, academie, {str(commune): communes})
            shown = store.adjoining_of(academie, commune, {"adjoining": communes, "revision": known.revision + 1})
            return tx.answer(shown, etag=shown.etag)


async def pairs_of(request: Asked) -> dict[str, list[str]]:
    """The file's lists, or every reason why it has none."""
    if request.content_type[0] != "text/csv":
        raise UnsupportedMediaType("Le fichier doit être annoncé par « Content-Type: text/csv ».")
    try:
        table = open_table(io.BytesIO(await request.body()), [PAIRS])
        return read_pairs([(row.line, row.cells) for row in table.rows()])
    except UnreadableFile as unreadable:
        wrong = [FieldError(pointer="", detail=each.detail, code=each.code) for each in unreadable.findings]
        raise UnreadableAdjacencies(errors=wrong) from unreadable
