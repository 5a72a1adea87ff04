"""The académie's rules over HTTP: which hours make a meal or a night, and the ceiling of an element."""

from litestar import Controller, Response, get, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from common.db import Database
from common.identifiers import CodeAcademie
from common.identity import Agent, decides, reads
from common.protocol import IfMatch, require_match
from payroll.roles import COORDINATION
from payroll.rules import store
from payroll.rules.domain import Rules, checked
from payroll.rules.store import RulesView


class RulesController(Controller):
    path = "/v1/payroll/academies/{academie:str}/rules"
    tags = ("Règles et taux",)

    @get("/", guards=[reads(COORDINATION)])
    async def read(
        self, academie: FromPath[CodeAcademie], agent: NamedDependency[Agent], db: NamedDependency[Database]
    ) -> Response[RulesView]:
        """Lire les plages horaires, le plafond et la durée de conservation de l’académie."""
        agent.require(COORDINATION, academie=academie)
        async with db.transaction(agent) as tx:
            found = await store.read(tx, academie)
        return Response(found, headers={"ETag": found.etag})

    @put("/", guards=[decides(COORDINATION)], responses={200: ResponseSpec(RulesView)})
    async def set(
        self,
        *,
        academie: FromPath[CodeAcademie],
        data: JSONBody[Rules],
        agent: NamedDependency[Agent],
        db: NamedDependency[Database],
        if_match: IfMatch = None,
    ) -> Response[bytes]:
        """Fixer les règles de l’académie (If-Match) ; ce qui n’est pas encore transmis est recalculé."""
        agent.require(COORDINATION, academie=academie)
        rules = checked(data)
        async with db.transaction(agent) as tx:
            known = await store.read(tx, academie)
            require_match(if_match, known.etag)
            shown = await store.record(tx, known, rules)
            return tx.answer(shown, etag=shown.etag)
