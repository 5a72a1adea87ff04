"""The offer of the letter of 2007 and the people who apply, as literals that a unit test changes in one place."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from common.identifiers import CodeAcademie, CodeBassin, CommuneInsee, Uai
from training.candidatures.domain import Applicant, Candidature, Opening, School, Status
from training.offers.domain import Offer, OfferWish, draft
from training.promotions.domain import Standing
from training.quotas.domain import BassinQuota, Quota, Quotas
from training.sessions.domain import GroupWish, Half, HalfDay, Module, ModuleWish, programme

LILLE, ROUBAIX = CodeBassin("09101"), CodeBassin("09104")
COLLEGE = Uai("0590001F")
OFFER = UUID(int=1)
PUBLICATION = date(2007, 11, 20)  # « aux alentours du 20 novembre 2007 »
FIRST_DAY = date(2008, 1, 14)
SUBMITTED = datetime(2007, 11, 21, 9, tzinfo=UTC)
QUOTAS = Quotas(
    default=Quota(minimum=2, maximum=3), exceptions=(BassinQuota(bassin=LILLE, minimum=4, maximum=6),)
)  # « 2 à 3 personnes par BEC (4 à 6 pour le BEC de Caen) »


def group(name: str, *days: date, capacity: int = 40) -> GroupWish:
    half_days = tuple(HalfDay(day, half) for day in days for half in Half)
    return GroupWish(name=name, place="Lycée", commune=CommuneInsee("59350"), capacity=capacity, half_days=half_days)


def modules(capacity: int = 40) -> tuple[ModuleWish, ModuleWish]:
    first = (
        group("groupe 1", date(2008, 1, 14), date(2008, 1, 15), capacity=capacity),
        group("groupe 2", date(2008, 1, 17), date(2008, 1, 18), capacity=capacity),
    )
    second = (group("groupe 1", date(2008, 4, 7)), group("groupe 2", date(2008, 4, 8)))
    return (
        ModuleWish(title="méthodologique", groups=first),
        ModuleWish(title="suivi et supervision", groups=second, requires_module=1, requires_meeting=True),
    )


def offer(**changes: Any) -> Offer:
    given = {
        "academie": CodeAcademie("09"), "title": "Animer des réunions d’échange de pratiques", "year": "2007-2008",
        "function": "secrétariat de direction", "opens_on": PUBLICATION, "closes_on": date(2007, 12, 4),
        "avis_deadline": date(2007, 12, 14), "modules": modules(), "quotas": QUOTAS,
    }  # fmt: skip
    return draft(OFFER, OfferWish(**{**given, **changes}))


MODULES: tuple[Module, ...] = programme(OFFER, modules())
(FIRST_1, FIRST_2), (SECOND_1, SECOND_2) = ([group.id for group in part.groups] for part in MODULES)
GROUPS = {MODULES[0].id: FIRST_1, MODULES[1].id: SECOND_1}


def candidature(number: int, status: Status = Status.SUBMITTED, **changes: Any) -> Candidature:
    """The nth to apply."""
    given = {
        "id": UUID(int=100 + number), "academie": CodeAcademie("09"), "offer": OFFER,
        "person": uuid5(OFFER, str(number)), "uai": COLLEGE, "bassin": ROUBAIX, "groups": GROUPS,
        "submitted_at": SUBMITTED + timedelta(minutes=number),
    }  # fmt: skip
    return Candidature(status=status, **{**given, **changes})


def supported(number: int, value: str = "favorable", **changes: Any) -> Candidature:
    return candidature(number, Status.AVIS_GIVEN, avis=UUID(int=200 + number), avis_value=value, **changes)


def standing(*candidatures: Candidature, **changes: Any) -> Standing:
    given = {
        "academie": CodeAcademie("09"), "offer": OFFER, "title": "Animer", "modules": MODULES, "quotas": QUOTAS,
        "quotas_revision": 1, "first_day": FIRST_DAY, "closes_on": date(2007, 12, 4), "acceptance_days": 7,
    }  # fmt: skip
    return Standing(candidatures=candidatures, **{**given, **changes})


OPENING = Opening(
    academie=CodeAcademie("09"), id=OFFER, opens_on=PUBLICATION, closes_on=date(2007, 12, 4), modules=MODULES
)


ANNA = uuid5(OFFER, "1")


def applicant(*schools: School, person: UUID | None = ANNA, **changes: Any) -> Applicant:
    given = {"schools": schools or (School(uai=COLLEGE, bassin=ROUBAIX),), "engagements": (), "taken": {}}
    return Applicant(person=person, **{**given, **changes})
