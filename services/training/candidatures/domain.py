"""Candidature: somebody whom the census named applies for himself, and goes from state to state until recognised."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from msgspec import Struct

from common.contracts.training import CandidatureSubmitted
from common.identifiers import CodeAcademie, CodeBassin, Uai
from common.refusal import Forbidden, NotFound, Refusal
from training.groups.domain import Engagement, refuse_full, refuse_missing
from training.offers.domain import Window, application_window
from training.sessions.domain import Module


class UnknownCandidature(NotFound):
    code = "unknown-candidature"
    title = "Candidature introuvable"


class NotYourCandidature(Forbidden):
    code = "not-your-candidature"
    title = "Candidature d’un autre"
    explanation = "Une candidature se dépose, se modifie et se retire par la personne qu’elle concerne."


class NotLinked(Refusal):
    code = "not-linked"
    title = "Compte non rattaché à une personne"
    explanation = "Rattacher d’abord son compte à la personne que l’établissement a déclarée au recensement."


class NotIdentified(Refusal):
    code = "not-identified"
    title = "Personne non identifiée pour cette fonction"
    explanation = (
        "L’offre s’adresse aux personnes que leur établissement a déclarées, au recensement, pour la fonction."
    )


class SchoolToChoose(Refusal):
    code = "school-to-choose"
    title = "Établissement à préciser"
    explanation = "Plusieurs établissements vous ont déclaré : indiquer celui au titre duquel vous candidatez (uai)."


class SchoolWithoutBassin(Refusal):
    code = "school-without-bassin"
    title = "Établissement hors de tout bassin"
    explanation = "Les places sont réparties par bassin : l’établissement doit être rattaché à l’un d’eux."


class ApplicationsNotOpen(Refusal):
    code = "applications-not-open"
    title = "Période de candidature non ouverte"


class AlreadyApplied(Refusal):
    code = "already-applied"
    title = "Candidature déjà enregistrée"
    explanation = "Une personne a une seule candidature par offre, même retirée."


class WrongState(Refusal):
    code = "wrong-candidature-state"
    title = "Action impossible dans l’état de la candidature"


class Status(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    AVIS_GIVEN = "avis_given"
    AVIS_LAPSED = "avis_lapsed"
    RETAINED = "retained"
    WAITLISTED = "waitlisted"
    NOT_RETAINED = "not_retained"
    PROMOTED = "promoted"  # from the waiting list, to be accepted until a date
    CONVENED = "convened"
    PRESENT = "present"
    ABSENT = "absent"
    RECOGNISED = "recognised"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Status.DRAFT: "brouillon",
    Status.SUBMITTED: "déposée, avis attendu",
    Status.AVIS_GIVEN: "avis rendu",
    Status.AVIS_LAPSED: "sans avis à l’échéance",
    Status.RETAINED: "retenue",
    Status.WAITLISTED: "en liste d’attente",
    Status.NOT_RETAINED: "non retenue",
    Status.PROMOTED: "appelée depuis la liste d’attente, à accepter",
    Status.CONVENED: "convoquée",
    Status.PRESENT: "présente",
    Status.ABSENT: "absente",
    Status.RECOGNISED: "compétence reconnue",
    Status.WITHDRAWN: "retirée",
}


def following(status: Status) -> frozenset[Status]:
    """Where a candidature may go from a state: the machine of domain.md section 6, with a lapse and a promotion."""
    match status:
        case Status.DRAFT:
            to = {Status.SUBMITTED, Status.WITHDRAWN}
        case Status.SUBMITTED:
            to = {Status.AVIS_GIVEN, Status.AVIS_LAPSED, Status.WITHDRAWN}
        case Status.AVIS_GIVEN | Status.AVIS_LAPSED:
            to = {Status.RETAINED, Status.WAITLISTED, Status.NOT_RETAINED, Status.WITHDRAWN}
        case Status.WAITLISTED:
            to = {Status.PROMOTED, Status.WITHDRAWN}
        case Status.PROMOTED:
            to = {Status.RETAINED, Status.NOT_RETAINED, Status.WITHDRAWN}
        case Status.RETAINED:
            to = {Status.CONVENED, Status.WITHDRAWN}
        case Status.CONVENED:
            to = {Status.PRESENT, Status.ABSENT, Status.WITHDRAWN}
        case Status.PRESENT:
            to = {Status.ABSENT, Status.RECOGNISED}
        case Status.ABSENT | Status.RECOGNISED:  # a correction; a revocation
            to = {Status.PRESENT}
        case Status.NOT_RETAINED | Status.WITHDRAWN:
            to = set()
        case _:
            assert_never(status)
    return frozenset(to)


GOING = frozenset(
    {Status.RETAINED, Status.PROMOTED, Status.CONVENED, Status.PRESENT, Status.ABSENT, Status.RECOGNISED}
)  # who takes a place, of the bassin and of a group


class Candidature(Struct, frozen=True, kw_only=True):
    id: UUID
    academie: CodeAcademie
    offer: UUID
    person: UUID
    uai: Uai
    bassin: CodeBassin
    status: Status
    groups: Mapping[UUID, UUID]  # module -> the group chosen
    submitted_at: datetime | None = None
    avis: UUID | None = None
    avis_value: str | None = None
    refusals: int = 0  # unfavourable avis in a row of this person, up to this one
    goes_on: bool | None = None  # after a lapse: what the office said, if it has
    rank: int | None = None
    accept_by: date | None = None

    @property
    def goes(self) -> bool:
        return self.status in GOING


class Opening(Struct, frozen=True, kw_only=True):
    """A published offer, as somebody who applies meets it."""

    academie: CodeAcademie
    id: UUID
    opens_on: date
    closes_on: date
    modules: tuple[Module, ...]


class School(Struct, frozen=True, kw_only=True):
    uai: Uai
    bassin: CodeBassin | None  # on the day


class Applicant(Struct, frozen=True, kw_only=True):
    """What is known of whoever applies."""

    person: UUID | None  # whom the login is tied to
    schools: tuple[School, ...]  # whose census answer names the person for the function of the offer
    engagements: tuple[Engagement, ...]
    taken: Mapping[UUID, int]  # places of each group


def enter(status: Status, to: Status) -> Status:
    """The only way from one state to another."""
    if to not in following(status):
        raise WrongState(f"La candidature est à l’état « {status.label} ».")
    return to


def refuse_others(candidature: Candidature, me: UUID | None) -> None:
    """`me` is the person that whoever asks is logged in as."""
    if me is None or candidature.person != me:
        raise NotYourCandidature


def start(
    candidature: UUID,
    opening: Opening,
    applicant: Applicant,
    *,
    groups: Mapping[UUID, UUID],
    uai: Uai | None,
    today: date,
) -> Candidature:
    """A draft of somebody who may apply."""
    refuse_closed(opening, today=today)
    person, school = entitled(applicant, uai)
    if school.bassin is None:
        raise SchoolWithoutBassin
    return Candidature(
        id=candidature,
        academie=opening.academie,
        offer=opening.id,
        person=person,
        uai=school.uai,
        bassin=school.bassin,
        status=Status.DRAFT,
        groups=groups,
    )


def submit(draft: Candidature, opening: Opening, applicant: Applicant, *, today: date) -> CandidatureSubmitted:
    """From the draft's school, in whose bassin it is that day."""
    enter(draft.status, Status.SUBMITTED)
    judged = start(draft.id, opening, applicant, groups=draft.groups, uai=draft.uai, today=today)
    refuse_missing(draft.groups, opening.modules)
    refuse_full(draft.groups.values(), opening.modules, applicant.taken)
    return CandidatureSubmitted(
        subject=draft.id, offer=draft.offer, person=draft.person, uai=judged.uai, bassin=judged.bassin
    )


def refuse_closed(opening: Opening, *, today: date) -> None:
    window = application_window(opening.opens_on, opening.closes_on, today=today)
    if window is not Window.OPEN:
        raise ApplicationsNotOpen(
            f"Les candidatures sont reçues du {opening.opens_on:%d/%m/%Y} au {opening.closes_on:%d/%m/%Y} inclus."
        )


def entitled(applicant: Applicant, uai: Uai | None) -> tuple[UUID, School]:
    """Named by a school in the census for that function, and logged in as that person."""
    if applicant.person is None:
        raise NotLinked
    meant = [school for school in applicant.schools if uai in (None, school.uai)]
    if not meant:
        raise NotIdentified
    if len(meant) > 1:
        raise SchoolToChoose(f"Établissements : {', '.join(school.uai for school in meant)}.")
    return applicant.person, meant[0]


def may_choose_groups(status: Status) -> bool:
    """Until the convocation is issued."""
    return Status.WITHDRAWN in following(status) and status is not Status.CONVENED


def refuse_late_choice(status: Status) -> None:
    if not may_choose_groups(status):
        raise WrongState(f"La candidature est à l’état « {status.label} » : ses groupes ne changent plus.")


def convene(candidature: Candidature) -> Status:
    return enter(candidature.status, Status.CONVENED)


def attend(candidature: Candidature) -> Status:
    """Convened, or absent by an error that is corrected."""
    if candidature.status is Status.RECOGNISED:
        raise WrongState("La compétence est déjà reconnue.")
    return enter(candidature.status, Status.PRESENT)


def miss(candidature: Candidature) -> Status:
    return enter(candidature.status, Status.ABSENT)


def recognise(candidature: Candidature) -> Status:
    return enter(candidature.status, Status.RECOGNISED)


def revoke_recognition(candidature: Candidature) -> Status:
    """Revoked, the attendance remains."""
    if candidature.status is not Status.RECOGNISED:
        raise WrongState("Aucune compétence n’est reconnue.")
    return enter(candidature.status, Status.PRESENT)
