"""Recensement: an académie asks its EPLE, until a date, who holds a function; each school answers for itself."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from common.contracts.hr_networks import CensusAnswered, CensusClosed, CensusOpened, DeadlineMoved, SchoolAddressed
from common.identifiers import CodeAcademie, Uai
from common.refusal import Forbidden, NotFound, Refusal

# « Les collèges, les lycées et les établissements d'éducation spéciale sont des établissements publics locaux
# d'enseignement » (code de l'éducation, art. L421-1), as codes nature UAI: lycées, collèges, EREA. Left out: 334 and
# 335, sections of a lycée that answers for them; 307, of the ministry of agriculture; 380 and 400, no EPLE.
EPLE = ("300", "301", "302", "306", "310", "320", "340", "350", "352", "370")
EAFC_SINCE = date(2022, 9, 1)  # the training divisions became « écoles académiques de la formation continue »

# Text that PostgreSQL, a mail header and a spreadsheet accept: one line, not blank; or several lines.
Line = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?![\s\S])")]
Lines = Annotated[str, Meta(min_length=1, max_length=20_000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+(?![\s\S])")]


class UnknownCampaign(NotFound):
    code = "unknown-campaign"
    title = "Recensement introuvable"


class UnknownVersion(NotFound):
    code = "unknown-answer-version"
    title = "Version de la réponse introuvable"


class DeadlineInThePast(Refusal):
    code = "deadline-in-the-past"
    title = "Date limite déjà passée"
    explanation = "La date limite d’un recensement est aujourd’hui ou un jour à venir, à l’heure de l’académie."


class DeadlineUnchanged(Refusal):
    code = "deadline-unchanged"
    title = "Date limite inchangée"


class NoSchoolToAddress(Refusal):
    code = "no-school-to-address"
    title = "Aucun EPLE à interroger"
    explanation = "Aucun EPLE ouvert n’est connu dans cette académie : l’annuaire des établissements est-il chargé ?"


class CensusIsClosed(Refusal):
    code = "census-closed"
    title = "Recensement clos"
    explanation = "Un recensement clos n’accepte plus ni réponse ni changement ; ses chiffres sont figés."


class DeadlinePassed(Refusal):
    code = "deadline-passed"
    title = "Date limite dépassée"
    explanation = "La date limite est ouverte jusqu’à minuit, à l’heure de l’académie."


class SchoolNotAddressed(Refusal):
    code = "school-not-addressed"
    title = "Établissement non interrogé"
    explanation = "Ce recensement ne s’adresse pas à cet établissement."


class NotYourSchool(Forbidden):
    code = "not-your-school"
    title = "Établissement d’un autre"
    explanation = "Seul le chef de l’établissement répond pour lui."


class AnswerUnchanged(Refusal):
    code = "answer-unchanged"
    title = "Réponse inchangée"
    explanation = "La correction ne diffère en rien de la réponse déjà enregistrée."


class Status(StrEnum):
    OPEN = "open"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return "ouvert" if self is Status.OPEN else "clos"


class CampaignWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """« Objet : identification des personnels affectés au secrétariat de direction », a letter, a date."""

    academie: CodeAcademie
    object: Line
    function: Line  # whose holders are to be named: « secrétariat de direction »
    letter: Lines
    signatory: Line  # who signs it, by function: « La directrice des ressources humaines »
    contact: Line  # where a school asks its questions
    deadline: date
    service: Line | None = None  # the division that asks; by default the training division


class Campaign(Struct, frozen=True, kw_only=True):
    id: UUID
    academie: CodeAcademie
    deadline: date
    status: Status
    revision: int


class School(Struct, frozen=True, kw_only=True):
    uai: Uai
    nature: str
    sector: str
    opened_on: date | None
    closed_on: date | None  # the first day on which it is closed


class AddressedSchool(Struct, frozen=True, kw_only=True):
    campaign: Campaign
    uai: Uai
    revision: int  # of its answer; 0 while it is silent


def local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def training_division(day: date) -> str:
    """DIFOR in the letter of 2007; one EAFC per académie since the rentrée of 2022."""
    return "DIFOR" if day < EAFC_SINCE else "EAFC"


def is_addressed(school: School, *, today: date) -> bool:
    """Every EPLE open today; a source silent on the sector does not hide a school."""
    opened = school.opened_on is None or school.opened_on <= today
    closed = school.closed_on is not None and school.closed_on <= today
    return school.nature in EPLE and school.sector != "prive" and opened and not closed


def open_census(
    census: UUID, wish: CampaignWish, schools: Iterable[School], *, today: date
) -> list[CensusOpened | SchoolAddressed]:
    if wish.deadline < today:
        raise DeadlineInThePast
    addressed = address(census, schools, today=today)
    if not addressed:
        raise NoSchoolToAddress
    opened = CensusOpened(subject=census, object=wish.object, function=wish.function, deadline=wish.deadline)
    return [opened, *addressed]


def address(census: UUID, schools: Iterable[School], *, today: date) -> list[SchoolAddressed]:
    chosen = sorted(school.uai for school in schools if is_addressed(school, today=today))
    return [SchoolAddressed(subject=answer_id(census, uai), census=census, uai=uai) for uai in chosen]


def answer_id(census: UUID, uai: Uai) -> UUID:
    return uuid5(census, f"uai:{uai}")


def accept_changes(campaign: Campaign, *, today: date) -> None:
    """A census takes answers and a new date until the local midnight that ends its deadline, unless closed before."""
    refuse_closed(campaign)
    if is_over(campaign.deadline, today=today):
        raise DeadlinePassed


def refuse_closed(campaign: Campaign) -> None:
    if campaign.status is Status.CLOSED:
        raise CensusIsClosed


def is_over(deadline: date, *, today: date) -> bool:
    return today > deadline


def answer(school: AddressedSchool, persons: Sequence[UUID], *, unchanged: bool, today: date) -> CensusAnswered:
    """Zero persons is an answer too: the school has nobody in this function."""
    accept_changes(school.campaign, today=today)
    if unchanged and school.revision:
        raise AnswerUnchanged
    return CensusAnswered(
        subject=answer_id(school.campaign.id, school.uai),
        census=school.campaign.id,
        uai=school.uai,
        revision=school.revision + 1,
        identified=len(persons),
        persons=tuple(persons),
    )


def move_deadline(campaign: Campaign, deadline: date, *, today: date) -> DeadlineMoved:
    accept_changes(campaign, today=today)
    if deadline < today:
        raise DeadlineInThePast
    if deadline == campaign.deadline:
        raise DeadlineUnchanged
    return DeadlineMoved(subject=campaign.id, deadline=deadline)


def counted_on(deadline: date, *, today: date) -> date:
    """The day whose memberships count: today, and once the deadline is past its last day, however late one looks."""
    return min(today, deadline)


def close(campaign: Campaign, *, addressed: int, answered: int, identified: int) -> CensusClosed:
    """By date or by hand; from now on the figures do not move."""
    refuse_closed(campaign)
    return CensusClosed(subject=campaign.id, addressed=addressed, answered=answered, identified=identified)
