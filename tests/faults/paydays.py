"""Two missions that wait for a residence: entered before a cut-off it is paid this month, a second later the next."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
from tests.faults.fault import Verdict
from tests.faults.stage import LISTENER, PRODUCER, Stage, until

from common import outbox
from common.clock import Clock
from common.contracts.events import Event
from common.contracts.hr_networks import MeetingHeld, Presence
from common.contracts.training import HalfDay, OrdreDeMissionIssued
from common.db import Database, connect
from common.identifiers import CodeAcademie
from common.local.journey import School

if TYPE_CHECKING:
    from tests.faults.days import Day

PAYROLL = "payroll"
LILLE = CodeAcademie("09")
PARIS = ZoneInfo("Europe/Paris")
ELSEWHERE = "59183"  # Dunkerque: no school of the two is there
KNOWN = 30.0  # seconds until payroll has heard of a mission, or has computed it again
BOTH = ("am", "pm")


class Pay:
    def __init__(self, around: "Day", schools: Sequence[School], persons: Sequence[UUID], cut_off: date) -> None:
        self._around, self._schools, self.persons = around, schools, persons
        self.months = [_month(cut_off, later) for later in (1, 2)]
        self._office = around.people("paye@lille")

    @classmethod
    async def prepared(cls, around: "Day", census: str, schools: Sequence[School], cut_off: date) -> Self:
        """Each school names somebody, who was at a meeting ten days ago; nobody knows where he lives."""
        answers = [await around.answer(census, school) for school in schools]
        persons = [person for told in answers for person in told.persons]
        pay = cls(around, schools, persons, cut_off)
        await asyncio.to_thread(pay._schedule, cut_off)
        for school, person in zip(schools, persons, strict=True):
            await _send(around.stage, school, person, cut_off - timedelta(days=10))
        heard = await until(lambda: pay._are("held"), within=KNOWN, every=0.5)
        assert heard < KNOWN, f"payroll knows {await pay._elements()}"
        return pay

    def _schedule(self, cut_off: date) -> None:
        later = cut_off + timedelta(days=30)
        begun = cut_off - timedelta(days=20)
        for month, opens, ends in zip(self.months, (begun, cut_off + timedelta(days=1)), (cut_off, later), strict=True):
            dates = {"opens_on": f"{opens}", "cut_off": f"{ends}", "pays_on": f"{month}-26"}
            refused = self._office.refused("/v1/payroll/campaigns", {"academie": LILLE, "month": month, **dates})
            assert refused in {"", "pay-campaign-already-scheduled"}, refused
        for commune in (ELSEWHERE, *(school.commune for school in self._schools)):
            path = f"/v1/payroll/academies/{LILLE}/communes/{commune}/adjoining"
            if not self._office.get(path)["revision"]:
                self._office.put(path, {"communes": []}, expect=200)

    async def enter(self, place: int) -> None:
        """Where that person lives; its effect counts from this instant."""
        wish = {"since": "2020-09-01", "residence": self._schools[place].commune, "vehicle": "none"}
        path = f"/v1/payroll/academies/{LILLE}/travellers/{self.persons[place]}"
        await asyncio.to_thread(self._office.put, path, wish, expect=201)

    async def judge(self, verdict: Verdict) -> None:
        computed = await until(lambda: self._are("ready"), within=KNOWN, every=0.5)
        verdict.check(computed < KNOWN, f"payroll computed {await self._elements()}")
        found = {row["person"]: row for row in await self._elements()}
        before, after = (found[person] for person in self.persons)
        at = before["completed_at"].astimezone(PARIS)
        verdict.check(at.time() >= time(23, 59, 59), f"complete at {at}: not in the last second")
        this, following = self.months
        told = [(row["month"], row["late_from"]) for row in (before, after)]
        verdict.check(told == [(this, ""), (following, this)], f"on both sides of the cut-off: {told}")

    async def _are(self, status: str) -> bool:
        found = await self._elements()
        return len(found) == len(self.persons) and {row["status"] for row in found} == {status}

    async def _elements(self) -> list[asyncpg.Record]:
        return await self._around.stage.query(PAYROLL, ELEMENTS, list(self.persons))


def _month(day: date, later: int) -> str:
    number = day.year * 12 + day.month - 1 + later
    return f"{number // 12}-{number % 12 + 1:02}"


async def _send(stage: Stage, school: School, person: UUID, day: date) -> None:
    """Facts as training and hr_networks tell them, by their own relays."""
    meeting, halves = uuid4(), tuple(HalfDay(day, half) for half in BOTH)
    starts, ends = (datetime.combine(day, time(hour), PARIS).astimezone(UTC) for hour in (9, 17))
    issued = OrdreDeMissionIssued(
        subject=uuid4(),
        number=f"09-OM-{day.year}-{uuid4().int % 1_000_000:06}",
        person=person,
        uai=school.uai,
        meeting=meeting,
        candidature=uuid4(),
        avis=None,
        commune=ELSEWHERE,
        starts_at=starts,
        ends_at=ends,
        half_days=halves,
    )
    presences = tuple(Presence(person=person, day=day, half=half, present=True) for half in BOTH)
    held = MeetingHeld(subject=meeting, offer=uuid4(), bassin=school.bassin, animateurs=(person,), presences=presences)
    await _tell(stage, LISTENER, issued, at=starts)
    await _tell(stage, PRODUCER, held, at=ends)


async def _tell(stage: Stage, service: str, event: Event, *, at: datetime) -> None:
    pool = await connect(stage.urls[service]["app"], size=1)
    async with Database(service, pool, Clock(at=at)).batch([LILLE]) as tx:
        outbox.append(tx, LILLE, [event])
    await pool.close()


ELEMENTS = """
SELECT person, status, month, late_from, completed_at, controls FROM element WHERE person = ANY ($1)
"""
