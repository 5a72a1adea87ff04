"""How long each kind of paper is kept, over HTTP: ours until the office of an académie sets another time."""

from typing import Annotated

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.protocol import IfMatch, require_match
from common.refusal import NotFound
from common.texts import Line
from training.papers.domain import RETENTION, Kind
from training.retention import store
from training.roles import OFFICE


class UnknownKind(NotFound):
    code = "unknown-paper-kind"
    title = "Nature de document inconnue"


class RetentionWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Une durée de conservation, et le texte ou la décision qui la fixe."""

    years: Annotated[int, Meta(ge=0, le=100)]  # whole ones, after that of the paper
    reason: Line


class RetentionView(Struct, frozen=True, kw_only=True):
    """Le nombre d’années pleines pendant lesquelles une nature de document est conservée après celle de sa date."""

    academie: CodeAcademie
    kind: Kind
    kind_label: str
    years: int
    revision: int  # 0 while ours applies


class RetentionsController(Controller):
    path = "/v1/training/academies/{academie:str}/paper-retentions"
    tags = ("Documents",)

    @get("/", guards=[reads(*OFFICE)])
    async def list(
        self, academie: FromPath[CodeAcademie], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> list[RetentionView]:
        """Lire les durées de conservation des documents d’une académie."""
        agent.require(*OFFICE, academie=academie)
        async with db.transaction(agent) as tx:
            told = await store.own(tx, academie)
        return [
            RetentionView(
                academie=academie,
                kind=kind,
                kind_label=kind.label,
                years=told.get(kind, (RETENTION[kind], 0))[0],
                revision=told.get(kind, (RETENTION[kind], 0))[1],
            )
            for kind in Kind
        ]

    @put("/{kind:str}", guards=[decides(*OFFICE)], responses={200: ResponseSpec(RetentionView)})
    async def set(
        self,
        *,
        academie: FromPath[CodeAcademie],
        kind: FromPath[str],
        data: JSONBody[RetentionWish],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Fixer la durée de conservation d’une nature de document."""
        agent.require(*OFFICE, academie=academie)
        if kind not in list(Kind):
            raise UnknownKind
        async with db.transaction(agent) as tx:
            revision = await store.set_years(tx, academie, kind, data.years, reason=data.reason)
            require_match(if_match, f'"{revision - 1}"')
            known = Kind(kind)
            view = RetentionView(
                academie=academie, kind=known, kind_label=known.label, years=data.years, revision=revision
            )
            return tx.answer(view, etag=f'"{revision}"')
