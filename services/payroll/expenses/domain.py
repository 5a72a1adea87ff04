"""Frais de mission: from the ordre de mission and the attendance, never from one of them, what a mission gives."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby, pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from common.contracts.training import HalfDay
from payroll.rates.domain import (
    Category,
    ExpenseLine,
    Kind,
    Rate,
    kilometre_line,
    line,
    night_category,
    vehicle_category,
)
from payroll.rules.domain import Rules, Window


class Control(StrEnum):
    """Ce qui retient un élément."""

    NO_ATTENDANCE = "no-attendance"
    MISSION_CANCELLED = "mission-cancelled"
    TWO_MISSIONS = "two-missions-same-half-day"
    OVER_CEILING = "over-ceiling"
    RATE_UNKNOWN = "rate-unknown"
    DISTANCE_UNKNOWN = "distance-unknown"
    ADJACENCY_UNKNOWN = "adjacency-unknown"
    RESIDENCE_UNKNOWN = "residence-unknown"
    SCHOOL_UNKNOWN = "school-unknown"
    IDENTITY_UNKNOWN = "identity-unknown"
    REGULARISATION = "regularisation"
    REJECTED = "rejected"

    @property
    def label(self) -> str:
        return LABELS[self]

    @property
    def released_by_hand(self) -> bool:
        """The others are gone when their cause is, and not before."""
        return self in (Control.TWO_MISSIONS, Control.OVER_CEILING, Control.REGULARISATION, Control.REJECTED)


LABELS: Mapping[Control, str] = {
    Control.NO_ATTENDANCE: "Présence non constatée",
    Control.MISSION_CANCELLED: "Ordre de mission annulé",
    Control.TWO_MISSIONS: "Deux missions la même demi-journée",
    Control.OVER_CEILING: "Montant au-dessus du plafond",
    Control.RATE_UNKNOWN: "Aucun taux connu à la date de la mission",
    Control.DISTANCE_UNKNOWN: "Distance à renseigner",
    Control.ADJACENCY_UNKNOWN: "Communes limitrophes à renseigner",
    Control.RESIDENCE_UNKNOWN: "Résidence et véhicule à renseigner",
    Control.SCHOOL_UNKNOWN: "Commune de l’établissement inconnue",
    Control.IDENTITY_UNKNOWN: "Identité inconnue",
    Control.REGULARISATION: "Régularisation d’un élément déjà transmis, à confirmer",
    Control.REJECTED: "Ligne rejetée, à corriger",
}


class NotDue(StrEnum):
    """Pourquoi rien n’est dû."""

    RESIDENCE_COMMUNE = "residence-commune"
    SCHOOL_COMMUNE = "school-commune"
    ADJOINING_RESIDENCE = "adjoining-residence"
    ADJOINING_SCHOOL = "adjoining-school"
    NO_EXPENSE = "no-expense"
    ALREADY_SETTLED = "already-settled"

    @property
    def label(self) -> str:
        return REASONS[self]


REASONS: Mapping[NotDue, str] = {
    NotDue.RESIDENCE_COMMUNE: "Mission dans la commune de résidence",
    NotDue.SCHOOL_COMMUNE: "Mission dans la commune de l’établissement",
    NotDue.ADJOINING_RESIDENCE: "Mission dans une commune limitrophe de la résidence",
    NotDue.ADJOINING_SCHOOL: "Mission dans une commune limitrophe de celle de l’établissement",
    NotDue.NO_EXPENSE: "Ni repas, ni nuitée, ni kilomètre",
    NotDue.ALREADY_SETTLED: "Rien ne change à ce qui a été transmis",
}


class Traveller(Struct, frozen=True, kw_only=True):
    """What the pay coordination entered of a person, as it is on the day of the mission."""

    residence: str  # INSEE code
    vehicle: str  # "car", "motorcycle", "light-motorcycle" or "none"
    horsepower: int | None = None
    raised_night: bool = False


class Mission(Struct, frozen=True, kw_only=True):
    """An ordre de mission with all that is known around it; None is what nobody has said yet."""

    id: UUID
    meeting: UUID
    commune: str  # where it leads
    starts_at: datetime
    ends_at: datetime
    half_days: tuple[HalfDay, ...]
    known_at: datetime  # the later one of ordre de mission and attendance
    cancelled: bool = False
    attended: tuple[HalfDay, ...] | None = None  # None: the attendance is not known
    traveller: Traveller | None = None
    named: bool = True
    school_commune: str | None = None
    kilometres: int | None = None  # one way, from the school's commune
    adjoins_school: bool | None = None
    adjoins_residence: bool | None = None


class Stay(Struct, frozen=True, kw_only=True):
    """What a mission was, hour by hour: days attended, meals and nights away, journeys there and back."""

    meals: int
    nights: int
    journeys: int


class Basis(Struct, frozen=True, kw_only=True):
    """What is the same for all missions of an académie."""

    rates: Sequence[Rate]
    large_communes: Mapping[str, Category]
    rules: Rules
    zone: str


class Assessment(Struct, frozen=True, kw_only=True):
    """What one mission gives today; `due` is None while something is missing to say it."""

    mission: Mission
    controls: tuple[Control, ...]
    due: tuple[ExpenseLine, ...] | None
    not_due: NotDue | None = None

    @property
    def amount(self) -> int:
        return sum(each.amount for each in self.due or ())


def service_done(mission: Mission) -> tuple[HalfDay, ...]:
    """The half-days of the mission on which the person was there."""
    return tuple(sorted(set(mission.half_days) & set(mission.attended or ())))


def stay_of(mission: Mission, rules: Rules, zone: str) -> Stay:
    """A meal or a night is due when the mission covers all of its window; a day attended alone is a journey."""
    done = service_done(mission)
    days = [day for day, _ in groupby(half.day for half in done)]
    midday = sum({HalfDay(day, "am"), HalfDay(day, "pm")} <= set(done) and covers(mission, day, rules.midday, zone)
                 for day in days)  # fmt: skip
    evening = sum(HalfDay(day, "pm") in done and covers(mission, day, rules.evening, zone) for day in days)
    nights = sum(
        later - earlier == timedelta(days=1) and covers(mission, later, rules.night, zone)
        for earlier, later in pairwise(days)
    )
    return Stay(meals=midday + evening, nights=nights, journeys=len(days) - nights)


def covers(mission: Mission, day: date, window: Window, zone: str) -> bool:
    local = ZoneInfo(zone)
    start, end = (datetime.combine(day, at, local) for at in (window.start, window.end))
    return mission.starts_at <= start and end <= mission.ends_at


def nothing_due(mission: Mission) -> NotDue | None:
    """No allowance in the commune of residence or of the school, nor in an adjoining one (domain, section 0.9).

    One of them is enough, whatever is not known of the others.
    """
    if mission.traveller is not None and mission.commune == mission.traveller.residence:
        return NotDue.RESIDENCE_COMMUNE
    if mission.commune == mission.school_commune:
        return NotDue.SCHOOL_COMMUNE
    if mission.adjoins_residence:
        return NotDue.ADJOINING_RESIDENCE
    return NotDue.ADJOINING_SCHOOL if mission.adjoins_school else None


def assess(missions: Iterable[Mission], basis: Basis) -> list[Assessment]:
    """All missions of one person, for kilometres add up over the year and nobody is in two places at once.

    A mission without attendance is an expected expense and nothing more: it is left out.
    """
    found: list[Assessment] = []
    in_order = sorted((m for m in missions if m.attended is not None), key=lambda m: (m.starts_at, m.id))
    driven: dict[int, int] = {}
    for mission in in_order:
        year = mission.starts_at.astimezone(ZoneInfo(basis.zone)).year
        one = assess_one(mission, basis, already=driven.get(year, 0))
        if clashes(mission, in_order) and one.due:
            one = with_control(one, Control.TWO_MISSIONS)
        driven[year] = driven.get(year, 0) + sum(e.quantity for e in one.due or () if e.kind is Kind.KILOMETRE)
        found.append(one)
    return found


def assess_one(mission: Mission, basis: Basis, *, already: int) -> Assessment:
    if mission.cancelled:
        return Assessment(mission=mission, controls=(Control.MISSION_CANCELLED,), due=())
    if not service_done(mission):
        return Assessment(mission=mission, controls=(Control.NO_ATTENDANCE,), due=())
    if reason := nothing_due(mission):
        return Assessment(mission=mission, controls=(), due=(), not_due=reason)
    if missing := unknowns(mission):
        return Assessment(mission=mission, controls=missing, due=None)
    lines = lines_of(mission, basis, already=already)
    if lines is None:
        return Assessment(mission=mission, controls=(Control.RATE_UNKNOWN,), due=None)
    total = sum(each.amount for each in lines)
    return Assessment(
        mission=mission,
        controls=(Control.OVER_CEILING,) if total > basis.rules.ceiling else (),
        due=lines,
        not_due=None if lines else NotDue.NO_EXPENSE,
    )


def unknowns(mission: Mission) -> tuple[Control, ...]:
    """What somebody has still to say before anything can be computed."""
    drives = mission.traveller is not None and mission.traveller.vehicle != "none"
    asked = (
        (Control.IDENTITY_UNKNOWN, not mission.named),
        (Control.SCHOOL_UNKNOWN, mission.school_commune is None),
        (Control.RESIDENCE_UNKNOWN, mission.traveller is None),
        (Control.ADJACENCY_UNKNOWN, mission.school_commune is not None and mission.adjoins_school is None),
        (Control.ADJACENCY_UNKNOWN, mission.traveller is not None and mission.adjoins_residence is None),
        (Control.DISTANCE_UNKNOWN, drives and mission.school_commune is not None and mission.kilometres is None),
    )
    return tuple(dict.fromkeys(control for control, missing in asked if missing))


def lines_of(mission: Mission, basis: Basis, *, already: int) -> tuple[ExpenseLine, ...] | None:
    """Kilometres, nights and meals at the rates of the mission's first day; None if one of them is unknown."""
    traveller = mission.traveller or Traveller(residence="", vehicle="none")
    stay = stay_of(mission, basis.rules, basis.zone)
    day = mission.starts_at.astimezone(ZoneInfo(basis.zone)).date()
    vehicle = vehicle_category(traveller.vehicle, traveller.horsepower)
    kilometres = 0 if vehicle is None else 2 * stay.journeys * (mission.kilometres or 0)
    night = night_category(mission.commune, basis.large_communes, raised=traveller.raised_night)
    lines = [
        kilometre_line(basis.rates, vehicle or Category.NONE, kilometres, already=already, day=day),
        line(basis.rates, Kind.NIGHT, night, stay.nights, day=day),
        line(basis.rates, Kind.MEAL, Category.NONE, stay.meals, day=day),
    ]
    wanted = [each for each, quantity in zip(lines, (kilometres, stay.nights, stay.meals), strict=True) if quantity]
    known = tuple(each for each in wanted if each is not None)
    return known if len(known) == len(wanted) else None


def clashes(mission: Mission, others: Iterable[Mission]) -> bool:
    """Another mission of the same person, not cancelled, with a half-day in common on which he was there."""
    done = set(service_done(mission))
    return any(o.id != mission.id and not o.cancelled and done & set(service_done(o)) for o in others)


def with_control(assessed: Assessment, control: Control) -> Assessment:
    return Assessment(
        mission=assessed.mission,
        controls=(*assessed.controls, control),
        due=assessed.due,
        not_due=assessed.not_due,
    )
