"""Who asks, and what they may ask: without it each route would decide alone, and a bassin could end up deciding."""

from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from msgspec import Struct

from common.identifiers import CodeAcademie, CodeBassin, Uai
from common.refusal import Forbidden, Refusal
from common.tokens import Unauthenticated


class Role(StrEnum):
    ADMINISTRATEUR_TERRITOIRE = "administrateur-territoire"
    RESPONSABLE_FORMATION = "responsable-formation"
    RESSOURCES_HUMAINES = "ressources-humaines"
    CHEF_ETABLISSEMENT = "chef-etablissement"
    ANIMATEUR_BASSIN = "animateur-bassin"
    AGENT = "agent"
    COORDINATION_PAYE = "coordination-paye"
    EXPLOITATION = "exploitation"
    PROTECTION_DONNEES = "protection-donnees"


BASSIN_ROLES = frozenset({Role.ANIMATEUR_BASSIN})


class BassinNeverDecides(Refusal):
    code = "bassin-never-decides"
    title = "Un bassin ne décide pas"
    status = 403
    explanation = (
        "Les mandats de bassin permettent de consulter, de proposer et de réunir. La décision appartient au chef "
        "d’établissement ou aux services académiques (circulaire n° 2001-114 du 20 juin 2001)."
    )

    # The words are those of the circulaire; its « donc » and « supplémentaire » tie it to the sentence before.
    REASON: ClassVar[str] = (
        "Vous agissez au titre d’un bassin. Selon la circulaire n° 2001-114 du 20 juin 2001, le bassin d’éducation et "
        "de formation « n’est donc pas un niveau administratif ou hiérarchique supplémentaire » : il contribue à la "
        "préparation concertée des décisions, il n’en prend pas."
    )


class Mandate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A role in one académie; without uai or bassin it covers the whole académie."""

    role: Role
    academie: CodeAcademie
    uai: Uai | None = None
    bassin: CodeBassin | None = None

    def __post_init__(self) -> None:
        if self.role is Role.CHEF_ETABLISSEMENT and self.uai is None:
            raise ValueError("a chef d'établissement heads one établissement")
        if self.role in BASSIN_ROLES and self.bassin is None:
            raise ValueError("a bassin role belongs to one bassin")
        if self.bassin is not None and self.bassin.academie != self.academie:
            raise ValueError("a bassin lies in its académie")

    def covers(self, academie: CodeAcademie | None, uai: Uai | None, bassin: CodeBassin | None) -> bool:
        """An académie-wide mandate covers a school or a bassin only where the académie is named too."""
        if academie is not None and academie != self.academie:
            return False
        placed = academie is not None or (uai is None and bassin is None)
        if self.uai is None and self.bassin is None:
            return placed
        return uai in (None, self.uai) and bassin in (None, self.bassin)


class Agent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: UUID
    academie: CodeAcademie  # of the issuer that vouched for them
    mandates: tuple[Mandate, ...] = ()
    name: str = ""
    mail: str | None = None  # only an address that the issuer verified

    def __repr__(self) -> str:
        return f"Agent({self.id}, {self.academie})"  # logs and errors never hold a name or an address

    @property
    def academies(self) -> frozenset[CodeAcademie]:
        return frozenset({self.academie, *(mandate.academie for mandate in self.mandates)})

    @property
    def only_of_a_bassin(self) -> bool:
        """Besides being an agent of some school, which gives no authority either."""
        roles = {mandate.role for mandate in self.mandates} - {Role.AGENT}
        return bool(roles) and roles <= BASSIN_ROLES

    def holds(
        self,
        role: Role,
        *,
        academie: CodeAcademie | None = None,
        uai: Uai | None = None,
        bassin: CodeBassin | None = None,
    ) -> bool:
        return any(mandate.role is role and mandate.covers(academie, uai, bassin) for mandate in self.mandates)

    def require(
        self,
        *roles: Role,
        academie: CodeAcademie | None = None,
        uai: Uai | None = None,
        bassin: CodeBassin | None = None,
    ) -> None:
        if any(self.holds(role, academie=academie, uai=uai, bassin=bassin) for role in roles):
            return
        if self.only_of_a_bassin and not BASSIN_ROLES.intersection(roles):
            raise BassinNeverDecides(BassinNeverDecides.REASON)
        raise Forbidden("Aucun de vos mandats ne permet cette action.")


class Act:
    """A Litestar guard: who may do what a route does. It answers before the body is read."""

    def __init__(self, act: str, roles: tuple[Role, ...]) -> None:
        if not roles:
            raise ValueError(f"a route that {act}s names the roles that may")
        self.act = act
        self.roles = roles

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        agent_of(connection).require(*self.roles)


def reads(*roles: Role) -> Act:
    return Act("read", roles)


def proposes(*roles: Role) -> Act:
    return Act("propose", roles)


def convenes(*roles: Role) -> Act:
    return Act("convene", roles)


def decides(*roles: Role) -> Act:
    if BASSIN_ROLES.intersection(roles):
        raise ValueError("a bassin never decides (circulaire 2001-114)")
    return Act("decide", roles)


def acts_of(handler: BaseRouteHandler) -> list[Act]:
    """Every route of a service has exactly one; a test walks them."""
    return [guard for guard in handler.resolve_guards() if isinstance(guard, Act)]


def agent_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Agent:
    agent = connection.scope.get("user")
    if not isinstance(agent, Agent):
        raise Unauthenticated("Cette demande n’est pas passée par la passerelle.")
    return agent


async def provide_agent(request: Request[Any, Any, Any]) -> Agent:
    return agent_of(request)
