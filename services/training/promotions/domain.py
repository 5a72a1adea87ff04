"""Désistement: a place that becomes free goes to the first who waits in the same bassin, who may refuse it in turn."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from common.contracts.training import (
    CandidatureNotRetained,
    CandidaturePromoted,
    CandidatureRetained,
    CandidatureWithdrawn,
)
from common.identifiers import CodeAcademie, CodeBassin
from common.refusal import Refusal
from training.candidatures.domain import Candidature, Status, WrongState, enter
from training.groups.domain import refuse_full, refuse_missing
from training.quotas.domain import Quotas
from training.sessions.domain import Module

Move: TypeAlias = CandidatureWithdrawn | CandidatureNotRetained | CandidaturePromoted | CandidatureRetained


class PromotionExpired(Refusal):
    code = "promotion-expired"
    title = "Délai d’acceptation dépassé"
    explanation = "La place proposée depuis la liste d’attente s’accepte jusqu’à la date indiquée, puis va au suivant."


class Standing(Struct, frozen=True, kw_only=True):
    """An offer and all of its candidatures, locked together: who goes and who waits."""

    academie: CodeAcademie
    offer: UUID
    title: str
    modules: tuple[Module, ...]
    quotas: Quotas
    quotas_revision: int
    first_day: date
    closes_on: date
    acceptance_days: int
    candidatures: tuple[Candidature, ...]
    selected: frozenset[CodeBassin] = frozenset()  # whose selection is decided

    def one(self, candidature: UUID) -> Candidature:
        return next(each for each in self.candidatures if each.id == candidature)

    def of(self, bassin: str) -> list[Candidature]:
        return [each for each in self.candidatures if each.bassin == bassin]

    def taken(self, *, but: UUID) -> Counter[UUID]:
        """The places of each group, one candidature left out."""
        going = (each for each in self.candidatures if each.goes and each.id != but)
        return Counter(group for each in going for group in each.groups.values())


def withdraw(standing: Standing, candidature: Candidature, *, today: date) -> list[Move]:
    """By himself, until he is present; a draft was told to nobody."""
    enter(candidature.status, Status.WITHDRAWN)
    if candidature.status is Status.DRAFT:
        return []
    return [withdrawn(candidature), *filled(standing, candidature, today=today)]


def refuse_promotion(standing: Standing, candidature: Candidature, *, today: date) -> list[Move]:
    require_promoted(candidature)
    return [withdrawn(candidature), *filled(standing, candidature, today=today)]


def expire_promotion(standing: Standing, candidature: Candidature, *, today: date) -> list[Move]:
    """Silence is no acceptance."""
    require_promoted(candidature)
    gone = CandidatureNotRetained(
        subject=candidature.id, offer=candidature.offer, person=candidature.person, bassin=candidature.bassin
    )
    return [gone, *filled(standing, candidature, today=today)]


def accept_promotion(standing: Standing, candidature: Candidature, *, today: date) -> list[Move]:
    require_promoted(candidature)
    if is_expired(candidature, today=today):
        raise PromotionExpired
    refuse_missing(candidature.groups, standing.modules)
    refuse_full(candidature.groups.values(), standing.modules, standing.taken(but=candidature.id))
    return [
        CandidatureRetained(
            subject=candidature.id, offer=candidature.offer, person=candidature.person, bassin=candidature.bassin
        )
    ]


def require_promoted(candidature: Candidature) -> None:
    if candidature.status is not Status.PROMOTED:
        raise WrongState(f"La candidature est à l’état « {candidature.status.label} » : aucune place n’est proposée.")


def is_expired(candidature: Candidature, *, today: date) -> bool:
    return candidature.accept_by is not None and candidature.accept_by < today


def withdrawn(candidature: Candidature) -> CandidatureWithdrawn:
    return CandidatureWithdrawn(
        subject=candidature.id, offer=candidature.offer, person=candidature.person, bassin=candidature.bassin
    )


def filled(standing: Standing, leaving: Candidature, *, today: date) -> list[CandidaturePromoted]:
    """The first who waits takes the place that `leaving` had, if he had one and the quota still allows it."""
    if not leaving.goes:
        return []
    staying = sum(each.goes for each in standing.of(leaving.bassin)) - 1
    if staying >= standing.quotas.of(leaving.bassin).maximum:
        return []
    return promote(standing, waiting(standing, leaving.bassin)[:1], today=today)


def waiting(standing: Standing, bassin: CodeBassin) -> list[Candidature]:
    queue = [each for each in standing.of(bassin) if each.status is Status.WAITLISTED]
    return sorted(queue, key=lambda each: (each.rank or 0, each.id))


def promote(standing: Standing, first: Sequence[Candidature], *, today: date) -> list[CandidaturePromoted]:
    """Not once the first session has begun; until its eve at the latest one may accept."""
    if standing.first_day <= today:
        return []
    accept_by = min(today + timedelta(days=standing.acceptance_days), standing.first_day - timedelta(days=1))
    return [
        CandidaturePromoted(
            subject=each.id, offer=each.offer, person=each.person, bassin=each.bassin, accept_by=accept_by
        )
        for each in first
    ]
