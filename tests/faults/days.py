"""Deadlines on the days of 23 and of 25 hours: a census, a pay month, by the clocks of Paris, through the gateway."""

import asyncio
import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
from tests.faults.checker import Command, Outcome
from tests.faults.elsewhen import POSTGRES, SEEN, Clock, under
from tests.faults.fault import Verdict
from tests.faults.paydays import ELSEWHERE, PAYROLL, Pay
from tests.faults.stage import PRODUCER, Stage, until

from common.local.journey import CAMPAIGNS, School, named
from common.local.layout import GATEWAY, IDENTITY
from common.local.visitor import Visitor, Visitors

PARIS = ZoneInfo("Europe/Paris")
LAST, FIRST = time(23, 59, 59), time(0, 0, 1)
CLOSED = 80.0  # seconds: the job that closes runs once a minute
WISH = {"object": "Recensement", "function": "Secrétariat de direction", "letter": "Merci.", "signatory": "La DRH"}
OVER = {"deadline-passed", "census-closed"}


class Told(NamedTuple):
    status: int
    code: str  # of the problem
    persons: list[UUID]


class Day:
    """One académie's censuses and pay around a change of time, and everybody who works on them."""

    def __init__(self, stage: Stage, rng: random.Random, clock: Clock) -> None:
        self.stage, self.clock = stage, clock
        self.people = Visitors(gateway=stage.layout.url(GATEWAY), identity=stage.layout.url(IDENTITY))
        lille = [desk.school for desk in stage.clients.desks if desk.school.academie == "09"]
        asked = {school.uai: school for school in lille if school.commune != ELSEWHERE}
        self.schools = rng.sample(sorted(asked.values()), 10)

    async def at(self, day: date, hour: time) -> None:
        """Returns at that instant of Paris; `fold` of the hour says which of two."""
        self.clock.put(datetime.combine(day, hour, PARIS), within=SEEN)
        await asyncio.sleep(SEEN)

    async def open(self, deadline: date) -> str:
        wish = {**WISH, "academie": "09", "contact": "x@ac-lille.example", "deadline": deadline.isoformat()}
        office = self.people("formation@lille")
        opened = await asyncio.to_thread(office.post, CAMPAIGNS, wish, expect=201)
        return str(opened["id"])

    async def answer(self, census: str, school: School) -> Told:
        """Of somebody nobody has named before."""
        head = await self.head(school)
        mail = f"{uuid4().hex}@ac-lille.example"
        async with httpx.AsyncClient(base_url=self.stage.layout.url(GATEWAY), timeout=15) as http:
            path, body = (
                f"{CAMPAIGNS}/{census}/answers/{school.uai}",
                {"persons": [named(school, 1) | {"work_mail": mail}]},
            )
            said = await http.put(path, json=body, headers={"Authorization": f"Bearer {head.token}"})
        answer: dict[str, Any] = said.json()
        code = str(answer.get("type", "")).removeprefix("/problems/")
        if said.status_code == 201:
            told = Command(school.academie, f"{census}/{school.uai}", 1, Outcome.ACKNOWLEDGED)
            self.stage.clients.commands.append(told)
        return Told(said.status_code, code, [UUID(each) for each in answer.get("persons", ())])

    async def head(self, school: School) -> Visitor:
        return await asyncio.to_thread(self.people, f"chef-{school.uai.lower()}@lille")

    async def answered_at(self, census: str, school: School) -> datetime:
        [row] = await self.stage.query(PRODUCER, ANSWERED_AT, UUID(census), school.uai)
        at: datetime = row["answered_at"]
        return at.astimezone(PARIS)

    async def status(self, census: str) -> str:
        shown = await asyncio.to_thread(self.people("formation@lille").get, f"{CAMPAIGNS}/{census}")
        return str(shown["status"])


async def change_day(stage: Stage, seed: int) -> Verdict:
    """The last change to summer time or from it, from the noon before to the midnight after."""
    rng, verdict = random.Random(seed), Verdict()
    day = changes(date.today())[seed // 2 % 2]  # noqa: DTZ011 - which of the past ones is no matter
    clock = Clock("day")
    clock.put(datetime.combine(day - timedelta(days=1), time(12), PARIS), within=0.0)
    async with under(stage, dict.fromkeys((POSTGRES, PRODUCER, PAYROLL, GATEWAY), clock)):
        around = Day(stage, rng, clock)
        try:
            await _live(around, day, verdict)
        finally:
            around.people.close()
    verdict.figures["change of time"] = day.isoformat()
    await stage.clients.write(rng, 20)
    verdict.broken += await stage.books.close()
    return verdict


async def _live(around: Day, day: date, verdict: Verdict) -> None:
    """Each answer is another school's: a correction would need to have read the one before."""
    eve, after = day - timedelta(days=1), day + timedelta(days=1)
    heads = iter(around.schools)
    for school in around.schools:
        await around.head(school)
    ends_on_the_eve, ends_that_day = await around.open(eve), await around.open(day)
    pay = await Pay.prepared(around, ends_that_day, [next(heads), next(heads)], day)
    await around.at(eve, LAST)
    await _accepted(around, ends_on_the_eve, next(heads), verdict, last_second=True)
    await around.at(day, FIRST)
    await _refused(around, ends_on_the_eve, next(heads), verdict)
    for hour in around_the_change(day):
        await around.at(day, hour)
        await _accepted(around, ends_that_day, next(heads), verdict)
        await _refused(around, ends_on_the_eve, around.schools[0], verdict)
    await around.at(day, LAST)
    await asyncio.gather(
        _accepted(around, ends_that_day, next(heads), verdict, last_second=True),
        pay.enter(0),
    )
    await around.at(after, FIRST)
    await asyncio.gather(_refused(around, ends_that_day, next(heads), verdict), pay.enter(1))
    closed = await until(lambda: _is_closed(around, ends_that_day), within=CLOSED, every=1.0)
    verdict.check(closed < CLOSED, f"the census of {day} is not closed {CLOSED:.0f} s after its midnight")
    await pay.judge(verdict)


async def _accepted(around: Day, census: str, school: School, verdict: Verdict, *, last_second: bool = False) -> None:
    told = await around.answer(census, school)
    if told.status != 201:
        verdict.check(False, f"an answer before the deadline got {told.status} {told.code}")
        return
    at = await around.answered_at(census, school)
    verdict.check(not last_second or at.time() >= LAST, f"answered at {at}: not in the last second")


async def _refused(around: Day, census: str, school: School, verdict: Verdict) -> None:
    told = await around.answer(census, school)
    verdict.check(
        told.status == 409 and told.code in OVER, f"an answer after the deadline got {told.status} {told.code}"
    )


async def _is_closed(around: Day, census: str) -> bool:
    return await around.status(census) == "closed"


def changes(today: date) -> tuple[date, date]:
    """The last Sundays of March and of October that are over."""
    days = [last_sunday(year, month) for year in (today.year, today.year - 1) for month in (3, 10)]
    march, october = (max(d for d in days if d.month == month and d < today - timedelta(days=2)) for month in (3, 10))
    return march, october


def last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)


def around_the_change(day: date) -> Sequence[time]:
    """In autumn half past two comes twice; in spring it does not come, and two o'clock is three."""
    return (time(2, 30), time(2, 30, fold=1)) if day.month == 10 else (time(1, 59, 58), time(3, 0, 1))


ANSWERED_AT = "SELECT answered_at FROM answer_version WHERE campaign = $1 AND uai = $2"
