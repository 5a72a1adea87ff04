"""A mission of the letter as the tests of payroll vary it: Tuesday 2 February 2027, from one commune to another."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from common.contracts.training import HalfDay
from payroll.expenses.domain import Assessment, Basis, Mission, Traveller, assess
from payroll.rates.reference import large_communes, nationwide
from payroll.rules.domain import Rules

DAY = date(2027, 2, 2)
MORNING, AFTERNOON = HalfDay(DAY, "am"), HalfDay(DAY, "pm")
ALL_DAY = (MORNING, AFTERNOON)
ISSUED = datetime(2027, 1, 20, 9, tzinfo=UTC)
HELD = datetime(2027, 2, 3, 9, tzinfo=UTC)
ROUBAIX, LILLE, VILLENEUVE, DUNKERQUE = "59512", "59350", "59009", "59183"

AT_HOME = Traveller(residence=LILLE, vehicle="car", horsepower=5)
BASIS = Basis(rates=nationwide(), large_communes=large_communes(), rules=Rules(), zone="Europe/Paris")

# From a school in Lille to Dunkerque, 75 km, from 9 to 17 o'clock in Paris.
MISSION = Mission(
    id=UUID(int=1),
    meeting=UUID(int=0x11),
    commune=DUNKERQUE,
    starts_at=datetime(2027, 2, 2, 8, tzinfo=UTC),
    ends_at=datetime(2027, 2, 2, 16, tzinfo=UTC),
    half_days=ALL_DAY,
    known_at=HELD,
    attended=ALL_DAY,
    traveller=AT_HOME,
    school_commune=LILLE,
    kilometres=75,
    adjoins_school=False,
    adjoins_residence=False,
)


def mission(**changes: Any) -> Mission:
    return msgspec.structs.replace(MISSION, **changes)


def assessed(*missions: Mission, **basis: Any) -> list[Assessment]:
    return assess(missions, msgspec.structs.replace(BASIS, **basis))


def lines(assessment: Assessment) -> list[tuple[str, int, int]]:
    """(kind, quantity, cents)"""
    return [(each.kind.value, each.quantity, each.amount) for each in assessment.due or ()]
